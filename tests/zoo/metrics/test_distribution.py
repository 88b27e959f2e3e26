import tracemalloc

import numpy as np
import pytest
import scipy.linalg

from zoo.metrics import (
    Moments,
    class_score,
    distribution,
    frechet_distance,
    kernel_distance,
    manifold,
    mode_coverage,
)


def _with_moments(mean, covariance):
    """Vectors that have exactly this sample mean and unbiased covariance."""
    size = len(mean)
    columns = np.linalg.cholesky(covariance).T * np.sqrt((2 * size - 1) / 2)
    return np.concatenate([mean + columns, mean - columns])


def _random_covariance(rng, size):
    root = rng.normal(size=(size, size))
    return root @ root.T / size + 0.1 * np.eye(size)


def _normal(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def test_moments_of_known_vectors():
    # Means 2 and 3; deviations (-2, -3), (0, 1), (2, 2): scatter 8, 10, 14 over 2.
    moments = Moments.of([[0.0, 0.0], [2.0, 4.0], [4.0, 5.0]])
    np.testing.assert_array_equal(moments.mean, [2, 3])
    np.testing.assert_array_equal(moments.covariance, [[4, 5], [5, 7]])


@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_streaming_is_one_shot_also_with_large_means(offset):
    # Sums of squares less squares of sums, or float32, would leave no digit at 1e8.
    vectors = np.round(_normal((501, 5)) * 1024) / 1024  # exact when shifted by 1e8
    moments = Moments(5)
    for part in np.split(vectors + offset, [1, 7, 7, 300]):
        moments.update(part)
    assert moments.count == 501
    np.testing.assert_allclose(moments.mean - offset, vectors.mean(axis=0), atol=1e-7)
    np.testing.assert_allclose(moments.covariance, np.cov(vectors, rowvar=False), rtol=1e-6)


def test_moments_of_float32_vectors_in_blocks(monkeypatch):
    vectors = (_normal((100, 3)) + 1000).astype("float32")
    monkeypatch.setattr(distribution, "_BLOCK_ROWS", 7)
    covariance = Moments.of(vectors).covariance
    np.testing.assert_allclose(covariance, np.cov(vectors.astype(float), rowvar=False), rtol=1e-10)


def test_frechet_of_one_dimension_by_hand():
    # Variances 2 and 8: (0 - 3)^2 + 2 + 8 - 2 sqrt(16).
    one, other = Moments.of([[-1.0], [1.0]]), Moments.of([[1.0], [5.0]])
    assert frechet_distance(one, other) == pytest.approx(11.0, rel=1e-12)


def test_frechet_of_commuting_gaussians_is_the_analytic_formula():
    # One rotation Q for both: |m1 - m2|^2 + sum (sqrt a_i - sqrt b_i)^2.
    rng = np.random.default_rng(0)
    q = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    a, b = np.array([1.0, 4.0, 9.0, 0.25]), np.array([4.0, 1.0, 16.0, 0.01])
    m1, m2 = rng.normal(size=(2, 4))
    one, other = (Moments.of(_with_moments(m, q * s @ q.T)) for m, s in ((m1, a), (m2, b)))
    expected = ((m1 - m2) ** 2).sum() + 1 + 1 + 1 + 0.16
    assert frechet_distance(one, other) == pytest.approx(expected, rel=1e-9)


def test_frechet_is_scipys_matrix_square_root():
    rng = np.random.default_rng(1)
    means = rng.normal(size=(2, 12))
    c1, c2 = (_random_covariance(rng, 12) for _ in range(2))
    one, other = (Moments.of(_with_moments(m, c)) for m, c in zip(means, (c1, c2), strict=True))
    root = scipy.linalg.sqrtm(c1 @ c2)
    assert abs(c1 @ c2 - c2 @ c1).max() > 0.1, "these must not commute"
    expected = ((means[0] - means[1]) ** 2).sum() + np.trace(c1 + c2 - 2 * root.real)
    assert frechet_distance(one, other) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(other, one) == pytest.approx(expected, rel=1e-9)


def test_frechet_with_fewer_images_than_features():
    # With centred samples X / sqrt(n - 1) the trace of the root is the nuclear norm of X Y^T.
    x, y = _normal((15, 60), 0), _normal((25, 60), 1) + 0.5
    one, other = Moments.of(x), Moments.of(y)
    assert np.linalg.matrix_rank(one.covariance) == 14
    a, b = ((z - z.mean(axis=0)) / np.sqrt(len(z) - 1) for z in (x, y))
    between = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    shift = ((x.mean(axis=0) - y.mean(axis=0)) ** 2).sum()
    expected = shift + (a**2).sum() + (b**2).sum() - 2 * between
    assert frechet_distance(one, other) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-9)


def test_frechet_of_constants_is_the_squared_shift():
    one, other = Moments.of(np.zeros((3, 2))), Moments.of(np.ones((4, 2)))
    assert frechet_distance(one, other) == 2.0


def _double_loop(x, y):
    def kernel(a, b):
        return (float(np.dot(a, b)) / len(a) + 1) ** 3

    def within(z):
        count = len(z)
        pairs = [kernel(z[i], z[j]) for i in range(count) for j in range(count) if i != j]
        return sum(pairs) / (count * (count - 1))

    return within(x) + within(y) - 2 * np.mean([kernel(a, b) for a in x for b in y])


def test_kernel_distance_is_a_double_loop():
    x, y = _normal((9, 6), 0), _normal((9, 6), 1) + 0.3
    mean, deviation = kernel_distance(x, y)
    assert mean == pytest.approx(_double_loop(x, y), rel=1e-10)
    assert deviation == 0.0


def test_kernel_distance_by_hand():
    # k(1, 1) = 8, k(1, 2) = 27, k(2, 3) = 343, k(1, 3) = 64: 27 + 343 - 2 (27 + 64 + 125 + 343) / 4
    assert kernel_distance([[1.0], [2.0]], [[2.0], [3.0]])[0] == pytest.approx(90.5, rel=1e-12)


def test_kernel_distance_takes_subsets():
    x, y = _normal((5, 3), 0), _normal((4, 3), 1)
    mean, deviation = kernel_distance(x, y, subsets=400, subset_size=2)
    pairs = [
        _double_loop(x[[i, j]], y[[k, m]])
        for i in range(5) for j in range(i) for k in range(4) for m in range(k)
    ]  # fmt: skip
    # The mean over all subsets of 2; 400 draws of them come within 4 standard errors.
    assert mean == pytest.approx(np.mean(pairs), abs=4 * np.std(pairs) / 20)
    assert deviation == pytest.approx(np.std(pairs), rel=0.3)
    assert kernel_distance(x, y, subset_size=2) == kernel_distance(x, y, subset_size=2)
    assert kernel_distance(x, y, subset_size=2) != kernel_distance(x, y, subset_size=2, seed=1)


def test_kernel_distance_is_unbiased():
    # Of one distribution the expectation is 0, whatever the number of vectors.
    values = [kernel_distance(*_normal((2, 8, 4), seed))[0] for seed in range(300)]
    error = np.std(values) / np.sqrt(300)
    assert abs(np.mean(values)) < 3 * error
    assert min(values) < 0


# Real neighbourhoods (k = 1) are [-1, 1], [0, 2], [1, 5] and [-20, 0]; made ones are [1, 2],
# [1.5, 2.5], [2, 6] and [4, 16]. Two real ones hold 1.5, two hold 2 (one of them at its edge), one
# holds 4 and none 10: two are reached. Made ones hold the real 1 (at an edge) and 3.
_REAL = np.array([[0.0], [1.0], [3.0], [-10.0]])
_MADE = np.array([[1.5], [2.0], [4.0], [10.0]])


def test_manifold_by_hand():
    found = manifold(_REAL, _MADE, neighbours=1)
    assert (found.precision, found.recall) == (3 / 4, 2 / 4)
    assert (found.density, found.coverage) == (5 / 4, 2 / 4)
    assert found.neighbours == 1


def test_manifold_of_unequal_numbers_by_hand():
    # Without the real -10, the other three are 3 of 3 and 2 of 3.
    found = manifold(_REAL[:3], _MADE, neighbours=1)
    assert (found.precision, found.density) == (3 / 4, 5 / 4)
    assert (found.recall, found.coverage) == (2 / 3, 2 / 3)


def test_manifold_is_a_double_loop():
    real, made, k = _normal((30, 4), 0), 0.8 * _normal((20, 4), 1) + 0.7, 3

    def apart(a, b):
        return np.linalg.norm(a[:, None] - b[None], axis=-1)

    real_radii, made_radii = (np.sort(apart(x, x), axis=1)[:, k] for x in (real, made))
    in_real = apart(real, made) <= real_radii[:, None]
    found = manifold(real, made, neighbours=k)
    assert 0 < found.precision < 1
    assert found.precision == pytest.approx(np.mean(in_real.any(axis=0)))
    assert found.recall == pytest.approx(np.mean((apart(real, made) <= made_radii).any(axis=1)))
    assert found.density == pytest.approx(in_real.sum() / (k * 20))
    assert found.coverage == pytest.approx(np.mean(in_real.any(axis=1)))


def test_copies_lie_in_a_neighbourhood_without_extent():
    # Three equal real images: with k = 2 their radius is 0, and so is the distance of a copy.
    rng = np.random.default_rng(0)
    kinds = rng.uniform(size=(20, 300))
    real, made = np.repeat(kinds, 3, axis=0), kinds[rng.permutation(20)]
    found = manifold(real, made, neighbours=2)
    assert (found.precision, found.coverage) == (1.0, 1.0)
    assert found.density == 3 / 2
    almost = manifold(real, made + 1e-5, neighbours=2)
    assert (almost.precision, almost.coverage) == (0.0, 0.0)


def test_blocks_do_not_change_the_result(monkeypatch):
    real, made = _normal((50, 8), 0), _normal((40, 8), 1) + 0.5
    one_shot = manifold(real, made, neighbours=3), kernel_distance(real, made, subsets=5)[0]
    monkeypatch.setattr(distribution, "_BLOCK_PAIRS", 300)  # 6 to 7 rows, and a shorter last block
    assert manifold(real, made, neighbours=3) == one_shot[0]
    assert kernel_distance(real, made, subsets=5)[0] == pytest.approx(one_shot[1], rel=1e-12)


def test_pairs_are_not_held_at_once(monkeypatch):
    vectors = _normal((2, 2000, 4)).astype("float32")  # all pairs: 32 MB in float64
    monkeypatch.setattr(distribution, "_BLOCK_PAIRS", 1 << 16)
    tracemalloc.start()
    try:
        manifold(*vectors)
        kernel_distance(*vectors, subset_size=2000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8e6


def test_class_score_by_hand():
    # Even marginal: each row's divergence is 3/4 log(3/2) + 1/4 log(1/2).
    rows = [[0.75, 0.25], [0.25, 0.75]]
    expected = 1.5**0.75 * 0.5**0.25
    assert class_score(rows, splits=1) == pytest.approx((expected, 0.0))
    assert class_score(np.full((4, 3), 1 / 3), splits=2)[0] == pytest.approx(1.0)


def test_class_score_of_certain_classes_is_their_number_in_each_part():
    rows = np.eye(4)[[0, 1, 2, 3, 0, 0, 1, 1]]  # a part with 4 classes, one with 2
    assert class_score(rows, splits=2) == pytest.approx((3.0, 1.0))


def test_mode_coverage_by_hand():
    # Shares 3/4 and 1/4 of 4 modes: 3/4 log 3 + 1/4 log 1.
    reached, divergence = mode_coverage(np.array([5, 2, 5, 5]) - 2, mode_count=4)
    assert reached == 2
    assert divergence == pytest.approx(0.75 * np.log(3))
    assert mode_coverage(np.arange(1000).repeat(3), 1000) == pytest.approx((1000, 0.0))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Moments.of([1.0, 2.0]), r"`vectors` must be numbers of shape .*\(2,\)"),
        (lambda: Moments(3).update(np.zeros((4, 2))), r"shape \(n, 3\).*\(4, 2\)"),
        (lambda: Moments.of([[1.0], [np.nan]]), "must be finite.*1 of 2 rows"),
        (lambda: Moments.of([[1.0]]).covariance, "at least 2 vectors. Received: 1"),
        (lambda: frechet_distance(Moments(2), Moments(3)), "one size.*2 and 3"),
        (lambda: kernel_distance([[1.0]], [[1.0], [2.0]]), "at least 2.*1 and 2 vectors"),
        (lambda: kernel_distance(_REAL, _MADE, subsets=0), "subsets=0"),
        (lambda: kernel_distance(_REAL, _MADE, subset_size=1), "subset_size=1"),
        (lambda: kernel_distance(_REAL, np.ones((4, 2))), "`one` and `other`.*one size"),
        (lambda: manifold(_REAL, np.ones((4, 2))), "`real` and `made`.*one size"),
        (lambda: manifold(_REAL, _MADE, neighbours=4), "`neighbours`.*4, 4 real, 4 made"),
        (lambda: manifold(_REAL, _MADE, neighbours=0), "`neighbours` must be at least 1"),
        (lambda: class_score([[2.0, -1.0]], splits=1), "apply a softmax"),
        (lambda: class_score([[0.9, 0.3]], splits=1), "first row sums to 1.2"),
        (lambda: class_score([[0.5, 0.5]]), "`splits`.*splits=10, 1 images"),
        (lambda: mode_coverage([0, 4], 4), "integers from 0 to 3"),
        (lambda: mode_coverage([-1, 2], 4), "integers from 0 to 3"),
        (lambda: mode_coverage([0.5], 4), "integers from 0 to 3"),
        (lambda: mode_coverage([], 4), "at least one"),
    ],
)  # fmt: skip
def test_errors_name_the_argument(call, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        call()

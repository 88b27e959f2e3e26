"""Distances between collections of images, on what a network sees in them.

Plain functions on vectors, one a row. `zoo.metrics.Embedding` makes the vectors, and
`zoo.metrics.sample_scores` the numbers with their protocol: they are comparable only for one
network, one resizer and the same numbers of images.
"""

import dataclasses

import numpy as np

_BLOCK_PAIRS = 1 << 22  # pairs of vectors compared at a time: 32 MB in float64
_BLOCK_ROWS = 4096
_EPSILON = np.finfo(np.float64).eps


class Moments:
    """Mean and covariance of vectors that arrive in batches, in float64.

    Batches are merged by the rule of Chan et al., which does not cancel: a sum of squares minus
    the square of a sum loses all digits where the mean is large.

    Args:
        size: Integer, numbers in a vector.

    Example:

    >>> moments = Moments(2)
    >>> moments.update([[0.0, 0.0]])
    >>> moments.update([[2.0, 4.0], [4.0, 2.0]])
    >>> moments.mean
    array([2., 2.])
    >>> moments.covariance
    array([[4., 2.],
           [2., 4.]])

    Reference:
        - [Chan et al., 1979](http://i.stanford.edu/pub/cstr/reports/cs/tr/79/773/CS-TR-79-773.pdf),
          equation 2.1
    """

    def __init__(self, size):
        self.count = 0
        self.mean = np.zeros(size)
        self._scatter = np.zeros((size, size))

    @classmethod
    def of(cls, vectors):
        """Moments of vectors `(n, size)`, in blocks: float32 vectors are not copied as a whole."""
        vectors = _checked("vectors", vectors)
        moments = cls(vectors.shape[1])
        for start in range(0, len(vectors), _BLOCK_ROWS):
            moments.update(vectors[start : start + _BLOCK_ROWS])
        return moments

    def update(self, vectors):
        """Adds vectors `(n, size)`; others, or numbers that are not finite, are a ValueError."""
        vectors = _checked("vectors", vectors).astype(np.float64, copy=False)
        if vectors.shape[1] != len(self.mean):
            raise ValueError(
                f"`vectors` must have shape (n, {len(self.mean)}). Received: {vectors.shape}"
            )
        if not len(vectors):
            return
        mean = vectors.mean(axis=0)
        centred = vectors - mean
        total = self.count + len(vectors)
        shift = mean - self.mean
        self._scatter += centred.T @ centred
        self._scatter += np.outer(shift, shift) * (self.count * len(vectors) / total)
        self.mean += shift * (len(vectors) / total)
        self.count = total

    @property
    def covariance(self):
        """Unbiased covariance, shape `(size, size)`."""
        if self.count < 2:
            raise ValueError(f"A covariance needs at least 2 vectors. Received: {self.count}")
        return self._scatter / (self.count - 1)


def frechet_distance(one, other):
    """Squared Frechet distance of two Gaussians that have these moments.

    `|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))`. With `A A^T = C1` and `B B^T = C2` the trace of
    the square root is the sum of the singular values of `A^T B`: real without a matrix square root,
    and exact where fewer images than features leave a covariance singular.

    Args:
        one: `Moments`.
        other: `Moments` of vectors of the same size.

    Returns:
        A Python float, 0 or more. It falls as the numbers of images grow: the estimate is biased.

    Raises:
        ValueError: If the sizes differ, or either has seen fewer than 2 vectors.

    Example:

    >>> frechet_distance(Moments.of([[0.0], [2.0]]), Moments.of([[3.0], [5.0]]))
    9.0

    Reference:
        - [Heusel et al., 2017](https://arxiv.org/abs/1706.08500), equation 6
        - [Dowson and Landau, 1982](https://doi.org/10.1016/0047-259X(82)90077-X)
    """
    if len(one.mean) != len(other.mean):
        raise ValueError(
            "`one` and `other` must be moments of vectors of one size, of one network. "
            f"Received: {len(one.mean)} and {len(other.mean)} numbers"
        )
    first, second = one.covariance, other.covariance
    between = np.linalg.svd(_root(first).T @ _root(second), compute_uv=False).sum()
    shift = one.mean - other.mean
    distance = shift @ shift + np.trace(first) + np.trace(second) - 2.0 * between
    return float(max(distance, 0.0))


def _root(covariance):
    """`A` with `A A^T = covariance`: a column for each eigenvalue that is not rounding noise."""
    values, vectors = np.linalg.eigh(covariance)
    kept = values > values[-1] * len(values) * _EPSILON
    return vectors[:, kept] * np.sqrt(values[kept])


def kernel_distance(one, other, *, subsets=100, subset_size=1000, seed=0):
    """Kernel distance: the unbiased squared MMD with the cubic polynomial kernel.

    The kernel is `(x.y / size + 1)^3`. Unlike the Frechet distance, its expectation does not depend
    on the number of images.

    Args:
        one: Vectors `(n, size)`, finite.
        other: Vectors `(m, size)`.
        subsets: Integer, random subsets over which the estimate is averaged; one is taken where a
            subset is all vectors of both. Defaults to 100.
        subset_size: Integer, at least 2, vectors of each in a subset, if there are. Defaults to
            1000.
        seed: Integer, of the subsets. Defaults to 0.

    Returns:
        `(mean, deviation)` over subsets, Python floats. The mean may be slightly negative.

    Raises:
        ValueError: If there are fewer than 2 vectors of either, or an argument is out of range.

    Example:

    >>> kernel_distance([[0.0], [0.0]], [[1.0], [1.0]])  # 1 + 8 - 2 * 1
    (7.0, 0.0)

    Reference:
        - [Binkowski et al., 2018](https://arxiv.org/abs/1801.01401), section 4
    """
    one, other = _pair(one=one, other=other)
    count = min(subset_size, len(one), len(other))
    if count < 2 or subsets < 1:
        raise ValueError(
            "A kernel distance needs at least 2 vectors of each, `subset_size` of at least 2 and "
            f"`subsets` of at least 1. Received: {len(one)} and {len(other)} vectors, "
            f"subset_size={subset_size}, subsets={subsets}"
        )
    if count == len(one) == len(other):
        subsets = 1  # every subset would be the same
    rng = np.random.default_rng(seed)
    estimates = [
        _squared_mmd(_subset(one, count, rng), _subset(other, count, rng)) for _ in range(subsets)
    ]
    return float(np.mean(estimates)), float(np.std(estimates))


def _subset(vectors, count, rng):
    return vectors[rng.choice(len(vectors), count, replace=False)].astype(np.float64)


def _squared_mmd(x, y):
    """Unbiased squared MMD of as many vectors: a vector is not compared with itself."""
    count = len(x)
    within = 0.0
    for z in (x, y):
        itself = _cubic(np.einsum("ij,ij->i", z, z), z.shape[1]).sum()
        within += (_kernel_sum(z, z) - itself) / (count * (count - 1))
    return within - 2.0 * _kernel_sum(x, y) / count**2


def _kernel_sum(x, y):
    return sum(_cubic(x[rows] @ y.T, x.shape[1]).sum() for rows in _row_blocks(x, y))


def _cubic(products, size):
    base = products / size + 1.0
    return base * base * base


@dataclasses.dataclass(frozen=True)
class Manifold:
    """How well made images lie among real ones, and reach all of them.

    Args:
        precision: Share of made images within a real neighbourhood, 0 to 1.
        recall: Share of real images within a made neighbourhood, 0 to 1.
        density: Real neighbourhoods that hold a made image, on average and over k; may exceed 1.
        coverage: Share of real neighbourhoods that hold a made image, 0 to 1.
        neighbours: The k of the neighbourhoods.
    """

    precision: float
    recall: float
    density: float
    coverage: float
    neighbours: int


def manifold(real, made, neighbours=5):
    """Precision, recall, density and coverage of two collections.

    The neighbourhood of a vector is the closed ball that reaches to its k-th nearest of its kind,
    itself not counted. Twice 10,000 vectors of 2,048 numbers take half a gigabyte.

    Args:
        real: Vectors `(n, size)`, finite.
        made: Vectors `(m, size)`.
        neighbours: Integer k, at least 1 and less than n and m. Defaults to 5.

    Returns:
        A `Manifold`.

    Raises:
        ValueError: If `neighbours` is out of range, or the vectors are not of one size.

    Example:

    >>> manifold([[0.0], [1.0], [5.0], [6.0]], [[0.5], [0.7]], neighbours=1).coverage
    0.5

    Reference:
        - [Kynkaanniemi et al., 2019](https://arxiv.org/abs/1904.06991), equations 1 and 2
        - [Naeem et al., 2020](https://arxiv.org/abs/2002.09797), section 3
    """
    real, made = (each.astype(np.float64) for each in _pair(real=real, made=made))
    if neighbours < 1 or min(len(real), len(made)) <= neighbours:
        raise ValueError(
            "`neighbours` must be at least 1 and less than the number of real and of made "
            f"images. Received: neighbours={neighbours}, {len(real)} real, {len(made)} made"
        )
    real_radii, made_radii = (_squared_radii(each, neighbours) for each in (real, made))
    holders = np.zeros(len(made), int)  # real neighbourhoods that hold each made vector
    covered = recalled = 0
    for rows, distances in _distance_blocks(real, made):
        in_real = distances <= real_radii[rows, None]
        holders += in_real.sum(axis=0)
        covered += in_real.any(axis=1).sum()
        recalled += (distances <= made_radii).any(axis=1).sum()
    precision, density = (holders > 0).mean(), holders.mean() / neighbours
    shares = (precision, recalled / len(real), density, covered / len(real))
    return Manifold(*(float(share) for share in shares), neighbours)


def _squared_radii(vectors, neighbours):
    """Squared distance of each vector to its k-th nearest neighbour, itself not counted."""
    radii = np.empty(len(vectors))
    for rows, distances in _distance_blocks(vectors, vectors):
        distances[np.arange(len(distances)), np.arange(rows.start, rows.stop)] = np.inf
        distances.partition(neighbours - 1, axis=1)
        radii[rows] = distances[:, neighbours - 1]
    return radii


def _distance_blocks(one, other):
    """Squared distances between rows of `one` and all of `other`, as `(slice, block)`."""
    one_squares, other_squares = (np.einsum("ij,ij->i", x, x) for x in (one, other))
    noise = one.shape[1] * _EPSILON
    for rows in _row_blocks(one, other):
        squares = one_squares[rows, None] + other_squares
        distances = one[rows] @ other.T
        distances *= -2.0
        distances += squares
        # A copy of an image must lie at 0, not at what is left of its squares, or below 0.
        squares *= noise
        distances[distances < squares] = 0.0
        yield rows, distances


def _row_blocks(one, other):
    count = max(1, _BLOCK_PAIRS // max(1, len(other)))
    for start in range(0, len(one), count):
        yield slice(start, min(start + count, len(one)))


def class_score(probabilities, splits=10):
    """Inception-type score: `exp(E KL(p(y|x) || p(y)))`, high for confident and varied classes.

    Args:
        probabilities: `(n, classes)`, what a classifier gives for each made image; rows sum to 1.
            Images must not be sorted by class: each part must hold all of them.
        splits: Integer, consecutive parts of which the score is taken, at most n. Defaults to 10.

    Returns:
        `(mean, deviation)` over parts, Python floats from 1 to the number of classes.

    Raises:
        ValueError: If `probabilities` are none, or there are fewer than `splits`.

    Example:

    >>> class_score([[1.0, 0.0], [0.0, 1.0]], splits=1)
    (2.0, 0.0)

    Reference:
        - [Salimans et al., 2016](https://arxiv.org/abs/1606.03498), section 4
    """
    probabilities = _checked("probabilities", probabilities).astype(np.float64, copy=False)
    if splits < 1 or len(probabilities) < splits:
        raise ValueError(
            "`splits` must be at least 1 and at most the number of images. "
            f"Received: splits={splits}, {len(probabilities)} images"
        )
    if probabilities.min() < 0.0 or abs(probabilities.sum(axis=1) - 1.0).max() > 1e-3:
        raise ValueError(
            "`probabilities` must be 0 or more with rows that sum to 1; apply a softmax to logits. "
            f"Received: values from {probabilities.min():.4g} to {probabilities.max():.4g}, the "
            f"first row sums to {probabilities[0].sum():.4g}"
        )
    scores = [_part_score(part) for part in np.array_split(probabilities, splits)]
    return float(np.mean(scores)), float(np.std(scores))


def _part_score(part):
    # 0 log 0 is 0; where a probability is more, so is the marginal.
    marginal = part.mean(axis=0)
    ratios = np.divide(part, marginal, out=np.ones_like(part), where=part > 0.0)
    return np.exp((part * np.log(ratios)).sum(axis=1).mean())


def mode_coverage(modes, mode_count):
    """How many modes were reached, and how unevenly.

    Args:
        modes: Integers `(n,)`: the mode of each made image as a classifier sees it; of three
            stacked digits `100 r + 10 g + b`, 0 to 999.
        mode_count: Integer, number of modes there are, equally frequent in the data.

    Returns:
        `(reached, divergence)`: the number of modes with an image, and the Kullback-Leibler
        divergence of the made frequencies from even ones in nats. Even modes, too, give about
        `(mode_count - 1) / 2n`: compare equal numbers of images only.

    Raises:
        ValueError: If `modes` are not integers from 0 to `mode_count - 1`, at least one.

    Example:

    >>> mode_coverage([0, 0, 1, 1], mode_count=4)  # the divergence is log 2
    (2, 0.6931471805599453)

    Reference:
        - [Metz et al., 2016 (unrolled GAN)](https://arxiv.org/abs/1611.02163), section 3.3
    """
    modes = np.asarray(modes)
    valid = modes.ndim == 1 and modes.size and np.issubdtype(modes.dtype, np.integer)
    if not valid or modes.min() < 0 or modes.max() >= mode_count:
        raise ValueError(
            f"`modes` must be integers from 0 to {mode_count - 1} in one dimension, at least one; "
            f"take the argmax of a classifier. Received: modes={modes!r}"
        )
    counts = np.bincount(modes, minlength=mode_count)
    shares = counts[counts > 0] / len(modes)
    return len(shares), float((shares * np.log(shares * mode_count)).sum())


def _pair(**named):
    """Two named arguments as arrays of finite vectors of one size."""
    one, other = (_checked(name, vectors) for name, vectors in named.items())
    if one.shape[1] != other.shape[1]:
        names = " and ".join(f"`{name}`" for name in named)
        raise ValueError(
            f"{names} must be vectors of one size, of one network. "
            f"Received: shapes {one.shape} and {other.shape}"
        )
    return one, other


def _checked(name, values):
    """An argument as an array of finite vectors, `(n, size)`."""
    values = np.asarray(values)
    if values.ndim != 2 or not values.shape[1] or not np.issubdtype(values.dtype, np.number):
        raise ValueError(
            f"`{name}` must be numbers of shape (n, size), one vector a row. "
            f"Received: shape {values.shape} of {values.dtype}"
        )
    bad = (~np.isfinite(values)).any(axis=1).sum()
    if bad:
        raise ValueError(
            f"`{name}` must be finite; a generator that has diverged makes NaN. "
            f"Received: {bad} of {len(values)} rows that are not"
        )
    return values

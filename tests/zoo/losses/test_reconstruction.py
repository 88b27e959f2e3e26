import keras
import numpy as np
import pytest
import tensorflow as tf
from skimage.metrics import structural_similarity

import zoo.losses as losses

ALL = [
    losses.CharbonnierLoss(epsilon=0.1),
    losses.SSIMLoss(),
    losses.TotalVariationLoss(),
    losses.EdgeLoss(epsilon=0.1),
    losses.BoundedSimilarityLoss(scale=0.3),
    losses.PSNRLoss(floor=1e-3),
    losses.PhaseConsistencyLoss(factor=2, window=2),
    losses.WeightedSum([losses.SSIMLoss(), losses.CharbonnierLoss(0.1)], [0.5, 2.0]),
]


def _images(seed=0, shape=(2, 16, 16, 3)):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, shape).astype("float32")


def test_charbonnier_golden():
    # Differences 0.4 and 0 with epsilon 0.3: 0.5 and 0.3, mean over channels 0.4.
    target, output = tf.zeros((1, 1, 1, 2)), tf.constant([[[[0.4, 0.0]]]])
    assert float(losses.CharbonnierLoss(0.3)(target, output)) == pytest.approx(0.4, abs=1e-6)


def test_charbonnier_takes_a_weight_per_pixel():
    # epsilon 12, differences 5 and 9: 13 and 15. A mask that keeps the second: 15 / 2 pixels.
    target, output = tf.zeros((1, 1, 2, 1)), tf.constant([[[[5.0], [9.0]]]])
    loss = losses.CharbonnierLoss(12.0)
    mask = tf.constant([[[0.0, 1.0]]])
    assert float(loss(target, output, sample_weight=mask)) == pytest.approx(7.5, abs=1e-5)


def test_total_variation_golden():
    # Columns 0, 1, 3 in both rows: vertical differences 0, horizontal (1 + 2) / 2.
    output = tf.constant([[0.0, 1.0, 3.0]] * 2)[None, :, :, None]
    loss = losses.TotalVariationLoss()
    assert float(loss(tf.random.normal(output.shape), output)) == pytest.approx(1.5, abs=1e-6)


def test_edge_loss_golden():
    # A single 1 in a 3x3 image has Laplacian -4 at the only inner pixel: sqrt(16 + 9) = 5.
    target, output = np.zeros((1, 3, 3, 1), "float32"), np.zeros((1, 3, 3, 1), "float32")
    output[0, 1, 1, 0] = 1.0
    assert float(losses.EdgeLoss(3.0)(target, output)) == pytest.approx(5.0, abs=1e-5)
    # A 1 above the centre counts once: sqrt(1 + epsilon^2).
    output = np.roll(output, 1, axis=1)
    expected = np.sqrt(1 + 0.1**2)
    assert float(losses.EdgeLoss(0.1)(target, output)) == pytest.approx(expected, abs=1e-5)


def test_edge_loss_ignores_offsets_and_ramps():
    target = _images()
    ramp = np.linspace(0, 1, 16, dtype="float32")[None, :, None, None]
    loss = losses.EdgeLoss(1e-3)
    assert float(loss(target, target + 0.2 + ramp)) == pytest.approx(1e-3, abs=1e-5)


def test_phase_consistency_golden():
    # 8 x 8 px in periods of 4, window 2: the means of the phases over the four periods.
    output = np.zeros((1, 8, 8, 1), "float32")
    output[0, 1::4, 2::4, 0] = [[0.1, 0.3], [0.5, 0.7]]
    loss = losses.PhaseConsistencyLoss(factor=4, window=2)
    assert float(loss(tf.zeros_like(output), output)) == pytest.approx(0.4 / 16, abs=1e-6)


def test_phase_consistency_sees_dots_and_colour_shifts_more_than_texture():
    rng = np.random.default_rng(0)
    target = _images(0, (1, 96, 96, 3))
    texture = rng.choice([-0.1, 0.1], target.shape).astype("float32")
    dots = np.tile(rng.choice([-0.1, 0.1], (4, 4, 3)), (24, 24, 1)).astype("float32")
    loss = losses.PhaseConsistencyLoss(4)
    assert float(loss(target, target + dots)) == pytest.approx(0.1, abs=1e-5)
    assert float(loss(target, target - 0.1)) == pytest.approx(0.1, abs=1e-5)
    assert float(loss(target, target + texture)) < 0.03


@pytest.mark.parametrize("shape", [(1, 8, 16, 3), (1, 16, 18, 3)])
def test_phase_consistency_names_the_size(shape):
    with pytest.raises(ValueError, match=r"at least 12 px whose sides are multiples of 4"):
        losses.PhaseConsistencyLoss(4)(_images(0, shape), _images(1, shape))


@pytest.mark.parametrize("options", [{"factor": 0.5}, {"factor": 2.0}, {"factor": 2, "window": 0}])
def test_phase_consistency_takes_counts(options):
    with pytest.raises(ValueError, match="must be an integer of at least 1"):
        losses.PhaseConsistencyLoss(**options)


def test_weighted_sum_is_the_sum_of_the_means():
    target, output = _images(0), _images(1)
    parts = [keras.losses.MeanAbsoluteError(), losses.SSIMLoss(), losses.PSNRLoss()]
    loss = losses.WeightedSum(parts, [2.0, 0.5, 0.0])
    expected = 2.0 * float(parts[0](target, output)) + 0.5 * float(parts[1](target, output))
    assert float(loss(target, output)) == pytest.approx(expected, rel=1e-6)
    assert loss(target, output).shape == ()


@pytest.mark.parametrize(
    ("parts", "weights"),
    [
        ([], []),
        ([losses.SSIMLoss()], []),
        ([losses.SSIMLoss()], [-1.0]),
        ([losses.SSIMLoss()], [0.0]),
        (["l1"], [1.0]),
    ],
)
def test_weighted_sum_checks_its_arguments(parts, weights):
    with pytest.raises(ValueError, match=r"Received: .*losses"):
        losses.WeightedSum(parts, weights)


def test_ssim_loss_is_one_minus_skimage():
    target, noise = _images(0), _images(1)
    output = np.clip(target + 0.3 * noise, -1, 1)
    expected = [
        1
        - structural_similarity(
            a + 1,
            b + 1,
            data_range=2,
            channel_axis=-1,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
        for a, b in zip(target, output, strict=True)
    ]
    np.testing.assert_allclose(losses.SSIMLoss(reduction=None)(target, output), expected, atol=1e-5)


def test_bounded_similarity_golden():
    # d = 0.5^2 everywhere, s = 0.5: e = exp(-0.25 / 0.5) = exp(-1/2); 1 - 2e / (1 + e).
    e = np.exp(-0.5)
    target, output = tf.zeros((1, 2, 2, 1)), tf.fill((1, 2, 2, 1), 0.5)
    value = float(losses.BoundedSimilarityLoss(0.5)(target, output))
    assert value == pytest.approx(1 - 2 * e / (1 + e), abs=1e-6)


def test_bounded_similarity_grows_with_the_distance_and_stays_below_one():
    """The article's form falls with the distance, and minimising it pushes images apart."""
    loss, target = losses.BoundedSimilarityLoss(0.3), tf.zeros((1, 2, 2, 1))
    values = [float(loss(target, target + d)) for d in (0.0, 0.1, 0.2, 0.4, 0.8)]
    assert values[0] == 0.0
    assert values == sorted(set(values))
    assert values[-1] < 1.0
    output = tf.Variable(tf.fill((1, 2, 2, 1), 0.4))
    with tf.GradientTape() as tape:
        value = loss(target, output)
    assert np.all(tape.gradient(value, output) > 0), "descent must move the output to the target"


@pytest.mark.parametrize("loss", ALL, ids=lambda x: type(x).__name__)
def test_gradient_is_finite_at_equality(loss):
    output = tf.Variable(_images())
    with tf.GradientTape() as tape:
        value = loss(_images(), output)
    assert np.isfinite(value)
    assert np.all(np.isfinite(tape.gradient(value, output)))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("loss", ALL, ids=lambda x: type(x).__name__)
def test_half_precision_inputs_are_computed_in_float32(loss, dtype):
    keras.config.set_dtype_policy(f"mixed_{dtype}")
    target, output = (tf.cast(_images(seed), dtype) for seed in (0, 1))
    expected = loss(tf.cast(target, tf.float32), tf.cast(output, tf.float32))
    value = type(loss).from_config(loss.get_config())(target, output)
    assert value.dtype == tf.float32
    assert float(value) == pytest.approx(float(expected), rel=1e-6)


@pytest.mark.parametrize("loss", ALL, ids=lambda x: type(x).__name__)
def test_config_round_trip(loss):
    back = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert type(back) is type(loss)
    assert float(back(_images(0), _images(1))) == float(loss(_images(0), _images(1)))


@pytest.mark.parametrize("loss", [*ALL, keras.losses.MeanAbsoluteError()], ids=lambda x: x.name)
def test_replica_mean_is_the_plain_mean_under_a_strategy(loss, mirrored):
    """Keras' own call divides by the replicas; a model that does so too must not do it twice."""
    target, output = _images(0), _images(1)
    expected = float(loss(target, output))

    @tf.function
    def both():
        return mirrored.run(
            lambda: (losses.replica_mean(loss, target, output), loss(target, output))
        )

    plain, scaled = (mirrored.experimental_local_results(x)[1] for x in both())
    assert float(plain) == pytest.approx(expected, rel=1e-6)
    assert float(scaled) == pytest.approx(expected / 2, rel=1e-6)


@pytest.mark.parametrize("cls", [losses.CharbonnierLoss, losses.EdgeLoss])
def test_epsilon_must_be_positive(cls):
    with pytest.raises(ValueError, match=r"`epsilon`.*Received: epsilon=0"):
        cls(epsilon=0)


def test_scale_must_be_positive():
    with pytest.raises(ValueError, match=r"`scale`.*Received: scale=-1"):
        losses.BoundedSimilarityLoss(scale=-1)


def test_ssim_loss_refuses_images_smaller_than_its_window():
    with pytest.raises(ValueError, match="11x11"):
        losses.SSIMLoss()(tf.zeros((1, 8, 8, 3)), tf.zeros((1, 8, 8, 3)))


def test_psnr_loss_is_minus_the_metric():
    # Errors of 0.25 and 0.5 of a range of 2: 18.06 and 12.04 dB; the floor changes nothing here.
    target = tf.zeros((2, 8, 8, 3))
    output = target + tf.constant([0.25, 0.5])[:, None, None, None]
    values = losses.PSNRLoss(floor=1e-9).call(target, output)
    np.testing.assert_allclose(values, -10 * np.log10(4 / np.array([0.0625, 0.25])), rtol=1e-5)


def test_psnr_loss_weighs_images_alike():
    # A plain mean squared error would give the image that is ten times worse 10 times the gradient.
    target, output = tf.zeros((2, 8, 8, 1)), tf.Variable(tf.ones((2, 8, 8, 1)))
    output.assign(output * tf.constant([0.5, 0.05])[:, None, None, None])
    with tf.GradientTape() as tape:
        value = losses.PSNRLoss(floor=1e-9)(target, output)
    pulls = tf.reduce_sum(tape.gradient(value, output) * output, axis=(1, 2, 3))
    np.testing.assert_allclose(pulls[0], pulls[1], rtol=1e-4)


def test_psnr_loss_is_bounded_for_equal_images():
    image = tf.ones((1, 4, 4, 3))
    assert float(losses.PSNRLoss(floor=1e-3)(image, image)) == pytest.approx(-36.0206, abs=1e-3)
    with pytest.raises(ValueError, match="`floor`"):
        losses.PSNRLoss(floor=0)

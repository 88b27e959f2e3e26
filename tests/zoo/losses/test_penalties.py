import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.losses import gradient_penalty, r1_penalty, r2_penalty


def _sum(x):
    return tf.reduce_sum(x, axis=(1, 2, 3))


def _half_square(x):
    return 0.5 * _sum(tf.square(x))  # its gradient is x itself


def test_norm_runs_over_all_pixels_and_channels_of_a_sample():
    # D(x) = sum(x) over 2x2x3 values: 12 partial derivatives of 1, norm sqrt(12), for each sample.
    # A norm over channels alone would give sqrt(3) at 4 places.
    images = tf.zeros((5, 2, 2, 3))
    expected = np.full(5, (np.sqrt(12) - 1) ** 2)
    penalty = gradient_penalty(_sum, images, images, mixing=tf.zeros(5))
    np.testing.assert_allclose(penalty, expected, atol=1e-5)
    np.testing.assert_allclose(r1_penalty(_sum, images), np.full(5, 12.0), atol=1e-5)


def test_mixing_goes_from_fake_to_real_per_sample():
    # The gradient at the mixed image m * 1 + (1 - m) * 0 is m in each of 4 values: norm 2m.
    # m = 1/4, 1, 1/2: (1/2 - 1)^2 = 1/4, (2 - 1)^2 = 1, (1 - 1)^2 = 0.
    real, fake = tf.ones((3, 2, 2, 1)), tf.zeros((3, 2, 2, 1))
    penalty = gradient_penalty(_half_square, real, fake, mixing=[0.25, 1.0, 0.5])
    np.testing.assert_allclose(penalty, [0.25, 1.0, 0.0], atol=1e-6)
    # Another Lipschitz constant: (2m - 2)^2.
    penalty = gradient_penalty(_half_square, real, fake, mixing=[0.25, 1.0, 0.5], target=2.0)
    np.testing.assert_allclose(penalty, [2.25, 0.0, 1.0], atol=1e-6)


@pytest.mark.parametrize("penalty", [r1_penalty, r2_penalty])
def test_zero_centred_penalties_are_squared_norms(penalty):
    images = tf.reshape(tf.constant([1.0, 2.0, 0.0, -3.0, 4.0, 0.0]), (2, 1, 1, 3))
    np.testing.assert_allclose(penalty(_half_square, images), [1 + 4, 9 + 16], atol=1e-5)


def test_second_order_gradient():
    # D(x) = w sum(x) over 4 values: (2w - 1)^2, so d/dw = 4 (2w - 1) = 8 at w = 3/2.
    # r1 = 4 w^2, so d/dw = 8w = 12.
    weight, images = tf.Variable(1.5), tf.ones((1, 2, 2, 1))
    with tf.GradientTape(persistent=True) as tape:
        gp = tf.reduce_mean(gradient_penalty(lambda x: weight * _sum(x), images, images, [0.5]))
        r1 = tf.reduce_mean(r1_penalty(lambda x: weight * _sum(x), images))
    assert float(tape.gradient(gp, weight)) == pytest.approx(8.0, abs=1e-4)
    assert float(tape.gradient(r1, weight)) == pytest.approx(12.0, abs=1e-4)


def test_a_flat_discriminator_gives_finite_gradients():
    # The derivative of a norm does not exist at 0; without care it is NaN and ends the training.
    weight, images = tf.Variable(0.0), tf.ones((2, 2, 2, 1))
    with tf.GradientTape() as tape:
        penalty = gradient_penalty(lambda x: weight * _sum(x), images, images, [0.5, 0.5])
    np.testing.assert_allclose(penalty, [1.0, 1.0], atol=1e-5)
    assert np.isfinite(tape.gradient(penalty, weight))


def test_no_gradient_reaches_the_generator():
    scale = tf.Variable(2.0)
    with tf.GradientTape(persistent=True) as tape:
        fake = scale * tf.ones((2, 2, 2, 1))
        mixed = gradient_penalty(_half_square, tf.zeros_like(fake), fake, [0.5, 0.5])
        at_fake = r2_penalty(_half_square, fake)
    assert tape.gradient(mixed, scale) is None
    assert tape.gradient(at_fake, scale) is None


def test_patches_and_scales_are_summed_per_sample():
    # One map gives each pixel of 2x2 as a logit, the other their sum: gradient 1 + 1 at each.
    images = tf.zeros((3, 2, 2, 1))
    penalty = r1_penalty(lambda x: [x, _sum(x)], images)
    np.testing.assert_allclose(penalty, np.full(3, 4 * 2.0**2), atol=1e-5)


def test_samples_do_not_leak_into_each_other():
    images = np.random.default_rng(0).normal(size=(4, 3, 3, 2)).astype("float32")
    together = r1_penalty(lambda x: _sum(x**3), images)
    alone = [r1_penalty(lambda x: _sum(x**3), images[i : i + 1])[0] for i in range(4)]
    np.testing.assert_allclose(together, alone, rtol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_networks_give_float32(policy):
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, (3, 8, 8, 3)).astype("float32")

    def network(policy):
        keras.utils.set_random_seed(1)
        layers = [
            keras.layers.Conv2D(4, 3, activation="tanh", dtype=policy),
            keras.layers.Flatten(dtype=policy),
            keras.layers.Dense(1, dtype=policy),
        ]
        return keras.Sequential([keras.Input((8, 8, 3)), *layers])

    penalties = []
    for dtype in (policy, "float32"):
        discriminator = network(dtype)
        penalties.append(r1_penalty(lambda x, d=discriminator: d(x, training=True), images))
    assert penalties[0].dtype == tf.float32
    np.testing.assert_allclose(*penalties, rtol=0.05)


def test_float16_gradients_do_not_underflow():
    # A slope of 1e-7 has one or two steps of float16 left; scaled, it keeps three digits.
    def discriminator(x):
        x = tf.cast(x, tf.float16) * tf.constant(1e-4, tf.float16)
        return tf.reduce_sum(x * tf.constant(1e-3, tf.float16), axis=(1, 2, 3))

    penalty = r1_penalty(discriminator, tf.ones((1, 2, 2, 1)))
    assert float(penalty[0]) == pytest.approx(4 * 1e-14, rel=1e-2, abs=0)


@pytest.mark.parametrize("mixing", [[1.5], [-0.5]])
def test_mixing_weights_outside_the_segment_are_refused(mixing):
    images = tf.zeros((1, 2, 2, 1))
    with pytest.raises(tf.errors.InvalidArgumentError, match="draw it uniformly"):
        gradient_penalty(_sum, images, images, mixing)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: gradient_penalty(_sum, x, x[:, :1], [0.5, 0.5]), "one shape.*Received"),
        (lambda x: gradient_penalty(_sum, x, x, [[0.5], [0.5]]), r"`mixing`.*\(2, 1\)"),
        (lambda x: gradient_penalty(_sum, x, x, 0.5), "`mixing`"),
        (lambda x: gradient_penalty(_sum, x, x, [0.1, 0.2, 0.3]), "`mixing`"),
        (lambda x: r1_penalty(lambda images: tf.ones((2, 1)), x), "depend on its images"),
    ],
)
def test_errors_name_the_argument(call, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        call(tf.zeros((2, 2, 2, 1)))

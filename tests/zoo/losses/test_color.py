import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.losses import BlurredColorLoss, BoundedSimilarityLoss, ColorHistogramLoss
from zoo.losses.color import soft_histogram


def test_histogram_golden():
    # -1 is level 0; 0.5 lies between levels 1 and 2; 3 is clipped to level 2.
    images = tf.reshape([-1.0, 0.5, 3.0, 3.0], (1, 2, 2, 1))
    np.testing.assert_allclose(soft_histogram(images, 3)[0, :, 0], [0.25, 0.125, 0.625])


def test_distance_is_how_far_values_move():
    image = tf.constant(np.random.default_rng(0).uniform(-0.5, 0.5, (2, 8, 8, 3)), tf.float32)
    shift = tf.constant([0.25, 0.0, -0.25])
    loss = ColorHistogramLoss(bins=81, reduction=None)  # shifts are whole steps of 0.025
    np.testing.assert_allclose(loss(image, image + shift), [0.5 / 3, 0.5 / 3], rtol=1e-4)
    mixed = tf.reverse(image, [1, 2])
    np.testing.assert_allclose(loss(image, mixed), [0, 0], atol=1e-6)


def test_gradient_moves_colours_towards_the_target():
    output = tf.Variable(tf.fill((1, 4, 4, 1), 0.31))
    with tf.GradientTape() as tape:
        value = ColorHistogramLoss(bins=11)(tf.fill((1, 4, 4, 1), -0.4), output)
    gradient = tape.gradient(value, output)
    np.testing.assert_allclose(gradient, np.full((1, 4, 4, 1), 1 / 16), rtol=1e-4)


def test_config_and_errors():
    loss = ColorHistogramLoss(bins=5)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert copy.bins == 5
    with pytest.raises(ValueError, match="`bins` must be an integer of at least 2"):
        ColorHistogramLoss(bins=1)


def test_blurred_colours_ignore_texture_and_see_light():
    rng = np.random.default_rng(0)
    image = rng.uniform(-0.5, 0.5, (2, 48, 48, 3)).astype("float32")
    checks = 0.2 * (np.indices((48, 48)).sum(axis=0) % 2 * 2 - 1)[None, :, :, None]
    loss = BlurredColorLoss(deviation_px=2.0, reduction=None)
    inner = 48 - 2 * 6  # what the border, where zeros are blurred in, does not reach
    light = loss(image, image + 0.2)
    assert (light > 0.04 * (inner / 48) ** 2).numpy().all()
    assert (light < 0.04).numpy().all()
    assert (loss(image, image + checks.astype("float32")) < 0.02 * light).numpy().all()
    pixel = image.copy()
    pixel[:, 24, 24, 0] += 1.0
    # A single pixel becomes a Gaussian, whose squares sum to 1 / (4 pi s^2).
    expected = 1 / (4 * np.pi * 4) / (48 * 48 * 3)
    np.testing.assert_allclose(loss(image, pixel), [expected] * 2, rtol=0.02)


def test_blurred_colours_by_another_criterion():
    loss = BlurredColorLoss(1.0, criterion=BoundedSimilarityLoss())
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert isinstance(copy.criterion, BoundedSimilarityLoss)
    image = np.zeros((1, 32, 32, 3), "float32")
    assert 0.0 < float(copy(image, image + 9.0)) <= 1.0
    with pytest.raises(ValueError, match="`criterion`"):
        BlurredColorLoss(criterion="l1")
    with pytest.raises(ValueError, match="`deviation_px`"):
        BlurredColorLoss(deviation_px=0)

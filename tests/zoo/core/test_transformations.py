import math

import numpy as np
import pytest
import tensorflow as tf

from zoo.core import randomness
from zoo.core.transformations import Draws, placement, recoloured, resampled


class Fixed:
    """Draws that a test sets: name to a number; what is absent is not applied."""

    def __init__(self, probability=1.0, count=1, **values):
        self.probability, self.count, self.values = probability, count, values

    def uniform(self, name):
        return tf.fill([self.count], self.values.get(name.replace(" ", "_"), 0.5))

    normal = uniform

    def applied(self, name, value, neutral, probability=None):
        root = name.replace(" ", "_")
        known = any(key.startswith(root) for key in self.values)
        return value if known else neutral * tf.ones([self.count])


@pytest.fixture
def image():
    return np.random.default_rng(0).uniform(-1, 1, (1, 6, 6, 3)).astype("float32")


def moved(image, **values):
    return resampled(tf.constant(image), placement(Fixed(**values), image.shape[1:3])).numpy()


def test_nothing_applied_changes_no_bit(image):
    np.testing.assert_array_equal(moved(image), image)
    np.testing.assert_array_equal(recoloured(tf.constant(image), Fixed()), image)
    gray = tf.constant(image[..., :1])
    np.testing.assert_array_equal(recoloured(gray, Fixed()), gray)


def test_flips_and_quarter_turns_are_exact(image):
    np.testing.assert_array_equal(moved(image, flip=0.9), image[:, :, ::-1])
    np.testing.assert_array_equal(moved(image, flip=0.1), image)
    for turns in range(4):
        result = moved(image, turn=turns / 4 + 0.1)[0]
        either = [np.rot90(image[0], sign * turns) for sign in (1, -1)]
        assert any(np.array_equal(result, each) for each in either), turns


def test_whole_shifts_mirror_the_border():
    image = np.arange(16, dtype="float32").reshape(1, 1, 16, 1) * np.ones((1, 16, 1, 1), "float32")
    # A shift of at most an eighth of the side: here 2 px to the right, none down.
    row = moved(image, whole_shift_x=0.999, whole_shift_y=0.5)[0, 3, :, 0]
    np.testing.assert_array_equal(row, [*range(2, 16), 14, 13])


def test_half_a_pixel_is_the_mean_of_two():
    image = np.arange(8, dtype="float32").reshape(1, 1, 8, 1) * np.ones((1, 8, 1, 1), "float32")
    row = moved(image, shift_x=0.5, shift_y=0.0)[0, 2, :, 0]  # 8 / 8 * 0.5 px
    np.testing.assert_allclose(row, [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 6.5])


def test_scaling_by_two_shows_the_middle():
    image = np.linspace(-1, 1, 9, dtype="float32").reshape(1, 1, 9, 1) * np.ones((1, 9, 1, 1))
    row = moved(image.astype("float32"), size=-5.0)[0, 4, :, 0]  # 2 ** (0.2 * -5) = 1 / 2
    np.testing.assert_allclose(row, np.linspace(-0.5, 0.5, 9), atol=1e-6)


def test_gradient_is_the_adjoint(image):
    """<T x, y> = <x, T' y> for a turned, stretched and shifted image."""
    matrices = placement(
        Fixed(rotation_before=0.6, size=1.3, aspect=-0.7, shift_x=0.2, shift_y=-0.1), (6, 6)
    )
    x, y = tf.constant(image), tf.random.normal(image.shape, seed=1)
    with tf.GradientTape() as tape:
        tape.watch(x)
        transformed = resampled(x, matrices)
        product = tf.reduce_sum(transformed * y)
    adjoint = tape.gradient(product, x)
    for seed in range(3):
        other = tf.random.normal(image.shape, seed=seed)
        left = tf.reduce_sum(resampled(other, matrices) * y)
        np.testing.assert_allclose(left, tf.reduce_sum(other * adjoint), rtol=1e-3, atol=1e-4)


def test_colours(image):
    def changed(**values):
        return recoloured(tf.constant(image), Fixed(**values)).numpy()

    luma = image.mean(axis=-1, keepdims=True)
    np.testing.assert_allclose(changed(brightness=0.5), image + 0.1, atol=1e-6)
    np.testing.assert_allclose(changed(contrast=2.0), image * 2.0, atol=1e-6)
    np.testing.assert_allclose(changed(sign=0.9), image - 2 * luma, atol=1e-6)
    np.testing.assert_allclose(changed(saturation=1.0), 2 * image - luma, atol=1e-6)
    # A third of a turn about the gray axis permutes the channels.
    third = changed(hue=0.5 + 0.5 * 2 / 3)
    either = [np.roll(image, shift, axis=-1) for shift in (1, 2)]
    assert any(np.allclose(third, each, atol=1e-5) for each in either)
    assert math.isclose(
        np.ptp(changed(hue=0.9).mean(axis=-1, keepdims=True) - luma), 0, abs_tol=1e-5
    )
    gray = recoloured(tf.constant(luma), Fixed(brightness=0.5, contrast=2.0, sign=0.9))
    np.testing.assert_allclose(gray, -2.0 * (luma + 0.1), atol=1e-6)


def test_each_is_applied_as_often_as_asked():
    draws = Draws(tf.constant(0.3), randomness.step_seed(0, 0), "stream", 4000)
    applied = {
        name: draws.applied(name, tf.ones([4000]), 0.0).numpy()
        for name in ("flip", "turn", "shift", "hue", "brightness")
    }
    for name, values in applied.items():
        assert values.mean() == pytest.approx(0.3, abs=0.03), name
    correlation = np.corrcoef(list(applied.values())) - np.eye(5)
    assert np.abs(correlation).max() < 0.06
    turned = draws.applied("turn", tf.floor(4.0 * draws.uniform("turn")), 0.0).numpy()
    counts = np.bincount(turned.astype(int), minlength=4) / 4000
    # Upright three times as often as each other way would be at p = 0.4; nothing leaks.
    np.testing.assert_allclose(counts, [0.7 + 0.075, 0.075, 0.075, 0.075], atol=0.03)

import numpy as np
import pytest
import tensorflow as tf
from skimage import color

from zoo.layers.color import Luminance, Tint, rgb_to_lab


@pytest.fixture
def images():
    return np.random.default_rng(0).uniform(-1, 1, (2, 6, 7, 3)).astype("float32")


def test_lab_is_that_of_scikit_image(images):
    # Its white point is rounded to five digits, ours is that of the matrix.
    np.testing.assert_allclose(rgb_to_lab(images), color.rgb2lab((images + 1) / 2), atol=0.02)


def test_gray_has_no_colour():
    grays = np.repeat(np.linspace(-1, 1, 9, dtype="float32").reshape(1, 3, 3, 1), 3, axis=-1)
    lab = rgb_to_lab(grays).numpy()
    np.testing.assert_allclose(lab[..., 1:], 0, atol=1e-3)
    np.testing.assert_allclose(lab.reshape(-1, 3)[[0, -1], 0], [0, 100], atol=1e-4)
    np.testing.assert_allclose(Luminance()(grays), grays[..., :1], atol=1e-6)


def test_lightness_and_colours_make_the_image_again(images):
    again = Tint()([Luminance()(images), rgb_to_lab(images)[..., 1:]])
    np.testing.assert_allclose(again, images, atol=1e-4)


def test_no_colour_changes_the_lightness():
    rng = np.random.default_rng(0)
    gray = rng.uniform(-1, 1, (2, 20, 20, 1)).astype("float32")
    gray[0, 0, :2, 0] = -1, 1  # black and white, which have room for no colour
    colours = rng.uniform(-150, 150, (2, 20, 20, 2)).astype("float32")
    tinted = Tint()([gray, colours]).numpy()
    assert tinted.min() >= -1
    assert tinted.max() <= 1
    np.testing.assert_allclose(Luminance()(tinted), gray, atol=2e-6)
    assert np.abs(tinted - gray).mean() > 0.2


def test_a_colour_out_of_reach_keeps_its_hue():
    pale, vivid = (
        Tint()([tf.zeros((1, 1, 1, 1)), tf.constant([[[[share * 90.0, share * -30.0]]]])])
        for share in (0.5, 3.0)
    )
    angles = [np.degrees(np.arctan2(*rgb_to_lab(x)[0, 0, 0, :0:-1].numpy())) for x in (pale, vivid)]
    assert abs(angles[0] - angles[1]) < 12


def test_gradients_are_finite_at_the_ends_of_the_range():
    ends = tf.constant([[[[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0], [-1.0, 1.0, -1.0]]]])
    with tf.GradientTape() as tape:
        tape.watch(ends)
        lab = rgb_to_lab(ends)
        loss = tf.reduce_sum(Tint()([Luminance()(ends), lab[..., 1:]]) + lab)
    assert np.isfinite(tape.gradient(loss, ends)).all()

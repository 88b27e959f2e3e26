"""Fading, tints, colour changes and light, by hand."""

import numpy as np
import pytest
import tensorflow as tf

from pipelines import degradations as ops
from pipelines.degradations import shapes


def colours(*rgb):
    """A 2 x 2 image of each colour, given in [0, 1]."""
    values = np.float32(rgb)[:, None, None, :] * np.ones((1, 2, 2, 1), np.float32)
    return tf.constant(values * 2 - 1)


def unit(images):
    """The first pixel of each image in [0, 1]."""
    return (images.numpy()[:, 0, 0] + 1) / 2


def test_fading_curve():
    images = colours([0, 0, 0], [1, 1, 1], [0.25, 0.5, 0.75])
    faded = ops.Fading(black=0.2, white=0.8, gamma=2.0)(images, (0, 0))
    expected = 0.2 + 0.6 * np.float32([[0] * 3, [1] * 3, [0.0625, 0.25, 0.5625]])
    np.testing.assert_allclose(unit(faded), expected, atol=1e-6)


def test_grayscale_and_desaturation():
    images = colours([1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0.5, 0.5])
    gray = unit(ops.Grayscale()(images, (0, 0)))
    np.testing.assert_allclose(gray, np.repeat([[0.299], [0.587], [0.114], [0.5]], 3, 1), atol=1e-6)
    half = unit(ops.Desaturation(amount=0.5)(images, (0, 0)))
    np.testing.assert_allclose(half, (gray + unit(images)) / 2, atol=1e-6)
    none = ops.Desaturation(amount=0.0)(images, (0, 0))
    np.testing.assert_allclose(none, images, atol=1e-6)


def test_sepia_is_brown_and_keeps_black_and_white():
    images = colours([0, 0, 0], [1, 1, 1], [0.5, 0.5, 0.5], [0.2, 0.9, 0.4])
    brown = unit(ops.Sepia(strength=1.0, hue=(-0.5, 0.5), color_left=0.0)(images, (0, 0)))
    np.testing.assert_allclose(brown[:2], [[0] * 3, [1] * 3], atol=1e-6)
    for red, green, blue in brown[2:]:
        assert red > green + 0.05
        assert green > blue + 0.05
    kept = unit(ops.Sepia(strength=0.0, color_left=1.0)(images, (0, 0)))
    # The exponent of green alone depends on the strength; at zero all are one.
    np.testing.assert_allclose(kept, unit(images), atol=1e-5)


def test_sepia_exponents():
    brown = unit(ops.Sepia(strength=1.0, hue=0.0, color_left=0.0)(colours([0.5] * 3), (0, 0)))
    np.testing.assert_allclose(brown[0], 0.5 ** np.exp([-0.35, 0.05, 0.65]), atol=1e-5)


def test_color_cast_formula():
    images = colours([0.25, 0.5, 1.0])
    op = ops.ColorCast()
    params = {
        "loss": tf.constant([[0.0, 0.2, 0.4]]),
        "lift": tf.constant([[0.5, 1.0, 0.0]]),
        "gamma": tf.constant([[2.0, 1.0, 1.0]]),
    }
    np.testing.assert_allclose(unit(op.apply(images, params))[0], [0.0625, 0.6, 0.6], atol=1e-6)


def test_color_shift_in_levels():
    images = colours([0.5, 0.5, 1.0])
    shifted = ops.ColorShift().apply(images, {"shift_levels": tf.constant([[10.0, -20.0, 5.0]])})
    np.testing.assert_allclose(unit(shifted)[0], [0.5 + 10 / 255, 0.5 - 20 / 255, 1.0], atol=1e-6)


def test_color_jitter_of_ones_changes_nothing():
    images = tf.random.stateless_uniform((2, 4, 4, 3), (0, 0), -1, 1)
    neutral = ops.ColorJitter(brightness=1, contrast=1, saturation=1, hue=0)
    np.testing.assert_allclose(neutral(images, (0, 0)), images, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"brightness": 0.5}, [0.4, 0.1, 0.1]),
        ({"contrast": 0.0}, [0.3794] * 3),
        ({"saturation": 0.0}, [0.3794] * 3),
        ({"hue": 1 / 3}, [0.2, 0.8, 0.2]),
        ({"hue": -1 / 3}, [0.2, 0.2, 0.8]),
    ],
)
def test_color_jitter_by_hand(change, expected):
    neutral = {"brightness": 1, "contrast": 1, "saturation": 1, "hue": 0}
    changed = ops.ColorJitter(**neutral | change)(colours([0.8, 0.2, 0.2]), (0, 0))
    np.testing.assert_allclose(unit(changed)[0], expected, atol=1e-5)


@pytest.mark.parametrize("op", [ops.Sepia(), ops.ColorCast(), ops.ColorShift(), ops.ColorJitter()])
def test_colour_needs_three_channels(op):
    with pytest.raises(ValueError, match=rf"{type(op).__name__} needs.*3 channels.*\(1, 4, 4, 1\)"):
        op(tf.zeros((1, 4, 4, 1)), (0, 0))


def test_vignette_corner_and_centre():
    images = tf.zeros((1, 9, 9, 3))
    params = {
        "strength": tf.constant([0.4]),
        "roundness": tf.constant([2.0]),
        "centre": tf.zeros([1, 2]),
    }
    light = (ops.Vignette().apply(images, params).numpy()[0, ..., 0] + 1) / 2
    assert light[4, 4] == pytest.approx(0.5)
    assert light[0, 0] == pytest.approx(0.5 * 0.6)
    # Half the diagonal squared is half, of which the strength takes 0.4.
    assert light[0, 4] == pytest.approx(0.5 * (1 - 0.4 * 0.5))
    lighter = ops.Vignette().apply(images, params | {"strength": tf.constant([-0.4])})
    assert (lighter.numpy()[0, 0, 0, 0] + 1) / 2 == pytest.approx(0.5 + 0.4 * 0.5)


def test_uneven_light_is_smooth_and_proportional():
    images = tf.concat([tf.fill((2, 32, 32, 1), -0.5), tf.fill((2, 32, 32, 1), 0.0)], -1)
    light = (ops.UnevenLight(strength=0.3)(images, (0, 2)).numpy() + 1) / 2
    np.testing.assert_allclose(light[..., 1], 2 * light[..., 0], atol=1e-5)
    assert light.std() > 0.02
    assert np.abs(np.diff(light, axis=1)).max() < 0.08
    np.testing.assert_allclose(ops.UnevenLight(strength=0)(images, (0, 2)), images, atol=1e-6)


def test_low_light_halves_linear_light_per_stop():
    images = colours([1.0, 0.5, 0.25])
    dark = unit(ops.LowLight(stops=2.0, shot=1e-8)(images, (0, 0)))[0]
    np.testing.assert_allclose(dark**2.2, np.float32([1, 0.5, 0.25]) ** 2.2 / 4, atol=1e-3)


def test_low_light_noise():
    images = tf.ones((1, 64, 64, 3))
    op = ops.LowLight(stops=1.0)
    params = op.draw((0, 0), (1, 64, 64, 3))
    params |= {"shot": tf.constant([0.01]), "read": tf.constant([0.0004])}
    light = ((op.apply(images, params).numpy() + 1) / 2) ** 2.2
    assert light.mean() == pytest.approx(0.5, rel=0.01)
    assert light.std() == pytest.approx(np.sqrt(0.01 * 0.5 + 0.0004), rel=0.03)


def test_power_is_exact_at_both_ends():
    base = tf.constant([0.0, 1e-6, 0.25, 1.0])
    result = shapes.power(base, tf.constant([[0.5], [2.2]])).numpy()
    np.testing.assert_allclose(result, base.numpy() ** np.float32([[0.5], [2.2]]), rtol=1e-5)
    assert (result[:, 0] == 0).all()
    assert (result[:, 3] == 1).all()


def test_maps_in_colors():
    maps = tf.random.stateless_uniform((2, 4, 5, 1), (1, 1))
    colors = tf.constant([[1.0, 2.0, 3.0], [0.5, 0.0, -1.0]])
    np.testing.assert_allclose(shapes.in_colors(maps, colors), maps * colors[:, None, None, :])
    images = tf.zeros((2, 4, 5, 3))
    np.testing.assert_array_equal(shapes.in_channels(maps, images), tf.repeat(maps, 3, axis=3))

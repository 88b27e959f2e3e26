"""Levels, channels and precision of what goes through a network."""

import functools

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from zoo.core import hardware, tiling

restore = functools.partial(tiling.restore, precision="float32")  # exact on every machine
RNG = np.random.default_rng(0)


def conv(filters, size=3, **kwargs):
    return layers.Conv2D(filters, size, padding="same", bias_initializer="normal", **kwargs)


def network(*stack, channels=3):
    x = inputs = keras.Input((None, None, channels))
    for layer in stack:
        x = layer(x)
    return keras.Model(inputs, x)


def identity(channels=3):
    return network(layers.Identity(), channels=channels)


def photo_of(height, width):
    return RNG.uniform(0.2, 0.8, (height, width, 3)).astype("float32")


def test_every_level_of_8_and_16_bit_images_survives():
    for dtype in (np.uint8, np.uint16):
        count = np.iinfo(dtype).max + 1
        levels = np.arange(count, dtype=dtype).reshape(-1, 16)
        for channels in (1, 3):
            restored = restore(identity(channels), levels, tile=1000)
            assert restored.dtype == dtype
            np.testing.assert_array_equal(restored, levels)


def test_values_are_rounded_and_clipped():
    image = np.array([[[0, 100, 200]]], "uint8")
    brighter = network(layers.Rescaling(1.0, offset=0.6 * 2 / 255))
    np.testing.assert_array_equal(restore(brighter, image), [[[1, 101, 201]]])
    np.testing.assert_array_equal(restore(network(layers.Rescaling(9.0)), image), [[[0, 0, 255]]])


@pytest.mark.parametrize("dtype", ["uint8", "uint16", ">u2", "float16", "float32", "float64"])
def test_arrays_keep_their_shape_and_dtype(dtype):
    top = 1.0 if "f" in dtype else np.iinfo(dtype).max
    model = network(layers.UpSampling2D(2))
    for channels in ((), (1,), (2,), (3,), (4,)):
        image = (RNG.uniform(0, 1, (6, 5, *channels)) * top).astype(dtype)
        restored = restore(model, image, tile=4)
        assert restored.shape == (12, 10, *channels)
        assert restored.dtype == np.dtype(dtype).newbyteorder("=")
        colours = slice(-1) if channels in ((2,), (4,)) else slice(None)
        doubled = image.repeat(2, axis=0).repeat(2, axis=1)[..., colours]
        tolerance = 1e-3 if "f" in dtype else 0
        np.testing.assert_allclose(restored[..., colours], doubled, atol=tolerance)


def test_gray_through_a_colour_network_comes_back_as_its_luma():
    tint = network(
        layers.Conv2D(
            3, 1, kernel_initializer="zeros", bias_initializer=keras.initializers.Constant(0.5)
        )
    )
    tint.layers[-1].bias.assign([1.0, 0.0, -1.0])  # red 255, green 127.5, blue 0
    restored = restore(tint, np.zeros((2, 2), "uint8"))
    assert restored.shape == (2, 2)
    assert set(restored.flat) == {round(0.299 * 255 + 0.587 * 127.5)}


def test_gray_in_three_channels_stays_gray():
    model = network(conv(3))  # makes colour of everything
    gray = np.random.default_rng(0).integers(0, 256, (20, 30, 1), "uint8")
    restored = restore(model, np.repeat(gray, 3, axis=-1))
    np.testing.assert_array_equal(restored, np.repeat(restored[..., :1], 3, axis=-1))
    np.testing.assert_array_equal(restored[..., 0], restore(model, gray)[..., 0])
    almost = np.repeat(gray, 3, axis=-1)
    almost[19, 29, 2] ^= 1
    assert np.ptp(restore(model, almost).astype(int), axis=-1).max() > 0


def test_a_network_that_colours_gray_returns_colour():
    inputs = keras.Input((None, None, 1))
    model = keras.Model(inputs, layers.Concatenate()([inputs, inputs, inputs]))
    assert restore(model, np.zeros((4, 4), "uint8")).shape == (4, 4, 3)


def test_alpha_is_enlarged_like_lanczos_and_the_same_in_tiles():
    image = RNG.integers(80, 176, (24, 20, 4), dtype=np.uint8)
    model = network(layers.UpSampling2D(2))
    restored = restore(model, image)
    pillow = Image.fromarray(image[..., 3]).resize((40, 48), Image.Resampling.LANCZOS)
    assert np.abs(restored[..., 3].astype(int) - np.asarray(pillow)).max() <= 1
    np.testing.assert_array_equal(restore(model, image, tile=6, overlap=0), restored)
    np.testing.assert_array_equal(restore(identity(), image), image)


def test_float32_is_exact_for_a_network_built_in_bfloat16():
    reference = network(conv(4), conv(3))
    keras.config.set_dtype_policy("mixed_bfloat16")
    mixed = network(conv(4), conv(3))
    mixed.set_weights(reference.get_weights())
    image = photo_of(16, 16)
    expected = (reference(image[np.newaxis] * 2 - 1, training=False)[0] + 1) / 2
    np.testing.assert_allclose(restore(mixed, image), np.clip(expected, 0, 1), atol=1e-6)


def test_bfloat16_computes_in_bfloat16_on_the_networks_own_weights():
    model = network(conv(4), conv(4), conv(3))
    image = photo_of(16, 16)
    exact = restore(model, image)
    fast = restore(model, image, precision="bfloat16")
    assert 1e-4 < np.abs(fast - exact).max() < 0.02
    for weight in model.weights:
        weight.assign(weight * 0.5)
    changed = restore(model, image, precision="bfloat16")
    np.testing.assert_allclose(changed, restore(model, image), atol=0.02)
    assert np.abs(changed - fast).max() > 0.02
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}


def test_the_default_precision_asks_the_hardware(monkeypatch):
    model = network(conv(4), conv(3))
    fine = photo_of(16, 16)
    image = (255 * fine).astype("uint8")
    in_bfloat16 = restore(model, image, precision="bfloat16")
    assert np.any(in_bfloat16 != restore(model, image))
    for policy, expected in (("float32", restore(model, image)), ("mixed_bfloat16", in_bfloat16)):
        monkeypatch.setattr(hardware, "fast_policy", lambda policy=policy: policy)
        np.testing.assert_array_equal(tiling.restore(model, image), expected)
        np.testing.assert_array_equal(restore(model, image, precision="auto"), expected)
        # More than 8 bits would be lost.
        np.testing.assert_array_equal(tiling.restore(model, fine), restore(model, fine))


def test_networks_that_return_something_else_raise():
    image = np.zeros((16, 16, 3), "uint8")
    with pytest.raises(ValueError, match="1 times larger than its input"):
        restore(network(layers.Conv2D(3, 3)), image)
    with pytest.raises(ValueError, match="scales by 1/2"):
        restore(network(layers.AveragePooling2D(2)), image)
    with pytest.raises(ValueError, match=r"of 1 or 3 channels"):
        restore(network(conv(5)), image)
    with pytest.raises(ValueError, match="images of any size"):
        restore(keras.Sequential([keras.Input((16, 16, 3)), conv(3)]), image)
    broken = network(conv(3))
    broken.layers[-1].bias.assign([0.0, np.nan, 0.0])
    with pytest.raises(FloatingPointError, match="NaN"):
        restore(broken, image)


def test_colour_images_need_a_colour_network():
    with pytest.raises(ValueError, match="must be gray"):
        restore(identity(1), np.zeros((4, 4, 3), "uint8"))

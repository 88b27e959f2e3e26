"""Resampling layers: values by hand, round trips, and parity with TensorFlow."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.layers import CropLike, PixelShuffle, PixelUnshuffle, Resize


def images(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def test_pixel_shuffle_by_hand():
    """Channel `(row * factor + column) * channels + c` goes to `row`, `column`, `c`."""
    outputs = PixelShuffle(2)(np.arange(8.0, dtype="float32").reshape(1, 1, 1, 8)).numpy()
    np.testing.assert_array_equal(outputs[0, ..., 0], [[0, 2], [4, 6]])
    np.testing.assert_array_equal(outputs[0, ..., 1], [[1, 3], [5, 7]])


def test_pixel_unshuffle_by_hand():
    outputs = PixelUnshuffle(2)(np.array([[[[1.0], [2.0]], [[3.0], [4.0]]]], "float32"))
    np.testing.assert_array_equal(outputs, [[[[1, 2, 3, 4]]]])


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_round_trip(factor):
    inputs = images(2, 6, 12, 3)
    small = PixelUnshuffle(factor)(inputs)
    assert small.shape == (2, 6 // factor, 12 // factor, 3 * factor**2)
    np.testing.assert_array_equal(PixelShuffle(factor)(small), inputs)


@pytest.mark.parametrize("factor", [2, 3])
def test_pixel_shuffle_at_a_random_place(factor):
    inputs = images(1, 4, 5, 2 * factor**2)
    outputs = PixelShuffle(factor)(inputs).numpy()
    for row, column, channel in ((0, 0, 0), (4, 7, 1), (7, 3, 0)):
        (top, down), (left, right) = divmod(row, factor), divmod(column, factor)
        source = inputs[0, top, left, (down * factor + right) * 2 + channel]
        assert outputs[0, row, column, channel] == source


def test_crop_like_keeps_the_top_left():
    inputs = images(2, 6, 8, 3)
    outputs = CropLike()([inputs, tf.zeros((2, 5, 7, 1))])
    np.testing.assert_array_equal(outputs, inputs[:, :5, :7])
    dynamic = keras.Input((None, None, 3))
    assert keras.Model(dynamic, CropLike()([Resize(2)(dynamic), dynamic]))(inputs).shape == (
        inputs.shape
    )


def test_resize_by_hand():
    inputs = np.array([[[[0.0], [4.0]]]], "float32")
    nearest = Resize(2)(inputs)
    np.testing.assert_array_equal(nearest[0, ..., 0], [[0, 0, 4, 4]] * 2)
    smooth = Resize(2, smooth=True)(inputs)  # half-pixel centres
    np.testing.assert_array_equal(smooth[0, ..., 0], [[0, 1, 3, 4]] * 2)


@pytest.mark.parametrize(("smooth", "method"), [(False, "nearest"), (True, "bilinear")])
@pytest.mark.parametrize("factor", [1, 2, 3])
def test_resize_equals_tensorflow(smooth, method, factor):
    inputs = images(2, 5, 7, 3)
    expected = tf.image.resize(inputs, (5 * factor, 7 * factor), method)
    np.testing.assert_allclose(Resize(factor, smooth=smooth)(inputs), expected, atol=1e-6)


@pytest.mark.parametrize("layer", [PixelShuffle(2), PixelUnshuffle(2), Resize(2, smooth=True)])
def test_dynamic_sizes_types_and_config(layer):
    network = keras.Sequential([keras.Input((None, None, 4)), layer])
    assert network.output_shape[:3] == (None, None, None)
    inputs = images(1, 6, 8, 4)
    assert network(inputs).shape == layer.compute_output_shape((1, 6, 8, 4))
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    low = type(layer).from_config({**layer.get_config(), "dtype": "mixed_bfloat16"})
    assert low(inputs).dtype == tf.bfloat16


def test_errors():
    with pytest.raises(ValueError, match=r"`factor` of PixelShuffle .*Received: factor=0"):
        PixelShuffle(0)
    with pytest.raises(ValueError, match=r"`factor` of Resize .*Received: factor=1\.5"):
        Resize(1.5)
    with pytest.raises(ValueError, match=r"multiple of factor\^2 = 4 channels. Received: 6"):
        PixelShuffle(2)(keras.KerasTensor((None, 4, 4, 6)))

import numpy as np
import pytest
import tensorflow as tf

from zoo.layers.equalized import ScaledConv, ScaledDense
from zoo.layers.filtering import DynamicFilter, FIRDown, FIRUp, blur

TAPS = np.array([1, 3, 3, 1]) / 8.0


def filtered(image, pad):
    """The definition, in NumPy: pad with zeros and correlate each channel."""
    image = np.pad(image, [pad, pad, (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(image, (4, 4), axis=(0, 1))
    return np.einsum("yxcij,i,j->yxc", windows, TAPS, TAPS)


@pytest.fixture
def image():
    return np.random.default_rng(0).normal(size=(6, 8, 3))


def as_batch(image):
    return tf.constant(image[None], "float32")


def test_blur(image):
    np.testing.assert_allclose(
        blur(as_batch(image), 2)[0], filtered(image, (2, 2)), rtol=1e-4, atol=1e-6
    )


def test_up_puts_zeros_between_and_filters(image):
    zeros = np.zeros((12, 16, 3))
    zeros[::2, ::2] = image
    up = FIRUp()(as_batch(image))
    np.testing.assert_allclose(up[0], 4 * filtered(zeros, (2, 1)), rtol=1e-4, atol=1e-6)


def test_down_filters_and_drops(image):
    down = FIRDown()(as_batch(image))
    np.testing.assert_allclose(down[0], filtered(image, (1, 1))[::2, ::2], rtol=1e-4, atol=1e-6)


def test_up_and_down_know_their_shapes():
    assert FIRUp().compute_output_shape((None, None, 4, 3)) == (None, None, 8, 3)
    assert FIRDown().compute_output_shape((None, None, 4, 3)) == (None, None, 2, 3)


def test_halving_convolution_blurs_first(image):
    layer = ScaledConv(2, down=True, activation=False, gain=0.5)
    outputs = layer(as_batch(image))
    layer.bias.assign([1.0, -1.0])
    kernel = layer.kernel.numpy() * 0.5 / np.sqrt(27)
    blurred = tf.constant(filtered(image, (2, 2))[None], "float32")
    expected = tf.nn.conv2d(blurred, kernel, 2, "VALID")
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)
    shifted = expected + tf.constant([0.5, -0.5])
    np.testing.assert_allclose(layer(as_batch(image)), shifted, rtol=1e-4, atol=1e-5)
    assert outputs.shape[1:] == layer.compute_output_shape((None, 6, 8, 3))[1:] == (3, 4, 2)


def test_layers_keep_the_variance():
    x = tf.random.normal((64, 512), seed=0)
    for index in range(4):
        x = ScaledDense(512, rate=0.01 if index % 2 else 1.0)(x)
    # The mean square: leaky ReLU with its gain restores it.
    assert float(tf.reduce_mean(x**2)) == pytest.approx(1.0, abs=0.3)


def test_a_small_rate_learns_slowly():
    x = tf.ones((1, 4))
    moved = []
    for rate in (1.0, 0.1):
        layer = ScaledDense(1, activation=False, rate=rate)
        before = layer(x)
        layer.kernel.assign_add(tf.ones((4, 1)))  # what Adam does: a step of one size
        moved.append(float((layer(x) - before)[0, 0]))
    assert moved == pytest.approx([2.0, 0.2], rel=1e-5)


def test_each_image_has_its_own_kernel():
    rng = np.random.default_rng(0)
    images, kernels = rng.normal(size=(2, 4, 7, 3)), rng.normal(size=(2, 5, 5))
    padded = np.pad(images, [(0, 0), (2, 2), (2, 2), (0, 0)], mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (5, 5), axis=(1, 2))
    expected = np.einsum("nyxcij,nij->nyxc", windows, kernels)
    made = DynamicFilter(5)([tf.constant(images, "float32"), kernels.reshape(2, 25)])
    np.testing.assert_allclose(made, expected, rtol=1e-4, atol=1e-5)


def test_images_may_be_smaller_than_kernels():
    made = DynamicFilter(11)([tf.fill((1, 2, 3, 1), 0.5), tf.fill((1, 121), 1 / 121)])
    np.testing.assert_allclose(made, np.full((1, 2, 3, 1), 0.5), atol=1e-6)


def test_kernels_have_a_middle():
    with pytest.raises(ValueError, match=r"`size` must be odd\. Received: 4"):
        DynamicFilter(4)


def test_kernels_filter_in_float32_whatever_the_policy():
    """bfloat16 rounds 0.501 to 0.5; a network in float32 is given another policy by its config."""
    layer = DynamicFilter.from_config({**DynamicFilter(3).get_config(), "dtype": "mixed_bfloat16"})
    made = layer([tf.fill((1, 4, 4, 1), 0.501), tf.one_hot([4], 9)])
    assert made.dtype == tf.float32
    np.testing.assert_allclose(made, np.full((1, 4, 4, 1), 0.501), atol=1e-6)

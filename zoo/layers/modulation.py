"""Convolutions whose input channels a style scales."""

import keras
import tensorflow as tf

from zoo.core import randomness
from zoo.layers.equalized import RELU_GAIN, activated
from zoo.layers.filtering import blur


@keras.saving.register_keras_serializable(package="zoo")
class ModulatedConv(keras.layers.Layer):
    """A convolution whose input channels a style scales, with outputs brought back to unit scale.

    The paper scales each sample's weights (equations 1 and 3) and convolves in groups. Scaling
    the input by the style and the output by the demodulation is the same, since a convolution is
    linear in both, and is an ordinary convolution: it exports, and runs on every device.

    Args:
        filters: Integer.
        size: Integer, odd side of the kernel; 3 with `up`. Defaults to 3.
        up: Bool, double height and width. Defaults to `False`.
        demodulate: Bool, divide by the expected deviation. Defaults to `True`.

    Raises:
        ValueError: If `up` is asked for with another kernel than 3.

    Example:

    >>> ModulatedConv(8, up=True)([tf.ones((2, 4, 4, 3)), tf.ones((2, 16))]).shape
    TensorShape([2, 8, 8, 8])

    Reference:
        Karras et al. 2020, https://arxiv.org/abs/1912.04958, equations 1 and 3.
    """

    def __init__(self, filters, size=3, up=False, demodulate=True, **kwargs):
        super().__init__(**kwargs)
        if up and size != 3:
            raise ValueError(f"`up` needs a kernel of 3: leave `size` out. Received: size={size!r}")
        self.filters, self.size, self.up, self.demodulate = filters, size, up, demodulate

    def build(self, input_shape):
        """Make the weights."""
        channels, style_size = input_shape[0][-1], input_shape[1][-1]

        def normal():  # an initializer repeats its draws, so each weight has one of its own
            return keras.initializers.RandomNormal(stddev=1.0)

        # In float32 whatever the policy: squares of styles leave the range of half precision.
        def add(shape, initializer, name):
            return self.add_weight(shape, initializer, name=name, autocast=False)

        self.kernel = add((self.size, self.size, channels, self.filters), normal(), "kernel")
        self.style_kernel = add((style_size, channels), normal(), "style_kernel")
        self.style_bias = add((channels,), "ones", "style_bias")
        self._scale = (self.size**2 * channels) ** -0.5
        self.style_scale = style_size**-0.5

    def call(self, inputs):
        """Images `(N, H, W, C)` and styles `(N, S)` to `(N, H, W, filters)`, or twice as large."""
        return self._modulated(*inputs)

    def _modulated(self, images, style, gain=1.0):
        """The layer, with outputs `gain` times as large."""
        style = tf.cast(style, tf.float32)
        scales = tf.matmul(style, self.style_kernel * self.style_scale) + self.style_bias
        kernel = self.kernel * (self._scale if self.demodulate else self._scale * gain)
        x = images * tf.cast(scales, images.dtype)[:, None, None, :]
        x = self._convolved(x, tf.cast(kernel, images.dtype))
        if self.demodulate:
            power = tf.reduce_sum(tf.square(kernel), axis=(0, 1))
            norm = gain * tf.math.rsqrt(tf.matmul(tf.square(scales), power) + 1e-8)
            x *= tf.cast(norm, x.dtype)[:, None, None, :]
        return x

    def _convolved(self, x, kernel):
        if not self.up:
            return tf.nn.conv2d(x, kernel, 1, "SAME")
        shape = tf.shape(x)
        size = tf.stack([shape[0], 2 * shape[1] + 1, 2 * shape[2] + 1, self.filters])
        # Puts zeros between the pixels and convolves, in one.
        doubled = tf.nn.conv2d_transpose(x, tf.transpose(kernel, (0, 1, 3, 2)), size, 2, "VALID")
        return blur(doubled, 1, gain=4.0)

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        (n, height, width, _), _ = input_shape
        sides = [side and side * (2 if self.up else 1) for side in (height, width)]
        return (n, *sides, self.filters)

    def get_config(self):
        """The constructor's arguments."""
        names = ("filters", "size", "up", "demodulate")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@keras.saving.register_keras_serializable(package="zoo")
class StyledConv(ModulatedConv):
    """A modulated convolution, noise of a learned strength, a bias and leaky ReLU.

    Inside `zoo.core.randomness.scope`, as in training, each sample has noise of its own;
    elsewhere all share one that was drawn when the layer was made, so that a style always gives
    the same image.

    Args:
        filters: Integer.
        noise: Bool, whether there is noise. Defaults to `True`.
        **kwargs: As of `ModulatedConv`.

    Example:

    >>> StyledConv(8)([tf.ones((2, 4, 4, 3)), tf.ones((2, 16))]).shape
    TensorShape([2, 4, 4, 8])

    Reference:
        Karras et al. 2020, https://arxiv.org/abs/1912.04958, figure 2c.
    """

    def __init__(self, filters, noise=True, **kwargs):
        super().__init__(filters, **kwargs)
        self.has_noise = noise

    def build(self, input_shape):
        """Make the weights."""
        super().build(input_shape)
        if self.has_noise:
            _, height, width, _ = self.compute_output_shape(input_shape)
            normal = keras.initializers.RandomNormal(stddev=1.0)
            self.noise = self.add_weight((height, width, 1), normal, trainable=False, name="noise")
            self.strength = self.add_weight((), "zeros", name="strength")
        self.bias = self.add_weight((self.filters,), "zeros", name="bias")

    def call(self, inputs):
        """Images `(N, H, W, C)` and styles `(N, S)` to `(N, H, W, filters)`, or twice as large."""
        images, style = inputs
        x = self._modulated(images, style, RELU_GAIN)
        if self.has_noise:
            x += self._drawn(x) * (self.strength * RELU_GAIN)
        x = tf.nn.bias_add(x, self.bias * RELU_GAIN)
        return activated(x, True)

    def _drawn(self, x):
        if not randomness.in_scope():
            return tf.convert_to_tensor(self.noise)
        return tf.cast(randomness.of_layer(self, tf.shape(x)[0], self.noise.shape), x.dtype)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "noise": self.has_noise}

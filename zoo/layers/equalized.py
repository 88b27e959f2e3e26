"""Layers with weights at unit scale, so that all of them learn at the same rate."""

import keras
import tensorflow as tf

from zoo.layers.filtering import blur

#: Restores the variance after a leaky ReLU of slope 0.2.
RELU_GAIN = 2.0**0.5


def activated(x, activation):
    """Apply a leaky ReLU of slope 0.2; its gain is part of the weights, which costs no pass."""
    return tf.nn.leaky_relu(x, 0.2) if activation else x


@keras.saving.register_keras_serializable(package="zoo")
class ScaledDense(keras.layers.Layer):
    """A dense layer with weights at unit scale ("equalized learning rate").

    Args:
        units: Integer.
        activation: Bool, leaky ReLU of slope 0.2 with gain sqrt(2). Defaults to `True`.
        rate: Float above 0, how fast the layer learns, relative to others. Defaults to 1.

    Example:

    >>> ScaledDense(8)(tf.ones((2, 4))).shape
    TensorShape([2, 8])

    Reference:
        Karras et al. 2018, https://arxiv.org/abs/1710.10196, section 4.1.
    """

    def __init__(self, units, activation=True, rate=1.0, **kwargs):
        super().__init__(**kwargs)
        self.units, self.activation, self.rate = units, activation, float(rate)

    def build(self, input_shape):
        """Make the weights."""
        spread = keras.initializers.RandomNormal(stddev=1.0 / self.rate)
        self.kernel = self.add_weight((input_shape[-1], self.units), spread, name="kernel")
        self.bias = self.add_weight((self.units,), "zeros", name="bias")
        self._gain = self.rate * (RELU_GAIN if self.activation else 1.0)
        self._scale = self._gain * input_shape[-1] ** -0.5

    def call(self, inputs):
        """`(N, features)` to `(N, units)`."""
        outputs = tf.matmul(inputs, self.kernel * self._scale) + self.bias * self._gain
        return activated(outputs, self.activation)

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        return (*input_shape[:-1], self.units)

    def get_config(self):
        """The constructor's arguments."""
        own = {name: getattr(self, name) for name in ("units", "activation", "rate")}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="zoo")
class ScaledConv(keras.layers.Layer):
    """A convolution with weights at unit scale; `down=True` blurs first and halves.

    Args:
        filters: Integer.
        size: Integer, odd side of the kernel. Defaults to 3.
        down: Bool, halve height and width, which must be even. Defaults to `False`.
        activation: Bool, leaky ReLU of slope 0.2 with gain sqrt(2). Defaults to `True`.
        use_bias: Bool. Defaults to `True`.
        gain: Float, factor of the output. Defaults to 1.

    Example:

    >>> ScaledConv(8, down=True)(tf.ones((2, 4, 4, 3))).shape
    TensorShape([2, 2, 2, 8])

    Reference:
        - Karras et al. 2018, https://arxiv.org/abs/1710.10196, section 4.1
        - Karras et al. 2020, https://arxiv.org/abs/1912.04958, figure 7c (`down`)
    """

    def __init__(
        self, filters, size=3, down=False, activation=True, use_bias=True, gain=1.0, **kwargs
    ):
        super().__init__(**kwargs)
        self.filters, self.size, self.down = filters, size, down
        self.activation, self.use_bias, self.gain = activation, use_bias, float(gain)

    def build(self, input_shape):
        """Make the weights."""
        shape = (self.size, self.size, input_shape[-1], self.filters)
        normal = keras.initializers.RandomNormal(stddev=1.0)
        self.kernel = self.add_weight(shape, normal, name="kernel")
        self.bias = (
            self.add_weight((self.filters,), "zeros", name="bias") if self.use_bias else None
        )
        self._bias_scale = self.gain * (RELU_GAIN if self.activation else 1.0)
        self._scale = self._bias_scale * (self.size**2 * input_shape[-1]) ** -0.5

    def call(self, inputs):
        """`(N, H, W, C)` to `(N, H, W, filters)`, or half as high and wide."""
        kernel = self.kernel * self._scale
        if self.down:
            # The blur pads for the convolution too: 1 for its own taps and the kernel's half.
            x = tf.nn.conv2d(blur(inputs, 1 + self.size // 2), kernel, 2, "VALID")
        else:
            x = tf.nn.conv2d(inputs, kernel, 1, "SAME")
        if self.use_bias:
            # Not `+`: TensorFlow tries to fuse it with what follows, fails, and reports an error.
            x -= self.bias * -self._bias_scale
        return activated(x, self.activation)

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        sides = [side and (side // 2 if self.down else side) for side in input_shape[1:3]]
        return (input_shape[0], *sides, self.filters)

    def get_config(self):
        """The constructor's arguments."""
        names = ("filters", "size", "down", "activation", "use_bias", "gain")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

"""Layers that draw: the same noise in a resumed run, other noise on each replica."""

import keras
import tensorflow as tf

from zoo.core import randomness


@keras.saving.register_keras_serializable(package="zoo")
class Dropout(keras.layers.Layer):
    """Set a share of the inputs to zero in training and scale up the others.

    `keras.layers.Dropout` draws the same mask on every replica and its state is not saved. The
    masks of this layer follow from the model's seed, the step and the sample.

    Args:
        rate: Float in [0, 1), share that is set to zero.

    Example:

    >>> Dropout(0.5)(keras.ops.ones((1, 4)), training=False).numpy()
    array([[1., 1., 1., 1.]], dtype=float32)

    Reference:
        Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html.
    """

    def __init__(self, rate, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise ValueError(f"`rate` must be at least 0 and less than 1. Received: rate={rate!r}")
        self.rate = float(rate)

    def call(self, inputs, training=None):
        """Drop some of `inputs`, float `(N, ...)`, in training mode; otherwise return them."""
        if not training or not self.rate:
            return inputs
        batch_size, *shape = tf.unstack(tf.shape(inputs))
        draws = randomness.of_layer(self, batch_size, shape, tf.random.stateless_uniform)
        kept = tf.cast(draws >= self.rate, inputs.dtype)
        return inputs * kept / tf.cast(1.0 - self.rate, inputs.dtype)

    def compute_output_shape(self, input_shape):
        """Shape of the output: that of the input."""
        return input_shape

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "rate": self.rate}


@keras.saving.register_keras_serializable(package="zoo")
class GaussianNoise(keras.layers.Layer):
    """Add normal noise in training, drawn as that of `Dropout`.

    Args:
        deviation: Float, 0 or more.

    Example:

    >>> GaussianNoise(0.5)(keras.ops.ones((1, 2)), training=False).numpy()
    array([[1., 1.]], dtype=float32)
    """

    def __init__(self, deviation, **kwargs):
        super().__init__(**kwargs)
        if not deviation >= 0:
            raise ValueError(f"`deviation` must be 0 or more. Received: deviation={deviation!r}")
        self.deviation = float(deviation)

    def call(self, inputs, training=None):
        """Add to `inputs`, float `(N, ...)`, in training mode; otherwise return them."""
        if not training or not self.deviation:
            return inputs
        batch_size, *shape = tf.unstack(tf.shape(inputs))
        noise = randomness.of_layer(self, batch_size, shape)
        return inputs + tf.cast(self.deviation * noise, inputs.dtype)

    def compute_output_shape(self, input_shape):
        """Shape of the output: that of the input."""
        return input_shape

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "deviation": self.deviation}

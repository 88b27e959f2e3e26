"""Small layers of StyleGAN2: what happens to latents, styles and colours."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="zoo")
class PixelNorm(keras.layers.Layer):
    """Scale vectors to a mean square of one.

    Example:

    >>> PixelNorm()(tf.constant([[3.0, 3.0]])).numpy()
    array([[1., 1.]], dtype=float32)

    Reference:
        Karras et al. 2018, https://arxiv.org/abs/1710.10196, section 4.2.
    """

    def call(self, inputs):
        """`(N, features)` to the same shape."""
        x = tf.cast(inputs, tf.float32)
        scale = tf.math.rsqrt(tf.reduce_mean(tf.square(x), axis=-1, keepdims=True) + 1e-8)
        return tf.cast(x * scale, inputs.dtype)


@keras.saving.register_keras_serializable(package="zoo")
class Truncation(keras.layers.Layer):
    """Draw styles towards a mean style: less variety, fewer failures.

    Args:
        share: Float, how much of the distance to the mean is kept (psi). 1 changes nothing.

    Example:

    >>> Truncation(0.5)(tf.constant([[2.0]])).numpy()  # the mean style is zero until it is set
    array([[1.]], dtype=float32)

    Reference:
        Karras et al. 2019, https://arxiv.org/abs/1812.04948, appendix B.
    """

    def __init__(self, share, **kwargs):
        super().__init__(**kwargs)
        self.share = float(share)

    def build(self, input_shape):
        """Make the weights."""
        self.mean = self.add_weight((input_shape[-1],), "zeros", trainable=False, name="mean")

    def call(self, inputs):
        """`(N, S)` to the same shape."""
        return self.mean + self.share * (inputs - self.mean)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "share": self.share}


@keras.saving.register_keras_serializable(package="zoo")
class Broadcast(keras.layers.Layer):
    """Repeat a style for every layer: `(N, S)` to `(N, count, S)`.

    Args:
        count: Integer.

    Example:

    >>> Broadcast(3)(tf.ones((2, 5))).shape
    TensorShape([2, 3, 5])
    """

    def __init__(self, count, **kwargs):
        super().__init__(**kwargs)
        self.count = count

    def call(self, inputs):
        """Repeat `inputs`."""
        return tf.tile(inputs[:, None], (1, self.count, 1))

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        return (input_shape[0], self.count, input_shape[1])

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "count": self.count}


@keras.saving.register_keras_serializable(package="zoo")
class Unstack(keras.layers.Layer):
    """Take the styles of all layers apart: `(N, count, S)` to a list of `(N, S)`.

    Example:

    >>> [style.shape for style in Unstack()(tf.ones((2, 2, 5)))]
    [TensorShape([2, 5]), TensorShape([2, 5])]
    """

    def call(self, inputs):
        """Split `inputs`."""
        return tf.unstack(inputs, axis=1)

    def compute_output_shape(self, input_shape):
        """Shapes of the outputs."""
        return [(input_shape[0], input_shape[2])] * input_shape[1]


@keras.saving.register_keras_serializable(package="zoo")
class Constant(keras.layers.Layer):
    """A learned map, the same for all samples of whatever it is called on.

    Args:
        shape: `(height, width, channels)`.

    Example:

    >>> Constant((4, 4, 8))(tf.ones((2, 5))).shape
    TensorShape([2, 4, 4, 8])

    Reference:
        Karras et al. 2019, https://arxiv.org/abs/1812.04948, section 2.
    """

    def __init__(self, shape, **kwargs):
        super().__init__(**kwargs)
        self.shape = tuple(shape)

    def build(self, input_shape):
        """Make the weights."""
        normal = keras.initializers.RandomNormal(stddev=1.0)
        self.map = self.add_weight(self.shape, normal, name="map")

    def call(self, inputs):
        """As many maps as `inputs` has samples."""
        value = tf.convert_to_tensor(self.map)
        return tf.tile(value[None], (tf.shape(inputs)[0], 1, 1, 1))

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        return (input_shape[0], *self.shape)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "shape": self.shape}


@keras.saving.register_keras_serializable(package="zoo")
class Bias(keras.layers.Layer):
    """Add a learned number to each channel.

    Example:

    >>> Bias()(tf.ones((1, 1, 1, 2))).shape
    TensorShape([1, 1, 1, 2])
    """

    def build(self, input_shape):
        """Make the weights."""
        self.bias = self.add_weight((input_shape[-1],), "zeros", name="bias")

    def call(self, inputs):
        """`(N, H, W, C)` to the same shape."""
        return tf.nn.bias_add(inputs, tf.convert_to_tensor(self.bias))

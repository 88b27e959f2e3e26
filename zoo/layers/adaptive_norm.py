"""Normalisation whose scale and offset say what an image is to look like."""

import keras
import tensorflow as tf

from zoo.layers.normalization import InstanceNorm

_EPSILON = 1e-5


def channel_statistics(features):
    """Mean and deviation of each channel over all places.

    Args:
        features: Float tensor `(N, H, W, C)`.

    Returns:
        Two float32 tensors `(N, C)`. 1e-5 is added to the variance, so that its root has a
        gradient where a channel is flat.

    Example:

    >>> mean, deviation = channel_statistics(tf.constant([[[[1.0], [3.0]]]]))
    >>> float(mean[0, 0]), round(float(deviation[0, 0]), 3)
    (2.0, 1.0)

    Reference:
        Huang and Belongie 2017, https://arxiv.org/abs/1703.06868, equations 5 to 7.
    """
    mean, variance = tf.nn.moments(tf.cast(features, tf.float32), axes=(1, 2))
    return mean, tf.sqrt(variance + _EPSILON)


@keras.saving.register_keras_serializable(package="zoo")
class AdaptiveInstanceNorm(keras.layers.Layer):
    """Give features the mean and the deviation that a style asks for, channel by channel.

    Args:
        epsilon: Float, added to the variance. Defaults to 1e-3.
        normalize: Bool, whether features are normalised first. Without, a style scales and shifts
            what is there (FiLM, https://arxiv.org/abs/1709.07871). Defaults to `True`.
        kernel_initializer: Of the function of the style; small values let all styles begin alike.
            Defaults to `"glorot_uniform"`.

    Example:

    >>> AdaptiveInstanceNorm()([tf.ones((2, 8, 8, 4)), tf.zeros((2, 16))]).shape
    TensorShape([2, 8, 8, 4])

    Reference:
        Huang and Belongie 2017, https://arxiv.org/abs/1703.06868, equation 8; the scale and the
        offset are learnt functions of a style, as in Karras et al. 2019,
        https://arxiv.org/abs/1812.04948, section 2.
    """

    def __init__(self, epsilon=1e-3, normalize=True, kernel_initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        self.epsilon, self.normalize = float(epsilon), bool(normalize)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        """Make the learnt function of the style."""
        features, style = input_shape
        if self.normalize:
            self.norm = InstanceNorm(
                self.epsilon, center=False, scale=False, dtype=self.dtype_policy, name="norm"
            )
            self.norm.build(features)
        self.affine = keras.layers.Dense(
            2 * features[-1],
            kernel_initializer=self.kernel_initializer,
            dtype=self.dtype_policy,
            name="affine",
        )
        self.affine.build(style)

    def call(self, inputs):
        """Features `(N, H, W, C)` and styles `(N, S)` to features."""
        features, style = inputs
        scale, offset = tf.split(self.affine(style)[:, None, None, :], 2, axis=-1)
        features = self.norm(features) if self.normalize else features
        return features * (1.0 + scale) + offset

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        return tuple(input_shape[0])

    def get_config(self):
        """The constructor's arguments."""
        initializer = keras.initializers.serialize(self.kernel_initializer)
        return {
            **super().get_config(),
            "epsilon": self.epsilon,
            "normalize": self.normalize,
            "kernel_initializer": initializer,
        }


@keras.saving.register_keras_serializable(package="zoo")
class ChannelStatistics(keras.layers.Layer):
    """Mean and deviation of each channel over all places.

    Example:

    >>> ChannelStatistics()(tf.constant([[[[1.0], [3.0]]]])).numpy().round(3).tolist()
    [[2.0, 1.0]]
    """

    def call(self, inputs):
        """`(N, H, W, C)` to `(N, 2 C)`."""
        return tf.concat(channel_statistics(inputs), axis=-1)

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        return (input_shape[0], 2 * input_shape[-1])

"""Normalisation layers that are equal to Keras' own and several times cheaper to train.

Normalisation dominates a GAN's training step: Keras' layers cast their input to float32 and
compute the moments op by op. These use the fused kernel (batch statistics) and plain moments
(instance statistics) with float32 statistics on inputs of any floating type.
"""

import keras
import tensorflow as tf


def _scale_and_shift(inputs, mean, variance, gamma, beta, epsilon):
    """`gamma * (inputs - mean) / sqrt(variance + epsilon) + beta` as one multiply and one add."""
    scale = tf.math.rsqrt(variance + epsilon)
    if gamma is not None:
        scale *= gamma
    shift = -mean * scale
    if beta is not None:
        shift += beta
    return inputs * tf.cast(scale, inputs.dtype) + tf.cast(shift, inputs.dtype)


def _mean_over_replicas(statistics):
    """Average over replicas: each assigns to its own copy, and the copies must stay the same."""
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return tf.unstack(statistics)
    return tf.unstack(context.all_reduce(tf.distribute.ReduceOp.MEAN, statistics))


@keras.saving.register_keras_serializable(package="zoo")
class BatchNorm(keras.layers.BatchNormalization):
    """Batch normalisation of NHWC images by the fused kernel.

    Takes the arguments of `keras.layers.BatchNormalization` and gives the same outputs, gradients
    and moving statistics. The fused path is used for 4-D channels-last inputs without mask,
    `renorm` or `synchronized`; anything else goes to Keras' own code. The defaults for `momentum`
    and `epsilon` are Keras' (0.99 and 1e-3).

    Example:

    >>> BatchNorm()(keras.ops.ones((2, 8, 8, 4)), training=True).shape
    TensorShape([2, 8, 8, 4])

    Reference:
        Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167, algorithm 1.
    """

    def call(self, inputs, training=None, mask=None):
        """Normalise `inputs`, float `(N, H, W, C)`, by batch (training) or moving statistics."""
        fused = mask is None and len(inputs.shape) == 4 and self.axis in (-1, 3)
        if not fused or self.renorm or self.synchronized:
            return super().call(inputs, training=training, mask=mask)
        if not (training and self.trainable):
            return _scale_and_shift(
                inputs,
                self.moving_mean.value,
                self.moving_variance.value,
                None if self.gamma is None else self.gamma.value,
                None if self.beta is None else self.beta.value,
                self.epsilon,
            )
        return self._normalize_by_batch(inputs)

    def _normalize_by_batch(self, inputs):
        channels = inputs.shape[-1]
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=tf.ones(channels) if self.gamma is None else self.gamma.value,
            offset=tf.zeros(channels) if self.beta is None else self.beta.value,
            mean=tf.zeros([0]),
            variance=tf.zeros([0]),
            epsilon=self.epsilon,
            is_training=True,
        )
        # The kernel returns the unbiased variance; Keras averages the biased one.
        count = tf.cast(tf.size(inputs) / channels, tf.float32)
        variance = variance * (count - 1.0) / count
        mean, variance = _mean_over_replicas(tf.stop_gradient([mean, variance]))
        for average, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            average.assign(average.value * self.momentum + value * (1.0 - self.momentum))
        return outputs


@keras.saving.register_keras_serializable(package="zoo")
class InstanceNorm(keras.layers.Layer):
    """Normalise each channel of each image by its own mean and variance.

    Equal to `keras.layers.GroupNormalization(groups=-1)`.

    Args:
        epsilon: Float, added to the variance. Defaults to `1e-3` as in Keras (PyTorch: 1e-5).
        center: Bool, learn an offset per channel. Defaults to `True`.
        scale: Bool, learn a factor per channel. Defaults to `True`.

    Example:

    >>> InstanceNorm()(keras.ops.ones((2, 8, 8, 4))).shape
    TensorShape([2, 8, 8, 4])

    Reference:
        Ulyanov et al. 2016, https://arxiv.org/abs/1607.08022, equation 4.
    """

    def __init__(self, epsilon=1e-3, center=True, scale=True, **kwargs):
        super().__init__(**kwargs)
        self.epsilon = epsilon
        self.center = center
        self.scale = scale

    def build(self, input_shape):
        """Create the factor and the offset, one per channel."""
        if len(input_shape) != 4:
            raise ValueError(
                "InstanceNorm normalises images. Expected an input of shape (N, H, W, C). "
                f"Received: input_shape={input_shape}"
            )

        def add(name, initializer):
            return self.add_weight(
                shape=(input_shape[-1],), initializer=initializer, name=name, autocast=False
            )

        self.gamma = add("gamma", "ones") if self.scale else None
        self.beta = add("beta", "zeros") if self.center else None

    def call(self, inputs):
        """Normalise `inputs`, float `(N, H, W, C)`, over H and W."""
        mean, variance = tf.nn.moments(tf.cast(inputs, tf.float32), axes=[1, 2], keepdims=True)
        return _scale_and_shift(
            inputs,
            mean,
            variance,
            None if self.gamma is None else self.gamma.value,
            None if self.beta is None else self.beta.value,
            self.epsilon,
        )

    def get_config(self):
        """The constructor's arguments."""
        config = super().get_config()
        return {**config, "epsilon": self.epsilon, "center": self.center, "scale": self.scale}

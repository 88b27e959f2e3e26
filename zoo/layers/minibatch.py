"""A layer that lets a discriminator see whether samples are all alike."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="zoo")
class MinibatchDeviation(keras.layers.Layer):
    """Append a channel with the mean deviation over samples: no deviation, no variety.

    Samples are compared in groups of at most `group_size`, the largest that divides the batch.

    Args:
        group_size: Integer, samples compared with each other. Defaults to 4.

    Reference:
        Karras et al. 2018, https://arxiv.org/abs/1710.10196, section 3; groups as in StyleGAN.
    """

    def __init__(self, group_size=4, **kwargs):
        super().__init__(**kwargs)
        if isinstance(group_size, bool) or not isinstance(group_size, int) or group_size < 2:
            raise ValueError(
                f"`group_size` must be an integer of at least 2. Received: {group_size!r}"
            )
        self.group_size = group_size

    def call(self, inputs):
        """Extend `inputs`, float `(N, H, W, C)`, to `(N, H, W, C + 1)`."""
        shape = tf.shape(inputs)
        sizes = tf.range(1, self.group_size + 1)
        group = tf.reduce_max(tf.where(shape[0] % sizes == 0, sizes, 1))
        # Neighbours form a group: replicas that take whole groups see what one device sees.
        x = tf.reshape(
            tf.cast(inputs, tf.float32), tf.concat([[shape[0] // group, group], shape[1:]], 0)
        )
        # In float32, with an offset under the root, whose derivative at zero is infinite.
        deviation = tf.sqrt(tf.math.reduce_variance(x, axis=1) + 1e-8)
        mean = tf.reduce_mean(deviation, axis=(1, 2, 3))
        channel = tf.repeat(mean, group)[:, None, None, None]
        channel = tf.broadcast_to(channel, tf.concat([shape[:3], [1]], 0))
        return tf.concat([inputs, tf.cast(channel, inputs.dtype)], axis=-1)

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        return (*input_shape[:-1], input_shape[-1] + 1)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "group_size": self.group_size}

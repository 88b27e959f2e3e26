"""Padding that continues an image instead of framing it."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="zoo")
class ReflectionPadding(keras.layers.Layer):
    """Extend images by their mirror image, so that convolutions make no frame at the border.

    Args:
        pixels: Integer of at least 1, on each side; images must be larger than that.

    Example:

    >>> row = tf.reshape(tf.constant([1.0, 2.0, 3.0]), (1, 1, 3, 1))
    >>> ReflectionPadding(1)(tf.tile(row, (1, 2, 1, 1)))[0, 0, :, 0].numpy().tolist()
    [2.0, 1.0, 2.0, 3.0, 2.0]
    """

    def __init__(self, pixels, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(pixels, int) or pixels < 1:
            raise ValueError(
                f"`pixels` must be an integer of at least 1. Received: pixels={pixels!r}"
            )
        self.pixels = pixels

    def call(self, inputs):
        """`(N, H, W, C)` to `(N, H + 2 pixels, W + 2 pixels, C)`."""
        sides = [self.pixels, self.pixels]
        return tf.pad(inputs, [[0, 0], sides, sides, [0, 0]], mode="REFLECT")

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        n, *sides, channels = input_shape
        return (n, *(side and side + 2 * self.pixels for side in sides), channels)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "pixels": self.pixels}

"""Layers that tell a network what it is to do."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="zoo")
class FixedVector(keras.layers.Layer):
    """The same vector for every image of a batch: a style or attributes that are decided once.

    Args:
        values: Sequence of floats.
        makes_colours: Bool, whether `zoo.restore` is to give colours to gray images. Defaults to
            `False`.

    Example:

    >>> FixedVector([1.0, 2.0])(tf.zeros((3, 8, 8, 3))).shape
    TensorShape([3, 2])
    """

    def __init__(self, values, makes_colours=False, **kwargs):
        super().__init__(**kwargs)
        self.values = [float(each) for each in values]
        self.makes_colours = bool(makes_colours)

    def call(self, inputs):
        """`(N, H, W, C)` to `(N, number of values)`."""
        vector = tf.constant([self.values], self.compute_dtype)
        return tf.repeat(vector, tf.shape(inputs)[0], axis=0)

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        return (input_shape[0], len(self.values))

    def get_config(self):
        """The constructor's arguments."""
        config = super().get_config()
        return {**config, "values": self.values, "makes_colours": self.makes_colours}


@keras.saving.register_keras_serializable(package="zoo")
class MaskedChange(keras.layers.Layer):
    """Change an image where a mask says so, and leave the rest.

    Example:

    >>> image, change = tf.zeros((1, 1, 1, 1)), tf.ones((1, 1, 1, 1))
    >>> MaskedChange()([image, change, tf.fill((1, 1, 1, 1), 0.25)]).numpy().item()
    0.25

    Reference:
        Pumarola et al. 2018 (GANimation), https://arxiv.org/abs/1807.09251, equation 1. There a
        whole image is drawn. Before it can draw, a network whose results have to stay near their
        images then learns to close the mask, and a closed mask learns no more.
    """

    def call(self, inputs):
        """Images, changes, `(N, H, W, C)`, and masks in [0, 1], `(N, H, W, 1)`, to images."""
        image, change, mask = inputs
        return tf.clip_by_value(image + mask * change, -1.0, 1.0)

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        return tuple(input_shape[0])


@keras.saving.register_keras_serializable(package="zoo")
class Coordinates(keras.layers.Layer):
    """Append the place of each pixel: two channels `(y, x)` from -1 to 1, for images of any size.

    Example:

    >>> Coordinates()(tf.zeros((1, 2, 3, 1)))[0, :, :, 2].numpy().tolist()
    [[-1.0, 0.0, 1.0], [-1.0, 0.0, 1.0]]

    Reference:
        Liu et al. 2018 (CoordConv), https://arxiv.org/abs/1807.03247, section 3.
    """

    def call(self, inputs):
        """`(N, H, W, C)`, sides of at least 2, to `(N, H, W, C + 2)`."""
        count, height, width = tf.unstack(tf.shape(inputs)[:3])
        lines = [
            2.0 * tf.cast(tf.range(side), tf.float32) / tf.cast(side - 1, tf.float32) - 1.0
            for side in (height, width)
        ]
        planes = [
            lines[0][None, :, None, None] * tf.ones((count, 1, width, 1)),
            lines[1][None, None, :, None] * tf.ones((count, height, 1, 1)),
        ]
        return tf.concat([inputs, *(tf.cast(each, inputs.dtype) for each in planes)], axis=-1)

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        return (*input_shape[:-1], input_shape[-1] + 2)

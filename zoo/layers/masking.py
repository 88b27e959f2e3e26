"""Layers of networks that fill holes; a mask is 1 in holes."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="zoo")
class Gate(keras.layers.Layer):
    """Let the second half of the channels say how much of the first half passes, at each pixel.

    After a convolution this is a gated convolution, which learns where its input is to be believed
    instead of treating holes as pixels.

    Example:

    >>> print(Gate()(tf.constant([[[[1.0, -1.0, 0.0, 100.0]]]])).numpy().round(3))
    [[[[ 0.5   -0.632]]]]

    Reference:
        Yu et al. 2019 (DeepFill v2), https://arxiv.org/abs/1806.03589, equation 3, with ELU.
    """

    def call(self, inputs):
        """`(N, H, W, 2 C)` to `(N, H, W, C)`."""
        features, gates = tf.split(inputs, 2, axis=-1)
        return tf.nn.elu(features) * tf.sigmoid(gates)

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        return (*input_shape[:-1], input_shape[-1] // 2)


@keras.saving.register_keras_serializable(package="zoo")
class Complete(keras.layers.Layer):
    """Put drawn pixels into the holes of an image; all others come through bit for bit.

    Example:

    >>> image_and_mask = tf.constant([[[[0.25, 0.0], [0.0, 1.0]]]])
    >>> Complete()([image_and_mask, tf.constant([[[[0.75], [0.75]]]])]).numpy().tolist()
    [[[[0.25], [0.75]]]]
    """

    def call(self, inputs):
        """Images and mask, `(N, H, W, C + 1)`, and what is drawn, `(N, H, W, C)`, to the latter."""
        masked, drawn = inputs
        return tf.where(masked[..., -1:] > 0.5, drawn, tf.cast(masked[..., :-1], drawn.dtype))

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        return tuple(input_shape[1])


@keras.saving.register_keras_serializable(package="zoo")
class Premultiply(keras.layers.Layer):
    """Images and mask to what of them is visible: premultiplied colours and coverage.

    Example:

    >>> Premultiply()(tf.constant([[[[0.5, 0.0], [0.5, 1.0]]]])).numpy().tolist()
    [[[[0.5, 1.0], [0.0, 0.0]]]]

    Reference:
        Porter and Duff 1984, https://doi.org/10.1145/964965.808606, section 3.
    """

    def call(self, inputs):
        """`(N, H, W, C + 1)` to the same shape."""
        visible = 1.0 - inputs[..., -1:]
        return tf.concat([inputs[..., :-1] * visible, visible], axis=-1)

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        return tuple(input_shape)


@keras.saving.register_keras_serializable(package="zoo")
class Unpremultiply(keras.layers.Layer):
    """Premultiplied colours and coverage to colours; 0 where nothing is covered.

    Example:

    >>> Unpremultiply()(tf.constant([[[[0.25, 0.5], [0.0, 0.0]]]])).numpy().tolist()
    [[[[0.5], [0.0]]]]
    """

    def call(self, inputs):
        """`(N, H, W, C + 1)` to `(N, H, W, C)`."""
        return tf.math.divide_no_nan(inputs[..., :-1], inputs[..., -1:])

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        return (*input_shape[:-1], input_shape[-1] - 1)


@keras.saving.register_keras_serializable(package="zoo")
class Saturate(keras.layers.Layer):
    """Premultiplied colours that cover a pixel in part cover all of it.

    Example:

    >>> Saturate()(tf.constant([[[[0.25, 0.5], [0.0, 0.0]]]])).numpy().tolist()
    [[[[0.5, 1.0], [0.0, 0.0]]]]

    Reference:
        Gortler et al. 1996, https://doi.org/10.1145/237170.237200, section 3.4.
    """

    #: Small coverages have few steps in integers of 8 bits, and what is divided by them is lost.
    needs_floats = True

    def call(self, inputs):
        """`(N, H, W, C + 1)` to the same shape."""
        return tf.math.divide_no_nan(inputs, inputs[..., -1:])

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        return tuple(input_shape)


@keras.saving.register_keras_serializable(package="zoo")
class Over(keras.layers.Layer):
    """Put premultiplied colours with their coverage over images, or over others of their kind.

    Example:

    >>> half, behind = tf.constant([[[[0.5, 0.5]]]]), tf.constant([[[[0.2]]]])
    >>> Over()([half, behind]).numpy().round(3).tolist()
    [[[[0.6000000238418579]]]]

    Reference:
        Porter and Duff 1984, https://doi.org/10.1145/964965.808606, section 4.3.
    """

    def call(self, inputs):
        """`(N, H, W, C + 1)` and `(N, H, W, C)` or `(N, H, W, C + 1)` to the latter."""
        near, behind = inputs
        return near[..., : behind.shape[-1]] + (1.0 - near[..., -1:]) * behind

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        return tuple(input_shape[1])

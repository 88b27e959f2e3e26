"""Colours as the eye sees them: CIELAB, and what it takes to change colours but not lightness.

Images are sRGB in [-1, 1] under the illuminant D65. Reference: IEC 61966-2-1:1999 (sRGB);
CIE 15:2004, section 8.2.1 (CIELAB).
"""

import keras
import numpy as np
import tensorflow as tf

# Linear sRGB to XYZ over the white point: all three are 1 for white, and Y is the luminance.
_XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]], "float32"
)
_XYZ /= _XYZ.sum(axis=1, keepdims=True)
_DELTA = 6.0 / 29.0


def to_linear(images):
    """sRGB in [-1, 1] to linear light in [0, 1]; values outside are clipped.

    Args:
        images: Float tensor.

    Returns:
        float32 tensor.
    """
    values = tf.clip_by_value((tf.cast(images, tf.float32) + 1.0) / 2.0, 0.0, 1.0)
    curve = tf.pow((tf.maximum(values, 0.04045) + 0.055) / 1.055, 2.4)
    return tf.where(values > 0.04045, curve, values / 12.92)


def from_linear(light):
    """Linear light in [0, 1] to sRGB in [-1, 1]; values outside are clipped.

    Args:
        light: float32 tensor.

    Returns:
        float32 tensor.
    """
    light = tf.clip_by_value(light, 0.0, 1.0)
    # `where` needs a finite gradient on both sides.
    curve = 1.055 * tf.pow(tf.maximum(light, 0.0031308), 1.0 / 2.4) - 0.055
    return 2.0 * tf.where(light > 0.0031308, curve, 12.92 * light) - 1.0


def rgb_to_lab(images):
    """Lightness L* in [0, 100], and the colours a* (green to red) and b* (blue to yellow).

    Args:
        images: Float tensor `(N, H, W, 3)`, sRGB in [-1, 1].

    Returns:
        float32 tensor `(N, H, W, 3)`.

    Example:

    >>> rgb_to_lab(tf.constant([[[[1.0, -1.0, -1.0]]]])).numpy().round()[0, 0, 0].tolist()
    [53.0, 80.0, 67.0]
    """
    x, y, z = tf.unstack(_compressed(_mixed(to_linear(images), _XYZ)), axis=-1)
    return tf.stack([116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)], axis=-1)


def _mixed(images, matrix):
    """Each pixel's channels times a matrix, as a convolution: TFLite has it for any size."""
    return tf.nn.conv2d(images, tf.constant(matrix.T[None, None]), 1, "VALID")


def _compressed(values):
    root = tf.pow(tf.maximum(values, _DELTA**3), 1.0 / 3.0)
    return tf.where(values > _DELTA**3, root, values / (3 * _DELTA**2) + 4.0 / 29.0)


def _expanded(values):
    line = 3 * _DELTA**2 * (values - 4.0 / 29.0)
    return tf.where(values > _DELTA, tf.pow(tf.maximum(values, _DELTA), 3.0), line)


@keras.saving.register_keras_serializable(package="zoo")
class Luminance(keras.layers.Layer):
    """The gray image that is as light as a colour image, in each pixel.

    Example:

    >>> Luminance()(tf.constant([[[[0.5, 0.5, 0.5]]]])).numpy().round(4).item()
    0.5
    """

    #: `zoo.restore` gives the result its colours also where the image is gray.
    makes_colours = True

    def call(self, inputs):
        """sRGB `(N, H, W, 3)` in [-1, 1] to `(N, H, W, 1)`, encoded in the same way."""
        return from_linear(_mixed(to_linear(inputs), _XYZ[1:2]))

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        return (*input_shape[:-1], 1)


@keras.saving.register_keras_serializable(package="zoo")
class Chroma(keras.layers.Layer):
    """The colours of an image without its lightness: a* and b* of CIELAB.

    Example:

    >>> Chroma()(tf.zeros((1, 1, 1, 3))).numpy().round(2).tolist()
    [[[[0.0, 0.0]]]]
    """

    def call(self, inputs):
        """sRGB `(N, H, W, 3)` in [-1, 1] to `(N, H, W, 2)`."""
        return rgb_to_lab(inputs)[..., 1:]

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        return (*input_shape[:-1], 2)


@keras.saving.register_keras_serializable(package="zoo")
class Translated(keras.layers.Layer):
    """tanh, for the last layer of a network that makes images of another kind.

    Example:

    >>> Translated()(tf.constant([0.0, 100.0])).numpy().tolist()
    [0.0, 1.0]
    """

    #: What becomes of a gray image, such as a drawing, has the colours that the network gives it.
    makes_colours = True

    def call(self, inputs):
        """`(N, H, W, C)` to the same shape, in [-1, 1]."""
        return tf.tanh(inputs)

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        return tuple(input_shape)


@keras.saving.register_keras_serializable(package="zoo")
class Tint(keras.layers.Layer):
    """Colour a gray image; each pixel stays exactly as light as it is.

    A colour that the screen cannot show at this lightness is made paler until it can.

    Example:

    >>> red = Tint()([tf.zeros((1, 1, 1, 1)), tf.constant([[[[60.0, 40.0]]]])])
    >>> bool(red[0, 0, 0, 0] > 0.7), bool(abs(Luminance()(red)) < 1e-5)
    (True, True)
    """

    #: It divides by what is often 0 in 8 bits, at which LiteRT ends the process.
    needs_floats = True

    def call(self, inputs):
        """Gray `(N, H, W, 1)` in [-1, 1], and a*, b* `(N, H, W, 2)`, to sRGB `(N, H, W, 3)`."""
        gray, colours = inputs
        light = to_linear(gray)
        y = _compressed(light)
        xyz = tf.concat([y + colours[..., :1] / 500.0, y, y - colours[..., 1:] / 200.0], axis=-1)
        linear = _mixed(_expanded(xyz), np.linalg.inv(_XYZ))
        # In linear light, what differs from gray carries no luminance, however much there is of it.
        away = linear - light
        room = tf.where(away > 0, 1.0 - light, light)
        share = room / tf.maximum(tf.abs(away), 1e-6)
        share = tf.minimum(tf.reduce_min(share, axis=-1, keepdims=True), 1.0)
        return from_linear(light + share * away)

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        return (*input_shape[0][:-1], 3)

"""Giving one image the colours of another, as far as means and covariances say what they are."""

import keras
import numpy as np
import tensorflow as tf

# Rows: light, red against green, yellow against blue; orthonormal.
_OPPONENT = np.array([[1, 1, 1], [1, -1, 0], [1, 1, -2]], "float32")
_OPPONENT /= np.linalg.norm(_OPPONENT, axis=1, keepdims=True)
# Added to variances: a colour that hardly varies is noise, which is not to be made much larger.
_LEAST_VARIANCE = 0.04**2


def _opponent(images):
    return tf.nn.conv2d(tf.cast(images, tf.float32), _OPPONENT.T[None, None], 1, "VALID")


def _mean_and_factor(numbers):
    numbers = tf.cast(numbers, tf.float32)[:, None, None, :]
    return numbers[..., :3], tf.split(numbers[..., 3:], 6, axis=-1)


def _root(variance):
    return tf.sqrt(tf.maximum(variance, 0.0) + _LEAST_VARIANCE)  # rounding may go below 0


@keras.saving.register_keras_serializable(package="zoo")
class ColorStatistics(keras.layers.Layer):
    """What `ColorTransfer` has to know of an image: nine numbers.

    The mean of its opponent colours (light, red-green, yellow-blue) and the lower triangle of the
    Cholesky factor of their covariance. Weighted means of such numbers are such numbers.

    Example:

    >>> ColorStatistics()(tf.ones((2, 8, 8, 3))).shape
    TensorShape([2, 9])
    """

    def call(self, inputs):
        """RGB `(N, H, W, 3)` to float32 `(N, 9)`."""
        colors = _opponent(inputs)
        mean = tf.reduce_mean(colors, axis=(1, 2), keepdims=True)
        x, y, z = tf.split(colors - mean, 3, axis=-1)

        def covariance(one, other):
            return tf.reduce_mean(one * other, axis=(1, 2), keepdims=True)

        xx = _root(covariance(x, x))
        yx, zx = covariance(y, x) / xx, covariance(z, x) / xx
        yy = _root(covariance(y, y) - yx**2)
        zy = (covariance(z, y) - zx * yx) / yy
        zz = _root(covariance(z, z) - zx**2 - zy**2)
        return tf.concat([mean, xx, yx, yy, zx, zy, zz], axis=-1)[:, 0, 0, :]

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        return (input_shape[0], 9)


@keras.saving.register_keras_serializable(package="zoo")
class ColorTransfer(keras.layers.Layer):
    """Give images the colours of others; the `ColorStatistics` of both are known.

    What is light stays lighter than what is dark. A colour goes with the lightness that it goes
    with in the other image, so that gray images get colours too; what hues differ from that is
    kept, as strongly as they differ there.

    Example:

    >>> image, other = (keras.random.uniform((1, 64, 64, 3), seed=each) - 0.5 for each in (1, 2))
    >>> own, wanted = (ColorStatistics()(each) for each in (image, 0.2 * other + 0.5))
    >>> found = ColorStatistics()(ColorTransfer()([image, own, wanted]))
    >>> bool(tf.reduce_max(tf.abs(found - wanted)) < 0.02)
    True

    Reference:
        Reinhard et al. 2001, https://doi.org/10.1109/38.946629 (means and deviations of opponent
        colours); Kessy et al. 2018, https://arxiv.org/abs/1512.00809, section 3 (Cholesky
        whitening, and what the order of the variables means).
    """

    def call(self, inputs):
        """RGB images `(N, H, W, 3)`, their and the wanted numbers `(N, 9)`, to RGB in no range."""
        images, own, wanted = inputs
        own_mean, (xx, yx, yy, zx, zy, zz) = _mean_and_factor(own)
        x, y, z = tf.split(_opponent(images) - own_mean, 3, axis=-1)
        x = x / xx
        y = (y - yx * x) / yy
        z = (z - zx * x - zy * y) / zz
        mean, (xx, yx, yy, zx, zy, zz) = _mean_and_factor(wanted)
        colors = mean + tf.concat([xx * x, yx * x + yy * y, zx * x + zy * y + zz * z], axis=-1)
        return tf.nn.conv2d(colors, _OPPONENT[None, None], 1, "VALID")

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        return tuple(input_shape[0])


@keras.saving.register_keras_serializable(package="zoo")
class DrawOver(keras.layers.Layer):
    """Draw over an image without ever leaving [-1, 1].

    `tanh(smooth + (1 + gain) (x - smooth) + strokes)`, where `x` is `atanh(image)`, and `smooth`
    the same without details of a few pixels. Where nothing is drawn the image is as it was, but
    for the outermost hundredth of its range; a gain of -1 takes details away.

    Example:

    >>> image = tf.constant([[[[0.5]]], [[[1.0]]]])
    >>> drawing = tf.constant([[[[0.0, 0.0]]], [[[9.0, 0.0]]]])
    >>> DrawOver()([image, drawing]).numpy().round(4).ravel().tolist()
    [0.5, 1.0]
    """

    def call(self, inputs):
        """Images `(N, H, W, C)` and strokes with gains, `(N, H, W, C + 1)`, to images."""
        image, drawing = inputs
        image = tf.clip_by_value(image, -0.99, 0.99)
        x = 0.5 * tf.math.log((1.0 + image) / (1.0 - image))
        smooth = tf.nn.avg_pool2d(tf.nn.avg_pool2d(x, 7, 1, "SAME"), 7, 1, "SAME")
        return tf.tanh(x + drawing[..., -1:] * (x - smooth) + drawing[..., :-1])

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        return tuple(input_shape[0])

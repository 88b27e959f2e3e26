"""Resampling layers that export and convert to TFLite with any height and width.

`keras.layers.UpSampling2D` with a dynamic size and bicubic resizing do not convert to TFLite.
"""

import keras
import tensorflow as tf


class _Rearrange(keras.layers.Layer):
    """A parameter-free layer with one integer `factor`."""

    def __init__(self, factor=2, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(factor, int) or factor < 1:
            raise ValueError(
                f"`factor` of {type(self).__name__} must be an integer of at least 1. "
                f"Received: factor={factor!r}"
            )
        self.factor = factor

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "factor": self.factor}


def _times(size, factor):
    return None if size is None else size * factor


def _over(size, factor):
    return None if size is None else size // factor


@keras.saving.register_keras_serializable(package="zoo")
class PixelShuffle(_Rearrange):
    """Move blocks of channels into space: `(N, H, W, C f^2)` to `(N, H f, W f, C)`.

    Args:
        factor: Integer, the upscaling factor f. Defaults to 2.

    Reference:
        Shi et al. 2016, https://arxiv.org/abs/1609.05158, equation 4.
    """

    def call(self, inputs):
        """Rearrange `inputs`, float `(N, H, W, C factor^2)`."""
        return inputs if self.factor == 1 else tf.nn.depth_to_space(inputs, self.factor)

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        n, h, w, c = input_shape
        f = self.factor
        if c % f**2:
            raise ValueError(
                f"PixelShuffle needs a multiple of factor^2 = {f**2} channels. Received: {c}"
            )
        return (n, _times(h, f), _times(w, f), c // f**2)


@keras.saving.register_keras_serializable(package="zoo")
class PixelUnshuffle(_Rearrange):
    """Move blocks of space into channels: `(N, H, W, C)` to `(N, H / f, W / f, C f^2)`.

    Height and width must be multiples of `factor`.

    Args:
        factor: Integer, the downscaling factor f. Defaults to 2.

    Reference:
        Shi et al. 2016, https://arxiv.org/abs/1609.05158, the inverse of equation 4.
    """

    def call(self, inputs):
        """Rearrange `inputs`, float `(N, H, W, C)`."""
        return inputs if self.factor == 1 else tf.nn.space_to_depth(inputs, self.factor)

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        n, h, w, c = input_shape
        f = self.factor
        return (n, _over(h, f), _over(w, f), c * f**2)


@keras.saving.register_keras_serializable(package="zoo")
class CropLike(keras.layers.Layer):
    """Crop images to the height and width of others: what an odd side gains by halving, doubling.

    Example:

    >>> CropLike()([tf.zeros((1, 6, 4, 8)), tf.zeros((1, 5, 4, 2))]).shape
    TensorShape([1, 5, 4, 8])
    """

    def call(self, inputs):
        """Crop the first of two, `(N, H, W, C)`, at the bottom and the right."""
        images, others = inputs
        size = tf.shape(others)
        cropped = images[:, : size[1], : size[2]]
        return tf.ensure_shape(cropped, self.compute_output_shape([images.shape, others.shape]))

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        (n, _, _, channels), (_, height, width, _) = input_shape
        return (n, height, width, channels)


@keras.saving.register_keras_serializable(package="zoo")
class Resize(_Rearrange):
    """Enlarge images by an integer factor, nearest neighbour or bilinear.

    Args:
        factor: Integer, the upscaling factor. Defaults to 2.
        smooth: Bool, bilinear when `True`, nearest neighbour when `False` (default).
    """

    def __init__(self, factor=2, smooth=False, **kwargs):
        super().__init__(factor=factor, **kwargs)
        self.smooth = smooth

    def call(self, inputs):
        """Enlarge `inputs`, float `(N, H, W, C)`."""
        if self.factor == 1:
            return inputs
        size = tf.shape(inputs)[1:3] * self.factor
        method = "bilinear" if self.smooth else "nearest"
        return tf.cast(tf.image.resize(inputs, size, method=method), inputs.dtype)

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        n, h, w, c = input_shape
        return (n, _times(h, self.factor), _times(w, self.factor), c)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "smooth": self.smooth}

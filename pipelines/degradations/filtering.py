"""Filtering a batch with one kernel per sample."""

import math

import tensorflow as tf

from pipelines.degradations.resampling import multiply_columns, multiply_rows
from pipelines.degradations.shapes import image_shape

_LANES = 16  # float32 numbers in the longest vector registers

# The largest step, in deviations, between the pixels on which a wide Gaussian is evaluated.
_COARSE = 0.75


def mirror(images, axis, pad):
    """Mirror images at two opposite borders, the edge pixel not repeated, by any amount.

    Args:
        images: float32 tensor.
        axis: Axis to extend.
        pad: How many pixels on each side; may exceed the image, unlike in `tf.pad`.

    Returns:
        The extended tensor.
    """
    if pad == 0:
        return images
    length = tf.shape(images)[axis]
    period = tf.maximum(2 * length - 2, 1)
    index = tf.math.floormod(tf.range(-pad, length + pad), period)
    return tf.gather(images, tf.minimum(index, period - index), axis=axis)


def filter_each(images, kernels):
    """Correlate each image with its own kernel, borders mirrored.

    The batch is folded into the channels of one depthwise convolution, which is several times
    faster than one convolution per image.

    Args:
        images: float32 tensor `(N, H, W, C)`.
        kernels: float32 tensor `(N, kh, kw)` of static odd size.

    Returns:
        float32 tensor `(N, H, W, C)`.
    """
    # With many taps, the convolution takes twice as long where the last vector is not full.
    folded, unfold = _fold(images, multiple=_LANES)
    return unfold(_correlate(folded, kernels, images.shape[3]))


def filter_separable(images, lines):
    """Correlate columns and rows of each image with its own line of taps, borders mirrored.

    Args:
        images: float32 tensor `(N, H, W, C)`.
        lines: float32 tensor `(N, k)` of static odd size.

    Returns:
        float32 tensor `(N, H, W, C)`.
    """
    folded, unfold = _fold(images)
    for kernels in (lines[:, :, None], lines[:, None, :]):
        folded = _correlate(folded, kernels, images.shape[3])
    return unfold(folded)


def gaussian_line(sigma_px, size):
    """Return one-dimensional Gaussian kernels.

    Args:
        sigma_px: float32 tensor `(N,)`; zero gives the identity.
        size: Odd number of taps.

    Returns:
        float32 tensor `(N, size)`; each row sums to one.
    """
    x = tf.range(size, dtype=tf.float32) - (size - 1) / 2.0
    kernel = tf.exp(-0.5 * (x / tf.maximum(sigma_px, 1e-3)[:, None]) ** 2)
    return kernel / tf.reduce_sum(kernel, axis=1, keepdims=True)


def filter_wide(images, sigma_px, limits):
    """Blur with a round Gaussian that is several pixels wide, borders mirrored.

    A Gaussian of deviation s is two of s / sqrt(2), one after the other. In between, every k-th
    pixel is enough: of a wave that this step cannot hold, the second one leaves at most the share
    exp(-(pi * s / k)**2 / 2), 0.04 of an 8-bit level for the steps taken here.

    Args:
        images: float32 tensor `(N, H, W, C)`.
        sigma_px: float32 tensor `(N,)`.
        limits: Pair of numbers between which `sigma_px` lies; the coarse grid has steps of a pixel
            and spares nothing where the first is below 2.7.

    Returns:
        float32 tensor `(N, H, W, C)`.
    """
    step = max(int(_COARSE * limits[0]), 1)
    half = sigma_px[:, None, None] / math.sqrt(2.0)
    margin = math.ceil(4.0 * limits[1] / math.sqrt(2.0) / step)

    def matrices(side):
        """From pixels to the coarse grid, and back."""
        grid = tf.range(-margin, (side - 1) // step + margin + 2) * step
        around = 2 * margin * step
        mirrored = mirror(tf.eye(side), 0, around)
        down = tf.matmul(_gaussian_weights(grid, tf.range(-around, side + around), half), mirrored)
        return down, _gaussian_weights(tf.range(side), grid, half)

    (down, up), (left, right) = (matrices(side) for side in tf.unstack(tf.shape(images)[1:3]))
    coarse = multiply_rows(multiply_columns(images, down), left)
    return tf.ensure_shape(multiply_columns(multiply_rows(coarse, right), up), images.shape)


def _gaussian_weights(to, positions, sigma_px):
    """Weights of `positions` in the Gaussian mean around each of `to`; rows sum to one."""
    distance = tf.cast(to[:, None] - positions[None, :], tf.float32)
    weights = tf.exp(-0.5 * (distance / sigma_px) ** 2)
    return weights / tf.reduce_sum(weights, axis=-1, keepdims=True)


def _fold(images, multiple=1):
    """Return `(1, H, W, L)` with all channels of all images last, and the function that undoes it.

    L is their number, filled up with zeros to a multiple.
    """
    count, height, width, channels = image_shape(images)
    lanes = count * channels
    folded = tf.reshape(tf.transpose(images, (1, 2, 0, 3)), (1, height, width, lanes))
    folded = _fill(folded, -lanes % multiple)

    def unfold(result):
        result = tf.reshape(result[..., :lanes], (height, width, count, channels))
        return tf.ensure_shape(tf.transpose(result, (2, 0, 1, 3)), images.shape)

    return folded, unfold


def _correlate(folded, kernels, channels):
    rows, columns = kernels.shape[1:]
    folded = mirror(mirror(folded, 1, rows // 2), 2, columns // 2)
    weights = tf.repeat(tf.transpose(kernels, (1, 2, 0))[None], channels, axis=3)
    weights = _fill(weights, image_shape(folded)[3] - image_shape(weights)[3])
    return tf.nn.depthwise_conv2d(
        folded, tf.transpose(weights, (1, 2, 3, 0)), (1, 1, 1, 1), "VALID"
    )


def _fill(values, spare):
    """Add `spare` channels of zeros."""
    if isinstance(spare, int) and spare == 0:
        return values
    return tf.pad(values, [[0, 0], [0, 0], [0, 0], [0, spare]])

"""Filtering a batch with one kernel per sample."""

import tensorflow as tf


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
    folded, unfold = _fold(images)
    return unfold(_correlate(folded, kernels, tf.shape(images)[3]))


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
        folded = _correlate(folded, kernels, tf.shape(images)[3])
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


def _fold(images):
    """Return `(1, H, W, N * C)` and the function that undoes it."""
    count, height, width, channels = tf.unstack(tf.shape(images))
    folded = tf.reshape(tf.transpose(images, (1, 2, 0, 3)), (1, height, width, count * channels))

    def unfold(result):
        result = tf.reshape(result, (height, width, count, channels))
        return tf.ensure_shape(tf.transpose(result, (2, 0, 1, 3)), images.shape)

    return folded, unfold


def _correlate(folded, kernels, channels):
    rows, columns = kernels.shape[1:]
    folded = mirror(mirror(folded, 1, rows // 2), 2, columns // 2)
    weights = tf.repeat(tf.transpose(kernels, (1, 2, 0)), channels, axis=2)[..., None]
    return tf.nn.depthwise_conv2d(folded, weights, (1, 1, 1, 1), "VALID")

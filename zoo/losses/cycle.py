"""Cycle consistency: an image that is translated there and back is the image again."""

import tensorflow as tf


def cycle_consistency(image, again):
    """Mean absolute difference of images and of what came back.

    Args:
        image: Float tensor `(N, H, W, C)`.
        again: Float tensor of the same shape. For the identity loss, the image after a generator
            that makes images of its own kind.

    Returns:
        A float32 scalar, the mean over this replica's images.

    Example:

    >>> float(cycle_consistency(tf.zeros((1, 2, 2, 3)), tf.fill((1, 2, 2, 3), -0.5)))
    0.5

    Reference:
        Zhu et al. 2017, https://arxiv.org/abs/1703.10593, equation 2 and section 5.2 (identity).
    """
    return tf.reduce_mean(tf.abs(tf.cast(again, tf.float32) - tf.cast(image, tf.float32)))

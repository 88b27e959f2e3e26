"""Attribute loss: how far attributes that are seen are from those that are wanted."""

import tensorflow as tf


def attribute_loss(logits, attributes):
    """Cross-entropy of each attribute, averaged.

    Args:
        logits: Float `(N, K)`: what a network sees of each attribute.
        attributes: Float `(N, K)` in [0, 1]. Values between are shares: half-grown is 0.5.

    Returns:
        A float32 scalar, the mean over this replica's images.

    Example:

    >>> round(float(attribute_loss(tf.zeros((1, 2)), tf.constant([[0.0, 1.0]]))), 4)  # log(2)
    0.6931

    Reference:
        Choi et al. 2018 (StarGAN), https://arxiv.org/abs/1711.09020, equations 2 and 3.
    """
    logits, attributes = tf.cast(logits, tf.float32), tf.cast(attributes, tf.float32)
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(attributes, logits))

"""Temporal consistency: frames change as they should from one to the next."""

import tensorflow as tf


def temporal_consistency(real, made):
    """Mean absolute difference of the changes between neighbouring frames.

    Args:
        real: Float `(N, T, H, W, C)`, frames as they should be, at least two.
        made: Float tensor of the same shape.

    Returns:
        A float32 scalar, the mean over this replica's sequences.

    Example:

    >>> still = tf.zeros((1, 2, 1, 1, 1))
    >>> float(temporal_consistency(still, still + 0.5))  # another picture, but as still
    0.0
    >>> float(temporal_consistency(still, tf.reshape(tf.constant([0.0, 0.5]), (1, 2, 1, 1, 1))))
    0.5

    Reference:
        Lei et al. 2020, https://arxiv.org/abs/2010.11838, on consistency as equal changes; the
        term is the temporal gradient loss of Chen et al. 2017, https://arxiv.org/abs/1703.09211,
        without flow, as nothing moves here but blur and light.
    """
    changes = [
        tf.cast(each[:, 1:], tf.float32) - tf.cast(each[:, :-1], tf.float32)
        for each in (real, made)
    ]
    return tf.reduce_mean(tf.abs(changes[0] - changes[1]))

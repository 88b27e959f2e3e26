"""Work that only some steps of training do."""

import tensorflow as tf


def is_due(interval, step):
    """Whether this step does what each `interval`-th step does, the first one included.

    Args:
        interval: Integer of at least 1.
        step: Scalar integer tensor, updates made so far.

    Returns:
        Bool scalar tensor.
    """
    return tf.equal(tf.cast(step, tf.int32) % interval, 0)


def every(interval, step, compute, idle):
    """Compute on each `interval`-th step; between them the computation costs nothing.

    An optimizer cannot be applied in a branch on several replicas, but a term of a loss can be
    computed in one, with the gradient tapes that it needs: gradients flow through to what
    `compute` reads. `compute` must not talk to other replicas and not assign to weights.

    Args:
        interval: Integer of at least 1; 1 is no branch at all.
        step: Scalar integer tensor, updates made so far.
        compute: Function that returns a tensor.
        idle: Tensor of the same shape and type, the result of the other steps.

    Returns:
        A tensor.

    Example:

    >>> [every(2, step, lambda: tf.constant(5.0), tf.constant(0.0)).numpy() for step in range(3)]
    [np.float32(5.0), np.float32(0.0), np.float32(5.0)]

    Reference:
        Karras et al. 2020, https://arxiv.org/abs/1912.04958, section 3.1 ("lazy regularization").
    """
    if interval == 1:
        return compute()
    return tf.cond(is_due(interval, step), compute, lambda: idle)

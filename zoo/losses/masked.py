"""Losses inside and outside of holes, for inpainting."""

import tensorflow as tf


def masked_mean(loss, target, output, mask):
    """Mean of a pixel loss over the pixels that a mask marks, per image and then over images.

    Each image counts alike, however large its hole is. An image without a marked pixel counts 0.

    Args:
        loss: `keras.losses.Loss` whose `call` gives one value a pixel, such as
            `keras.losses.MeanAbsoluteError()` or `zoo.losses.CharbonnierLoss()`.
        target: Float tensor `(N, H, W, C)`.
        output: Float tensor `(N, H, W, C)`.
        mask: Float tensor `(N, H, W, 1)`, weights in [0, 1].

    Returns:
        A float32 scalar, the mean over this replica's images.

    Raises:
        ValueError: If the loss does not give one value a pixel.

    Example:

    >>> import keras
    >>> target, output = tf.zeros((1, 1, 4, 1)), tf.constant([[[[1.0], [3.0], [5.0], [7.0]]]])
    >>> mask = tf.constant([[[[1.0], [1.0], [0.0], [0.0]]]])
    >>> float(masked_mean(keras.losses.MeanAbsoluteError(), target, output, mask))
    2.0

    Reference:
        Pathak et al. 2016, https://arxiv.org/abs/1604.07379, equation 1; Liu et al. 2018,
        https://arxiv.org/abs/1804.07723, the hole and valid terms of section 3.3, which divide by
        all pixels instead.
    """
    target, output = tf.cast(target, tf.float32), tf.cast(output, tf.float32)
    weights = tf.cast(mask, tf.float32)[..., 0]
    values = tf.cast(loss.call(target, output), tf.float32)
    if values.shape.rank != 3:
        raise ValueError(
            "`loss` must give one value a pixel, such as keras.losses.MeanAbsoluteError(). "
            f"Received: {type(loss).__name__}, which gives values of shape {values.shape}"
        )
    sums = tf.reduce_sum(values * weights, axis=(1, 2))
    return tf.reduce_mean(tf.math.divide_no_nan(sums, tf.reduce_sum(weights, axis=(1, 2))))

"""Run a network that wants sizes of a certain multiple on images of any size."""

import tensorflow as tf


def run_aligned(network, images, multiple=1):
    """Run `network` on `images` whose sides need not be multiples of `multiple`.

    Sides are extended by reflection at the bottom and at the right, and the output is cut back to
    (its scale times) the size that came in. Works in graphs that are exported.

    Args:
        network: Functional `keras.Model` on float images `(N, H, W, C)`.
        images: float tensor `(N, H, W, C)`.
        multiple: Integer of at least 1, such as 8 for a U-Net that halves three times.

    Returns:
        float32 tensor `(N, H scale, W scale, C')`.
    """
    if multiple == 1:
        return tf.cast(network(images, training=False), tf.float32)
    padded = _reflect(_reflect(images, 1, multiple), 2, multiple)
    outputs = network(padded, training=False)
    size = tf.shape(images)[1:3]
    height, width = tf.unstack(size * tf.shape(outputs)[1:3] // tf.shape(padded)[1:3])
    return tf.cast(outputs[:, :height, :width], tf.float32)


def _reflect(images, axis, multiple):
    """Extend an axis to a multiple of `multiple`; it may be shorter than the extension."""
    size = tf.shape(images)[axis]
    period = tf.maximum(2 * (size - 1), 1)
    position = tf.range((size + multiple - 1) // multiple * multiple) % period
    index = tf.minimum(position, period - position)
    shape = images.shape.as_list()
    shape[axis] = None
    return tf.ensure_shape(tf.gather(images, index, axis=axis), shape)

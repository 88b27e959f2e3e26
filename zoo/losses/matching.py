"""Feature matching: a generator imitates what a discriminator sees in real images."""

import tensorflow as tf


def feature_matching(real, fake):
    """Mean absolute difference of a discriminator's features, averaged over its layers.

    Args:
        real: Sequence of float tensors `(N, ...)`, what its layers see in real images; they get no
            gradient.
        fake: Sequence of float tensors of the same shapes, of the made images.

    Returns:
        A float32 scalar, the mean over this replica's images.

    Raises:
        ValueError: If the numbers of layers differ, or there is none.

    Example:

    >>> real, fake = [tf.zeros((1, 2)), tf.zeros((1, 4))], [tf.ones((1, 2)), tf.fill((1, 4), 3.0)]
    >>> float(feature_matching(real, fake))
    2.0

    Reference:
        Wang et al. 2018 (pix2pixHD), https://arxiv.org/abs/1711.11585, equation 4.
    """
    if not real or len(real) != len(fake):
        raise ValueError(
            "`real` and `fake` must hold the features of the same layers, at least one. "
            f"Received: {len(real)} and {len(fake)}"
        )
    distances = [
        tf.reduce_mean(tf.abs(tf.cast(b, tf.float32) - tf.stop_gradient(tf.cast(a, tf.float32))))
        for a, b in zip(real, fake, strict=True)
    ]
    return tf.add_n(distances) / len(distances)

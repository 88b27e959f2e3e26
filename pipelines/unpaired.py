"""Batches of two kinds of images that do not belong together."""

import tensorflow as tf

from pipelines.labelled import unlabelled

# Keeps the order of the second kind apart from that of the first.
_OTHER_SEED = 0x07E4


def unpaired(
    first, second, batch_size=1, *, seed=0, start_step=None, image_size=None, mirror=False
):
    """Makes `(first, second)` batches: photographs and paintings, young and old faces.

    Images of both kinds come in orders of their own. Without `start_step` a pass ends with the
    smaller source; with it, batch `k` depends on `seed` and `k` alone, as in `unlabelled`.

    Args:
        first: an `ImageSource`, made with `augment=False` where up must stay up.
        second: an `ImageSource`.
        batch_size: images of each kind in a batch.
        seed: int in [0, 2**31) that all draws depend on.
        start_step: `None`, or number of the first batch of an endless dataset.
        image_size: as of `unlabelled`: side in px of the squares that images are scaled to.
        mirror: as of `unlabelled`.

    Returns:
        A `tf.data.Dataset` of two batches, float32 NHWC in [-1, 1].

    Raises:
        ValueError: for arguments that do not fit each other.

    Example:

    >>> import pipelines
    >>> photos = pipelines.sample(augment=False)
    >>> one, other = next(iter(pipelines.unpaired(photos, photos, 2, image_size=64)))
    >>> one.shape, other.shape
    (TensorShape([2, 64, 64, 3]), TensorShape([2, 64, 64, 3]))
    """
    options = {"start_step": start_step, "image_size": image_size, "mirror": mirror}
    seeds = seed, (seed + _OTHER_SEED) % 2**31
    kinds = [
        unlabelled(source, batch_size, seed=each, **options)
        for source, each in zip((first, second), seeds, strict=True)
    ]
    return tf.data.Dataset.zip(tuple(kinds)).prefetch(tf.data.AUTOTUNE)

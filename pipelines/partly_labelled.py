"""Batches in which only some images have a label."""

import numbers

import tensorflow as tf

from pipelines.labelled import labelled, unlabelled

# Keeps the order of the images without labels apart from that of those with them.
_OTHER_SEED = 0x5EED


def partly_labelled(
    few,
    many,
    batch_size=100,
    *,
    labelled_share=0.2,
    seed=0,
    start_step=0,
    image_size=None,
    mirror=False,
):
    """Makes `(images, labels)` batches with the same number of labelled images in each.

    The few labelled images come round more often than the others. Batch `k` depends on `seed` and
    `k` alone, as in `unlabelled` with `start_step`.

    Args:
        few: an `ImageSource` with `labels`.
        many: an `ImageSource` of images of the same size; its labels are not looked at.
        batch_size: images in a batch, those of both sources.
        labelled_share: share of a batch that is from `few`, rounded to at least one image.
        seed: int in [0, 2**31) that all draws depend on.
        start_step: number of the first batch; the dataset is endless.
        image_size: as of `unlabelled`.
        mirror: as of `unlabelled`.

    Returns:
        A `tf.data.Dataset` of float32 NHWC images in [-1, 1] and int32 labels `(N,)`, -1 for those
        of `many`.

    Raises:
        ValueError: for arguments that do not fit each other, or a source without labels.

    Example:

    >>> import pipelines
    >>> many = pipelines.sample(image_size=64, augment=False)
    >>> few = many.with_labels([0, 1, 2, 2])
    >>> batches = pipelines.partly_labelled(few, many, 8, labelled_share=0.25)
    >>> images, labels = next(iter(batches))
    >>> int(tf.reduce_sum(tf.cast(labels >= 0, tf.int32)))
    2
    """
    if not isinstance(labelled_share, numbers.Real) or not 0 < labelled_share < 1:
        raise ValueError(
            "`labelled_share` must be more than 0 and less than 1. "
            f"Received: labelled_share={labelled_share!r}"
        )
    first = max(1, round(batch_size * labelled_share))
    if batch_size - first < 1:
        raise ValueError(
            "`batch_size` must leave room for an image of each source. "
            f"Received: batch_size={batch_size}, labelled_share={labelled_share}"
        )
    options = {"start_step": start_step, "image_size": image_size, "mirror": mirror}
    known = labelled(few, first, seed=seed, **options)
    other = unlabelled(many, batch_size - first, seed=(seed + _OTHER_SEED) % 2**31, **options)
    shapes = [batches.element_spec for batches in (known, other)]
    if shapes[0][0].shape[1:] != shapes[1].shape[1:]:
        raise ValueError(
            "`few` and `many` must have images of one size, or pass `image_size`. "
            f"Received: {tuple(shapes[0][0].shape[1:])} and {tuple(shapes[1].shape[1:])}"
        )

    def join(pair, images):
        unknown = tf.fill([tf.shape(images)[0]], -1)
        return tf.concat([pair[0], images], 0), tf.concat([pair[1], unknown], 0)

    return tf.data.Dataset.zip((known, other)).map(join).prefetch(tf.data.AUTOTUNE)

"""Which images of a source make up which batch, the same for pairs, labels and plain images."""

import itertools

import numpy as np
import tensorflow as tf

from pipelines.images import check_seed

_FOREVER = np.iinfo(np.int64).max


def numbered_batches(source, batch_size, seed, shuffle, start_step):
    """Batches of a source, numbered so that random draws can depend on the number.

    Args:
        source: an `ImageSource`, or what has its `stream`, `ordered` and length.
        batch_size: images in a batch.
        seed: int in [0, 2**31).
        shuffle: `False` for the order of the source, all images, the last batch smaller.
        start_step: if `shuffle`: `None` for one pass with a new order at each iteration, or number
            of the first batch of an endless dataset.

    Returns:
        A `tf.data.Dataset` of `(step, (index, images))`: an int64 scalar, int64 `(N,)`, the numbers
        of the images in the source, and float32 NHWC.
    """
    if not shuffle:
        return source.ordered().batch(batch_size).enumerate()
    if start_step is None:
        return _one_pass(source, batch_size, seed)
    images = source.stream(seed, start_step * batch_size).batch(batch_size, drop_remainder=True)
    return images.enumerate(start_step)


def _one_pass(source, batch_size, seed):
    """Numbered batches of one epoch; each iteration of the dataset takes the next epoch."""
    count, steps = len(source), len(source) // batch_size
    passes = itertools.count()

    def next_pass(_):
        return tf.numpy_function(lambda: np.int64(next(passes)), [], tf.int64)

    def batches(number):
        number = tf.ensure_shape(number, ())
        images = source.stream(seed, number * count).take(steps * batch_size)
        batched = images.batch(batch_size, drop_remainder=True)
        return tf.data.Dataset.zip((tf.data.Dataset.range(number * steps, _FOREVER), batched))

    return tf.data.Dataset.range(1).map(next_pass).flat_map(batches)


def finished(batches, source, batch_size, shuffle, start_step):
    """Gives a dataset made from `numbered_batches` its length, prefetching and sharding.

    Args:
        batches: the `tf.data.Dataset`.
        source: as given to `numbered_batches`, like the other three.
        batch_size: images in a batch.
        shuffle: see `numbered_batches`.
        start_step: see `numbered_batches`.

    Returns:
        A `tf.data.Dataset` of the same batches.
    """
    if shuffle and start_step is None:
        # flat_map hides how many there are, which progress bars need.
        batches = batches.apply(tf.data.experimental.assert_cardinality(len(source) // batch_size))
    options = tf.data.Options()
    # Files are read by index: splitting by file, the default over workers, would find none.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return batches.prefetch(tf.data.AUTOTUNE).with_options(options)


def check_source(source):
    """Raises a `ValueError` unless `source` is an `ImageSource` or works like one."""
    if not hasattr(source, "stream"):
        raise ValueError(
            "`source` must be an ImageSource, such as pipelines.from_folder(path, image_size=128)."
            f" Received: {source!r}"
        )


def check_batches(source, batch_size, seed, shuffle, start_step):
    """Raises a `ValueError` unless the arguments of `numbered_batches` fit each other."""
    check_source(source)
    check_seed(seed)
    if not _is_count(batch_size) or batch_size < 1:
        raise ValueError(f"`batch_size` must be a positive int. Received: {batch_size!r}")
    if start_step is not None and not (shuffle and _is_count(start_step) and start_step >= 0):
        raise ValueError(
            "`start_step` must be None or an int >= 0, and needs `shuffle=True`. "
            f"Received: start_step={start_step!r}, shuffle={shuffle!r}"
        )
    if batch_size > 1 and None in source.image_shape:
        raise ValueError(
            f"`batch_size` must be 1 for whole images of several sizes. Received: {batch_size}. "
            "Give the source an `image_size`, or pass batch_size=1."
        )
    if shuffle and start_step is None and batch_size > len(source):
        raise ValueError(
            f"`batch_size` must not exceed the number of images, {len(source)}, or a pass has no "
            f"batch. Received: {batch_size}. Lower it, or pass start_step=0 for an endless dataset."
        )


def _is_count(value):
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)

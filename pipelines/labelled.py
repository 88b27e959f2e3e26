"""Batches of images, with or without their classes, for networks that generate images."""

import tensorflow as tf

from pipelines.batching import check_batches, check_source, finished, numbered_batches
from pipelines.images import check_image_size, images_per_block

# Keeps the draws of mirroring apart from those of crops and recipes, which use the same user seed.
_MIRROR_STREAM = 0x6D697272


def unlabelled(
    source,
    batch_size=64,
    *,
    seed=0,
    shuffle=True,
    start_step=None,
    image_size=None,
    mirror=False,
):
    """Makes batches of images for `model.fit()`.

    There are three modes, the same as those of `paired`:

    * `shuffle=True`, the default: one pass over the source, `len(source) // batch_size` batches,
      in a new order each time it is iterated.
    * `shuffle=True, start_step=s`: endless; batch `k` depends on `seed` and `k` alone, so that
      training that was stopped after `s` steps goes on with the batches that it would have seen.
    * `shuffle=False`, for metrics: the order of the source, all images, the last batch smaller,
      the same each time.

    Make the source with `augment=False`, or it turns images upside down too, and a network learns
    to do the same.

    Args:
        source: an `ImageSource`, e.g. `pipelines.from_folder("faces/", augment=False)`.
        batch_size: images in a batch; must be 1 if images of several sizes are not scaled.
        seed: int in [0, 2**31) that all draws depend on.
        shuffle: see above.
        start_step: `None`, or number of the first batch of an endless dataset.
        image_size: `None`: images are as the source gives them. Or a side in px, to which the
            largest centred square of each is scaled. Bicubic, antialiased and clipped, which equals
            Pillow's and is what FID is measured with: area means would be softer than photographs
            when they shrink, and blocks when they grow.
        mirror: whether each image is flipped left-right with a probability of one half.

    Returns:
        A `tf.data.Dataset` of float32 NHWC images in [-1, 1].

    Raises:
        ValueError: for arguments that do not fit each other.

    Example:

    >>> import pipelines
    >>> photos = pipelines.sample(augment=False)
    >>> images = next(iter(pipelines.unlabelled(photos, batch_size=2, image_size=64)))
    >>> images.shape
    TensorShape([2, 64, 64, 3])
    """
    batches = numbered_images(source, batch_size, seed, shuffle, start_step, image_size, mirror)
    images = batches.map(lambda index, images: images)
    return finished(images, source, batch_size, shuffle, start_step)


def labelled(
    source,
    batch_size=64,
    *,
    seed=0,
    shuffle=True,
    start_step=None,
    image_size=None,
    mirror=False,
):
    """Makes `(images, labels)` batches for `model.fit()`.

    The images are those of `unlabelled` with the same arguments. Labels are those of the source:

    * `from_arrays`: as given; `from_npz` and `from_idx`: beside the images;
    * `from_folder`: the subfolders, in the order of their names;
    * `from_tfds`: the classes of the data set;
    * any source, of your own: `source.with_labels(labels)`.

    Args:
        source: an `ImageSource` with `labels`.
        batch_size: images in a batch; must be 1 if images of several sizes are not scaled.
        seed: int in [0, 2**31) that all draws depend on.
        shuffle: see `unlabelled`.
        start_step: `None`, or number of the first batch of an endless dataset.
        image_size: `None`, or side in px of the images that `unlabelled` describes.
        mirror: whether each image is flipped left-right with a probability of one half.

    Returns:
        A `tf.data.Dataset` of float32 NHWC images in [-1, 1] and int32 labels `(N,)`, -1 where an
        image has none.

    Raises:
        ValueError: for arguments that do not fit each other, or a source without labels.

    Example:

    >>> import pipelines
    >>> photos = pipelines.sample(image_size=64, augment=False).with_labels([0, 1, 2, 2])
    >>> images, labels = next(iter(pipelines.labelled(photos, batch_size=4, shuffle=False)))
    >>> labels.numpy()
    array([0, 1, 2, 2], dtype=int32)
    """
    batches = numbered_images(source, batch_size, seed, shuffle, start_step, image_size, mirror)
    labels = tf.constant(_labels_of(source))
    pairs = batches.map(lambda index, images: (images, tf.gather(labels, index)))
    return finished(pairs, source, batch_size, shuffle, start_step)


def numbered_images(source, batch_size, seed, shuffle, start_step, image_size, mirror):
    """Dataset of `(index, images)`, the numbers of the images and these; see `unlabelled`."""
    check_source(source)
    check_image_size(image_size)
    scaled = source if image_size is None else _Scaled(source, image_size)
    check_batches(scaled, batch_size, seed, shuffle, start_step)
    batches = numbered_batches(scaled, batch_size, seed, shuffle, start_step)

    def prepare(step, elements):
        index, images = elements
        return index, _mirrored(images, seed, step) if mirror else images

    return batches.map(prepare, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)


class _Scaled:
    """The images of a source, each cut to its largest centred square and scaled to `side` px."""

    def __init__(self, source, side):
        self._source = source
        self._side = side
        self.image_shape = (side, side, source.image_shape[-1])

    def __len__(self):
        return len(self._source)

    def stream(self, seed, start=0):
        return self._apply(self._source.stream(seed, start))

    def ordered(self):
        images = self._apply(self._source.ordered())
        return images.apply(tf.data.experimental.assert_cardinality(len(self)))

    def _apply(self, images):
        if self._source.image_shape == self.image_shape:
            return images
        # Small images are scaled together, which is several times as fast as one by one.
        blocks = images.batch(images_per_block(self._source.image_shape))
        scaled = blocks.map(self._scale, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        return scaled.unbatch()

    def _scale(self, indexes, images):
        height, width = tf.unstack(tf.shape(images)[1:3])
        side = tf.minimum(height, width)
        # Rounded up, as in the centre crops of sources.
        top, left = (height - side + 1) // 2, (width - side + 1) // 2
        squares = images[:, top : top + side, left : left + side]
        scaled = tf.image.resize(squares, (self._side, self._side), "bicubic", antialias=True)
        scaled = tf.clip_by_value(scaled, -1.0, 1.0)
        return indexes, tf.ensure_shape(scaled, (None, *self.image_shape))


def _mirrored(images, seed, step):
    """Flips half of the images, a function of the two ints and of nothing else."""
    stream = tf.constant([seed, _MIRROR_STREAM], tf.int64)
    # The algorithm is named because the default one depends on the device.
    draw_seed = tf.random.experimental.stateless_fold_in(stream, step, "philox")
    draws = tf.random.stateless_uniform([tf.shape(images)[0], 1, 1, 1], draw_seed, alg="philox")
    return tf.where(draws < 0.5, images[:, :, ::-1], images)


def _labels_of(source):
    if source.labels is None:
        raise ValueError(
            f"`source` must say which class each image shows. Received: {source!r}; "
            f"{source.unlabelled_reason}. Or number them yourself: source.with_labels(labels)."
        )
    return source.labels

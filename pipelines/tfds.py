"""Data sets of TensorFlow Datasets."""

import re

import numpy as np
import tensorflow as tf

from pipelines.classes import Classes, as_classes
from pipelines.decoding import decode_record, naming
from pipelines.images import ImageSource
from pipelines.progress import with_progress

# Records that are shuffled together. At 100 kB a photograph this is 100 MB; data sets are already
# shuffled when TFDS prepares them, so that blocks need not span the whole set.
_BLOCK = 1024
_NAME = re.compile(r"(?P<name>[^:\[]+(:[\d*]+\.[\d*]+\.[\d*]+)?)(:(?P<split>.+))?")
_FOREVER = np.iinfo(np.int64).max


def from_tfds(name, image_size=None, channels=3, feature=None, data_dir=None, augment=True):
    """Reads the images of a TensorFlow Datasets data set, which is downloaded if needed.

    The records are read in sequence and shuffled in blocks of 1,024, undecoded, so that a stream
    that resumes in the middle skips records without decoding them. Labels are those of the feature
    `label`, or of the only one that tells a class; the first use of them reads all records once.

    Args:
        name: `"NAME"` or `"NAME:SPLIT"`, e.g. `"cifar10"`, `"div2k/bicubic_x4:validation"`,
            `"lsun/bedroom:3.0.0:train[:10%]"`. The split is `train` if absent.
        image_size: side of the square crops in px, or `None` for whole images.
        channels: 3 for RGB, 1 for gray; images are converted.
        feature: key of the images in the data set; by default `image`, else `hr` (the sharp images
            of DIV2K), else the only image there is.
        data_dir: where data sets are kept; by default TFDS's own place, `~/tensorflow_datasets`.
        augment: whether `stream` flips and turns the crops; `"mirror"`: flips them left-right.

    Returns:
        A `TFDSSource`, an `ImageSource`.

    Raises:
        ValueError: if there is no such data set, split or feature.

    Example:

    >>> import pipelines
    >>> digits = pipelines.from_tfds("cifar10:test")  # doctest: +SKIP
    """
    import tensorflow_datasets as tfds

    match = _NAME.fullmatch(name)
    if match is None:
        raise ValueError(f"`name` must be 'NAME' or 'NAME:SPLIT'. Received: {name!r}")
    try:
        builder = tfds.builder(match["name"], data_dir=data_dir)
    except tfds.core.DatasetNotFoundError as error:
        raise ValueError(
            f"`name` must be a data set of TensorFlow Datasets. Received: {name!r}. "
            "`tfds.list_builders()` lists them."
        ) from error
    feature = _image_feature(builder.info.features, feature, name)
    builder.download_and_prepare()
    split = match["split"] or "train"
    # The image is left encoded.
    records = _read_feature(builder, split, feature, {feature: tfds.decode.SkipDecoding()})

    def read_classes():
        return _read_classes(builder, split, name)

    height, width, _ = builder.info.features[feature].shape
    return TFDSSource(name, records, (height, width), image_size, channels, augment, read_classes)


class TFDSSource(ImageSource):
    """Encoded images that can only be read in sequence. Made by `pipelines.from_tfds`.

    Args:
        name: what to call it in messages.
        records: finite `tf.data.Dataset` of encoded images, the same at each iteration.
        full_size: `(height, width)` in px where all images have the same size, else `None`s.
        image_size: side of the square crops in px, or `None` for whole images.
        channels: 3 for RGB, 1 for gray.
        augment: whether `stream` flips and turns the crops; `"mirror"`: flips them left-right.
        read_classes: function that returns the `Classes` of the records.
    """

    def __init__(self, name, records, full_size, image_size, channels, augment, read_classes):
        count = int(records.cardinality())
        if count <= 0:
            raise ValueError(
                f"`name`: the split has no image, or an unknown number. Received: {name!r}"
            )
        super().__init__(count, image_size, channels, augment, full_size)
        self.name = name
        self._records = records.enumerate()
        self._read_classes = read_classes

    def describe(self, index):
        """Returns the data set and the number in it."""
        return f"number {index} of {self.name}"

    def encoded(self):
        """Yields the images as they are stored."""
        for index, record in self._records.as_numpy_iterator():
            yield self.describe(index), record

    def _find_classes(self):
        return self._read_classes()

    def _in_order(self):
        return self._records

    def _visits(self, seed, start):
        first_epoch, skipped = start // self._count, start % self._count

        def epoch_records(epoch):
            return self._one_epoch(seed, epoch, tf.where(epoch == first_epoch, skipped, 0))

        return tf.data.Dataset.range(first_epoch, _FOREVER).flat_map(epoch_records)

    def _one_epoch(self, seed, epoch, skipped):
        """The records of an epoch in its order, without the first `skipped` ones."""
        first_block = skipped // _BLOCK

        def shuffle(block, elements):
            count = tf.size(elements[0], tf.int64)
            order_seed = tf.stack([tf.constant(seed, tf.int64), epoch * self._count + block])
            order = tf.random.experimental.index_shuffle(tf.range(count), order_seed, count - 1)
            return tuple(tf.gather(element, order) for element in elements)

        blocks = self._records.skip(first_block * _BLOCK).batch(_BLOCK).enumerate(first_block)
        return blocks.map(shuffle).prefetch(1).unbatch().skip(skipped % _BLOCK)

    def _read(self, place, index, record):
        with naming(self.describe(index)):
            return decode_record(record, place, self.channels)


def _image_feature(features, wanted, name):
    """The key of the images in a data set."""
    import tensorflow_datasets as tfds

    keys = [key for key, value in features.items() if isinstance(value, tfds.features.Image)]
    if wanted is None:
        preferred = [key for key in ("image", "hr") if key in keys] or keys
        wanted = preferred[0] if preferred and (len(keys) == 1 or preferred != keys) else None
    if wanted not in keys:
        raise ValueError(
            f"`feature` must be the key of an image in {name!r}, one of {keys}. "
            f"Received: {wanted!r}"
        )
    return wanted


def _read_feature(builder, split, feature, decoders=None):
    """Dataset of one feature; all others are left out before they are parsed."""
    import tensorflow_datasets as tfds

    only = tfds.decode.PartialDecoding({feature: True}, decoders=decoders)
    # Without shuffle_files, which is off by default, all features come in the same order.
    return builder.as_dataset(split=split, decoders=only).map(lambda record: record[feature])


def _read_classes(builder, split, name):
    """The `Classes` of all records, in a pass that decodes no image."""
    import tensorflow_datasets as tfds

    features = builder.info.features
    keys = [key for key, value in features.items() if isinstance(value, tfds.features.ClassLabel)]
    if "label" not in keys and len(keys) != 1:
        found = f"; its classes are in {keys}" if keys else ""
        return Classes(reason=f"the data set {name!r} has no feature `label`{found}")
    key = "label" if "label" in keys else keys[0]
    records = _read_feature(builder, split, key)
    batches = records.batch(_BLOCK).as_numpy_iterator()
    labels = (label for batch in batches for label in batch)
    labels = list(with_progress(labels, int(records.cardinality()), "Reading labels"))
    try:
        return as_classes(labels, features[key].names, len(labels))
    except ValueError as error:
        raise ValueError(f"`name`: {name!r} cannot be used with its labels: {error}") from error

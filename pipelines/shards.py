"""TFRecord shards: images in few large files, which network and cloud disks read fast."""

import bisect
import os
import re

import tensorflow as tf

from pipelines.classes import Classes
from pipelines.decoding import decode_record, naming
from pipelines.images import ImageSource

IMAGE_KEY = "image/encoded"
NAME_KEY = "image/filename"
_SHARD_NAME = re.compile(r"(?P<stem>.*)-(?P<number>\d{5})-of-(?P<count>\d{5})(?P<rest>\..*)")
# A record is its length (8 bytes), a checksum of the length (4), the data, and its checksum (4).
_LENGTH_BYTES, _HEAD_BYTES, _CHECKSUM_BYTES = 8, 12, 4


def write_tfrecord(source, path, shards=1):
    """Writes the whole images of a source, in its order, as TFRecord.

    Files keep their bytes, so that nothing is lost; images from arrays become PNG. Each record is a
    `tf.train.Example` with `image/encoded` and `image/filename`. Nothing appears under the final
    names before everything has been written.

    Args:
        source: an `ImageSource`.
        path: a name that ends in `.tfrecord`, local or with any prefix that TensorFlow writes
            (`gs://`). With several shards, `photos.tfrecord` becomes
            `photos-00000-of-00008.tfrecord` and so on.
        shards: number of files; about 100 MB each is a good size.

    Returns:
        The paths that were written, a list of str.

    Raises:
        ValueError: if `path` has another ending, a file is there already, or there are more shards
            than images.

    Example:

    >>> import pathlib, tempfile, pipelines
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> paths = pipelines.write_tfrecord(pipelines.sample(), folder / "photos.tfrecord", shards=2)
    >>> len(pipelines.from_tfrecord(folder / "*.tfrecord"))
    4
    """
    paths = _shard_paths(source, os.fspath(path), shards)
    tf.io.gfile.makedirs(os.path.dirname(paths[0]) or ".")
    partial = [f"{name}.partial" for name in paths]
    images = source.encoded()
    try:
        for number, name in enumerate(partial):
            first, end = (len(source) * (number + extra) // shards for extra in (0, 1))
            with tf.io.TFRecordWriter(name) as writer:
                for _ in range(first, end):
                    writer.write(_example(*next(images)))
        for name, final in zip(partial, paths, strict=True):
            tf.io.gfile.rename(name, final, overwrite=True)
    finally:
        for name in partial:
            if tf.io.gfile.exists(name):
                tf.io.gfile.remove(name)
    return paths


def from_tfrecord(pattern, image_size=None, channels=3, feature=IMAGE_KEY, augment=True):
    """Reads images from TFRecord files.

    The places of all records are listed here, once, so that images are then read in any order.

    Args:
        pattern: a file or a pattern such as `"photos-*.tfrecord"`, local or with any prefix that
            TensorFlow reads (`gs://`). The files must not be compressed.
        image_size: side of the square crops in px, or `None` for whole images.
        channels: 3 for RGB, 1 for gray; images are converted.
        feature: key of the encoded image (JPEG, PNG, WebP or BMP) in each `tf.train.Example`.
        augment: whether `stream` flips and turns the crops; `"mirror"`: flips them left-right.

    Returns:
        A `TFRecordSource`, an `ImageSource`.

    Raises:
        ValueError: if no file matches, a shard is missing, or a file is no TFRecord or truncated.

    Example:

    >>> import pipelines
    >>> photos = pipelines.from_tfrecord("photos-*.tfrecord", image_size=128)  # doctest: +SKIP
    """
    paths = sorted(tf.io.gfile.glob(os.fspath(pattern)))
    if not paths:
        raise ValueError(f"`pattern` matches no file. Received: '{pattern}'")
    _check_all_shards(paths)
    return TFRecordSource(paths, image_size, channels, feature, augment)


class TFRecordSource(ImageSource):
    """Records of TFRecord files. Made by `pipelines.from_tfrecord`.

    Args:
        paths: the files.
        image_size: side of the square crops in px, or `None` for whole images.
        channels: 3 for RGB, 1 for gray.
        feature: key of the encoded image in each `tf.train.Example`.
        augment: whether `stream` flips and turns the crops; `"mirror"`: flips them left-right.
    """

    def __init__(self, paths, image_size, channels, feature, augment):
        self.paths = list(paths)
        self._places = [_record_places(path) for path in self.paths]
        self._firsts, count = [], 0
        for places in self._places:
            self._firsts.append(count)
            count += len(places)
        if not count:
            raise ValueError(f"`pattern`: no image in {len(self.paths)} files, e.g. '{paths[0]}'.")
        super().__init__(count, image_size, channels, augment)
        self._feature = feature

    def describe(self, index):
        """Returns the file and the number in it."""
        shard, number = self._locate(index)
        return f"record {number} of '{self.paths[shard]}'"

    def encoded(self):
        """Yields the images as they are stored."""
        for index in range(len(self)):
            example = self._example(index)
            names = example.features.feature[NAME_KEY].bytes_list.value
            yield names[0].decode() if names else self.describe(index), self._image(example)

    def _find_classes(self):
        return Classes(reason="TFRecord shards are read without labels")

    def _locate(self, index):
        """Number of the shard, and of the record in it."""
        shard = bisect.bisect_right(self._firsts, index) - 1
        return shard, index - self._firsts[shard]

    def _example(self, index):
        shard, number = self._locate(index)
        offset, length = self._places[shard][number]
        with _open(self.paths[shard]) as file:
            file.seek(offset)
            return tf.train.Example.FromString(file.read(length))

    def _image(self, example):
        values = example.features.feature[self._feature].bytes_list.value
        if not values:
            keys = sorted(key for key in example.features.feature if key != self._feature)
            raise ValueError(
                f"it has no `feature={self._feature!r}` but {keys}; pass one of these."
            )
        return values[0]

    def _read(self, place, index):
        with naming(self.describe(index)):
            return decode_record(self._image(self._example(index)), place, self.channels)


def _shard_paths(source, path, shards):
    if not path.endswith(".tfrecord"):
        raise ValueError(f"`path` must end in '.tfrecord'. Received: '{path}'")
    if not 1 <= shards <= len(source):
        raise ValueError(
            f"`shards` must be from 1 to the number of images, {len(source)}. Received: {shards}"
        )
    stem = path.removesuffix(".tfrecord")
    paths = [f"{stem}-{number:05d}-of-{shards:05d}.tfrecord" for number in range(shards)]
    paths = paths if shards > 1 else [path]
    present = [name for name in paths if tf.io.gfile.exists(name)]
    if present:
        raise ValueError(
            f"`path` must be new. Received: '{path}', but '{present[0]}' exists; remove it first."
        )
    return paths


def _example(name, image):
    def as_feature(value):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))

    values = {IMAGE_KEY: as_feature(image), NAME_KEY: as_feature(name.encode())}
    return tf.train.Example(features=tf.train.Features(feature=values)).SerializeToString()


def _check_all_shards(paths):
    """Raises if names such as a-00000-of-00008.tfrecord show that a shard is missing."""
    matches = [match for match in map(_SHARD_NAME.fullmatch, paths) if match]
    found = {match[0] for match in matches}
    for match in matches:
        for number in range(int(match["count"])):
            name = f"{match['stem']}-{number:05d}-of-{match['count']}{match['rest']}"
            if name not in found:
                raise ValueError(f"`pattern`: '{name}' is missing, but '{match[0]}' is there.")


def _record_places(path):
    """Offset and length of the data of each record of a file."""
    size, offset, places = tf.io.gfile.stat(path).length, 0, []
    with _open(path) as file:
        while offset < size:
            file.seek(offset)
            head = file.read(_HEAD_BYTES)
            length = int.from_bytes(head[:_LENGTH_BYTES], "little")
            end = offset + _HEAD_BYTES + length + _CHECKSUM_BYTES
            if len(head) < _HEAD_BYTES or end > size:
                raise ValueError(
                    f"`pattern`: '{path}' is truncated, compressed, or no TFRecord file "
                    f"(at byte {offset} of {size}). Write it again, without compression."
                )
            places.append((offset + _HEAD_BYTES, length))
            offset = end
    return places


def _open(path):
    # For local files Python's own reader: TensorFlow's fills a large buffer after each seek.
    return open(path, "rb") if os.path.exists(path) else tf.io.gfile.GFile(path, "rb")

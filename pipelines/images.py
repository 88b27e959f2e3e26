"""`ImageSource`, what every collection of images looks like to the rest of the library."""

import abc
import copy
import functools

import numpy as np
import tensorflow as tf

from pipelines.classes import Classes, as_classes
from pipelines.decoding import Window

_FOREVER = np.iinfo(np.int64).max
# Positions whose order and crops are drawn together: a small graph costs more than its numbers.
_BLOCK = 128
# Pixels of images that are handled together where that saves calls: 12 MB of colour as float32.
_BLOCK_PIXELS = 2**20
# Keeps the draws of crops apart from those of recipes, which use the same user seed.
_CROP_STREAM = 0x63726F70


class ImageSource(abc.ABC):
    """A collection of images, read as float32 `(height, width, channels)` in [-1, 1].

    Sources are made by `pipelines.from_folder`, `from_arrays`, `from_npz`, `from_idx`, `from_tfds`,
    `from_tfrecord` and `sample`. Subclasses say how many images there are, in which order to visit
    them (`_visits`), how to read a window of one (`_read`), and which classes they show
    (`_find_classes`).

    Args:
        count: number of images.
        image_size: side of the square crops in px, or `None` for whole images.
        channels: 3 for RGB, 1 for gray.
        augment: whether `stream` flips images and turns square ones by quarter turns; `"mirror"`
            flips them left-right alone, so that up stays up.
        full_size: `(height, width)` in px where all images have the same size, else `(None, None)`.
    """

    def __init__(self, count, image_size, channels, augment, full_size=(None, None)):
        check_image_size(image_size)
        check_channels(channels)
        self._count = int(count)
        self.image_size = image_size
        self.channels = channels
        if augment not in (True, False, "mirror"):
            raise ValueError(
                f"`augment` must be True, False or 'mirror'. Received: augment={augment!r}"
            )
        self.augment = augment
        if None not in full_size:
            check_fits(image_size, *full_size)
        size = (image_size, image_size) if image_size else tuple(full_size)
        self._image_shape = (*size, channels)

    def __len__(self):
        return self._count

    def __getitem__(self, part):
        """Some of the images, e.g. `photos[:-100]` for training and `photos[-100:]` for validation.

        Args:
            part: a slice of the numbers of the images. Files are in the order of their paths, so
                neighbours may be of one kind: `photos[::10]` takes each tenth.

        Returns:
            An `ImageSource`; this one stays as it is.

        Raises:
            TypeError: if `part` is no slice, or the source is not a folder or arrays.
            ValueError: if nothing is left.

        Example:

        >>> import pipelines
        >>> photos = pipelines.sample()
        >>> len(photos[:-1]), len(photos[-1:])
        (3, 1)
        """
        if not isinstance(part, slice):
            raise TypeError(
                "Sources are sliced, e.g. `source[:-100]`; `source.ordered()` yields single "
                f"images. Received: {part!r}"
            )
        chosen = range(len(self))[part]
        if not chosen:
            raise ValueError(f"There is no image in {part} of {len(self)}.")
        kept = copy.copy(self)
        kept._keep(chosen)
        kept._count = len(chosen)
        classes = self._classes
        if classes.labels is not None:
            classes = classes._replace(labels=classes.labels[part])
        kept._classes = classes
        return kept

    def _keep(self, chosen):
        """Forget all images but those of some numbers."""
        raise TypeError(
            f"A {type(self).__name__} cannot be sliced. Name what you want of it when you make it: "
            "`from_tfds('name:train[:90%]')`, or other shards."
        )

    def __repr__(self):
        shape = " x ".join("any" if side is None else str(side) for side in self.image_shape)
        return f"<{type(self).__name__}: {len(self)} images, {shape}>"

    @property
    def image_shape(self):
        """`(height, width, channels)` of what is read; `None` for a side that varies."""
        return self._image_shape

    @property
    def labels(self):
        """Number of the class of each image, int32 `(count,)`, or `None` where nothing tells it."""
        return self._classes.labels

    @property
    def class_names(self):
        """Names of classes 0, 1, ..., a tuple of str, or `None` where nothing tells them."""
        return self._classes.names

    @property
    def unlabelled_reason(self):
        """Why `labels` is `None`, and what helps: the middle of a sentence."""
        return self._classes.reason

    def with_labels(self, labels, class_names=None):
        """The same images with labels of yours.

        Args:
            labels: ints of shape `(count,)`, classes from 0 on and -1 for none, in the order of the
                source; those of a folder are in the order of `source.paths`.
            class_names: the names of classes 0, 1, ..., a sequence of str, or `None`.

        Returns:
            An `ImageSource`; this one stays as it is.

        Raises:
            ValueError: if labels do not fit the images, or names do not fit the labels.

        Example:

        >>> import pipelines
        >>> photos = pipelines.sample().with_labels([0, 1, 2, 2], ["person", "animal", "thing"])
        >>> photos.class_names[photos.labels[1]]
        'animal'
        """
        labelled = copy.copy(self)
        labelled._classes = as_classes(labels, class_names, len(self))
        return labelled

    @functools.cached_property
    def _classes(self):
        return self._find_classes()

    def _find_classes(self):
        """The `Classes` of the images. Called when labels are first asked for."""
        return Classes()

    @abc.abstractmethod
    def describe(self, index):
        """Returns how to find image number `index`: a path, or a place in an array or a file."""

    def stream(self, seed, start=0):
        """Endless shuffled crops, a pure function of `seed` and the position in the stream.

        Each image comes once an epoch, in an order drawn for that epoch, with its own random crop,
        flips and quarter turn. `stream(seed, start=k)` is `stream(seed).skip(k)`, without the work
        of the elements that are skipped.

        Args:
            seed: int in [0, 2**31).
            start: position of the first element; an int or an int64 scalar tensor.

        Returns:
            A `tf.data.Dataset` of `(index, image)`: an int64 scalar, the number of the image in
            the source, and a float32 image in [-1, 1].

        Example:

        >>> import pipelines
        >>> index, image = next(iter(pipelines.sample(image_size=64).stream(seed=0)))
        >>> image.shape
        TensorShape([64, 64, 3])
        """
        check_seed(seed)
        start = tf.convert_to_tensor(start, tf.int64)
        crop_seed = tf.constant([seed, _CROP_STREAM], tf.int64)

        def draw(positions):
            # The algorithm is named because the default one depends on the device.
            draw_seed = tf.random.experimental.stateless_fold_in(crop_seed, positions[0], "philox")
            return tf.random.stateless_uniform([_BLOCK, 5], draw_seed, alg="philox")

        def load(draws, visit):
            return visit[0], self._load(self._random_crop, (draws, *visit))

        visits = tf.data.Dataset.zip((_in_blocks(draw, start), self._visits(seed, start)))
        return visits.map(load, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)

    def ordered(self):
        """Every image once, in the order of the source, centre-cropped if `image_size` is set.

        Returns:
            A finite `tf.data.Dataset` of `(index, image)` as in `stream`, the same each time.
        """

        def load(*visit):
            return visit[0], self._load(self._centre_crop, visit)

        return self._in_order().map(load, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)

    @abc.abstractmethod
    def encoded(self):
        """Yields `(name, encoded bytes)` of every whole image, in the order of the source."""

    def _in_order(self):
        return tf.data.Dataset.range(self._count).map(lambda index: (index,))

    def _visits(self, seed, start):
        """Endless dataset of the arguments of `_read`, from position `start` on."""
        count, seed_64 = tf.constant(self._count, tf.int64), tf.constant(seed, tf.int64)

        def visit(positions):
            epochs, places = positions // count, positions % count
            # The raw op, because `tf.random.experimental.index_shuffle` rejects several seeds.
            seeds = tf.stack([tf.fill([_BLOCK], seed_64), epochs, tf.zeros_like(epochs)], axis=1)
            last = tf.fill([_BLOCK], count - 1)
            shuffled = tf.raw_ops.RandomIndexShuffle(index=places, seed=seeds, max_index=last)
            return (shuffled,)

        return _in_blocks(visit, start)

    @abc.abstractmethod
    def _read(self, place, index, *record):
        """Pixels of the window `place(height, width)` of one image, in their stored type."""

    def _load(self, function, arguments):
        image = tf.numpy_function(function, arguments, tf.float32, stateful=False)
        image.set_shape(self.image_shape)
        return image

    def _random_crop(self, draws, *visit):
        place = functools.partial(place_window, self.image_size, draws[0], draws[1])
        image = self._read(place, *visit)
        if self.augment:
            image = image[:, ::-1] if draws[2] < 0.5 else image
        if self.augment is True:
            image = image[::-1] if draws[3] < 0.5 else image
            # A quarter turn would change the shape of an image that is not square.
            is_square = self.image_shape[0] is not None and image.shape[0] == image.shape[1]
            image = image.swapaxes(0, 1) if is_square and draws[4] < 0.5 else image
        if self.augment:
            # Channel by channel, because copying a turned image three bytes at a time is slow.
            image = np.stack(np.moveaxis(image, -1, 0), axis=-1)
        return self._to_float(image)

    def _centre_crop(self, *visit):
        place = functools.partial(place_window, self.image_size, 0.5, 0.5)
        return self._to_float(self._read(place, *visit))

    def _to_float(self, image):
        return to_float(image)


def _in_blocks(function, start):
    """Endless dataset of `function(positions)` from `start` on, computed for a block at a time."""

    def block(number):
        return function(number * _BLOCK + tf.range(_BLOCK, dtype=tf.int64))

    blocks = tf.data.Dataset.range(start // _BLOCK, _FOREVER // _BLOCK).map(block)
    return blocks.unbatch().skip(start % _BLOCK)


def images_per_block(image_shape):
    """How many images to handle together: up to 64 small ones, one if large or of any size.

    Args:
        image_shape: `(height, width, channels)`, `None` for a side that varies.
    """
    height, width, _ = image_shape
    if height is None or width is None:
        return 1
    return min(max(_BLOCK_PIXELS // (height * width), 1), 64)


def place_window(size, down, right, height, width):
    """The square window whose place is the fraction `down`, `right` of the possible places.

    Args:
        size: side of the window in px, or `None` for the whole image.
        down: fraction in [0, 1) of the free rows above the window.
        right: fraction in [0, 1) of the free columns left of the window.
        height: height of the image in px.
        width: width of the image in px.

    Raises:
        ValueError: if the image is smaller than the window.
    """
    if size is None:
        return Window(0, 0, height, width)
    check_fits(size, height, width)
    free_rows, free_columns = height - size + 1, width - size + 1
    # float32 draws reach 1 after rounding in the product for very large images, hence the minimum.
    top = min(int(down * free_rows), free_rows - 1)
    left = min(int(right * free_columns), free_columns - 1)
    return Window(top, left, size, size)


def check_fits(size, height, width):
    """Raises a `ValueError` if an image of `height` x `width` px is smaller than the crop."""
    if size is not None and min(height, width) < size:
        raise ValueError(
            f"an image of {height} x {width} px (height x width) is smaller than the crop, "
            f"`image_size={size}`; lower `image_size`"
        )


def check_image_size(image_size):
    """Raises a `ValueError` unless `image_size` is `None` or a positive int."""
    is_count = isinstance(image_size, (int, np.integer)) and not isinstance(image_size, bool)
    if image_size is not None and not (is_count and image_size > 0):
        raise ValueError(
            "`image_size` must be the side of square crops in px, a positive int, or None for "
            f"whole images. Received: {image_size!r}"
        )


def check_channels(channels):
    """Raises a `ValueError` unless `channels` is 3 or 1."""
    if channels not in (1, 3):
        raise ValueError(f"`channels` must be 3 (RGB) or 1 (gray). Received: {channels!r}")


def check_seed(seed):
    """Raises a `ValueError` unless `seed` is an int in [0, 2**31)."""
    is_int = isinstance(seed, (int, np.integer)) and not isinstance(seed, bool)
    if not (is_int and 0 <= seed < 2**31):
        raise ValueError(f"`seed` must be an int from 0 to 2**31 - 1. Received: {seed!r}")


def to_float(image, value_range=None):
    """Converts stored pixels to float32 in [-1, 1].

    Args:
        image: array of uint8 (0..255), uint16 (0..65535), or floats with `value_range`.
        value_range: `(lowest, highest)` possible value; by default that of the integer type.

    Returns:
        A float32 array of the same shape.

    Example:

    >>> to_float(np.array([0, 51, 255], "uint8"))
    array([-1. , -0.6,  1. ], dtype=float32)
    """
    if value_range is None:
        limits = np.iinfo(image.dtype)
        value_range = limits.min, limits.max
    low, high = value_range
    # Division, because 255 * (2 / 255) is not exactly 2 in float32 while 255 / 127.5 is.
    floats = image.astype(np.float32)
    floats -= np.float32(low)
    floats /= np.float32((high - low) / 2)
    floats -= np.float32(1)
    return floats


def to_uint8(image):
    """Converts floats in [-1, 1] to the nearest of 256 levels, clipping what lies outside.

    Args:
        image: float array or tensor.

    Returns:
        A uint8 array of the same shape.

    Example:

    >>> to_uint8([-1.0, 0.01, 2.0])
    array([  0, 129, 255], dtype=uint8)
    """
    levels = (np.asarray(image, np.float32) + 1) * 127.5
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)

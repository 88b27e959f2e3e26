"""Images that are already in memory."""

import numpy as np
import tensorflow as tf

from pipelines.classes import Classes, as_classes
from pipelines.images import (
    ImageSource,
    check_fits,
    check_image_size,
    check_seed,
    images_per_block,
    to_float,
    to_uint8,
)


def from_arrays(
    images, image_size=None, value_range=None, augment=True, labels=None, class_names=None
):
    """Reads images from arrays. No image is copied.

    Args:
        images: array of shape `(count, height, width, channels)` or `(count, height, width)`, or a
            list of `(height, width, channels)` or `(height, width)` arrays that may differ in
            size; 1 or 3 channels; uint8, uint16, or floats together with `value_range`.
        image_size: side of the square crops in px, or `None` for whole images.
        value_range: `(lowest, highest)` possible value of float images, e.g. `(0, 1)`; integer
            images use the range of their type.
        augment: whether `stream` flips and turns the crops; `"mirror"`: flips them left-right.
        labels: the class of each image, ints of shape `(count,)` from 0 on, -1 for none; or `None`.
        class_names: the names of classes 0, 1, ..., a sequence of str, or `None`.

    Returns:
        An `ArraySource`, an `ImageSource`.

    Raises:
        ValueError: for shapes, types, values, sizes or labels that do not fit.

    Example:

    >>> import numpy as np, pipelines
    >>> source = pipelines.from_arrays(np.zeros((8, 32, 32, 3), "uint8"))
    >>> len(source), source.image_shape
    (8, (32, 32, 3))
    """
    check_image_size(image_size)
    if isinstance(images, np.ndarray) and images.ndim == 3 and images.shape[-1] in (1, 3, 4):
        raise ValueError(
            "`images` must be a collection of images. Received: an array of shape "
            f"{images.shape}, which looks like a single one; pass [image] or images[..., None]."
        )
    if len(images) == 0:
        raise ValueError("`images` must hold at least one image. Received: none.")
    checked = [_checked(image, index) for index, image in enumerate(images)]
    value_range = _checked_range(checked, value_range)
    for index, image in enumerate(checked):
        try:
            check_fits(image_size, *image.shape[:2])
        except ValueError as error:
            raise ValueError(f"`images`: number {index} cannot be cropped: {error}") from error
    if labels is None:
        classes = Classes(reason="`from_arrays` was not given `labels`")
    else:
        classes = as_classes(labels, class_names, len(checked))
    return ArraySource(checked, image_size, value_range, augment, classes)


class ArraySource(ImageSource):
    """Images in memory. Made by `pipelines.from_arrays`.

    Args:
        images: list of `(height, width, channels)` arrays of one type and channel count.
        image_size: side of the square crops in px, or `None` for whole images.
        value_range: `(lowest, highest)` possible value.
        augment: whether `stream` flips and turns the crops; `"mirror"`: flips them left-right.
        classes: the `Classes` of the images.
    """

    def __init__(self, images, image_size, value_range, augment, classes):
        sizes = {image.shape[:2] for image in images}
        full_size = sizes.pop() if len(sizes) == 1 else (None, None)
        super().__init__(len(images), image_size, images[0].shape[-1], augment, full_size)
        self._images = images
        self._value_range = value_range
        self._given_classes = classes

    def stream(self, seed, start=0):
        """As of every `ImageSource`; several times as fast where nothing is cut, flipped or turned.

        Args:
            seed: int in [0, 2**31).
            start: position of the first element; an int or an int64 scalar tensor.

        Returns:
            A `tf.data.Dataset` of `(index, image)`.

        Example:

        >>> import numpy as np, pipelines
        >>> digits = pipelines.from_arrays(np.zeros((8, 28, 28), "uint8"), augment=False)
        >>> index, image = next(iter(digits.stream(seed=0)))
        >>> image.shape
        TensorShape([28, 28, 1])
        """
        if self.augment or self.image_shape != self._images[0].shape:
            return super().stream(seed, start)
        check_seed(seed)
        count = images_per_block(self.image_shape)

        # Together, because calling Python costs more than copying a small image.
        def load(indexes):
            images = tf.numpy_function(self._stack, [indexes], tf.float32, stateful=False)
            return indexes, tf.ensure_shape(images, (count, *self.image_shape))

        visits = self._visits(seed, tf.convert_to_tensor(start, tf.int64))
        blocks = visits.batch(count, drop_remainder=True)
        return blocks.map(load, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).unbatch()

    def describe(self, index):
        """Returns the place in the array."""
        return f"images[{index}]"

    def _keep(self, chosen):
        self._images = [self._images[index] for index in chosen]

    def encoded(self):
        """Yields PNG; float images are rounded to 8 bits."""
        for index, image in enumerate(self._images):
            if image.dtype not in (np.uint8, np.uint16):
                image = to_uint8(self._to_float(image))
            yield self.describe(index), tf.io.encode_png(image).numpy()

    def _find_classes(self):
        return self._given_classes

    def _read(self, place, index):
        image = self._images[index]
        top, left, height, width = place(*image.shape[:2])
        return image[top : top + height, left : left + width]

    def _stack(self, indexes):
        return self._to_float(np.stack([self._images[index] for index in indexes]))

    def _to_float(self, image):
        return to_float(image, self._value_range)


def _checked(image, index):
    image = np.asarray(image)
    image = image[..., np.newaxis] if image.ndim == 2 else image
    if image.ndim != 3 or image.shape[-1] not in (1, 3) or 0 in image.shape:
        raise ValueError(
            "`images` must have shape (count, height, width, channels) with 1 or 3 channels, "
            "channels last. "
            f"Received: image number {index} of shape {image.shape}."
        )
    return image


def _checked_range(images, value_range):
    """The range of values; all images have one type, one channel count and finite values in it."""
    kinds = {(image.dtype, image.shape[-1]) for image in images}
    if len(kinds) > 1:
        listed = sorted(f"{dtype} with {channels} channels" for dtype, channels in kinds)
        raise ValueError(
            f"`images` must all have one type and one channel count. Received: {', '.join(listed)}."
        )
    dtype = images[0].dtype
    if dtype in (np.uint8, np.uint16):
        if value_range is not None:
            raise ValueError(
                f"`value_range` is for float images; {dtype} has its own. Received: {value_range}"
            )
        return 0, np.iinfo(dtype).max
    if not np.issubdtype(dtype, np.floating):
        raise ValueError(f"`images` must be uint8, uint16 or float. Received: {dtype}.")
    if value_range is None or len(value_range) != 2 or not value_range[0] < value_range[1]:
        raise ValueError(
            "`value_range` must say what the lowest and highest value of float images mean, "
            f"e.g. (0, 1), (-1, 1) or (0, 255). Received: {value_range}"
        )
    low, high = value_range
    for index, image in enumerate(images):
        # Written so that NaN fails too.
        if not (image.min() >= low and image.max() <= high):
            raise ValueError(
                f"`images` must lie in `value_range={value_range}`. Received: image number {index} "
                f"with values from {image.min()} to {image.max()}."
            )
    return low, high

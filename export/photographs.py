"""Photographs to calibrate and to compare with, from whatever holds some."""

import itertools

import numpy as np
import skimage.data

from pipelines import to_uint8


def sample_photographs(channels):
    """Return two crops of photographs that scikit-image ships, of different and odd sizes.

    Args:
        channels: Integer, 1 or 3.

    Returns:
        List of uint8 arrays `(H, W, channels)`.
    """
    face = skimage.data.astronaut()[80:144, 190:238]
    cup = skimage.data.coffee()[150:195, 200:261]
    return [_with_channels(image, channels) for image in (face, cup)]


def photographs(source, channels, limit, largest_side=None):
    """Return photographs as 8-bit arrays.

    Args:
        source: Image source of `pipelines`, `tf.data.Dataset`, array or sequence of arrays. Its
            elements are images `(H, W, C)`, batches of them, or tuples that begin with one of
            these (the degraded image of a pair); uint8, or floats in [-1, 1]. `None` for
            `sample_photographs`.
        channels: Integer, 1 or 3, that the images must have.
        limit: Integer, most images to take.
        largest_side: Integer, larger images are cropped in the middle. Defaults to `None`.

    Returns:
        List of uint8 arrays `(H, W, channels)`, at least one.

    Raises:
        ValueError: When there are no images, or an image is not of this kind.
    """
    if source is None:
        return sample_photographs(channels)[:limit]
    elements = source.ordered() if hasattr(source, "ordered") else source
    found = list(itertools.islice(_images(elements), limit))
    if not found:
        raise ValueError(f"There must be at least one photograph. Received: {source!r}")
    checked = [_checked(image, index, channels) for index, image in enumerate(found)]
    return checked if largest_side is None else [_middle(x, largest_side) for x in checked]


def _images(elements):
    for element in elements:
        image = np.asarray(element[0] if isinstance(element, tuple) else element)
        yield from image if image.ndim == 4 else [image]


def _checked(image, index, channels):
    floats = np.issubdtype(image.dtype, np.floating)
    if image.ndim != 3 or image.shape[-1] != channels or not (floats or image.dtype == np.uint8):
        raise ValueError(
            f"Photograph {index} must be an array (H, W, {channels}), as the model takes, of uint8 "
            "values or of floats in [-1, 1] (as `pipelines` makes them). "
            f"Received: shape {image.shape}, {image.dtype}"
        )
    if not floats:
        return image
    if not np.all(np.abs(image) <= 1.0):
        raise ValueError(
            f"Photograph {index} must hold floats in [-1, 1] (as `pipelines` makes them), or uint8 "
            f"values. Received: floats from {image.min()} to {image.max()}"
        )
    return to_uint8(image)


def _middle(image, side):
    top, left = (max(0, (size - side) // 2) for size in image.shape[:2])
    return image[top : top + side, left : left + side]


def _with_channels(image, channels):
    if channels == 3:
        return image
    return np.round(image.mean(axis=-1, keepdims=True)).astype(np.uint8)

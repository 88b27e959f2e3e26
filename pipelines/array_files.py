"""Files of many small images: NumPy's `.npz`, and IDX, in which MNIST is distributed."""

import contextlib
import gzip
import math
import os
import re
import zipfile
import zlib

import numpy as np

from pipelines.arrays import ArraySource
from pipelines.classes import Classes, as_classes
from pipelines.images import check_channels, check_fits, check_image_size

_NPZ_NAME = re.compile(r"(?P<path>.+\.npz)(:(?P<key>[^:/\\]+))?", re.DOTALL)
# MNIST's own spelling, and the one with a dot that some copies have.
_IDX_NAME = re.compile(r".*[-.]idx\d-ubyte(\.gz)?", re.DOTALL)
_IDX_BYTES = 0x08
_GZIP_MAGIC = b"\x1f\x8b"
_GRAY_WEIGHTS = np.array([[0.299], [0.587], [0.114]])


def is_npz_name(name):
    """Whether a text is `FILE.npz` or `FILE.npz:KEY`."""
    return _NPZ_NAME.fullmatch(name) is not None


def is_idx_name(name):
    """Whether a text ends as the files of MNIST do, e.g. `-images-idx3-ubyte.gz`."""
    return _IDX_NAME.fullmatch(name) is not None


def from_npz(name, image_size=None, channels=None, augment=True):
    """Reads an array of images, and the labels beside it, from a file that `numpy.savez` wrote.

    Images are a uint8 or uint16 array `(count, height, width)` or `(count, height, width, c)` with
    1 or 3 channels. Labels are the array of ints of the same length, -1 for an image without one;
    of several, the one whose name shares the most words with that of the images (`x_test` and
    `y_test`; `train_images` and `train_labels`). An array of str, if there is one, names the
    classes.

    Args:
        name: `"FILE.npz"`, or `"FILE.npz:KEY"` if the file holds several arrays of images, where
            `KEY` is the name of one or a word in it, such as `test`. `train` if absent.
        image_size: side of the square crops in px, or `None` for whole images.
        channels: 3 for RGB, 1 for gray, to which images are converted, or `None`: as stored.
        augment: whether `stream` flips and turns the crops; `"mirror"`: flips them left-right.

    Returns:
        An `ArraySource`, an `ImageSource`. All images are in memory.

    Raises:
        ValueError: if the file is missing or damaged, or has no such images.

    Example:

    >>> import pathlib, tempfile, numpy as np, pipelines
    >>> path = pathlib.Path(tempfile.mkdtemp(), "digits.npz")
    >>> np.savez(path, x_train=np.zeros((8, 28, 28), "uint8"), y_train=np.arange(8))
    >>> digits = pipelines.from_npz(path)
    >>> digits.image_shape, digits.labels.shape
    ((28, 28, 1), (8,))
    """
    match = _NPZ_NAME.fullmatch(os.fspath(name))
    if match is None:
        raise ValueError(f"`name` must be 'FILE.npz' or 'FILE.npz:KEY'. Received: {name!r}")
    path = match["path"]
    with _reading(path, "no .npz file"):
        headers = _npz_headers(path)
    image_key = _image_key(headers, match["key"], path)
    with _reading(path, "no .npz file"), np.load(path, allow_pickle=False) as arrays:
        images = arrays[image_key]
        classes = _npz_classes(headers, arrays, image_key, path)
    return _source(images, classes, path, image_size, channels, augment)


def from_idx(path, image_size=None, channels=None, augment=True):
    """Reads the images, and the labels beside them, of MNIST, Fashion-MNIST and others like them.

    The labels of `train-images-idx3-ubyte` are in `train-labels-idx1-ubyte`; each of the files may
    be compressed (`.gz`) or not.

    Args:
        path: the file of images.
        image_size: side of the square crops in px, or `None` for whole images.
        channels: 3 for RGB, 1 for gray, to which images are converted, or `None`: gray, as stored.
        augment: whether `stream` flips and turns the crops; `"mirror"`: flips them left-right.

    Returns:
        An `ArraySource`, an `ImageSource`. All images are in memory.

    Raises:
        ValueError: if a file is missing or damaged, or has something else in it.

    Example:

    >>> import pipelines
    >>> clothes = pipelines.from_idx("train-images-idx3-ubyte.gz")  # doctest: +SKIP
    """
    path = os.fspath(path)
    images = _read_idx(path, 3, "images")
    return _source(images, _idx_classes(path, len(images)), path, image_size, channels, augment)


def _source(images, classes, path, image_size, channels, augment):
    """The source, its images converted to as many channels as are wanted."""
    images = images[..., np.newaxis] if images.ndim == 3 else images
    check_image_size(image_size)
    if channels is not None:
        check_channels(channels)
        images = _with_channels(images, channels)
    if 0 in images.shape:
        raise ValueError(f"'{path}' must hold images. Received: an array of shape {images.shape}.")
    try:
        check_fits(image_size, *images.shape[1:3])
    except ValueError as error:
        raise ValueError(f"The images of '{path}' cannot be cropped: {error}") from error
    value_range = 0, np.iinfo(images.dtype).max
    return ArraySource(list(images), image_size, value_range, augment, classes)


def _with_channels(images, channels):
    if images.shape[-1] == 3 and channels == 1:
        # Image by image, because the product is eight times as large as its rounded result.
        gray = [np.rint(image @ _GRAY_WEIGHTS).astype(images.dtype) for image in images]
        return np.stack(gray)
    return np.broadcast_to(images, (*images.shape[:-1], channels))


def _npz_headers(path):
    """Name -> `(shape, dtype)` of the arrays in a file, without reading the arrays."""
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    headers = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            with archive.open(member) as file:
                reader = readers.get(np.lib.format.read_magic(file))
                # Later versions are for structured types, which are no images.
                if reader:
                    shape, _, dtype = reader(file)
                    headers[member.removesuffix(".npy")] = shape, dtype
    return headers


def _image_key(headers, wanted, path):
    """Name of the array of images that is meant."""
    keys = [key for key, header in headers.items() if _are_images(*header)]
    if not keys:
        listed = ", ".join(f"{key}: {dtype} {shape}" for key, (shape, dtype) in headers.items())
        raise ValueError(
            f"'{path}' must hold a uint8 or uint16 array of images, (count, height, width) or "
            f"(count, height, width, 1 or 3). Received: {listed or 'no array'}. For other arrays "
            "use pipelines.from_arrays."
        )
    if wanted in keys:
        return wanted
    if wanted is None and len(keys) == 1:
        return keys[0]
    matching = [key for key in keys if (wanted or "train") in _words(key)]
    if len(matching) != 1:
        raise ValueError(
            f"`name` must say which images of '{path}' are meant, one of {sorted(keys)}. "
            f"Received: {wanted!r}. Write '{path}:{keys[0]}', for example."
        )
    return matching[0]


def _are_images(shape, dtype):
    if dtype not in (np.uint8, np.uint16) or 0 in shape:
        return False
    # Three sides of which the last is 3 or 4 are more likely to be a single image.
    is_gray = len(shape) == 3 and shape[-1] not in (1, 3, 4)
    return is_gray or (len(shape) == 4 and shape[-1] in (1, 3))


def _npz_classes(headers, arrays, image_key, path):
    """The `Classes` of the images called `image_key`."""
    count = headers[image_key][0][0]
    keys = [key for key in _label_keys(headers, image_key) if arrays[key].min() >= -1]
    if len(keys) != 1:
        return Classes(
            reason=f"'{path}' must hold one array of {count} ints >= -1 for '{image_key}', and "
            f"those that may be meant are {keys}"
        )
    texts = [key for key, (_, dtype) in headers.items() if dtype.kind == "U"]
    class_names = arrays[texts[0]].ravel().tolist() if len(texts) == 1 else None
    try:
        return as_classes(arrays[keys[0]], class_names, count)
    except ValueError as error:
        return Classes(reason=f"'{keys[0]}' in '{path}' cannot be used: {error}".rstrip("."))


def _label_keys(headers, image_key):
    """Names of the arrays of ints that go with the images best, by their length and words."""
    count = headers[image_key][0][0]
    image_keys = [key for key, header in headers.items() if _are_images(*header)]

    def shared(key, other):
        return len(_words(key) & _words(other))

    fitting = [
        key
        for key, (shape, dtype) in headers.items()
        if shape in ((count,), (count, 1))
        and np.issubdtype(dtype, np.integer)
        # Those that go better with other images are theirs, whatever their length.
        and shared(key, image_key) == max(shared(key, other) for other in image_keys)
    ]
    most = max((shared(key, image_key) for key in fitting), default=0)
    return [key for key in fitting if shared(key, image_key) == most]


def _words(key):
    return set(re.split(r"[\W_]+", key.lower()))


def _idx_classes(path, count):
    folder, file = os.path.split(path)
    file = file.replace("images", "labels").replace("idx3", "idx1").removesuffix(".gz")
    paths = [os.path.join(folder, file + ending) for ending in ("", ".gz")]
    present = [name for name in paths if name != path and os.path.exists(name)]
    if not present:
        return Classes(reason=f"'{paths[0]}', or the same with .gz, is missing; put it there")
    labels = _read_idx(present[0], 1, "labels")
    if len(labels) != count:
        raise ValueError(
            f"'{present[0]}' must hold a label for each of the {count} images of '{path}'. "
            f"Received: {len(labels)} labels. Download both files again."
        )
    return as_classes(labels, None, count)


def _read_idx(path, rank, content):
    """The uint8 array of `rank` axes in a file."""
    # http://yann.lecun.com/exdb/mnist: two zeros, the type, the number of axes, each axis as a
    # big-endian int of 4 bytes, then the values.
    with _reading(path, "no IDX file"):
        data = _bytes_of(path)
    magic = bytes([0, 0, _IDX_BYTES, rank])
    if data[:4] != magic:
        raise ValueError(
            f"'{path}' must be an IDX file of {content}, which starts with the bytes "
            f"{magic.hex(' ')}. Received: {data[:4].hex(' ') or 'an empty file'}. "
            f"Give a file such as 'train-{content}-idx{rank}-ubyte', with .gz or without."
        )
    start = 4 + 4 * rank
    shape = tuple(int.from_bytes(data[at : at + 4], "big") for at in range(4, start, 4))
    expected = start + math.prod(shape)
    if len(data) != expected:
        raise ValueError(
            f"'{path}' is truncated or damaged: its start announces {content} of shape {shape}, "
            f"{expected} bytes, and it has {len(data)}. Download it again."
        )
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def _bytes_of(path):
    with open(path, "rb") as file:
        data = file.read()
    # Not by the name, because downloads often arrive unpacked under their old name.
    return gzip.decompress(data) if data.startswith(_GZIP_MAGIC) else data


@contextlib.contextmanager
def _reading(path, otherwise):
    """Re-raises what goes wrong in reading a file as a `ValueError` that names it."""
    try:
        yield
    except FileNotFoundError as error:
        raise ValueError(f"There is no file '{path}'. Check its name.") from error
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(
            f"Cannot read '{path}': {str(error).rstrip('. ')}. It is damaged, truncated, or "
            f"{otherwise}; write or download it again."
        ) from error

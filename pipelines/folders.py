"""Image files in a folder."""

import os
import pathlib
import warnings
from concurrent.futures import ThreadPoolExecutor

from pipelines.classes import Classes, classes_of_folders
from pipelines.decoding import decode_record, naming, read_header
from pipelines.images import ImageSource, check_channels, check_fits, check_image_size
from pipelines.progress import with_progress

_EXTENSIONS = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}
# Listed so that they are refused by name instead of being overlooked.
_REFUSED_EXTENSIONS = {".gif", ".tif", ".tiff", ".heic", ".heif", ".avif", ".jp2", ".jxl"}
_FIX = "Replace or remove it, or pass on_error='skip' to leave such images out."


def from_folder(
    path,
    image_size=None,
    channels=3,
    recursive=True,
    on_error="raise",
    cache=False,
    augment=True,
):
    """Reads the JPEG, PNG, WebP and BMP files of a folder.

    Files come in the order of their paths. Hidden files and files that are no images are left
    alone. Headers are checked here, in less than a millisecond each; pixels are decoded when they
    are read. EXIF orientation is applied, alpha is dropped, 16-bit PNG keeps its precision.

    If every image is in or below a subfolder, the subfolders of `path` are the classes, numbered
    in the order of their names: `source.labels` and `source.class_names`. For other labels see
    `ImageSource.with_labels`.

    Args:
        path: the folder.
        image_size: side of the square crops in px, or `None` for whole images.
        channels: 3 for RGB, 1 for gray; files are converted.
        recursive: whether to look into subfolders too.
        on_error: `"raise"`: an image that cannot be used is an error that names it, here if the
            header or the length of the file tells, else when it is read. `"skip"`: every file is
            decoded once here, and those that fail or are smaller than `image_size` are left out,
            counted in a warning and listed in `source.skipped`.
        cache: whether to keep decoded images in memory, one byte a value (two for 16-bit PNG), once
            they have been read.
        augment: whether `stream` flips and turns the crops; `"mirror"`: flips them left-right.

    Returns:
        A `FolderSource`, an `ImageSource`.

    Raises:
        ValueError: if the folder is missing or has no usable image, or one cannot be used.

    Example:

    >>> import pipelines
    >>> photos = pipelines.from_folder("photos/", image_size=128)  # doctest: +SKIP
    """
    if on_error not in ("raise", "skip"):
        raise ValueError(f"`on_error` must be 'raise' or 'skip'. Received: {on_error!r}")
    check_image_size(image_size)
    check_channels(channels)
    paths, skipped = _usable(list_images(path, recursive), image_size, channels, on_error)
    if not paths:
        reasons = "".join(f"\n  {reason}" for _, reason in skipped[:3])
        raise ValueError(f"`path`: no usable image is left in '{path}':{reasons}")
    if skipped:
        _, first_reason = skipped[0]
        warnings.warn(
            f"Skipped {len(skipped)} of {len(skipped) + len(paths)} images in '{path}'. "
            f"The first: {first_reason}",
            stacklevel=2,
        )
    root = pathlib.Path(path).expanduser()
    return FolderSource(paths, image_size, channels, cache, augment, skipped, root)


class FolderSource(ImageSource):
    """Image files, in the given order. Made by `pipelines.from_folder`.

    Args:
        paths: the files.
        image_size: side of the square crops in px, or `None` for whole images.
        channels: 3 for RGB, 1 for gray.
        cache: whether to keep decoded images in memory.
        augment: whether `stream` flips and turns the crops; `"mirror"`: flips them left-right.
        skipped: list of `(path, reason)` of the files that were left out.
        root: the folder whose subfolders are the classes, or `None`.
    """

    def __init__(self, paths, image_size, channels, cache, augment, skipped=(), root=None):
        super().__init__(len(paths), image_size, channels, augment)
        self.paths = [str(path) for path in paths]
        self.skipped = list(skipped)
        self._cache = {} if cache else None
        self._root = root

    def describe(self, index):
        """Returns the path."""
        return f"'{self.paths[index]}'"

    def _keep(self, chosen):
        self.paths = [self.paths[index] for index in chosen]
        self._cache = None if self._cache is None else {}

    def encoded(self):
        """Yields the files as they are."""
        for path in self.paths:
            with open(path, "rb") as file:
                yield path, file.read()

    def _find_classes(self):
        if self._root is None:
            return Classes()
        return classes_of_folders(self.paths, [path for path, _ in self.skipped], self._root)

    def _read(self, place, index):
        with naming(self.describe(index), _FIX):
            if self._cache is None:
                return _decode_file(self.paths[index], place, self.channels)
            if index not in self._cache:
                self._cache[index] = _decode_file(self.paths[index], None, self.channels)
            image = self._cache[index]
            top, left, height, width = place(*image.shape[:2])
            return image[top : top + height, left : left + width]


def list_images(path, recursive=True):
    """Lists the image files of a folder, sorted by path; hidden ones are left alone.

    Args:
        path: the folder.
        recursive: whether to look into subfolders too. Links to folders are followed once.

    Raises:
        ValueError: if the folder is missing or holds no image file.
    """
    root = pathlib.Path(path).expanduser()
    if not root.is_dir():
        problem = "is a file" if root.exists() else "does not exist"
        raise ValueError(f"`path` must be a folder of images. Received: '{path}', which {problem}.")
    found, visited = [], set()
    for folder, subfolders, files in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        visible = [name for name in subfolders if not name.startswith(".")]
        # In place: this is how os.walk is told where to go, and it keeps loops of links finite.
        subfolders[:] = visible if recursive and real not in visited else []
        if real not in visited:
            found += [pathlib.Path(folder, name) for name in files if _is_image_name(name)]
        visited.add(real)
    if not found:
        where = "in it or below" if recursive else "directly in it (`recursive=False`)"
        raise ValueError(
            f"`path` must hold images ({', '.join(sorted(_EXTENSIONS))}). "
            f"Received: '{path}', which has none {where}."
        )
    return sorted(found, key=lambda file: file.relative_to(root).as_posix())


def _is_image_name(name):
    suffix = os.path.splitext(name)[1].lower()
    return not name.startswith(".") and suffix in _EXTENSIONS | _REFUSED_EXTENSIONS


def _usable(paths, image_size, channels, on_error):
    """Splits paths into usable ones and `(path, reason)`; raises for the first bad one."""

    def problem(path):
        try:
            with naming(f"'{path}'", _FIX):
                _check_file(path, image_size, channels, decode_all=on_error == "skip")
        except ValueError as error:
            if on_error == "raise":
                raise
            return str(path), str(error)

    with ThreadPoolExecutor() as pool:
        problems = list(with_progress(pool.map(problem, paths), len(paths), "Checking images"))
    usable = [path for path, bad in zip(paths, problems, strict=True) if bad is None]
    return usable, [bad for bad in problems if bad is not None]


def _check_file(path, image_size, channels, decode_all):
    with open(path, "rb") as file:
        header = read_header(file)
    check_fits(image_size, header.height, header.width)
    if decode_all or not _looks_complete(path, header.format):
        _decode_file(path, None, channels)


def _looks_complete(path, kind):
    """Whether the end of a file is where its format says; if not, only decoding can tell."""
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        head = file.read(8)
        file.seek(max(0, size - 16))
        tail = file.read()
    if kind == "JPEG":
        return tail.endswith(b"\xff\xd9")
    if kind == "PNG":
        return b"IEND" in tail
    if kind == "WEBP":
        return size >= int.from_bytes(head[4:8], "little") + 8
    return size >= int.from_bytes(head[2:6], "little")


def _decode_file(path, place, channels):
    with open(path, "rb") as file:
        return decode_record(file.read(), place, channels)

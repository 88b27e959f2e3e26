"""Photographs that an installed dependency ships, so that everything runs without a download."""

import pathlib

from pipelines.folders import FolderSource
from pipelines.images import check_image_size

_NAMES = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg")
_SMALLEST_SIDE = 300


def sample(image_size=None, channels=3, augment=True):
    """Reads the four colour photographs inside scikit-image.

    They show an astronaut (512 x 512 px), a cat (300 x 451), a cup of coffee (400 x 600) and a
    rocket (427 x 640). All are in the public domain or CC0.

    Args:
        image_size: side of the square crops in px, at most 300, or `None` for whole images.
        channels: 3 for RGB, 1 for gray.
        augment: whether `stream` flips and turns the crops; `"mirror"`: flips them left-right.

    Returns:
        A `FolderSource`, an `ImageSource`.

    Raises:
        ValueError: if `image_size` is too large, or scikit-image has been installed without them.

    Example:

    >>> import pipelines
    >>> len(pipelines.sample())
    4
    """
    check_image_size(image_size)
    if image_size is not None and image_size > _SMALLEST_SIDE:
        raise ValueError(
            f"`image_size` must be at most {_SMALLEST_SIDE}, the height of the smallest "
            f"photograph. Received: {image_size}"
        )
    return FolderSource(sample_paths(), image_size, channels, cache=True, augment=augment)


def sample_paths():
    """Returns the paths of the four photographs."""
    import skimage

    folder = pathlib.Path(skimage.__file__).parent / "data"
    paths = [folder / name for name in _NAMES]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise ValueError(
            f"scikit-image in '{folder}' lacks {missing}. Install its wheel from PyPI: "
            "pip install --force-reinstall scikit-image"
        )
    return paths

"""The one way in which the command line names a collection of images."""

import os

from pipelines.array_files import from_idx, from_npz, is_idx_name, is_npz_name
from pipelines.folders import from_folder
from pipelines.sample import sample
from pipelines.shards import from_tfrecord
from pipelines.tfds import from_tfds


def from_source(name, image_size=None, channels=None, on_error="raise", cache=False, augment=True):
    """Reads images from what a short text names.

    Args:
        name: a folder; `"tfds:NAME"` or `"tfds:NAME:SPLIT"`; a file or pattern that ends in
            `.tfrecord`; `"FILE.npz"` or `"FILE.npz:KEY"`, as in `from_npz`; the images of MNIST or
            a data set like it, `train-images-idx3-ubyte.gz`; or `"sample"` (a folder of that name
            is `"./sample"`).
        image_size: side of the square crops in px, or `None` for whole images.
        channels: 3 for RGB, 1 for gray, or `None`: as stored in `.npz` and IDX files, else 3.
        on_error: for folders, as in `from_folder`; elsewhere it must be `"raise"`.
        cache: for folders, as in `from_folder`; elsewhere it must be `False`.
        augment: whether `stream` flips and turns the crops; `"mirror"`: flips them left-right.

    Returns:
        An `ImageSource`.

    Raises:
        ValueError: if the text names nothing of the kind, or the images cannot be used.

    Example:

    >>> import pipelines
    >>> len(pipelines.from_source("sample", image_size=64))
    4
    """
    name = os.fspath(name)
    common = {"image_size": image_size, "augment": augment}
    common["channels"] = 3 if channels is None else channels
    if os.path.isdir(name) and name != "sample":
        return from_folder(name, on_error=on_error, cache=cache, **common)
    if on_error != "raise" or cache:
        raise ValueError(
            "`on_error` and `cache` are for folders of images. "
            f"Received: on_error={on_error!r}, cache={cache!r} for {name!r}."
        )
    if name == "sample":
        return sample(**common)
    if name.startswith("tfds:"):
        return from_tfds(name.removeprefix("tfds:"), **common)
    if name.endswith(".tfrecord"):
        return from_tfrecord(name, **common)
    for is_name, read in ((is_npz_name, from_npz), (is_idx_name, from_idx)):
        if is_name(name):
            return read(name, image_size, channels, augment)
    raise ValueError(
        "`name` must be an existing folder, 'tfds:NAME[:SPLIT]', a '.tfrecord' file or pattern, "
        "'FILE.npz[:KEY]', '...-images-idx3-ubyte[.gz]', or 'sample'. "
        f"Received: {name!r}"
    )

"""Which class each image of a source shows."""

import pathlib
from typing import NamedTuple

import numpy as np


class Classes(NamedTuple):
    """The labels of a source and what they mean, or why there are none."""

    labels: np.ndarray | None = None
    names: tuple | None = None
    reason: str = "nothing says which class its images show"


def as_classes(labels, class_names, count):
    """Checks labels that a user or a file gives.

    Args:
        labels: ints of shape `(count,)` or `(count, 1)`: classes from 0 on, -1 for none.
        class_names: the names of classes 0, 1, ..., a sequence of str, or `None`.
        count: number of images.

    Returns:
        `Classes` with int32 labels of shape `(count,)`.

    Raises:
        ValueError: if labels do not fit the images, or names do not fit the labels.
    """
    labels = np.asarray(labels)
    if labels.shape not in ((count,), (count, 1)) or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"`labels` must be ints of shape ({count},), one for each image. "
            f"Received: {labels.dtype} of shape {labels.shape}."
        )
    low, high = labels.min(), labels.max()
    if low < -1 or high > np.iinfo(np.int32).max:
        raise ValueError(
            f"`labels` must count from 0, -1 for none. Received: labels from {low} to {high}. "
            "Number the classes 0, 1, 2, ..., and images whose class is unknown -1."
        )
    if class_names is not None and len(class_names) <= high:
        raise ValueError(
            f"`class_names` must name all classes. Received: {len(class_names)} names, and labels "
            f"up to {high}. Give {high + 1} names, or None."
        )
    names = None if class_names is None else tuple(str(name) for name in class_names)
    return Classes(labels.reshape(count).astype(np.int32), names)


def classes_of_folders(paths, left_out, root):
    """Takes the first-level subfolders of `root`, sorted, as classes.

    Args:
        paths: the images.
        left_out: images that are not used; their folders count as classes all the same, so that
            numbers of classes do not depend on which files are damaged.
        root: the folder that all of them are in or below.

    Returns:
        `Classes`; without labels if an image lies directly in `root`.
    """
    folders = [_first_level(path, root) for path in paths]
    if None in folders:
        return Classes(
            reason=f"'{paths[folders.index(None)]}' is in no subfolder of '{root}'; put the images "
            "into one subfolder a class"
        )
    others = {_first_level(path, root) for path in left_out} - {None}
    names = sorted(others.union(folders))
    numbers = {name: number for number, name in enumerate(names)}
    return as_classes([numbers[folder] for folder in folders], names, len(folders))


def _first_level(path, root):
    parts = pathlib.PurePath(path).relative_to(root).parts
    return parts[0] if len(parts) > 1 else None

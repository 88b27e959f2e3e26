"""What the generation benchmark trains and scores on: `.npz` files made once from data of yours."""

import os
import re
from pathlib import Path

import numpy as np

import pipelines

_HELD_OUT = 1000
_NAME = re.compile(r"([a-z]+)(\d*)")


def base(name):
    """`"faces32"` -> `"faces"`: what the images are, without the side that they are scaled to."""
    return _NAME.fullmatch(name)[1]


def prepare(name, source, folder):
    """Write the images of `source` as `folder/NAME.npz`, in parts `train` and `test`.

    Args:
        name: `"fashion"` or `"digits"` (folder of IDX files), `"cifar"` (`.npz` file), `"faces"`
            (folder of images; every sixth is held out) or `"stacked"` (folder of IDX files of
            digits: three drawn ones as the channels of 60,000 and 1,000 images, their number from
            0 to 999 as the label); with the side in px if they are to be scaled, `"faces32"`.
        source: Path.
        folder: Path of the folder to write into.

    Returns:
        Path of the file.
    """
    path = Path(folder) / f"{name}.npz"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        kind, side = _NAME.fullmatch(name).groups()
        read = {"faces": _faces, "cifar": _cifar, "stacked": _stacked}.get(kind, _idx)
        unfinished = path.with_suffix(".unfinished.npz")
        np.savez(unfinished, **read(source, int(side) if side else None))
        os.replace(unfinished, path)
    return path


def images(path, part, limit=None):
    """Float32 images in [-1, 1] and their labels (or `None`) of one part of a prepared file."""
    with np.load(path) as file:
        pixels = file[f"{part}_images"][:limit]
        name = f"{part}_labels"
        labels = file[name][:limit] if name in file else None
    return pixels.astype("float32") / 127.5 - 1.0, labels


def _idx(folder, side):
    return _parts(
        {
            part: pipelines.from_idx(_idx_file(folder, word), augment=False)
            for part, word in (("train", "train"), ("test", "t10k"))
        },
        side,
    )


def _idx_file(folder, word):
    found = sorted(Path(folder).glob(f"{word}-images*idx3-ubyte*"))
    if not found:
        raise ValueError(f"'{folder}' must hold {word}-images-idx3-ubyte or its .gz file.")
    return str(found[0])


def _cifar(path, side):
    parts = ("train", "test")
    return _parts(
        {part: pipelines.from_npz(f"{path}:{part}", augment=False) for part in parts}, side
    )


def _faces(folder, side):
    pixels = _pixels(pipelines.from_folder(folder, augment=False), side)
    held_out = np.arange(len(pixels)) % 6 == 5
    return {"train_images": pixels[~held_out], "test_images": pixels[held_out][:_HELD_OUT]}


def _stacked(folder, side, count=60_000, seed=0):
    arrays, rng, stacked = _idx(folder, side), np.random.default_rng(seed), {}
    for part, number in (("train", count), ("test", _HELD_OUT)):
        drawn = rng.integers(0, len(arrays[f"{part}_images"]), (3, number))
        pixels, labels = arrays[f"{part}_images"][..., 0], arrays[f"{part}_labels"]
        stacked[f"{part}_images"] = np.stack([pixels[each] for each in drawn], axis=-1)
        stacked[f"{part}_labels"] = labels[drawn].T @ np.array([100, 10, 1])
    return stacked


def _parts(sources, side):
    arrays = {}
    for part, source in sources.items():
        arrays[f"{part}_images"] = _pixels(source, side)
        arrays[f"{part}_labels"] = np.asarray(source.labels)
    return arrays


def _pixels(source, side):
    batches = pipelines.unlabelled(source, 100, shuffle=False, image_size=side)
    return np.concatenate([pipelines.to_uint8(batch) for batch in batches])

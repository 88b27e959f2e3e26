"""What the generation benchmark trains and scores on: `.npz` files made once from data of yours."""

import os
from pathlib import Path

import numpy as np

import pipelines

#: Data set -> side in px.
SIDES = {"fashion": 28, "cifar10": 32, "faces": 64, "digits": 28, "stacked": 28}
_HELD_OUT = 1000


def prepare(name, source, folder):
    """Write the images of `source` as `folder/NAME.npz`, in parts `train` and `test`.

    Args:
        name: `"fashion"` or `"digits"` (folder of IDX files), `"cifar10"` (`.npz` file), `"faces"`
            (folder of images; every sixth is held out) or `"stacked"` (folder of IDX files of
            digits: three drawn ones as the channels of 60,000 and 1,000 images, their number from
            0 to 999 as the label).
        source: Path.
        folder: Path of the folder to write into.

    Returns:
        Path of the file.
    """
    path = Path(folder) / f"{name}.npz"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        arrays = {"faces": _faces, "cifar10": _cifar10, "stacked": _stacked}.get(name, _idx)(source)
        unfinished = path.with_suffix(".unfinished.npz")
        np.savez(unfinished, **arrays)
        os.replace(unfinished, path)
    return path


def images(path, part, limit=None):
    """Float32 images in [-1, 1] and their labels (or `None`) of one part of a prepared file."""
    with np.load(path) as file:
        pixels = file[f"{part}_images"][:limit]
        name = f"{part}_labels"
        labels = file[name][:limit] if name in file else None
    return pixels.astype("float32") / 127.5 - 1.0, labels


def _idx(folder):
    parts = {"train": "train", "test": "t10k"}
    return _parts({part: pipelines.from_idx(_idx_file(folder, word), augment=False)
                   for part, word in parts.items()})  # fmt: skip


def _idx_file(folder, word):
    found = sorted(Path(folder).glob(f"{word}-images*idx3-ubyte*"))
    if not found:
        raise ValueError(f"'{folder}' must hold {word}-images-idx3-ubyte or its .gz file.")
    return str(found[0])


def _cifar10(path):
    parts = ("train", "test")
    return _parts({part: pipelines.from_npz(f"{path}:{part}", augment=False) for part in parts})


def _faces(folder):
    source = pipelines.from_folder(folder, augment=False)
    pixels = _pixels(source, SIDES["faces"])
    held_out = np.arange(len(pixels)) % 6 == 5
    return {"train_images": pixels[~held_out], "test_images": pixels[held_out][:_HELD_OUT]}


def _stacked(folder, count=60_000, seed=0):
    arrays, rng, stacked = _idx(folder), np.random.default_rng(seed), {}
    for part, number in (("train", count), ("test", _HELD_OUT)):
        drawn = rng.integers(0, len(arrays[f"{part}_images"]), (3, number))
        pixels, labels = arrays[f"{part}_images"][..., 0], arrays[f"{part}_labels"]
        stacked[f"{part}_images"] = np.stack([pixels[each] for each in drawn], axis=-1)
        stacked[f"{part}_labels"] = labels[drawn].T @ np.array([100, 10, 1])
    return stacked


def _parts(sources):
    arrays = {}
    for part, source in sources.items():
        arrays[f"{part}_images"] = _pixels(source)
        arrays[f"{part}_labels"] = np.asarray(source.labels)
    return arrays


def _pixels(source, side=None):
    batches = pipelines.unlabelled(source, 100, shuffle=False, image_size=side)
    return np.concatenate([np.rint((batch.numpy() + 1) * 127.5) for batch in batches]).astype(
        "uint8"
    )

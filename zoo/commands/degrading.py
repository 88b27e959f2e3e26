"""`zoo degrade`: what a recipe does to photographs."""

import numpy as np
import tensorflow as tf
from rich.progress import track

import pipelines
from zoo.commands import files
from zoo.core.photos import Photo


def degrade(names, out, recipe, seed=0, progress=True):
    """Write a degraded copy of each image file; file k of the sorted list has seed `(seed, k)`.

    Args:
        names: Files, folders and glob patterns.
        out: File (for one input) or folder; results are PNG unless `out` names a file.
        recipe: Name or JSON file of a recipe.
        seed: Integer.
        progress: Bool, show a progress bar.

    Returns:
        List of dicts: `input`, `output`, `recipe`, `seed`.
    """
    recipe = pipelines.recipe(recipe)
    targets = files.outputs(files.inputs(names), out, suffix=".png")
    report = []
    for index, (source, target) in enumerate(
        track(targets.items(), "Degrading", transient=True, disable=not progress)
    ):
        degraded = recipe(_load(source, recipe.scale), (seed, index))
        target.parent.mkdir(parents=True, exist_ok=True)
        Photo(_levels(degraded[0])).save(target)
        report.append(
            {"input": str(source), "output": str(target), "recipe": recipe.name,
             "seed": [seed, index]}
        )  # fmt: skip
    return report


def contact_sheet(names, path, recipe, seed=0, size=256):
    """Write one PNG with the middle of each image before and after the recipe.

    Args:
        names: Files, folders and glob patterns; the first eight images are shown.
        path: PNG file to write.
        recipe: Name or JSON file of a recipe.
        seed: Integer.
        size: Integer, side of the crops in px. Defaults to 256.
    """
    chosen = list(files.inputs(names))[:8]
    crops = [_load(file, 1)[0] for file in chosen]
    size = min(size, *(min(crop.shape[:2]) for crop in crops)) // 12 * 12
    images = tf.stack([tf.image.resize_with_crop_or_pad(crop, size, size) for crop in crops])
    return pipelines.contact_sheet(images, recipe, (seed, 0), path)


def _load(path, scale):
    """Read an image file as float32 `(1, H, W, 3)` in [-1, 1], cut to multiples of `scale`."""
    pixels = Photo.open(path).pixels
    depth = float(np.iinfo(pixels.dtype).max)
    if pixels.ndim == 2 or pixels.shape[-1] == 2:
        gray = pixels if pixels.ndim == 2 else pixels[..., 0]
        pixels = np.repeat(gray[..., None], 3, axis=-1)
    height, width = (side // scale * scale for side in pixels.shape[:2])
    return tf.constant(pixels[None, :height, :width, :3] / depth * 2.0 - 1.0, tf.float32)


def _levels(image):
    """Float image in [-1, 1] to uint8; a mask in a fourth channel becomes alpha (hole = clear)."""
    levels = pipelines.to_uint8(image[..., :3])
    if image.shape[-1] == 3:
        return levels
    alpha = np.round(255 * (1.0 - image[..., 3:].numpy())).astype(np.uint8)
    return np.concatenate([levels, alpha], axis=-1)

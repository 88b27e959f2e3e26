"""`zoo generate`: pictures from noise."""

import inspect
import os
from pathlib import Path

from PIL import Image

import zoo
from zoo.core.sampling import image_grid

_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


#: Images on one way of an interpolation: a row of the grid.
_STEPS = 8


def generate(preset, out, count=64, seed=0, options=None, interpolate=False):
    """Make images with a preset.

    Args:
        preset: Name or folder of a preset of a `zoo.LatentGAN`.
        out: Picture file: all images as one grid; or a folder: one PNG file an image.
        count: Integer, how many; for a variant with labels they take turns. Defaults to 64.
        seed: Integer. Defaults to 0.
        options: Dict of further arguments of the model's `generate`, such as `labels` (which say
            how many) or `truncation`. Defaults to `None`.
        interpolate: Bool, make rows of eight images on the way from one latent to another; `count`
            is a multiple of eight then, and each label is that of a row. Defaults to `False`.

    Returns:
        Dict: `preset`, `output`, `images`, `width` and `height` of one, `seed`.

    Raises:
        ValueError: If the preset does not make images from noise, an option is unknown, or `out`
            is of a kind that cannot be written.
    """
    out = Path(out)
    is_file = out.suffix.lower() in _SUFFIXES
    if out.suffix and not is_file and not out.is_dir():
        raise ValueError(
            f"`--out` must be a folder or a file that ends in {', '.join(_SUFFIXES)}. "
            f"Received: '{out}'"
        )
    model = zoo.from_preset(preset)
    if not isinstance(model, zoo.LatentGAN):
        raise ValueError(
            f"`preset` must make images from noise; {str(preset)!r} is a {type(model).__name__}. "
            "Use `zoo restore` with it."
        )
    images = _images(model, count, seed, options or {}, interpolate)
    if is_file:
        _save(image_grid(images, _STEPS if interpolate else None), out)
    else:
        for index, image in enumerate(images):
            _save(image_grid(image[None]), out / f"{index:05d}.png")
    height, width = images.shape[1:3]
    return {"preset": str(preset), "output": str(out), "images": len(images), "width": width,
            "height": height, "seed": seed}  # fmt: skip


def as_labels(text):
    """`"0,3,3"` -> `[0, 3, 3]`.

    Raises:
        ValueError: If it is anything else.
    """
    try:
        return [int(word) for word in text.split(",")]
    except ValueError:
        raise ValueError(
            f"`--labels` must be numbers of classes such as 0,3,3. Received: {text!r}"
        ) from None


def _images(model, count, seed, options, interpolate):
    make = model.interpolate if interpolate else model.generate
    known = inspect.signature(make).parameters
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise ValueError(
            f"{type(model).__name__} has no {', '.join(unknown)} to generate with; it takes "
            f"{', '.join(known)}."
        )
    if interpolate and count % _STEPS:
        raise ValueError(
            f"`--count` must be a multiple of {_STEPS} with `--interpolate`. Received: {count}"
        )
    rows = count // _STEPS if interpolate else count
    if "count" in known:
        options = {"count": rows, **options}
    elif "labels" not in options:  # all classes, in turns
        options = {"labels": [index % model.class_count for index in range(rows)], **options}
    return make(seed=seed, **options)


def _save(pixels, path):
    """Write a picture; it appears under its name when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished{path.suffix}")
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    picture.save(unfinished, quality=95)
    os.replace(unfinished, path)

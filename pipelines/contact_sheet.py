"""A picture of what a recipe does: clean images above degraded ones."""

from pathlib import Path

import numpy as np
from PIL import Image

from pipelines.images import to_uint8
from pipelines.recipes import recipe as find_recipe

_GAP = 4


def contact_sheet(images, recipe, seed, path, columns=4):
    """Write a PNG that shows the pairs of a recipe, clean above degraded.

    Smaller results are enlarged without smoothing, so that their pixels can be seen. A mask in a
    fourth channel is shown in red.

    Args:
        images: float array `(N, H, W, 3)` in `[-1, 1]`.
        recipe: Name, JSON file or `Recipe`.
        seed: Pair of ints.
        path: PNG file to write.
        columns: How many pairs to place side by side, at least 1. Defaults to 4.

    Returns:
        The path as `pathlib.Path`.

    Raises:
        ValueError: If `columns` is below 1, or the recipe or the images are not valid.

    Example:

    ```python
    photos = next(iter(pipelines.sample(image_size=128).ordered().batch(8)))[1]
    contact_sheet(photos, "old-photo", seed=(0, 0), path="old_photo.png")
    ```
    """
    if columns < 1:
        raise ValueError(f"Argument `columns` must be at least 1. Received: {columns!r}. Pass 4.")
    pairs = find_recipe(recipe).pair(images, seed)
    after, before = (_levels(np.asarray(batch)) for batch in pairs)
    repeat = before.shape[1] // after.shape[1]
    after = after.repeat(repeat, axis=1).repeat(repeat, axis=2)
    height, width = before.shape[1], before.shape[2]
    rows = -(-len(before) // columns)
    columns = min(columns, len(before))
    sheet = Image.new(
        "RGB", (columns * (width + _GAP) + _GAP, rows * 2 * (height + _GAP) + _GAP), "white"
    )
    for index, pair in enumerate(zip(before, after, strict=True)):
        row, column = divmod(index, columns)
        for below, picture in enumerate(pair):
            corner = (_GAP + column * (width + _GAP), _GAP + (2 * row + below) * (height + _GAP))
            sheet.paste(Image.fromarray(picture), corner)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path, format="PNG")
    return path


def _levels(images):
    levels = to_uint8(images)
    if levels.shape[-1] == 1:
        return levels.repeat(3, axis=-1)
    if levels.shape[-1] == 4:
        hole = images[..., 3:] > 0.5
        return np.where(hole, np.uint8([200, 40, 40]), levels[..., :3])
    return levels

"""Sequences of frames as pictures and as GIF files."""

import os
import uuid
from pathlib import Path

import numpy as np

from zoo.core import tiling
from zoo.core.photos import Photo


def animate(model, image, effects, **options):
    """Render the frames of a sequence from a picture of any size.

    Args:
        model: `zoo.DynamicGAN`.
        image: As of `zoo.restore`.
        effects: Float `(T, 5)`, what describes each frame, as of `pipelines.effects`.
        **options: `tile`, `overlap`, `precision`, `progress` of `zoo.restore`. The network is told
            where pixels lie, so that tiles, which are used beyond 2 megapixels, show.

    Returns:
        List of T pictures in the kind of `image`.

    Raises:
        ValueError: If `effects` has another shape.
    """
    effects = np.asarray(effects, np.float32)
    wanted = model.generator.get_layer("effects").output.shape[-1]
    if effects.ndim != 2 or effects.shape[1] != wanted or not np.isfinite(effects).all():
        raise ValueError(
            f"`effects` must be finite numbers of shape (T, {wanted}). "
            f"Received: shape {effects.shape}"
        )
    return [tiling.restore(model.renderer_of(each), image, **options) for each in effects]


def save_gif(frames, path, seconds_a_frame=0.1):
    """Write frames as a GIF that repeats, atomically.

    Args:
        frames: Sequence of pictures: arrays, `PIL.Image.Image` or `zoo.Photo`, all of one size.
        path: Path of the file.
        seconds_a_frame: Float above 0. Defaults to 0.1.

    Returns:
        The `pathlib.Path` that was written.

    Raises:
        ValueError: If there is no frame, or they differ in size.
    """
    pictures = [Photo.of(each).to_pil().convert("RGB") for each in frames]
    if not pictures or len({picture.size for picture in pictures}) > 1:
        raise ValueError(
            "`frames` must hold at least one picture, all of one size. "
            f"Received: {[picture.size for picture in pictures]}"
        )
    path = Path(path)
    unfinished = path.with_name(f".{path.stem}-{uuid.uuid4().hex}.gif")
    try:
        pictures[0].save(
            unfinished,
            save_all=True,
            append_images=pictures[1:],
            duration=round(1000 * seconds_a_frame),
            loop=0,
        )
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path

"""Pictures in notebooks."""

import numpy as np

from zoo.core.photos import Photo


def show(*rows, height=3.0):
    """Show pictures side by side with Matplotlib, one row for each dict.

    Args:
        *rows: Dicts of title to picture: uint8 array or float array in [-1, 1], `(H, W)` or
            `(H, W, C)` of 1 or 3 channels, bool array `(H, W)`, or `zoo.Photo`. Pictures of a
            row are drawn at the same height.
        height: Float, inches of a row. Defaults to 3.

    Raises:
        ValueError: If there is nothing to show, or a picture has another shape.

    Example:

    ```python
    zoo.show({"photograph": photo, "restored": zoo.restore(model, photo)})
    ```
    """
    import matplotlib.pyplot as plt  # half a second that only notebooks need

    if not rows or not all(rows):
        raise ValueError("`rows` must be one dict of title to picture or more. Received: none")
    pictures = [{title: _levels(each, title) for title, each in row.items()} for row in rows]
    widths = [
        sum(each.shape[1] / each.shape[0] for each in row.values()) * height for row in pictures
    ]
    figure = plt.figure(figsize=(max(widths), (height + 0.35) * len(rows)), layout="constrained")
    for part, row in zip(np.ravel(figure.subfigures(len(rows), 1)), pictures, strict=True):
        ratios = [each.shape[1] / each.shape[0] for each in row.values()]
        axes = part.subplots(1, len(row), squeeze=False, width_ratios=ratios)[0]
        for axis, (title, each) in zip(axes, row.items(), strict=True):
            axis.imshow(each, cmap="gray", vmin=0, vmax=255)
            axis.set_title(title, fontsize="medium")
            axis.axis("off")
    plt.show()


def _levels(picture, title):
    """Any picture as uint8."""
    pixels = np.asarray(picture.pixels if isinstance(picture, Photo) else picture)
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    if pixels.ndim != 2 and not (pixels.ndim == 3 and pixels.shape[2] == 3):
        raise ValueError(
            f"The picture {title!r} must be an array (H, W), (H, W, 1) or (H, W, 3). Received: "
            f"shape {pixels.shape}"
        )
    if pixels.dtype == bool:
        return pixels.astype(np.uint8) * 255
    if pixels.dtype == np.uint16:
        return (pixels // 257).astype(np.uint8)
    return pixels if pixels.dtype == np.uint8 else to_uint8(pixels)


def to_uint8(images):
    """Floats in [-1, 1] to the nearest of 256 levels, as `pipelines.to_uint8`."""
    return np.clip(np.rint((images.astype("float32") + 1.0) * 127.5), 0, 255).astype(np.uint8)

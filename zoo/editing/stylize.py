"""Paint pictures of any size in the style of one image, or of several."""

import keras
import numpy as np

from zoo.core import tiling
from zoo.core.photos import Photo
from zoo.layers.color import Chroma, Luminance, Tint


def stylize(model, image, styles, weights=None, strength=1.0, keep_color=False, **options):
    """Paint a picture in a style.

    Args:
        model: `zoo.StyleTransferGAN`.
        image: As of `zoo.restore`: an array, a PIL image, a `zoo.Photo` or a path.
        styles: A style image, or a list of them, as `image`. Alpha is not looked at.
        weights: Sequence of floats, share of each style; they need not sum to 1. Defaults to
            `None`: all alike.
        strength: Float in [0, 1], share of the styles; the rest is the style of `image` itself.
            Defaults to 1.
        keep_color: Bool, keep the colours of `image` and take the lightness alone. Defaults to
            `False`.
        **options: `tile`, `overlap`, `precision`, `progress` of `zoo.restore`. The painter sees
            the whole image, so that tiles, which are used beyond 2 megapixels, show.

    Returns:
        The painted picture in the kind of `image`.

    Raises:
        ValueError: If an argument is out of its range, or a style image is none.
    """
    network = styled_network(model, image, styles, weights, strength, keep_color)
    return tiling.restore(network, image, **options)


def styled_network(model, image, styles, weights=None, strength=1.0, keep_color=False):
    """Return the network that paints as `stylize` does, for `zoo.restore` and `export`.

    Args:
        model: As of `stylize`, like the other arguments.
        image: As of `stylize`; not read if `strength` is 1.
        styles: As of `stylize`.
        weights: As of `stylize`.
        strength: As of `stylize`.
        keep_color: As of `stylize`.

    Returns:
        A functional `keras.Model` of images, which shares the weights of `model`.
    """
    styles = styles if isinstance(styles, list | tuple) else [styles]
    weights = [1.0] * len(styles) if weights is None else list(weights)
    if not styles or len(weights) != len(styles) or min(weights) < 0 or not sum(weights) > 0:
        raise ValueError(
            "`weights` must hold a number of 0 or more for each of at least one style, not all 0. "
            f"Received: {weights} for {len(styles)} styles"
        )
    if not 0 <= strength <= 1:
        raise ValueError(f"`strength` must be in [0, 1]. Received: {strength}")
    shares = [strength * weight / sum(weights) for weight in weights]
    if strength < 1:
        styles, shares = [*styles, image], [*shares, 1.0 - strength]
    vectors = [model.style_of(_colours(each)) for each in styles]
    mixed = sum(share * vector[0] for share, vector in zip(shares, vectors, strict=True))
    network = model.painter_of(mixed)
    return _with_colours_of_input(network) if keep_color else network


def _with_colours_of_input(network):
    inputs = keras.Input((None, None, 3), name="image")
    lightness = Luminance(dtype="float32")(network(inputs))
    outputs = Tint(dtype="float32")([lightness, Chroma(dtype="float32")(inputs)])
    return keras.Model(inputs, outputs, name=network.name)


def _colours(image):
    """A picture as float32 RGB `(1, H, W, 3)` in [-1, 1]."""
    pixels = tiling.checked_pixels(Photo.of(image).pixels)
    if pixels.shape[2] < 3:
        pixels = np.repeat(pixels[..., :1], 3, axis=-1)
    levels = np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1.0
    return (pixels[None, ..., :3] * (2.0 / levels) - 1.0).astype("float32")

"""Paint pictures of any size in the style of one image, or of several."""

import math

import keras
import numpy as np
import tensorflow as tf

from zoo.core import tiling
from zoo.core.photos import Photo
from zoo.layers.color import Chroma, Luminance, Tint
from zoo.layers.color_transfer import ColorStatistics

STYLE_PX = 192  # as in the training of `style_transfer_any`
_LONGEST = 16  # times the shorter side; a line of pixels would need gigabytes, were it scaled
_LOOKED_AT = 2**20  # px


def stylize(
    model, image, styles, weights=None, strength=1.0, keep_color=False, style_px=STYLE_PX, **options
):
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
        style_px: Integer, what the shorter sides of style images are scaled to before a look at
            them: with more, strokes are coarser. Defaults to 192, as in the training of
            `style_transfer_any`. `None`: as they are.
        **options: `tile`, `overlap`, `precision`, `progress` of `zoo.restore`.

    Returns:
        The painted picture in the kind of `image`.

    Raises:
        ValueError: If an argument is out of its range, or a style image is none.
    """
    network = styled_network(model, image, styles, weights, strength, keep_color, style_px)
    return tiling.restore(network, image, **options)


def styled_network(
    model, image, styles, weights=None, strength=1.0, keep_color=False, style_px=STYLE_PX
):
    """Return the network that paints as `stylize` does, for `zoo.restore` and `export`.

    Args:
        model: As of `stylize`, like the other arguments.
        image: As of `stylize`, or `None` where `strength` is 1: the colours that are replaced are
            then those of whatever the network is given, be it a tile.
        styles: As of `stylize`.
        weights: As of `stylize`.
        strength: As of `stylize`.
        keep_color: As of `stylize`.
        style_px: As of `stylize`.

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
    vectors = [_style(model, each, style_px) for each in styles]
    mixed = strength * np.average(vectors, axis=0, weights=weights)
    colors = None if image is None else _statistics(image)
    if strength < 1:
        own = _style(model, image, style_px)
        own[-len(colors) :] = colors  # those of the scaled image differ
        mixed += (1.0 - strength) * own
    network = model.painter_of(mixed, colors)
    return _with_colours_of_input(network) if keep_color else network


def _with_colours_of_input(network):
    inputs = keras.Input((None, None, 3), name="image")
    lightness = Luminance(dtype="float32")(network(inputs))
    outputs = Tint(dtype="float32")([lightness, Chroma(dtype="float32")(inputs)])
    return keras.Model(inputs, outputs, name=network.name)


def _statistics(image):
    """What `ColorStatistics` says of a picture; of every n-th pixel of a large one."""
    pixels = _colours(image)
    step = math.ceil(math.sqrt(pixels[0, ..., 0].size / _LOOKED_AT))
    return ColorStatistics(dtype="float32")(pixels[:, ::step, ::step]).numpy()[0]


def scaled(images, side=STYLE_PX):
    """Scale style images to the size that they are looked at in.

    Args:
        images: Float tensor `(N, H, W, C)`; its values stay in the range that they are in.
        side: Integer, wanted length of the shorter side in px. Defaults to that of `stylize`. The
            longer one is shrunk to 16 times that where it is more.

    Returns:
        float32 tensor `(N, H', W', C)`.
    """
    sides = tf.cast(tf.shape(images)[1:3], tf.float32)
    size = tf.minimum(tf.round(side / tf.reduce_min(sides) * sides), _LONGEST * side)
    resized = tf.image.resize(images, tf.cast(size, tf.int32), "bicubic", antialias=True)
    return tf.clip_by_value(resized, tf.reduce_min(images), tf.reduce_max(images))


def _style(model, image, style_px):
    if not (style_px is None or style_px >= 1):
        raise ValueError(f"`style_px` must be at least 1, or None. Received: {style_px}")
    pixels = _colours(image)
    return np.array(model.style_of(pixels if style_px is None else scaled(pixels, style_px))[0])


def _colours(image):
    """A picture as float32 RGB `(1, H, W, 3)` in [-1, 1]."""
    pixels = tiling.checked_pixels(Photo.of(image).pixels)
    if pixels.shape[2] < 3:
        pixels = np.repeat(pixels[..., :1], 3, axis=-1)
    levels = np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1.0
    return (pixels[None, ..., :3] * (2.0 / levels) - 1.0).astype("float32")

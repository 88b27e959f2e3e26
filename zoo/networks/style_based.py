"""The networks of StyleGAN2: mapping, synthesis, residual discriminator."""

import keras
from keras import layers

from zoo.layers import MinibatchDeviation
from zoo.layers.equalized import ScaledConv, ScaledDense
from zoo.layers.filtering import FIRDown, FIRUp
from zoo.layers.modulation import ModulatedConv, StyledConv
from zoo.layers.style import Bias, Broadcast, Constant, PixelNorm, Truncation, Unstack


def widths(image_size, filters, limit):
    """Filters of each resolution: dict of 4, 8, ... `image_size` to `filters` at the largest side.

    Raises:
        ValueError: If `image_size` is no power of two from 8 on.
    """
    if not isinstance(image_size, int) or image_size < 8 or image_size & (image_size - 1):
        raise ValueError(
            f"`image_size` must be a power of two of at least 8. Received: {image_size}"
        )
    sides = [2**k for k in range(2, image_size.bit_length())]
    return {side: min(filters * image_size // side, limit) for side in sides}


def mapping_network(latent_size=512, style_size=512, depth=8, rate=0.01):
    """From latents to styles.

    Args:
        latent_size: Integer. Defaults to 512.
        style_size: Integer. Defaults to 512.
        depth: Integer, layers. Defaults to the paper's 8.
        rate: Float, how fast it learns relative to the rest. Defaults to the paper's 0.01.

    Returns:
        A `keras.Model`: `(N, latent_size)` to `(N, style_size)`.

    Reference:
        Karras et al. 2019, https://arxiv.org/abs/1812.04948, figure 1b.
    """
    inputs = keras.Input((latent_size,), name="latents")
    x = PixelNorm()(inputs)
    for index in range(depth):
        x = ScaledDense(style_size, rate=rate, name=f"mapping_{index}")(x)
    return keras.Model(inputs, x, name="mapping")


def synthesis_network(image_size=64, channels=3, style_size=512, filters=32, limit=512, noise=True):
    """From styles, one for each layer, to images: the skip architecture.

    Args:
        image_size: Integer, power of two. Defaults to 64.
        channels: Integer. Defaults to 3.
        style_size: Integer. Defaults to 512.
        filters: Integer, at the largest side; each half as large side has twice as many. Defaults
            to 32.
        limit: Integer, most filters. Defaults to 512.
        noise: Bool, whether its layers draw noise. Defaults to `True`.

    Returns:
        A `keras.Model`: styles `(N, layers, style_size)` to images `(N, H, W, channels)`, whose
        `layers` is `style_count(image_size)`.

    Reference:
        Karras et al. 2020, https://arxiv.org/abs/1912.04958, figures 2c and 7b.
    """
    sizes = widths(image_size, filters, limit)
    styles = keras.Input((style_count(image_size), style_size), name="styles")
    style_of = iter(Unstack(name="each_style")(styles))
    image, x, style = None, Constant((4, 4, sizes[4]), name="constant")(styles), next(style_of)
    for side, width in sizes.items():
        # Names that stay the same in every copy, because they name the layers' noise.
        if side > 4:
            x = StyledConv(width, noise, up=True, name=f"{side}_up")([x, style])
            style = next(style_of)
        x = StyledConv(width, noise, name=f"{side}_conv")([x, style])
        style = next(style_of)
        # The colours share their style with the next resolution's first layer, as in the paper.
        colours = ModulatedConv(channels, 1, demodulate=False, name=f"{side}_rgb")([x, style])
        image = _with_colours(image, colours, side)
    return keras.Model(styles, image, name="synthesis")


def _with_colours(image, colours, side):
    """Add a resolution's colours to the image of the one before, in float32."""
    colours = Bias(dtype="float32", name=f"{side}_rgb_bias")(colours)
    if image is None:
        return colours
    larger = FIRUp(dtype="float32", name=f"{side}_rgb_up")(image)
    return layers.Add(dtype="float32", name=f"{side}_image")([larger, colours])


def style_count(image_size):
    """Number of styles that a synthesis network takes: two a resolution, as the first has one."""
    return 2 * (image_size.bit_length() - 2)


def style_generator(mapping, synthesis, truncation=None):
    """Join the two networks: latents to images, with the same style in all layers.

    Args:
        mapping: `keras.Model` as of `mapping_network`.
        synthesis: `keras.Model` as of `synthesis_network`.
        truncation: `None` (default), or a tuple of the share of the distance to the mean style
            that is kept, and the mean style, float `(style_size,)`.

    Returns:
        A `keras.Model`: latents `(N, latent_size)` to images, with the weights of both; the two
        are its layers `mapping` and `synthesis`.
    """
    latents = keras.Input(mapping.input_shape[1:], name="latents")
    style = mapping(latents)
    if truncation is not None:
        share, mean = truncation
        layer = Truncation(share, name="truncation")
        style = layer(style)
        layer.mean.assign(mean)
    styles = Broadcast(synthesis.input_shape[1], name="styles")(style)
    return keras.Model(latents, synthesis(styles), name="style_generator")


def residual_discriminator(image_size=64, channels=3, filters=32, limit=512):
    """The residual discriminator.

    Args:
        image_size: Integer, power of two. Defaults to 64.
        channels: Integer. Defaults to 3.
        filters: Integer, at the largest side. Defaults to 32.
        limit: Integer, most filters. Defaults to 512.

    Returns:
        A `keras.Model`: images to logits `(N, 1)`.

    Reference:
        Karras et al. 2020, https://arxiv.org/abs/1912.04958, figure 7c.
    """
    sizes = widths(image_size, filters, limit)
    inputs = keras.Input((image_size, image_size, channels), name="image")
    x = ScaledConv(sizes[image_size], 1)(inputs)
    half = 0.5**0.5  # the sum of two keeps the variance of one
    for side in sorted(sizes, reverse=True)[:-1]:
        width = sizes[side // 2]
        skip = ScaledConv(width, 1, activation=False, use_bias=False, gain=half)(FIRDown()(x))
        x = ScaledConv(width, down=True, gain=half)(ScaledConv(sizes[side])(x))
        x = layers.Add()([x, skip])
    x = ScaledConv(sizes[4])(MinibatchDeviation()(x))
    x = ScaledDense(sizes[4])(layers.Flatten()(x))
    logits = ScaledDense(1, activation=False, dtype="float32", name="logits")(x)
    return keras.Model(inputs, logits, name="residual_discriminator")

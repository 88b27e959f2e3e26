"""Encoder-decoder generators: images in [-1, 1] in, images of the same size out."""

import keras
from keras import layers

from zoo.layers import Luminance, PixelShuffle, PixelUnshuffle, Resize, Tint


def _conv(filters, size=3, **kwargs):
    return layers.Conv2D(filters, size, padding="same", **kwargs)


def _residual_blocks(x, filters, blocks):
    # Without normalisation each block adds its variance: 18 of them would multiply the features by
    # 40. Branches that start at a tenth keep the features, and so the learning rate, in scale.
    small = keras.initializers.VarianceScaling(0.01, "fan_avg", "uniform")
    for _ in range(blocks):
        y = _conv(filters, kernel_initializer=small)(_conv(filters, activation="relu")(x))
        x = layers.Add()([x, y])
    return x


def _unet(x, filters, blocks):
    """The levels of a U-Net: images to features at half their size."""
    x = _conv(filters[0])(PixelUnshuffle(2)(x))
    skips = []
    for level, width in enumerate(filters):
        if level:
            x = _conv(width, 2, strides=2)(x)
        x = _residual_blocks(x, width, blocks)
        skips.append(x)
    skips.pop()
    for width in reversed(filters[:-1]):
        x = PixelShuffle(2)(_conv(width * 4, 1)(x))
        x = layers.Add()([x, skips.pop()])
        x = _residual_blocks(x, width, blocks)
    return x


def restoration_unet(channels=3, filters=(32, 64, 96, 128), blocks=2, *, output_channels=None):
    """A residual U-Net without normalisation: corrects the contrast and the content of an image.

    The output is `image + gain * image + offset` with a gain and an offset for each value. Faded
    contrast is a product, which a sum of convolutions is slow to learn.

    The first level works at half resolution (pixel-unshuffle), each further one halves it, so the
    receptive field reaches the stains, folds and uneven light of a scan at little cost. Upsampling
    is by sub-pixel convolution; every layer exports and converts to TFLite with any size that is
    a multiple of `2 ** len(filters)`.

    Args:
        channels: Integer, channels of the input. Defaults to 3.
        filters: Sequence of integers, filters of each level. Defaults to `(32, 64, 96, 128)`.
        blocks: Integer, residual blocks a level, on each side. Defaults to 2.
        output_channels: Integer. Defaults to `channels`.

    Returns:
        A `keras.Model`: `(N, H, W, channels)` to `(N, H, W, output_channels)`.

    Reference:
        Ronneberger et al. 2015, https://arxiv.org/abs/1505.04597 (U-Net); residual blocks without
        normalisation as in Zhang et al. 2021 (DRUNet), https://arxiv.org/abs/2008.13751, figure 1.
    """
    output_channels = output_channels or channels
    inputs = keras.Input((None, None, channels), name="degraded")
    x = _unet(inputs, filters, blocks)
    gain, offset = (
        PixelShuffle(2, dtype="float32")(
            _conv(output_channels * 4, dtype="float32", kernel_initializer="zeros")(x)
        )
        for _ in range(2)
    )
    # The first `output_channels` channels of the input are the image; others (masks) guide it.
    image = inputs if output_channels == channels else inputs[..., :output_channels]
    scaled = layers.Multiply(dtype="float32")([image, gain])
    outputs = layers.Add(dtype="float32", name="restored")([image, scaled, offset])
    return keras.Model(inputs, outputs, name="restoration_unet")


def colorization_unet(filters=(32, 64, 128, 192), blocks=1, reduction=4):
    """The U-Net of `restoration_unet` from lightness to colours, which need fewer pixels.

    Args:
        filters: Sequence of integers, filters of each level. Defaults to
            `(32, 64, 128, 192)`.
        blocks: Integer, residual blocks a level, on each side. Defaults to 1.
        reduction: Integer, how many times smaller the images are that colours are found on.
            Defaults to 4; sides are multiples of `reduction * 2 ** len(filters)`.

    Returns:
        A `keras.Model`: RGB images `(N, H, W, 3)`, of which it sees the lightness (layer `"gray"`),
        to images as light in colours of its own. Its layer `"colors"` has a* and b* on the scale on
        which they are found, where the lightness is `"small_gray"`; `"enlarged"` has them in full.
    """
    inputs = keras.Input((None, None, 3), name="degraded")
    gray = Luminance(dtype="float32", name="gray")(inputs)
    small = layers.AveragePooling2D(reduction, dtype="float32", name="small_gray")(gray)
    x = _unet(small, filters, blocks)
    # Begins gray: colours come from what is learnt.
    x = PixelShuffle(2, dtype="float32")(
        _conv(2 * 4, dtype="float32", kernel_initializer="zeros")(x)
    )
    colours = layers.Rescaling(100.0, dtype="float32", name="colors")(x)
    colours = Resize(reduction, smooth=True, dtype="float32", name="enlarged")(colours)
    outputs = Tint(dtype="float32", name="restored")([gray, colours])
    return keras.Model(inputs, outputs, name="colorization_unet")


def segmentation_unet(channels=3, filters=(16, 32, 64, 96, 96), blocks=1):
    """The U-Net of `restoration_unet` from images to masks.

    Args:
        channels: Integer, of the images. Defaults to 3.
        filters: Sequence of integers, filters of each level. Defaults to `(16, 32, 64, 96, 96)`.
        blocks: Integer, residual blocks a level, on each side. Defaults to 1.

    Returns:
        A `keras.Model`: `(N, H, W, channels)` to `(N, H, W, 1)`, from -1 (surely not) to 1.
    """
    inputs = keras.Input((None, None, channels), name="degraded")
    x = _conv(4, dtype="float32")(_unet(inputs, filters, blocks))
    x = PixelShuffle(2, dtype="float32")(x)
    outputs = layers.Activation("tanh", dtype="float32", name="mask")(x)
    return keras.Model(inputs, outputs, name="segmentation_unet")

"""Generators that turn an image of one kind into one of another kind, of the same size."""

import keras
from keras import layers

from zoo.layers import BatchNorm, Dropout, InstanceNorm, ReflectionPadding, Resize, Translated


def translation_unet(
    input_channels=3,
    output_channels=3,
    filters=(64, 128, 256, 512, 512, 512, 512),
    dropout=0.5,
):
    """The U-Net of pix2pix, which halves the image once a level and doubles it again.

    It doubles by repeating pixels before a convolution, where the paper has transposed
    convolutions, which leave a checkerboard. Sizes must be multiples of `2 ** len(filters)`.

    Args:
        input_channels: Integer. Defaults to 3.
        output_channels: Integer. Defaults to 3.
        filters: Sequence of integers, filters of each level. Defaults to the paper's, without its
            eighth level, which leaves one pixel of 256.
        dropout: Float in [0, 1), of the three lowest levels of the decoder, the paper's noise.
            Defaults to 0.5.

    Returns:
        A `keras.Model`: `(N, H, W, input_channels)` to `(N, H, W, output_channels)` in [-1, 1].

    Reference:
        Isola et al. 2017, https://arxiv.org/abs/1611.07004, section 6.1.1; Odena et al. 2016,
        https://doi.org/10.23915/distill.00003 (checkerboards).
    """
    inputs = keras.Input((None, None, input_channels), name="image")
    x, skips = inputs, []
    for level, width in enumerate(filters):
        normed = 0 < level < len(filters) - 1  # neither the pixels nor the lowest level
        x = layers.Conv2D(width, 4, 2, padding="same", use_bias=not normed)(x)
        x = layers.LeakyReLU(0.2)(BatchNorm()(x) if normed else x)
        skips.append(x)
    skips.pop()
    for level, width in enumerate(reversed(filters[:-1])):
        x = layers.Conv2D(width, 3, padding="same", use_bias=False)(Resize(2)(x))
        x = BatchNorm()(x)
        # Its name, which stays the same in every copy, names its draws.
        x = Dropout(dropout, name=f"noise_{level}")(x) if dropout and level < 3 else x
        x = layers.Concatenate()([layers.ReLU()(x), skips.pop()])
    x = layers.Conv2D(output_channels, 3, padding="same", dtype="float32")(Resize(2)(x))
    outputs = Translated(dtype="float32", name="translated")(x)
    return keras.Model(inputs, outputs, name="translation_unet")


def translation_resnet(input_channels=3, output_channels=3, filters=64, blocks=9, name=None):
    """The generator of CycleGAN: residual blocks at a quarter of the size.

    It doubles by repeating pixels before a convolution (the paper: transposed convolutions).
    Sizes must be multiples of 4.

    Args:
        input_channels: Integer. Defaults to 3.
        output_channels: Integer. Defaults to 3.
        filters: Integer, at the full size; twice and four times as many below. Defaults to 64.
        blocks: Integer, residual blocks. Defaults to 9; 6 below 256 px, as in the paper.
        name: Name of the model. Defaults to `"translation_resnet"`.

    Returns:
        A `keras.Model`: `(N, H, W, input_channels)` to `(N, H, W, output_channels)` in [-1, 1].

    Reference:
        Zhu et al. 2017, https://arxiv.org/abs/1703.10593, section 7.2; Johnson et al. 2016,
        https://arxiv.org/abs/1603.08155.
    """
    inputs = keras.Input((None, None, input_channels), name="image")
    x = _normed(inputs, filters, 7)
    for width in (2 * filters, 4 * filters):
        x = layers.Conv2D(width, 3, 2, padding="same", use_bias=False)(x)
        x = layers.ReLU()(InstanceNorm()(x))
    for _ in range(blocks):
        y = _normed(_normed(x, 4 * filters, 3), 4 * filters, 3, activation=False)
        x = layers.Add()([x, y])
    for width in (2 * filters, filters):
        x = _normed(Resize(2)(x), width, 3)
    x = layers.Conv2D(output_channels, 7, dtype="float32")(ReflectionPadding(3)(x))
    outputs = Translated(dtype="float32", name="translated")(x)
    return keras.Model(inputs, outputs, name=name or "translation_resnet")


def _normed(x, filters, size, activation=True):
    x = layers.Conv2D(filters, size, use_bias=False)(ReflectionPadding(size // 2)(x))
    x = InstanceNorm()(x)
    return layers.ReLU()(x) if activation else x

"""Networks that paint an image in the style of another one."""

import keras
from keras import layers
from keras.initializers import VarianceScaling

from zoo.layers import (
    AdaptiveInstanceNorm,
    ChannelStatistics,
    ColorStatistics,
    ColorTransfer,
    DrawOver,
    ReflectionPadding,
    Resize,
)

_COLORS = 9  # what `ColorStatistics` says of an image


def style_encoder(filters=32, style_size=64):
    """From an image of any size to its style: what its features are like, wherever they are.

    Args:
        filters: Integer, of the first convolution; each further one has more. Defaults to 32.
        style_size: Integer, numbers of a style beside its colours. Defaults to 64.

    Returns:
        A `keras.Model`: `(N, H, W, 3)` to `(N, style_size + 9)`; the last nine are those of
        `zoo.layers.ColorStatistics`.

    Reference:
        Ghiasi et al. 2017, https://arxiv.org/abs/1705.06830, section 3 (a network that predicts
        styles); means and deviations in place of means alone.
    """
    inputs = keras.Input((None, None, 3), name="style_image")
    x, found = inputs, []
    for width in (1, 2, 4, 4):
        x = layers.Conv2D(width * filters, 3, 2, padding="same", activation="relu")(x)
        found.append(ChannelStatistics(dtype="float32")(x))
    # Statistics of images differ by hundredths at first; normalised, styles are told apart at once.
    x = layers.LayerNormalization(dtype="float32")(layers.Concatenate(dtype="float32")(found))
    x = layers.Dense(2 * style_size, activation="relu")(x)
    x = layers.LayerNormalization(dtype="float32")(layers.Dense(style_size)(x))
    style = layers.Concatenate(dtype="float32", name="style")(
        [x, ColorStatistics(dtype="float32")(inputs)]
    )
    return keras.Model(inputs, style, name="style_encoder")


def painter(filters=32, blocks=5, style_size=64):
    """From an image and a style to the image painted in that style.

    The image is given the colours of the style, and then is drawn over; before any training that
    alone is the result. Features are scaled and shifted as the style says, and are not normalised:
    the image has the contrast of the style already, a pixel depends on its surroundings alone, so
    that tiles fit, and no layer can make the gradient of a flat image any larger.

    Args:
        filters: Integer, at the full size; twice and four times as many below. Defaults to 32.
        blocks: Integer, residual blocks at a quarter of the size. Defaults to 5.
        style_size: As of `style_encoder`.

    Returns:
        A `keras.Model`: `[(N, H, W, 3), (N, style_size + 9), (N, 9)]`, where the last are the
        image's own `ColorStatistics`, to `(N, H, W, 3)` in [-1, 1]; sides are multiples of 4.

    Reference:
        Johnson et al. 2016, https://arxiv.org/abs/1603.08155 (the network); Perez et al. 2018,
        https://arxiv.org/abs/1709.07871 (scales and offsets that a condition decides); Odena et
        al. 2016, https://doi.org/10.23915/distill.00003 (resizing before convolutions).
    """
    image = keras.Input((None, None, 3), name="image")
    style = keras.Input((style_size + _COLORS,), name="style")
    colors = keras.Input((_COLORS,), name="colors")
    base = ColorTransfer(dtype="float32")([image, colors, style[:, style_size:]])

    def conv(x, width, size, strides=1, activation=True):
        # Nothing is normalised: features keep their size, and all styles begin nearly alike.
        kernel = VarianceScaling(2.0 if activation else 0.2)
        x = ReflectionPadding(size // 2)(x)
        x = layers.Conv2D(width, size, strides, use_bias=False, kernel_initializer=kernel)(x)
        film = AdaptiveInstanceNorm(normalize=False, kernel_initializer=VarianceScaling(0.1))
        x = film([x, style])
        return layers.LeakyReLU(0.2)(x) if activation else x

    x = conv(base, filters, 9)
    x = conv(conv(x, 2 * filters, 3, 2), 4 * filters, 3, 2)
    for _ in range(blocks):
        y = conv(conv(x, 4 * filters, 3), 4 * filters, 3, activation=False)
        x = layers.Add()([x, y])
    x = conv(conv(Resize(2)(x), 2 * filters, 3), filters, 3)
    x = conv(Resize(2)(x), filters, 3)
    drawing = layers.Conv2D(4, 3, kernel_initializer="zeros", dtype="float32")
    outputs = DrawOver(dtype="float32", name="painted")([base, drawing(ReflectionPadding(1)(x))])
    return keras.Model([image, style, colors], outputs, name="painter")


def stylizer(encoder, paint):
    """Join the two networks: images and style images to painted images.

    Args:
        encoder: `keras.Model` as of `style_encoder`.
        paint: `keras.Model` as of `painter`.

    Returns:
        A `keras.Model` with the weights of both, which are its layers of their names.
    """
    images = keras.Input((None, None, 3), name="images")
    styles = keras.Input((None, None, 3), name="styles")
    colors = ColorStatistics(dtype="float32")(images)
    return keras.Model([images, styles], paint([images, encoder(styles), colors]), name="stylizer")

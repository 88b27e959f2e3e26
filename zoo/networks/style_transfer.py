"""Networks that paint an image in the style of another one."""

import keras
from keras import layers

from zoo.layers import AdaptiveInstanceNorm, ChannelStatistics, ReflectionPadding, Resize


def style_encoder(filters=32, style_size=64):
    """From an image of any size to its style: what its features are like, wherever they are.

    Args:
        filters: Integer, of the first convolution; each further one has more. Defaults to 32.
        style_size: Integer, numbers in a style. Defaults to 64.

    Returns:
        A `keras.Model`: `(N, H, W, 3)` to `(N, style_size)`.

    Reference:
        Ghiasi et al. 2017, https://arxiv.org/abs/1705.06830, section 3 (a network that predicts
        styles); means and deviations in place of means alone.
    """
    inputs = keras.Input((None, None, 3), name="style_image")
    x, found = inputs, []
    for width in (1, 2, 4, 4):
        x = layers.Conv2D(width * filters, 3, 2, padding="same", activation="relu")(x)
        found.append(ChannelStatistics(dtype="float32")(x))
    x = layers.Dense(2 * style_size, activation="relu")(layers.Concatenate()(found))
    return keras.Model(inputs, layers.Dense(style_size, name="style")(x), name="style_encoder")


def painter(filters=32, blocks=5, style_size=64):
    """From an image and a style to the image painted in that style.

    Args:
        filters: Integer, at the full size; twice and four times as many below. Defaults to 32.
        blocks: Integer, residual blocks at a quarter of the size. Defaults to 5.
        style_size: Integer, numbers in a style. Defaults to 64.

    Returns:
        A `keras.Model`: `[(N, H, W, 3), (N, style_size)]` to `(N, H, W, 3)` in [-1, 1]; sides are
        multiples of 4.

    Reference:
        Johnson et al. 2016, https://arxiv.org/abs/1603.08155 (the network); Odena et al. 2016,
        https://doi.org/10.23915/distill.00003 (resizing before convolutions).
    """
    image = keras.Input((None, None, 3), name="image")
    style = keras.Input((style_size,), name="style")

    def conv(x, width, size, strides=1, activation=True):
        x = layers.Conv2D(width, size, strides, use_bias=False)(ReflectionPadding(size // 2)(x))
        x = AdaptiveInstanceNorm()([x, style])
        return layers.ReLU()(x) if activation else x

    x = conv(image, filters, 9)
    x = conv(conv(x, 2 * filters, 3, 2), 4 * filters, 3, 2)
    for _ in range(blocks):
        y = conv(conv(x, 4 * filters, 3), 4 * filters, 3, activation=False)
        x = layers.Add()([x, y])
    x = conv(conv(Resize(2)(x), 2 * filters, 3), filters, 3)
    x = conv(Resize(2)(x), filters, 3)
    x = layers.Conv2D(3, 9, dtype="float32")(ReflectionPadding(4)(x))
    outputs = layers.Activation("tanh", dtype="float32", name="painted")(x)
    return keras.Model([image, style], outputs, name="painter")


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
    return keras.Model([images, styles], paint([images, encoder(styles)]), name="stylizer")

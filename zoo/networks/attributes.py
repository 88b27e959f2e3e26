"""Networks that change attributes of a face, and that see them."""

import keras
from keras import layers

from zoo.layers import (
    AdaptiveInstanceNorm,
    GaussianNoise,
    InstanceNorm,
    MaskedChange,
    ReflectionPadding,
    Resize,
)
from zoo.networks.discriminators import spectrally_bounded


def attribute_editor(attribute_count, filters=32, blocks=4):
    """From an image and changes of its attributes to the changed image.

    It draws a change and a mask, and keeps the pixels outside of the mask. It begins with next to
    no change.

    Args:
        attribute_count: Integer.
        filters: Integer, at the full size; twice and four times as many below. Defaults to 32.
        blocks: Integer, residual blocks at a quarter of the size. Defaults to 4.

    Returns:
        A `keras.Model`: `[(N, H, W, 3), (N, attribute_count)]` to `(N, H, W, 3)` in [-1, 1]; sides
        are multiples of 4. Its layer `"mask"` says where it changes something.

    Reference:
        Choi et al. 2018 (StarGAN), https://arxiv.org/abs/1711.09020, table 4; Pumarola et al. 2018
        (GANimation), https://arxiv.org/abs/1807.09251, section 4.1 (mask).
    """
    image = keras.Input((None, None, 3), name="images")
    changes = keras.Input((attribute_count,), name="attributes")
    style = layers.Dense(64, activation="relu")(changes)

    def conv(x, width, size, strides=1):
        x = layers.Conv2D(width, size, strides, use_bias=False)(ReflectionPadding(size // 2)(x))
        return layers.ReLU()(InstanceNorm()(x))

    def styled(x, width):
        x = layers.Conv2D(width, 3, use_bias=False)(ReflectionPadding(1)(x))
        return AdaptiveInstanceNorm()([x, style])

    x = conv(conv(conv(image, filters, 7), 2 * filters, 3, 2), 4 * filters, 3, 2)
    for _ in range(blocks):
        y = styled(layers.ReLU()(styled(x, 4 * filters)), 4 * filters)
        x = layers.Add()([x, y])
    for width in (2 * filters, filters):
        x = layers.ReLU()(styled(Resize(2)(x), width))
    x = ReflectionPadding(3)(x)
    small = keras.initializers.RandomNormal(stddev=1e-3)
    change = layers.Conv2D(
        3, 7, activation="tanh", kernel_initializer=small, dtype="float32", name="change"
    )(x)
    mask = layers.Conv2D(1, 7, activation="sigmoid", dtype="float32", name="mask")(x)
    outputs = MaskedChange(dtype="float32", name="edited")([image, change, mask])
    return keras.Model([image, changes], outputs, name="attribute_editor")


def attribute_discriminator(attribute_count, filters=32, levels=4, noise=0.0):
    """Tell real from edited patches, and see the attributes of an image.

    Args:
        attribute_count: Integer.
        filters: Integer, of the first convolution. Defaults to 32.
        levels: Integer, halvings of the size. Defaults to 4.
        noise: Float, deviation of the normal noise through which images are seen in training.
            Defaults to 0.

    Returns:
        A `keras.Model`: `(N, H, W, 3)` to a list of a map of logits and the logits of the
        attributes `(N, attribute_count)`. Every convolution is spectrally normalised; attributes
        are seen in 4 x 4 places.

    Reference:
        Choi et al. 2018, https://arxiv.org/abs/1711.09020, table 5.
    """
    inputs = keras.Input((None, None, 3), name="image")
    x = GaussianNoise(noise, name="noise")(inputs) if noise else inputs
    for level in range(levels):
        layer = layers.Conv2D(filters * 2 ** min(level, 3), 4, 2, padding="same")
        x = layers.LeakyReLU(0.2)(spectrally_bounded(layer)(x))
    patches = spectrally_bounded(layers.Conv2D(1, 3, padding="same"))(x)
    patches = layers.Activation("linear", dtype="float32", name="patches")(patches)
    # Where things are matters, and layers of gain 1 leave the differences of faces small.
    places = layers.Flatten()(layers.Resizing(4, 4, antialias=True, dtype="float32")(x))
    seen = layers.Dense(4 * filters, activation="relu")(layers.LayerNormalization()(places))
    seen = layers.Dense(attribute_count, dtype="float32", name="seen")(seen)
    return keras.Model(inputs, [patches, seen], name="attribute_discriminator")

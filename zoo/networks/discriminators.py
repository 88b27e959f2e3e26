"""Discriminators: images in [-1, 1] in, float32 logits out (one an image, or a map of them)."""

import keras
from keras import layers

from zoo.layers import BatchNorm, CropLike, Resize


def vgg_discriminator(channels=3, filters=64, *, batch_norm=True):
    """The discriminator of SRGAN: eight convolutions that double the filters four times.

    The paper flattens a 6x6 map into a dense layer of 1,024, which fixes the crop to 96 px and
    holds most of the weights. Here a global average stands before that layer, so crops of any
    size of at least 16 px work.

    Args:
        channels: Integer, of the images. Defaults to 3.
        filters: Integer, of the first convolution. Defaults to the paper's 64.
        batch_norm: Bool. Defaults to `True` as in the paper; `False` with a gradient penalty.

    Returns:
        A `keras.Model`: `(N, H, W, channels)` to logits `(N, 1)`.

    Reference:
        Ledig et al. 2017, https://arxiv.org/abs/1609.04802, figure 4.
    """

    inputs = keras.Input((None, None, channels), name="image")
    x = layers.Conv2D(filters, 3, padding="same")(inputs)
    x = layers.LeakyReLU(0.2)(x)
    for width, strides in zip((1, 2, 2, 4, 4, 8, 8), (2, 1, 2, 1, 2, 1, 2), strict=True):
        x = layers.Conv2D(filters * width, 3, strides, padding="same", use_bias=not batch_norm)(x)
        x = BatchNorm()(x) if batch_norm else x
        x = layers.LeakyReLU(0.2)(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.LeakyReLU(0.2)(layers.Dense(filters * 16)(x))
    logits = layers.Dense(1, dtype="float32", name="logits")(x)
    return keras.Model(inputs, logits, name="vgg_discriminator")


def patch_discriminator(channels=3, filters=64, levels=3, *, spectral_norm=True, name=None):
    """A convolutional discriminator that judges overlapping patches (70 px for 3 levels).

    Args:
        channels: Integer, channels of what is judged (image and condition together). Defaults to 3.
        filters: Integer, of the first convolution. Defaults to 64.
        levels: Integer, stride-2 convolutions. Defaults to 3, patches of 70 px.
        spectral_norm: Bool, bound each layer's gain (https://arxiv.org/abs/1802.05957). Defaults
            to `True`.
        name: Name of the model. Defaults to `"patch_discriminator"`.

    Returns:
        A `keras.Model`: `(N, H, W, channels)` to a map of logits `(N, H / 8 - 2, W / 8 - 2, 1)`.

    Reference:
        Isola et al. 2017, https://arxiv.org/abs/1611.07004, section 3.2.2.
    """

    def conv(width, strides, **kwargs):
        layer = layers.Conv2D(width, 4, strides, **kwargs)
        return spectrally_bounded(layer) if spectral_norm else layer

    def pad(x):
        return layers.ZeroPadding2D(1)(x)

    inputs = keras.Input((None, None, channels), name="image")
    x = layers.LeakyReLU(0.2)(conv(filters, 2)(pad(inputs)))
    for level in range(1, levels):
        x = layers.LeakyReLU(0.2)(conv(filters * min(2**level, 8), 2)(pad(x)))
    x = layers.LeakyReLU(0.2)(conv(filters * min(2**levels, 8), 1)(pad(x)))
    logits = layers.Activation("linear", dtype="float32", name="logits")(conv(1, 1)(pad(x)))
    return keras.Model(inputs, logits, name=name or "patch_discriminator")


def global_and_local_discriminator(channels=3, filters=64):
    """Judge an image as a whole, and each of its patches.

    Args:
        channels: Integer, channels of what is judged. Defaults to 3.
        filters: Integer, of the first convolutions. Defaults to 64.

    Returns:
        A `keras.Model`: `(N, H, W, channels)` to a list of logits `(N, 1)`, of the whole, and the
        map of `patch_discriminator`. Every layer is spectrally normalised.

    Reference:
        Iizuka et al. 2017, https://doi.org/10.1145/3072959.3073659, section 3.3. There the local
        discriminator sees the one patch around the hole; holes of any shape have none.
    """
    inputs = keras.Input((None, None, channels), name="image")
    x = inputs
    for width in (1, 2, 4, 8, 8):
        layer = layers.Conv2D(filters * width, 5, 2, padding="same")
        x = layers.LeakyReLU(0.2)(spectrally_bounded(layer)(x))
    x = layers.GlobalAveragePooling2D()(x)
    whole = spectrally_bounded(layers.Dense(1))(x)
    whole = layers.Activation("linear", dtype="float32", name="whole")(whole)
    patches = patch_discriminator(channels, filters)(inputs)
    return keras.Model(inputs, [whole, patches], name="global_and_local_discriminator")


def unet_discriminator(channels=3, filters=64):
    """A spectrally normalised U-Net that judges every pixel by the 64 px around it.

    Where a single logit says that texture is wrong somewhere, a map says where.

    Args:
        channels: Integer, of the images. Defaults to 3.
        filters: Integer, of the first convolution. Defaults to the paper's 64.

    Returns:
        A `keras.Model`: `(N, H, W, channels)` to logits `(N, H, W, 1)`.

    Reference:
        Wang et al. 2021 (Real-ESRGAN), https://arxiv.org/abs/2107.10833, section 3.3.
    """

    def conv(x, width, size=3, strides=1):
        layer = layers.Conv2D(width, size, strides, padding="same", use_bias=False)
        return layers.LeakyReLU(0.2)(spectrally_bounded(layer)(x))

    inputs = keras.Input((None, None, channels), name="image")
    x = layers.LeakyReLU(0.2)(layers.Conv2D(filters, 3, padding="same")(inputs))
    skips = []
    for width in (2, 4, 8):
        skips.append(x)
        x = conv(x, filters * width, 4, 2)
    for width in (4, 2, 1):
        skip = skips.pop()
        x = CropLike()([Resize(smooth=True)(x), skip])
        x = layers.Add()([conv(x, filters * width), skip])
    x = conv(conv(x, filters), filters)
    logits = layers.Conv2D(1, 3, padding="same", dtype="float32", name="logits")(x)
    return keras.Model(inputs, logits, name="unet_discriminator")


def spectrally_bounded(layer):
    """Wrap `layer` in spectral normalisation in float32, whatever the layer computes in.

    Keras writes the normalised kernel back: in bfloat16 that would round away what an optimizer
    has just added.
    """
    return layers.SpectralNormalization(layer, dtype="float32")

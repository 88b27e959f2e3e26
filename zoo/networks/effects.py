"""Networks that put an image into another moment: blurred by motion, lit from elsewhere."""

import keras
from keras import layers

from zoo.layers import AdaptiveInstanceNorm, Coordinates, PixelShuffle, PixelUnshuffle


def effect_renderer(effect_count=5, filters=48, blocks=4, coordinates=True, name="effect_renderer"):
    """From an image and what describes a frame to the frame.

    The image is corrected by a gain and an offset of each value, as light is a product; the network
    works at half the size. Normalising would hide how bright an image is, so the effects scale and
    shift features that are not normalised.

    Args:
        effect_count: Integer, numbers that describe a frame. Defaults to 5.
        filters: Integer. Defaults to 48.
        blocks: Integer, residual blocks. Defaults to 4.
        coordinates: Bool, whether the network is told where each pixel lies. Defaults to `True`.
        name: String. Defaults to `"effect_renderer"`.

    Returns:
        A `keras.Model`: `[(N, H, W, 3), (N, effect_count)]` to `(N, H, W, 3)`; sides are even.

    Reference:
        Perez et al. 2018 (FiLM), https://arxiv.org/abs/1709.07871, equation 2.
    """
    image = keras.Input((None, None, 3), name="images")
    described = keras.Input((effect_count,), name="effects")
    style = layers.Dense(64, activation="relu")(described)
    style = layers.Dense(64, activation="relu")(style)

    def modulated(x):
        x = layers.Conv2D(filters, 3, padding="same")(x)
        return AdaptiveInstanceNorm(normalize=False)([x, style])

    x = PixelUnshuffle(2)(Coordinates()(image) if coordinates else image)
    x = layers.ReLU()(modulated(x))
    for _ in range(blocks):
        y = modulated(layers.ReLU()(modulated(x)))
        x = layers.ReLU()(layers.Add()([x, y]))
    gain, offset = (
        PixelShuffle(2, dtype="float32")(
            layers.Conv2D(12, 3, padding="same", dtype="float32", kernel_initializer="zeros")(x)
        )
        for _ in range(2)
    )
    scaled = layers.Multiply(dtype="float32")([image, gain])
    outputs = layers.Add(dtype="float32", name="frame")([image, scaled, offset])
    return keras.Model([image, described], outputs, name=name)

"""Networks that put an image into another moment: blurred by motion, lit from elsewhere."""

import keras
import numpy as np
from keras import layers

from zoo.layers import (
    AdaptiveInstanceNorm,
    Coordinates,
    DynamicFilter,
    PixelShuffle,
    PixelUnshuffle,
)


def effect_renderer(
    effect_count=5,
    filters=48,
    blocks=4,
    coordinates=True,
    kernel_size=None,
    name="effect_renderer",
):
    """From an image and what describes a frame to the frame.

    The image is corrected by a gain and an offset of each value, as light is a product; the network
    works at half the size. Normalising would hide how bright an image is, so the effects scale and
    shift features that are not normalised. Features that are scaled hardly learn to blur in a
    direction that is told by two numbers; a kernel that is made of the numbers does.

    Args:
        effect_count: Integer, numbers that describe a frame. Defaults to 5.
        filters: Integer. Defaults to 48.
        blocks: Integer, residual blocks. Defaults to 4.
        coordinates: Bool, whether the network is told where each pixel lies. Defaults to `True`.
        kernel_size: Odd integer, side in px of the kernel that blurs the image first, or `None` for
            a network that does not. Defaults to `None`.
        name: String. Defaults to `"effect_renderer"`.

    Returns:
        A `keras.Model`: `[(N, H, W, 3), (N, effect_count)]` to `(N, H, W, 3)`; sides are even.

    Raises:
        ValueError: If `kernel_size` is not odd.

    Reference:
        Perez et al. 2018 (FiLM), https://arxiv.org/abs/1709.07871, equation 2; De Brabandere et al.
        2016, https://arxiv.org/abs/1605.09673, section 3.2 (the kernel, one for all pixels).
    """
    if kernel_size is not None and (kernel_size < 1 or kernel_size % 2 == 0):
        raise ValueError(f"`kernel_size` must be odd, or None. Received: {kernel_size!r}")
    image = keras.Input((None, None, 3), name="images")
    described = keras.Input((effect_count,), name="effects")
    style = layers.Dense(64, activation="relu")(described)
    style = layers.Dense(64, activation="relu")(style)
    start = image if kernel_size is None else _blurred(image, described, kernel_size)

    def modulated(x):
        x = layers.Conv2D(filters, 3, padding="same")(x)
        return AdaptiveInstanceNorm(normalize=False)([x, style])

    x = PixelUnshuffle(2)(Coordinates()(start) if coordinates else start)
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
    scaled = layers.Multiply(dtype="float32")([start, gain])
    outputs = layers.Add(dtype="float32", name="frame")([start, scaled, offset])
    return keras.Model([image, described], outputs, name=name)


def _blurred(image, described, size):
    """The image under a kernel without negative values, of sum 1, that is made of numbers."""
    x = described  # read apart: what light wants of shared features is louder, and kernels stay
    for _ in range(2):
        x = layers.Dense(64, activation="relu")(x)
    # Its middle begins with about half of the whole: a sharper kernel hardly learns.
    start = np.zeros(size * size)
    start[size * size // 2] = np.log(size * size)
    start = keras.initializers.Constant(start)
    scores = layers.Dense(size * size, bias_initializer=start, dtype="float32", name="kernel")(x)
    return DynamicFilter(size, softmax=True, name="blurred")([image, scores])

"""Generators for super-resolution: images in [-1, 1] in, images `scale` times larger out.

The last layer computes in float32 under every dtype policy, so that 8-bit levels survive.
"""

import keras
from keras import layers

from zoo.layers import BatchNorm, PixelShuffle, Resize


def _conv(filters, size=3, **kwargs):
    return layers.Conv2D(filters, size, padding="same", **kwargs)


def _stages(scale):
    """The paper upsamples by sub-pixel steps of 2 (or one of 3)."""
    if scale not in (1, 2, 3, 4, 8):
        raise ValueError(
            f"`scale` must be 1, 2, 3, 4 or 8 (sub-pixel steps of 2 or 3). Received: scale={scale}"
        )
    return {1: (), 2: (2,), 3: (3,), 4: (2, 2), 8: (2, 2, 2)}[scale]


def srresnet(scale=4, channels=3, filters=64, blocks=16):
    """The generator of SRGAN, as in the paper: batch norm, PReLU, sub-pixel steps, 9x9 ends.

    Args:
        scale: Integer, 1, 2, 3, 4 or 8. Defaults to 4.
        channels: Integer, of the images. Defaults to 3.
        filters: Integer. Defaults to the paper's 64.
        blocks: Integer, residual blocks. Defaults to the paper's 16.

    Returns:
        A `keras.Model`: `(N, H, W, channels)` to `(N, H scale, W scale, channels)`.

    Reference:
        Ledig et al. 2017, https://arxiv.org/abs/1609.04802, figure 4.
    """

    def prelu():
        return layers.PReLU(shared_axes=[1, 2])

    stages = _stages(scale)
    inputs = keras.Input((None, None, channels), name="degraded")
    x = first = prelu()(_conv(filters, 9)(inputs))
    for _ in range(blocks):
        y = prelu()(BatchNorm()(_conv(filters)(x)))
        x = layers.Add()([x, BatchNorm()(_conv(filters)(y))])
    x = layers.Add()([first, BatchNorm()(_conv(filters)(x))])
    for step in stages:
        x = prelu()(PixelShuffle(step)(_conv(filters * step**2)(x)))
    outputs = _conv(channels, 9, dtype="float32", name="restored")(x)
    return keras.Model(inputs, outputs, name="srresnet")


def compact_srresnet(scale=4, channels=3, filters=64, blocks=8):
    """A residual network that works at low resolution only: the choice for serving.

    SRResNet without batch norm (Lim et al. found that it costs range and memory), one sub-pixel
    convolution straight to the output size, and the enlarged input added at the end, so that the
    network learns the difference. At 64 filters and 8 blocks it costs a tenth of `srresnet`.

    Args:
        scale: Integer. Defaults to 4.
        channels: Integer, of the images. Defaults to 3.
        filters: Integer. Defaults to 64.
        blocks: Integer, residual blocks. Defaults to 8.

    Returns:
        A `keras.Model`: `(N, H, W, channels)` to `(N, H scale, W scale, channels)`.

    Reference:
        Lim et al. 2017, https://arxiv.org/abs/1707.02921, section 3.1 (no batch norm);
        Shi et al. 2016, https://arxiv.org/abs/1609.05158 (sub-pixel convolution).
    """
    _stages(scale)
    inputs = keras.Input((None, None, channels), name="degraded")
    x = first = _conv(filters)(inputs)
    for _ in range(blocks):
        y = _conv(filters)(_conv(filters, activation="relu")(x))
        x = layers.Add()([x, y])
    x = layers.Add()([first, _conv(filters)(x)])
    x = _conv(channels * scale**2, dtype="float32", kernel_initializer="zeros")(x)
    enlarged = Resize(scale, dtype="float32")(inputs)
    correction = PixelShuffle(scale, dtype="float32")(x)
    outputs = layers.Add(dtype="float32", name="restored")([correction, enlarged])
    return keras.Model(inputs, outputs, name="compact_srresnet")


def rrdbnet(scale=4, channels=3, filters=64, blocks=23, growth=32):
    """The generator of ESRGAN: residual-in-residual dense blocks, nearest-neighbour upsampling.

    Args:
        scale: Integer, 1, 2, 3, 4 or 8. Defaults to 4.
        channels: Integer, of the images. Defaults to 3.
        filters: Integer. Defaults to the paper's 64.
        blocks: Integer, residual-in-residual blocks. Defaults to the paper's 23.
        growth: Integer, filters that each dense convolution adds. Defaults to 32.

    Returns:
        A `keras.Model`: `(N, H, W, channels)` to `(N, H scale, W scale, channels)`.

    Reference:
        Wang et al. 2018, https://arxiv.org/abs/1809.00219, section 3.1 and figure 4.
    """

    def leaky(x):
        return layers.LeakyReLU(0.2)(x)

    # Residual scaling 0.2 and small initial weights (a tenth of He's) keep 69 blocks stable.
    small = keras.initializers.VarianceScaling(0.02, "fan_in", "truncated_normal")

    def dense_block(x):
        features = [x]
        for _ in range(4):
            joined = layers.Concatenate()(features) if len(features) > 1 else x
            features.append(leaky(_conv(growth, kernel_initializer=small)(joined)))
        y = _conv(filters, kernel_initializer=small)(layers.Concatenate()(features))
        return layers.Add()([x, layers.Rescaling(0.2)(y)])

    stages = _stages(scale)
    inputs = keras.Input((None, None, channels), name="degraded")
    x = first = _conv(filters)(inputs)
    for _ in range(blocks):
        y = dense_block(dense_block(dense_block(x)))
        x = layers.Add()([x, layers.Rescaling(0.2)(y)])
    x = layers.Add()([first, _conv(filters)(x)])
    for step in stages:
        x = leaky(_conv(filters)(Resize(step)(x)))
    x = leaky(_conv(filters)(x))
    outputs = _conv(channels, dtype="float32", name="restored")(x)
    return keras.Model(inputs, outputs, name="rrdbnet")

"""Generators that fill holes: an image and its mask in, the completed image out."""

import keras
from keras import layers

from zoo.layers import (
    Complete,
    Gate,
    Over,
    PixelShuffle,
    PixelUnshuffle,
    Premultiply,
    Resize,
    Saturate,
    Unpremultiply,
)

_REACH = 3  # how often colours spread by two pixels at the smallest size
_RELAXATIONS = 2  # steps towards the membrane at each size
_GAIN = 4.9  # keeps the second moment of what goes through ELU and gate, from normal inputs


def gated_unet(channels=3, filters=(32, 64, 128, 128), dilations=(1, 2, 5)):
    """A U-Net of gated convolutions with dilated ones in the middle.

    Holes begin as what is around them, smoothly continued (`smooth_fill`), so that the network has
    to draw only what differs from it. The first level works at half resolution (pixel-unshuffle)
    and each further one at half of that; the dilated convolutions see across large holes. Sizes
    must be multiples of `2 ** len(filters)`.

    Args:
        channels: Integer, of the image. Defaults to 3.
        filters: Sequence of integers, filters of each level. Defaults to
            `(32, 64, 128, 128)`.
        dilations: Sequence of integers, of the convolutions at the lowest level. Defaults to
            `(1, 2, 5)`, which leave no grid (Wang et al. 2018, https://arxiv.org/abs/1702.08502,
            section 3.2).

    Returns:
        A `keras.Model`: images with the mask (1 = hole) as last channel, `(N, H, W, channels + 1)`,
        to completed images `(N, H, W, channels)`; its layer `"drawn"` has what it would put
        everywhere.

    Reference:
        Yu et al. 2019 (DeepFill v2), https://arxiv.org/abs/1806.03589, section 3.1; one stage, with
        the skips of Ronneberger et al. 2015, https://arxiv.org/abs/1505.04597.
    """
    inputs = keras.Input((None, None, channels + 1), name="masked")
    drawn = _drawn(inputs, smooth_fill(inputs, len(filters)), filters, dilations, "drawn")
    outputs = Complete(dtype="float32", name="restored")([inputs, drawn])
    return keras.Model(inputs, outputs, name="gated_unet")


def coarse_to_fine(channels=3, filters=(32, 64, 128, 128), dilations=(1, 2, 5)):
    """Two networks of the kind of `gated_unet`: one fills holes at half the size, one refines.

    The first sees twice as far for a quarter of the cost; the second sees the image with the first
    one's drawing in the holes, and the mask. Sizes must be multiples of `2 ** (len(filters) + 1)`.

    Args:
        channels: Integer, of the image. Defaults to 3.
        filters: Sequence of integers, filters of each level. Defaults to
            `(32, 64, 128, 128)`.
        dilations: Sequence of integers, of the convolutions at the lowest level. Defaults to
            `(1, 2, 5)`, which leave no grid (Wang et al. 2018, https://arxiv.org/abs/1702.08502,
            section 3.2).

    Returns:
        A `keras.Model` as `gated_unet` returns, with one more layer, `"coarse"`: what the first
        network would put everywhere, enlarged.

    Reference:
        Yu et al. 2018 (DeepFill), https://arxiv.org/abs/1801.07892, section 3.1 and figure 2,
        without attention.
    """
    inputs = keras.Input((None, None, channels + 1), name="masked")
    # A pixel of the small image is a hole if all of its four are.
    halved = layers.AveragePooling2D(2, dtype="float32")(Premultiply(dtype="float32")(inputs))
    halved = Saturate(dtype="float32")(halved)
    holes = layers.Rescaling(-1.0, 1.0, dtype="float32")(halved[..., -1:])
    small = layers.Concatenate(dtype="float32")([halved[..., :-1], holes])
    x = _drawn(small, smooth_fill(small, len(filters)), filters, dilations, "small")
    coarse = Resize(2, smooth=True, dtype="float32", name="coarse")(x)
    completed = Complete(dtype="float32", name="completed")([inputs, coarse])
    seen = layers.Concatenate(dtype="float32")([completed, inputs[..., -1:]])
    drawn = _drawn(seen, completed, filters, dilations, "drawn")
    outputs = Complete(dtype="float32", name="restored")([inputs, drawn])
    return keras.Model(inputs, outputs, name="coarse_to_fine")


def _drawn(masked, begun, filters, dilations, name):
    """Gated levels: images with their mask, and these begun, to what should be drawn everywhere."""
    x = layers.Concatenate()([masked, begun])
    x = _gated(PixelUnshuffle(2)(x), filters[0])
    skips = []
    for width in filters[1:]:
        skips.append(x)
        x = _gated(_gated(x, width, strides=2), width)
    for dilation in dilations:
        x = layers.Add()([x, _gated(x, filters[-1], dilation_rate=dilation)])
    for width in reversed(filters[:-1]):
        # Shuffled pixels of an adversary's liking would be stripes.
        x = Resize(2)(layers.Conv2D(width, 1)(x))
        x = _gated(layers.Concatenate()([x, skips.pop()]), width)
    # Training begins with what is begun.
    x = layers.Conv2D(
        4 * begun.shape[-1], 3, padding="same", kernel_initializer="zeros", dtype="float32"
    )(x)
    x = PixelShuffle(2, dtype="float32")(x)
    return layers.Add(dtype="float32", name=name)([begun, x])


def smooth_fill(masked, levels):
    """Continue images into their holes: averages of what is visible, from coarse to fine.

    At each size, holes are drawn towards the averages of their neighbours, as a membrane that is
    fixed at what is visible would be.

    Args:
        masked: Symbolic images with the mask (1 = hole) as last channel, `(N, H, W, C + 1)`.
        levels: Integer, halvings of the size; sides are multiples of `2 ** levels`. Where nothing
            is visible within about `9 * 2 ** levels` pixels, the result is 0, to which it begins to
            fall at half of that.

    Returns:
        Symbolic images `(N, H, W, C)`; what is visible is unchanged.

    Reference:
        Gortler et al. 1996 (pull-push), https://doi.org/10.1145/237170.237200, section 3.4.
    """
    visible = [Premultiply(dtype="float32")(masked)]
    for _ in range(levels):
        halved = layers.AveragePooling2D(2, dtype="float32")(visible[-1])
        visible.append(Saturate(dtype="float32")(halved))
    wide = layers.AveragePooling2D(5, 1, "same", dtype="float32")(visible.pop())
    for _ in range(_REACH - 1):
        near = Saturate(dtype="float32")(wide)
        behind = layers.AveragePooling2D(5, 1, "same", dtype="float32")(near)
        wide = Over(dtype="float32")([near, behind])
    filled = Unpremultiply(dtype="float32")(wide)
    while visible:
        near, behind = visible.pop(), Resize(2, smooth=True, dtype="float32")(filled)
        filled = Over(dtype="float32")([near, behind])
        for _ in range(_RELAXATIONS):
            behind = layers.AveragePooling2D(3, 1, "same", dtype="float32")(filled)
            filled = Over(dtype="float32")([near, behind])
    return filled


def _gated(x, filters, **kwargs):
    """A gated convolution that leaves features as large as they are, on average over all."""
    initializer = keras.initializers.VarianceScaling(_GAIN, "fan_in", "truncated_normal")
    conv = layers.Conv2D(2 * filters, 3, padding="same", kernel_initializer=initializer, **kwargs)
    return Gate()(conv(x))

"""Networks that work on regions of images: see `zoo.layers.region_boxes`."""

import math

import keras
from keras import layers

from zoo.layers import BatchNorm
from zoo.layers.position import PixelPositions, PositionEncoding
from zoo.layers.regions import AssembleRegions, RegionLatents, SplitRegions, StackRegions
from zoo.networks.convolutional import doubling, initial_weights
from zoo.networks.discriminators import spectrally_bounded


def local_discriminator(boxes, channels=3, filters=32, *, shared=False, spectral_norm=False):
    """Judge regions: strided convolutions down to a map of at most 5 px, and a logit each.

    Without batch normalisation, so that each logit depends on one region of one image.

    Args:
        boxes: Regions of one size, as of `zoo.layers.region_boxes`.
        channels: Integer, of the images. Defaults to 3.
        filters: Integer, of the first convolution; each further one has twice as many. Defaults
            to 32.
        shared: Bool, one network for all regions, which is told the place of each pixel. Defaults
            to `False`: each region has a network of its own.
        spectral_norm: Bool, bound each layer's gain. Defaults to `False`.

    Returns:
        A `keras.Model`: regions `(N R, height, width, channels)`, as of `zoo.layers.CropRegions`,
        to a list of R logits `(N, 1)`.
    """
    count, size = len(boxes), tuple(boxes[0][2:])
    regions = keras.Input((*size, channels), name="regions")
    split = SplitRegions(count, dtype="float32", name="by_region")
    if shared:
        placed = PixelPositions(boxes)(regions)
        logits = split(_logit(placed, filters, spectral_norm))
    else:
        logits = [_logit(region, filters, spectral_norm) for region in split(regions)]
    return keras.Model(regions, logits, name="local_discriminator")


def _logit(x, filters, spectral_norm):
    def bounded(layer):
        return spectrally_bounded(layer) if spectral_norm else layer

    side = max(x.shape[1:3])
    for level in range(max(1, math.ceil(math.log2(side / 5)))):
        # The small weights of DCGAN rely on batch norm: without it, logits would stay at zero.
        convolution = layers.Conv2D(
            filters * 2**level, 4, 2, padding="same", kernel_initializer="he_normal"
        )
        x = layers.LeakyReLU(0.2)(bounded(convolution)(x))
    logit = bounded(layers.Dense(1))(layers.Flatten()(x))
    return layers.Activation("linear", dtype="float32")(logit)


def local_generator(
    boxes, channels=3, latent_size=100, filters=64, *, shared=True, local_latents=0
):
    """Make each region from noise and its position, and fade the regions into one image.

    All regions get the same noise, so that they agree on what to make, and some of their own.

    Args:
        boxes: Regions of one size that overlap, as of `zoo.layers.region_boxes`.
        channels: Integer, 1 for gray, 3 for colour (default).
        latent_size: Integer. Defaults to 100.
        filters: Integer, of the last hidden map of a region; each smaller one has twice as many.
            Defaults to 64.
        shared: Bool, one generator for all regions, which only differ by the position that it is
            given. Defaults to `True`; `False`: each region has a generator of its own.
        local_latents: Integer, how many of the latents each region has for itself: the last
            `len(boxes) * local_latents` of them. Defaults to 0.

    Returns:
        A `keras.Model`: latents `(N, latent_size)` to images in (-1, 1).

    Reference:
        Lin et al. 2019 (COCO-GAN), https://arxiv.org/abs/1904.00284, section 3.1.
    """
    count, size = len(boxes), tuple(boxes[0][2:])
    latents = keras.Input((latent_size,), name="latents")
    noise = RegionLatents(count, local_latents)(latents)
    places = PositionEncoding(boxes)(noise)
    if shared:
        regions = _region(noise, places, size, channels, filters)
    else:
        each = zip(SplitRegions(count)(noise), SplitRegions(count)(places), strict=True)
        parts = [_region(*inputs, size, channels, filters) for inputs in each]
        regions = StackRegions(dtype="float32")(parts)
    images = AssembleRegions(boxes, dtype="float32", name="images")(regions)
    return keras.Model(latents, images, name="local_generator")


def _region(noise, place, size, channels, filters):
    """The generator of DCGAN for a region of any size, which is told its place at each layer."""
    doublings = _doublings(max(size))
    height, width = (max(3, math.ceil(side / 2**doublings)) for side in size)
    filters *= 2 ** (doublings - 1)
    dense = layers.Dense(
        height * width * filters, use_bias=False, kernel_initializer=initial_weights()
    )
    x = dense(layers.Concatenate()([noise, place]))
    x = _placed(layers.Reshape((height, width, filters))(x), place)
    for _ in range(doublings - 1):
        filters //= 2
        x = _placed(doubling(filters, use_bias=False)(x), place)
    x = doubling(channels, activation="tanh", dtype="float32")(x)
    surplus = [made - side for made, side in zip(x.shape[1:3], size, strict=True)]
    margins = tuple((extra // 2, extra - extra // 2) for extra in surplus)
    return layers.Cropping2D(margins, dtype="float32")(x)


def _placed(x, place):
    """Batch normalisation whose scale and offset follow from the position, and ReLU."""
    # As one input of the first layer among many, the position is hardly heard.
    x = BatchNorm(momentum=0.9, center=False, scale=False)(x)
    scale, offset = (
        layers.Reshape((1, 1, x.shape[-1]))(
            layers.Dense(x.shape[-1], bias_initializer=start)(place)
        )
        for start in ("ones", "zeros")
    )
    return layers.ReLU()(layers.Add()([layers.Multiply()([x, scale]), offset]))


def _doublings(side):
    """How often a map of 3 to 9 px is doubled: as little surplus as can be, then as often."""
    choices = [times for times in range(1, 9) if 3 <= math.ceil(side / 2**times) <= 9]
    return min(choices or [1], key=lambda times: (math.ceil(side / 2**times) * 2**times, -times))

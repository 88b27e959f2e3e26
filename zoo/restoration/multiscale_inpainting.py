"""MultiScaleInpainting: fill holes coarsely, then finely, judged as a whole and by patches."""

import keras

from zoo.networks.discriminators import global_and_local_discriminator
from zoo.networks.inpainting import coarse_to_fine
from zoo.restoration.inpainting_gan import InpaintingGAN


@keras.saving.register_keras_serializable(package="zoo")
class MultiScaleInpainting(InpaintingGAN):
    """Fill large holes: a coarse generator at half the size, then a fine one.

    An `InpaintingGAN` with two generators, of which each must be close to the clean image, and two
    discriminators: one judges the whole image, whose composition has to be right, and one its
    patches, whose texture has to be. The game is lost by the sum over both.

    Args:
        channels: Integer, 3 for colour (default), 1 for gray.
        filters: Sequence of integers, filters of each level of both generators. Defaults to
            `(32, 64, 128, 128)`.
        **kwargs: `dilations`, `discriminator_filters`, `hole_weight`, `valid_weight`, `objective`
            of `InpaintingGAN`; `ema_halflife_images`, `seed`, `name` of `AdversarialModel`.

    Raises:
        ValueError: As of `InpaintingGAN`.

    Example:

    >>> model = MultiScaleInpainting(filters=(8, 16))
    >>> model(keras.ops.zeros((1, 16, 24, 4))).shape
    TensorShape([1, 16, 24, 3])

    Reference:
        Yu et al. 2018 (DeepFill), https://arxiv.org/abs/1801.07892, section 3.1 (coarse to fine);
        Iizuka et al. 2017, https://doi.org/10.1145/3072959.3073659, section 3.3 (global and local
        discriminators).
    """

    drawings = ("coarse", "drawn")
    task = "inpainting, coarse to fine"
    make_generator = staticmethod(coarse_to_fine)
    make_discriminator = staticmethod(global_and_local_discriminator)

    def __init__(self, channels=3, filters=(32, 64, 128, 128), **kwargs):
        super().__init__(channels, filters, **kwargs)

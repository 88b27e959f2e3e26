"""DenoisingGAN: remove noise whose strength is not known."""

import keras

from zoo.restoration.unet_gan import UNetGAN


@keras.saving.register_keras_serializable(package="zoo")
class DenoisingGAN(UNetGAN):
    """Remove noise with a residual U-Net and a discriminator of patches.

    The generator predicts the noise (residual learning); the adversary keeps it from smoothing
    texture away.

    Args:
        channels: Integer, 3 for colour (default), 1 for gray.
        filters: Sequence of integers, filters of each level. Defaults to `(32, 64, 96, 128)`.
        blocks: Integer, residual blocks a level, on each side. Defaults to 2.
        discriminator_filters: Integer, of the discriminator's first convolution. Defaults to
            64.
        objective: `zoo.PairedObjective`, or `None` for L1 + 1e-3 least-squares adversarial.
        **kwargs: `ema_halflife_images`, `seed`, `name` of `AdversarialModel`.

    Example:

    >>> model = DenoisingGAN(filters=(8, 16), blocks=1)
    >>> model(keras.ops.zeros((1, 16, 24, 3))).shape
    TensorShape([1, 16, 24, 3])

    Reference:
        Zhang et al. 2017 (DnCNN), https://arxiv.org/abs/1608.03981, equation 1 (residual
        learning); Isola et al. 2017, https://arxiv.org/abs/1611.07004, section 3.2.2 (patches).
    """

    task = "denoising"
    default_recipe = "denoise-blind"

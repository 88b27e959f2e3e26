"""DenoisingGAN: remove noise whose strength is not known."""

import keras

from zoo.core.objective import PairedObjective
from zoo.core.paired import PairedGAN
from zoo.losses import LeastSquares
from zoo.networks.discriminators import patch_discriminator
from zoo.networks.encoder_decoder import restoration_unet


@keras.saving.register_keras_serializable(package="zoo")
class DenoisingGAN(PairedGAN):
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

    def __init__(
        self,
        channels=3,
        filters=(32, 64, 96, 128),
        blocks=2,
        discriminator_filters=64,
        objective=None,
        **kwargs,
    ):
        super().__init__(
            restoration_unet(channels, filters, blocks),
            lambda: patch_discriminator(channels, discriminator_filters),
            objective,
            **kwargs,
        )
        self._architecture = {
            "channels": channels,
            "filters": list(filters),
            "blocks": blocks,
            "discriminator_filters": discriminator_filters,
        }

    @staticmethod
    def default_objective():
        """L1 and a weak least-squares adversary."""
        return PairedObjective(adversarial_loss=LeastSquares(), adversarial_weight=1e-3)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), **self._architecture}

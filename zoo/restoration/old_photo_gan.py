"""OldPhotoGAN: repair scratches, fading, blur and noise of old photographs in one pass."""

import keras

from zoo.core.objective import PairedObjective
from zoo.core.paired import PairedGAN
from zoo.losses import LeastSquares
from zoo.networks.discriminators import patch_discriminator
from zoo.networks.encoder_decoder import restoration_unet


@keras.saving.register_keras_serializable(package="zoo")
class OldPhotoGAN(PairedGAN):
    """Restore old photographs with a residual U-Net and a discriminator of patches.

    The U-Net has five levels, the lowest at 1/32 of the size, since fading and uneven light can
    be judged only from large surroundings, scratches and grain from small ones.

    Args:
        channels: Integer, 3 for colour (default; gray photographs stay gray only if the training
            pairs say so), 1 for gray.
        filters: Sequence of integers, filters of each level. Defaults to
            `(32, 64, 96, 128, 128)`.
        blocks: Integer, residual blocks a level, on each side. Defaults to 2.
        discriminator_filters: Integer, of the discriminator's first convolution. Defaults to
            64.
        objective: `zoo.PairedObjective`, or `None` for L1 + 1e-3 least-squares adversarial.
        **kwargs: `ema_halflife_images`, `seed`, `name` of `AdversarialModel`.

    Example:

    >>> model = OldPhotoGAN(filters=(8, 16), blocks=1)
    >>> model(keras.ops.zeros((1, 16, 24, 3))).shape
    TensorShape([1, 16, 24, 3])

    Reference:
        Wan et al. 2020, https://arxiv.org/abs/2004.09484 (the task, its degradations);
        Ronneberger et al. 2015, https://arxiv.org/abs/1505.04597 (the network).
    """

    task = "old photographs"
    default_recipe = "old-photo"

    def __init__(
        self,
        channels=3,
        filters=(32, 64, 96, 128, 128),
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

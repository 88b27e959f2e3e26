"""UNetGAN: a residual U-Net against a discriminator of patches."""

from zoo.core.objective import PairedObjective
from zoo.core.paired import PairedGAN
from zoo.losses import LeastSquares
from zoo.networks.discriminators import patch_discriminator
from zoo.networks.encoder_decoder import restoration_unet


class UNetGAN(PairedGAN):
    """Base class: restore images of the same size with a residual U-Net.

    A variant states what it is for, how large its U-Net is and, if it differs, its objective.

    Args:
        channels: Integer, 3 for colour (default), 1 for gray.
        filters: Sequence of integers, filters of each level. Defaults to the variant's
            `default_filters`.
        blocks: Integer, residual blocks a level, on each side. Defaults to the variant's
            `default_blocks`.
        discriminator_filters: Integer, of the discriminator's first convolution. Defaults to 64.
        objective: `zoo.PairedObjective`. Defaults to the variant's.
        **kwargs: `ema_halflife_images`, `seed`, `name` of `AdversarialModel`.
    """

    default_filters = (32, 64, 96, 128)
    default_blocks = 2
    #: Function of channels, filters and blocks that returns the generator.
    make_generator = staticmethod(restoration_unet)
    #: Channels that the discriminator sees beyond those of images.
    further_channels = 0

    def __init__(
        self,
        channels=3,
        filters=None,
        blocks=None,
        discriminator_filters=64,
        objective=None,
        **kwargs,
    ):
        filters = self.default_filters if filters is None else filters
        blocks = self.default_blocks if blocks is None else blocks
        super().__init__(
            self.make_generator(channels, filters, blocks),
            lambda: patch_discriminator(channels + self.further_channels, discriminator_filters),
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

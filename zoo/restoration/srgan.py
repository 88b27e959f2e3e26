"""SRGAN: photo-realistic single-image super-resolution."""

import keras

from zoo.core.objective import PairedObjective
from zoo.core.paired import PairedGAN
from zoo.losses import NonSaturating
from zoo.networks.discriminators import vgg_discriminator
from zoo.networks.super_resolution import compact_srresnet, srresnet


@keras.saving.register_keras_serializable(package="zoo")
class SRGAN(PairedGAN):
    """Enlarge images 2, 3 or 4 times with SRResNet and an adversary.

    The paper's content loss is the distance of VGG19 features, whose weights are downloaded: pass
    it in `objective`. The default needs no download: the pixel-wise error as content loss (the
    paper's SRGAN-MSE) and 1e-3 times the adversarial loss.

    Args:
        scale: Integer, 1, 2, 3, 4 or 8. Defaults to 4.
        channels: Integer, 3 for colour (default), 1 for gray.
        filters: Integer. Defaults to the paper's 64.
        blocks: Integer, residual blocks. Defaults to the paper's 16.
        compact: Bool. `True` takes `compact_srresnet`, which costs a tenth at inference. Defaults
            to `False`, the paper's network.
        discriminator_filters: Integer, of the discriminator's first convolution. Defaults to
            the paper's 64.
        objective: `zoo.PairedObjective`. `zoo.PairedObjective()` trains SRResNet: L1 alone.
        **kwargs: `ema_halflife_images`, `seed`, `name` of `AdversarialModel`.

    Example:

    >>> model = SRGAN(scale=2, filters=8, blocks=1)
    >>> model(keras.ops.zeros((1, 12, 16, 3))).shape
    TensorShape([1, 24, 32, 3])

    Reference:
        Ledig et al. 2017, https://arxiv.org/abs/1609.04802, equation 3 and figure 4.
    """

    task = "super-resolution"

    def __init__(
        self,
        scale=4,
        channels=3,
        filters=64,
        blocks=16,
        compact=False,
        discriminator_filters=64,
        objective=None,
        **kwargs,
    ):
        build = compact_srresnet if compact else srresnet
        super().__init__(
            build(scale, channels, filters, blocks),
            lambda: vgg_discriminator(channels, discriminator_filters),
            objective,
            **kwargs,
        )
        self.scale = scale
        self._architecture = {
            "scale": scale,
            "channels": channels,
            "filters": filters,
            "blocks": blocks,
            "compact": compact,
            "discriminator_filters": discriminator_filters,
        }

    @property
    def default_recipe(self):
        """Name of the recipe that makes this model's training pairs."""
        return f"bicubic-x{self.scale}"

    @staticmethod
    def default_objective():
        """Equation 3 with the pixel-wise content loss of equation 4."""
        return PairedObjective(
            pixel_loss=keras.losses.MeanSquaredError(),
            adversarial_loss=NonSaturating(),
            adversarial_weight=1e-3,
        )

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), **self._architecture}

"""ESRGAN: enhanced super-resolution GAN."""

import keras

from zoo.core.objective import PairedObjective
from zoo.core.paired import PairedGAN
from zoo.losses import RelativisticAverage
from zoo.networks.discriminators import unet_discriminator, vgg_discriminator
from zoo.networks.super_resolution import rrdbnet


@keras.saving.register_keras_serializable(package="zoo")
class ESRGAN(PairedGAN):
    """Enlarge images with RRDBNet and a relativistic adversary.

    The paper adds the distance of VGG19 features before activation with weight 1, whose weights
    are downloaded: pass it in `objective`. The default is the rest of equation 3.

    Args:
        scale: Integer, 1, 2, 3, 4 or 8. Defaults to 4.
        channels: Integer, 3 for colour (default), 1 for gray.
        filters: Integer. Defaults to the paper's 64.
        blocks: Integer, residual-in-residual dense blocks. Defaults to the paper's 23.
        growth: Integer, filters that each dense convolution adds. Defaults to the paper's 32.
        discriminator_filters: Integer, of the discriminator's first convolution. Defaults to
            the paper's 64.
        pixel_discriminator: Bool. `True` takes Real-ESRGAN's `unet_discriminator`, which judges
            every pixel. Defaults to `False`, the paper's, one logit an image.
        objective: `zoo.PairedObjective`, or `None` for the default.
        **kwargs: `ema_halflife_images`, `seed`, `name` of `AdversarialModel`.

    Example:

    >>> model = ESRGAN(scale=2, filters=8, blocks=1, growth=4)
    >>> model(keras.ops.zeros((1, 12, 16, 3))).shape
    TensorShape([1, 24, 32, 3])

    Reference:
        Wang et al. 2018, https://arxiv.org/abs/1809.00219, equations 1 to 3; Wang et al. 2021
        (Real-ESRGAN), https://arxiv.org/abs/2107.10833, with the recipe `real-esrgan-x4`.
    """

    task = "super-resolution"

    def __init__(
        self,
        scale=4,
        channels=3,
        filters=64,
        blocks=23,
        growth=32,
        discriminator_filters=64,
        pixel_discriminator=False,
        objective=None,
        **kwargs,
    ):
        adversary = unet_discriminator if pixel_discriminator else vgg_discriminator
        super().__init__(
            rrdbnet(scale, channels, filters, blocks, growth),
            lambda: adversary(channels, discriminator_filters),
            objective,
            **kwargs,
        )
        self.scale = scale
        self._architecture = {
            "scale": scale,
            "channels": channels,
            "filters": filters,
            "blocks": blocks,
            "growth": growth,
            "discriminator_filters": discriminator_filters,
            "pixel_discriminator": pixel_discriminator,
        }

    @property
    def default_recipe(self):
        """Name of the recipe that makes this model's training pairs."""
        return f"bicubic-x{self.scale}"

    @staticmethod
    def default_objective():
        """Equation 3 without its perceptual term: eta = 1e-2, lambda = 5e-3."""
        return PairedObjective(
            pixel_weight=1e-2,
            adversarial_loss=RelativisticAverage(),
            adversarial_weight=5e-3,
        )

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), **self._architecture}

"""DCGAN: generative adversarial networks with convolutions that train."""

import keras

from zoo.core import latents as distributions
from zoo.core.latent import LatentGAN
from zoo.networks.convolutional import dcgan_discriminator, dcgan_generator


@keras.saving.register_keras_serializable(package="zoo")
class DCGAN(LatentGAN):
    """Make images of 28 to 128 px with convolutions and batch normalisation.

    With a gradient penalty in `objective`, the discriminator has no batch normalisation, since
    then a logit must depend on one sample.

    Args:
        image_size: Integer, side in px: 3 to 7 times a power of two. Defaults to 64.
        channels: Integer, 1 for gray, 3 for colour (default).
        filters: Integer, of the largest hidden maps. Defaults to 64.
        spectral_norm: Bool, bound the gain of the discriminator's layers. Defaults to `False`.
        minibatch_deviation: Bool, show the discriminator how much samples differ. Defaults to
            `False`.
        latents: `zoo.latents.LatentDistribution`. Defaults to `None`: 100 numbers, uniform in
            [-1, 1] as in the paper.
        objective: `zoo.LatentObjective`, or `None` for the non-saturating loss.
        **kwargs: `ema_halflife_images`, `seed`, `name` of `AdversarialModel`.

    Example:

    >>> DCGAN(image_size=28, channels=1, filters=8).generate(2).shape
    (2, 28, 28, 1)

    Reference:
        Radford et al. 2015, https://arxiv.org/abs/1511.06434.
    """

    def __init__(
        self,
        image_size=64,
        channels=3,
        filters=64,
        spectral_norm=False,
        minibatch_deviation=False,
        latents=None,
        objective=None,
        **kwargs,
    ):
        latents = distributions.given_or(distributions.Uniform(100), latents)
        objective = objective or self.default_objective()
        super().__init__(
            dcgan_generator(image_size, channels, latents.size, filters),
            dcgan_discriminator(
                image_size,
                channels,
                filters,
                batch_norm=not (spectral_norm or objective.penalises_gradients),
                spectral_norm=spectral_norm,
                minibatch_deviation=minibatch_deviation,
            ),
            latents,
            objective,
            **kwargs,
        )
        self._architecture = {
            "image_size": image_size,
            "channels": channels,
            "filters": filters,
            "spectral_norm": spectral_norm,
            "minibatch_deviation": minibatch_deviation,
        }

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), **self._architecture}

"""GAN: the first generative adversarial network."""

import keras

from zoo.core import latents as distributions
from zoo.core.latent import LatentGAN
from zoo.networks.convolutional import perceptron_discriminator, perceptron_generator


@keras.saving.register_keras_serializable(package="zoo")
class GAN(LatentGAN):
    """Make images with two multilayer perceptrons, or with two networks of yours.

    The game is that of the paper in its non-saturating form; pass
    `zoo.LatentObjective(zoo.losses.Minimax())` for the one of equation 1.

    Args:
        image_shape: `(height, width, channels)`. Defaults to `(28, 28, 1)`.
        generator: Functional `keras.Model`, latents to images in [-1, 1]. Defaults to `None`: a
            perceptron of 256, 512 and 1,024 hidden units.
        discriminator: Functional `keras.Model`, images to logits. Defaults to `None`: a perceptron
            of 1,024, 512 and 256 hidden units with dropout.
        latents: `zoo.latents.LatentDistribution`. Defaults to `None`: 100 normal numbers.
        objective: `zoo.LatentObjective`, or `None` for the paper's.
        **kwargs: `ema_halflife_images`, `seed`, `name` of `AdversarialModel`.

    Example:

    >>> GAN(image_shape=(8, 8, 1)).generate(2).shape
    (2, 8, 8, 1)

    Reference:
        Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661, equation 1 and section 3.
    """

    def __init__(
        self,
        image_shape=(28, 28, 1),
        generator=None,
        discriminator=None,
        latents=None,
        objective=None,
        **kwargs,
    ):
        latents = distributions.given_or(distributions.Normal(100), latents)
        self._own = {"generator": generator, "discriminator": discriminator}
        super().__init__(
            generator or perceptron_generator(image_shape, latents.size),
            discriminator or perceptron_discriminator(image_shape),
            latents,
            objective,
            **kwargs,
        )

    def get_config(self):
        """The constructor's arguments."""
        own = {
            name: network and keras.saving.serialize_keras_object(network)
            for name, network in self._own.items()
        }
        return {**super().get_config(), "image_shape": self.image_shape, **own}

    @classmethod
    def from_config(cls, config):
        """Remake a model from `get_config()`."""
        deserialize = keras.saving.deserialize_keras_object
        own = {name: deserialize(config[name]) for name in ("generator", "discriminator")}
        return super().from_config({**config, **own})

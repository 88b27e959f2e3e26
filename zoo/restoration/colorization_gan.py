"""ColorizationGAN: colours for black-and-white photographs."""

import keras

from zoo.core.objective import PairedObjective
from zoo.core.paired import PairedGAN
from zoo.layers.color import rgb_to_lab
from zoo.losses import LeastSquares
from zoo.losses.reconstruction import replica_mean
from zoo.networks.discriminators import patch_discriminator
from zoo.networks.encoder_decoder import colorization_unet


@keras.saving.register_keras_serializable(package="zoo")
class ColorizationGAN(PairedGAN):
    """Colour gray photographs in CIELAB; every pixel stays exactly as light as it is.

    The network takes RGB images, of which it sees the lightness alone: gray files of one channel
    or of three, and toned or faded prints. What it predicts are a* and b*. `toned_network` makes
    the colours paler.

    Args:
        filters: Sequence of integers, filters of each level of the U-Net. Defaults to
            `(32, 64, 128, 192, 256)`: what a thing is, and so its colour, shows on a large scale.
        blocks: Integer, residual blocks a level, on each side. Defaults to 1.
        reduction: Integer, how many times smaller the images are that colours are found on: eyes
            see lightness finer, and the network sees farther for less. Defaults to 2.
        discriminator_filters: Integer, of the discriminator's first convolution. Defaults to 64.
        objective: `zoo.PairedObjective`, or `None` for L1 and a least-squares adversary of weight
            0.01. Its pixel loss compares a* and b*, in units of 100.
        **kwargs: `ema_halflife_images`, `seed`, `name` of `AdversarialModel`.

    Example:

    >>> model = ColorizationGAN(filters=(8, 16))
    >>> model(keras.ops.zeros((1, 16, 24, 3))).shape
    TensorShape([1, 16, 24, 3])

    Reference:
        Zhang et al. 2016, https://arxiv.org/abs/1603.08511, equation 1 (L1 in place of L2); Isola
        et al. 2017, https://arxiv.org/abs/1611.07004 (adversary).
    """

    task = "colourisation"
    upright = True
    default_recipe = "grayscale"

    def __init__(
        self,
        filters=(32, 64, 128, 192, 256),
        blocks=1,
        reduction=2,
        discriminator_filters=64,
        objective=None,
        **kwargs,
    ):
        super().__init__(
            colorization_unet(filters, blocks, reduction),
            lambda: patch_discriminator(3, discriminator_filters),
            objective,
            **kwargs,
        )
        self._architecture = {
            "filters": list(filters),
            "blocks": blocks,
            "reduction": reduction,
            "discriminator_filters": discriminator_filters,
        }

    @staticmethod
    def default_objective():
        """L1 of a* and b*, and a least-squares adversary."""
        return PairedObjective(adversarial_loss=LeastSquares(), adversarial_weight=0.01)

    def pixel_terms(self, batch):
        """Have the clean image's colours."""
        clean, restored = (
            rgb_to_lab(batch[name])[..., 1:] / 100.0 for name in ("clean", "restored")
        )
        colour = replica_mean(self.objective.pixel_loss, clean, restored)
        return {"color": self.objective.pixel_weight * colour}

    def toned_network(self, strength=1.0):
        """Return the inference network with its a* and b* multiplied.

        Args:
            strength: Float of at least 0; below 1 colours are paler, above 1 more vivid. Defaults
                to 1.

        Returns:
            A functional `keras.Model` that shares the weights.

        Raises:
            ValueError: If `strength` is negative.
        """
        if strength < 0:
            raise ValueError(f"`strength` must be at least 0. Received: {strength}")
        network = self.inference_network
        gray, colours = (network.get_layer(name).output for name in ("gray", "colors"))
        scaled = keras.layers.Rescaling(strength, dtype="float32")(colours)
        outputs = network.get_layer("restored")([gray, scaled])
        return keras.Model(network.input, outputs, name=network.name)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), **self._architecture}

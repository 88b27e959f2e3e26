"""ColorizationGAN: colours for black-and-white photographs."""

import functools
import math

import keras

from zoo.core.objective import PairedObjective
from zoo.core.paired import PairedGAN
from zoo.layers import Resize
from zoo.layers.color import Tint, rgb_to_lab
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

    With `photo_side`, `zoo.restore` looks at photographs that are larger than those of the training
    from as much further away, for things to be as large as they were there. What a colour follows
    from is then about as large as the photograph, which is coloured as a whole: the memory that
    takes grows with it. Calls, `zoo evaluate` and exports look from one distance, that of the
    training: `toned_network(reduction=16)` is one for photographs four times as large.

    Args:
        filters: Sequence of integers, filters of each level of the U-Net. Defaults to
            `(32, 64, 128, 192)`: what a thing is, and so its colour, shows on a large scale.
        blocks: Integer, residual blocks a level, on each side. Defaults to 1.
        reduction: Integer, how many times smaller the images are that colours are found on: eyes
            see lightness finer, and the network sees farther for less. Training compares images of
            that size. Defaults to 4.
        photo_side: Integer, longer side in px of the photographs that the training's crops are
            from, for `zoo.restore` to look at longer ones from further away: at a side of
            `2 ** (k - 1/2)` times that and more, `reduction` is multiplied by `2 ** k`. Defaults to
            `None`: all are looked at as in training.
        discriminator_filters: Integer, of the discriminator's first convolution. Defaults to 64.
        objective: `zoo.PairedObjective`, or `None` for L1 and a least-squares adversary of weight
            0.01. Its pixel loss compares a* and b*, in units of 100.
        **kwargs: `ema_halflife_images`, `seed`, `name` of `AdversarialModel`.

    Raises:
        ValueError: If `photo_side` is less than 1.

    Example:

    >>> model = ColorizationGAN(filters=(8, 16))
    >>> model(keras.ops.zeros((1, 16, 32, 3))).shape
    TensorShape([1, 16, 32, 3])

    Reference:
        Zhang et al. 2016, https://arxiv.org/abs/1603.08511, equation 1 (L1 in place of L2); Isola
        et al. 2017, https://arxiv.org/abs/1611.07004 (adversary).
    """

    task = "colourisation"
    upright = True
    default_recipe = "grayscale"

    def __init__(
        self,
        filters=(32, 64, 128, 192),
        blocks=1,
        reduction=4,
        photo_side=None,
        discriminator_filters=64,
        objective=None,
        **kwargs,
    ):
        if photo_side is not None and photo_side < 1:
            raise ValueError(f"`photo_side` must be at least 1 px. Received: {photo_side}")
        super().__init__(
            colorization_unet(filters, blocks, reduction),
            lambda: patch_discriminator(3, discriminator_filters, levels=2),
            objective,
            **kwargs,
        )
        gray, colors = (self.generator.get_layer(name).output for name in ("small_gray", "colors"))
        outputs = [Tint(dtype="float32")([gray, colors]), colors]
        self._small = keras.Model(self.generator.input, outputs, name="small")
        self._reduction, self._photo_side = reduction, photo_side
        # One network for each strength and scale, as `zoo.restore` compiles each anew.
        self._toned = functools.lru_cache(maxsize=16)(self._toned_network)
        self._architecture = {
            "filters": list(filters),
            "blocks": blocks,
            "reduction": reduction,
            "photo_side": photo_side,
            "discriminator_filters": discriminator_filters,
        }

    @staticmethod
    def default_objective():
        """L1 of a* and b*, and a least-squares adversary."""
        return PairedObjective(adversarial_loss=LeastSquares(), adversarial_weight=0.01)

    def prepare(self, data, seed):
        """Unpack `(degraded, clean)`; shrink clean images to where colours are found."""
        batch = super().prepare(data, seed)
        return {**batch, "clean": keras.ops.average_pool(batch["clean"], self._reduction)}

    def forward(self, batch):
        """Find the colours, and the images that they make of the same size."""
        restored, colors = self._small(batch["degraded"], training=True)
        return {**batch, "restored": restored, "colors": colors}

    def pixel_terms(self, batch):
        """Have the clean image's colours."""
        clean = rgb_to_lab(batch["clean"])[..., 1:] / 100.0
        colour = replica_mean(self.objective.pixel_loss, clean, batch["colors"] / 100.0)
        return {"color": self.objective.pixel_weight * colour}

    def network_for(self, height, width):
        """Return the network that looks at a photograph of this size from where it should."""
        return self._network_for(height, width, strength=1.0)

    def _network_for(self, height, width, strength):
        further = 0
        if self._photo_side is not None:
            further = max(0, round(math.log2(max(height, width) / self._photo_side)))
        if (further, strength) == (0, 1.0):
            return self.inference_network
        return self._toned(strength, self._reduction * 2**further)

    def toned_network(self, strength=1.0, reduction=None):
        """Return the inference network with its a* and b* multiplied, or found on another scale.

        Args:
            strength: Float of at least 0; below 1 colours are paler, above 1 more vivid. Defaults
                to 1.
            reduction: Integer, how many times smaller images are looked at. Defaults to `None`,
                that of the training, and in `zoo.restore` what suits the photograph.

        Returns:
            A functional `keras.Model` that shares the weights.

        Raises:
            ValueError: If `strength` is negative, or `reduction` less than 1.

        Example:

        >>> model = ColorizationGAN(filters=(8, 16))
        >>> large = model.toned_network(0.8, reduction=8)
        >>> large(keras.ops.zeros((1, 32, 64, 3))).shape
        TensorShape([1, 32, 64, 3])
        """
        if strength < 0:
            raise ValueError(f"`strength` must be at least 0. Received: {strength}")
        if reduction is None:
            network = self._toned_network(strength, self._reduction)
            network.network_for = functools.partial(self._network_for, strength=strength)
            return network
        if not isinstance(reduction, int) or reduction < 1:
            raise ValueError(f"`reduction` must be an integer of at least 1. Received: {reduction}")
        return self._toned_network(strength, reduction)

    def _toned_network(self, strength, reduction):
        network = self.inference_network
        small, colors = (network.get_layer(name).output for name in ("small_gray", "colors"))
        gray = network.get_layer("gray").output
        pool = keras.layers.AveragePooling2D(reduction, dtype="float32")
        found = keras.Model(small, colors, name="colorizer")(pool(gray))
        scaled = keras.layers.Rescaling(strength, dtype="float32")(found)
        enlarged = Resize(reduction, smooth=True, dtype="float32")(scaled)
        outputs = network.get_layer("restored")([gray, enlarged])
        return keras.Model(network.input, outputs, name=network.name)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), **self._architecture}

"""InpaintingGAN: fill holes of any shape."""

import keras
import tensorflow as tf

from zoo.core.objective import PairedObjective
from zoo.core.paired import PairedGAN
from zoo.losses import Hinge, masked_mean
from zoo.networks.discriminators import patch_discriminator
from zoo.networks.inpainting import gated_unet


@keras.saving.register_keras_serializable(package="zoo")
class InpaintingGAN(PairedGAN):
    """Fill holes with gated convolutions and a discriminator of patches.

    Trains on pairs of a recipe that cuts holes, such as `lama-medium`: images with the mask (1 =
    hole) as last channel, and the whole images. Pixels outside of the holes come through
    unchanged, bit for bit. Fill the holes of photographs with `zoo.inpaint`.

    Args:
        channels: Integer, 3 for colour (default), 1 for gray.
        filters: Sequence of integers, filters of each level. Defaults to
            `(32, 64, 128, 128)`.
        dilations: Sequence of integers, of the convolutions at the lowest level. Defaults to
            `(1, 2, 5)`.
        discriminator_filters: Integer, of the discriminator's first convolution. Defaults to 64.
        hole_weight: Float, weight of the pixel loss in holes, as its mean over their pixels.
            Defaults to 1.
        valid_weight: Float, the same outside of holes, where nothing that is drawn is shown.
            Defaults to 0: the networks begin with what is visible, and learn from this term to add
            nothing, soon also in holes.
        objective: `zoo.PairedObjective`, or `None` for L1 and a hinge adversary of weight 0.1. Its
            pixel loss must give one value a pixel.
        **kwargs: `ema_halflife_images`, `seed`, `name` of `AdversarialModel`.

    Raises:
        ValueError: If a weight is negative.

    Example:

    >>> model = InpaintingGAN(filters=(8, 16))
    >>> model(keras.ops.zeros((1, 16, 24, 4))).shape
    TensorShape([1, 16, 24, 3])

    Reference:
        Yu et al. 2019 (DeepFill v2), https://arxiv.org/abs/1806.03589, sections 3.1 and 3.3 (gated
        convolutions, SN-PatchGAN with hinge loss); Liu et al. 2018,
        https://arxiv.org/abs/1804.07723, section 3.3 (hole and valid terms).
    """

    #: Layers of the generator that draw everywhere, the last one what is shown in the holes.
    drawings = ("drawn",)
    task = "inpainting"
    default_recipe = "lama-medium"

    def __init__(
        self,
        channels=3,
        filters=(32, 64, 128, 128),
        dilations=(1, 2, 5),
        discriminator_filters=64,
        hole_weight=1.0,
        valid_weight=0.0,
        objective=None,
        **kwargs,
    ):
        if hole_weight < 0 or valid_weight < 0:
            raise ValueError(
                "`hole_weight` and `valid_weight` must not be negative. "
                f"Received: {hole_weight} and {valid_weight}"
            )
        generator = self.make_generator(channels, filters, dilations)
        super().__init__(
            generator,
            lambda: self.make_discriminator(channels + 1, discriminator_filters),
            objective,
            **kwargs,
        )
        # Both players' steps need what is drawn outside of the holes, too.
        drawings = [generator.get_layer(name).output for name in self.drawings]
        self._drawing = keras.Model(generator.input, [*drawings, generator.output], name="drawing")
        self.hole_weight, self.valid_weight = float(hole_weight), float(valid_weight)
        self._architecture = {
            "channels": channels,
            "filters": list(filters),
            "dilations": list(dilations),
            "discriminator_filters": discriminator_filters,
            "hole_weight": self.hole_weight,
            "valid_weight": self.valid_weight,
        }

    make_generator = staticmethod(gated_unet)
    make_discriminator = staticmethod(patch_discriminator)

    @staticmethod
    def default_objective():
        """L1, and the hinge adversary of SN-PatchGAN."""
        return PairedObjective(adversarial_loss=Hinge(), adversarial_weight=0.1)

    def prepare(self, data, seed):
        """Unpack pairs; the mask is the last channel of the degraded images."""
        batch = super().prepare(data, seed)
        return {**batch, "mask": tf.cast(batch["degraded"][..., -1:], tf.float32)}

    def forward(self, batch):
        """Draw everywhere, and complete the images with what is drawn in their holes."""
        *drawn, restored = self._drawing(batch["degraded"], training=True)
        return {**batch, **dict(zip(self.drawings, drawn, strict=True)), "restored": restored}

    def shown(self, batch, name):
        """The discriminator sees where the holes are."""
        return tf.concat([tf.cast(batch[name], tf.float32), batch["mask"]], axis=-1)

    def pixel_terms(self, batch):
        """Be close to the clean image inside of the holes, and outside."""
        objective, mask = self.objective, batch["mask"]
        parts = {"hole": (self.hole_weight, mask), "valid": (self.valid_weight, 1.0 - mask)}
        return {
            part if name == "drawn" else f"{name}_{part}": objective.pixel_weight
            * weight
            * masked_mean(objective.pixel_loss, batch["clean"], batch[name], where)
            for name in self.drawings
            for part, (weight, where) in parts.items()
            if weight
        }

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), **self._architecture}

"""DamageDetector: where a photograph is scratched, creased, torn or dusty."""

import keras
import tensorflow as tf

from zoo.core.objective import PairedObjective
from zoo.losses import MaskLoss
from zoo.networks.encoder_decoder import segmentation_unet
from zoo.restoration.unet_gan import UNetGAN


@keras.saving.register_keras_serializable(package="zoo")
class DamageDetector(UNetGAN):
    """Find local damage, for a model that fills holes to mend.

    Trains on a recipe that marks the damage it does in a fourth channel, such as
    `old-photo-damage`. The network returns gray images, 1 where there is damage and -1 elsewhere:
    `zoo.restore(detector, photo)` is a mask for `zoo.inpaint`.

    Args:
        channels: Integer, 3 for colour (default), 1 for gray.
        filters: Sequence of integers, filters of each level of the U-Net. Defaults to
            `(16, 32, 64, 96, 96)`.
        blocks: Integer, residual blocks a level, on each side. Defaults to 1.
        discriminator_filters: Integer, of an adversary's first convolution, which takes an
            objective of yours. Defaults to 64.
        objective: `zoo.PairedObjective`, or `None` for `zoo.losses.MaskLoss` alone.
        **kwargs: `ema_halflife_images`, `seed`, `name` of `AdversarialModel`.

    Example:

    >>> model = DamageDetector(filters=(4, 8))
    >>> model(keras.ops.zeros((1, 16, 24, 3))).shape
    TensorShape([1, 16, 24, 1])

    Reference:
        Wan et al. 2020, https://arxiv.org/abs/2004.09484, section 3.2.
    """

    task = "detection of damage"
    default_recipe = "old-photo-damage"
    default_filters, default_blocks = (16, 32, 64, 96, 96), 1
    make_generator = staticmethod(segmentation_unet)
    further_channels = 1  # the mask

    @staticmethod
    def default_objective():
        """Weighted cross-entropy and Dice, without an adversary."""
        return PairedObjective(pixel_loss=MaskLoss())

    def prepare(self, data, seed):
        """Unpack `(marked, clean)`: the mask, last channel of the first, is the target."""
        marked, _ = data
        mask = tf.cast(marked[..., -1:] > 0.5, tf.float32)
        return {"degraded": marked[..., :-1], "clean": 2.0 * mask - 1.0}

    def shown(self, batch, name):
        """An adversary sees the image with its mask."""
        return tf.concat([tf.cast(batch[key], tf.float32) for key in ("degraded", name)], axis=-1)

    def evaluation_pair(self, data):
        """Return the masks and what was found."""
        batch = self.prepare(data, None)
        return super().evaluation_pair((batch["degraded"], batch["clean"]))

"""Pix2Pix: image-to-image translation from pairs."""

import keras
import tensorflow as tf

from zoo.core.objective import PairedObjective
from zoo.core.paired import PairedGAN
from zoo.losses import NonSaturating
from zoo.networks.discriminators import patch_discriminator
from zoo.networks.translation import translation_unet


@keras.saving.register_keras_serializable(package="zoo")
class Pix2Pix(PairedGAN):
    """Translate images of one kind into another: label maps to photographs, scans to masks.

    Trains on pairs of `pipelines.aligned`. The discriminator sees an image together with what it
    was made from, and judges patches of 70 px. Any numbers of channels will do, so that an image
    becomes a mask, or a mask an image.

    Args:
        input_channels: Integer. Defaults to 3.
        output_channels: Integer. Defaults to 3.
        filters: Sequence of integers, filters of each level of the U-Net, and so the size that
            images are a multiple of: `2 ** len(filters)`. Defaults to
            `(64, 128, 256, 512, 512, 512, 512)`.
        dropout: Float in [0, 1), the generator's noise in training. Defaults to 0.5.
        discriminator_filters: Integer, of the discriminator's first convolution. Defaults to 64.
        objective: `zoo.PairedObjective`, or `None` for the paper's: 100 L1 and the non-saturating
            adversary.
        **kwargs: `ema_halflife_images`, `seed`, `name` of `AdversarialModel`.

    Example:

    >>> model = Pix2Pix(input_channels=1, filters=(8, 16, 16))
    >>> model(keras.ops.zeros((1, 16, 24, 1))).shape
    TensorShape([1, 16, 24, 3])

    Reference:
        Isola et al. 2017, https://arxiv.org/abs/1611.07004, equations 1 to 4. The discriminator is
        normalised spectrally instead of by batches. Section 3.3 tests with dropout and with
        statistics of the test batch; here an image alone decides what becomes of it: inference
        has no dropout and uses moving averages, which want batches of more than one in training.
    """

    task = "translation from pairs"

    def __init__(
        self,
        input_channels=3,
        output_channels=3,
        filters=(64, 128, 256, 512, 512, 512, 512),
        dropout=0.5,
        discriminator_filters=64,
        objective=None,
        **kwargs,
    ):
        channels = input_channels + output_channels
        super().__init__(
            translation_unet(input_channels, output_channels, filters, dropout),
            lambda: patch_discriminator(channels, discriminator_filters),
            objective,
            **kwargs,
        )
        self._architecture = {
            "input_channels": input_channels,
            "output_channels": output_channels,
            "filters": list(filters),
            "dropout": dropout,
            "discriminator_filters": discriminator_filters,
        }

    @staticmethod
    def default_objective():
        """Equation 4, with the non-saturating form of the adversarial loss."""
        return PairedObjective(
            pixel_weight=100.0, adversarial_loss=NonSaturating(), adversarial_weight=1.0
        )

    def default_optimizers(self):
        """Section 3.3: Adam with a rate of 2e-4 and a first beta of 0.5."""
        return keras.optimizers.Adam(2e-4, beta_1=0.5), keras.optimizers.Adam(2e-4, beta_1=0.5)

    def shown(self, batch, name):
        """The discriminator sees what the image was made from."""
        return tf.concat([tf.cast(batch[key], tf.float32) for key in ("degraded", name)], axis=-1)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), **self._architecture}

"""What the generator of a paired model minimises."""

import dataclasses

import keras

from zoo.core.objectives import Objective
from zoo.losses import AdversarialLoss, PerceptualLoss


@keras.saving.register_keras_serializable(package="zoo")
@dataclasses.dataclass(frozen=True)
class PairedObjective(Objective):
    """`pixel_weight * pixel + perceptual_weight * perceptual + adversarial_weight * adversarial`.

    A term whose weight is 0 is not computed. Without an adversarial term the model has no
    discriminator: that is the pixel-loss network from which a GAN is usually warm-started.

    Args:
        pixel_loss: `keras.losses.Loss` of `(clean, restored)`. Defaults to the mean absolute error.
        pixel_weight: Float. Defaults to 1.
        perceptual_loss: `zoo.losses.PerceptualLoss`, or `None` (default).
        perceptual_weight: Float. Defaults to 0.
        adversarial_loss: `zoo.losses.AdversarialLoss`, or `None` (default).
        adversarial_weight: Float. Defaults to 0.
    """

    pixel_loss: object = dataclasses.field(default_factory=keras.losses.MeanAbsoluteError)
    pixel_weight: float = 1.0
    perceptual_loss: object = None
    perceptual_weight: float = 0.0
    adversarial_loss: object = None
    adversarial_weight: float = 0.0

    def __post_init__(self):
        self.check_weights()
        self.check_loss("pixel", keras.losses.Loss)
        self.check_loss("perceptual", PerceptualLoss)
        self.check_loss("adversarial", AdversarialLoss)
        if not (self.pixel_weight or self.perceptual_weight or self.adversarial_weight):
            raise ValueError("At least one weight of the objective must be positive.")

    @property
    def adversarial(self):
        """Whether a discriminator takes part."""
        return self.adversarial_weight > 0

"""What a network that edits attributes minimises."""

import dataclasses

import keras

from zoo.core.objectives import Objective
from zoo.losses import AdversarialLoss, LeastSquares


@keras.saving.register_keras_serializable(package="zoo")
@dataclasses.dataclass(frozen=True)
class AttributeObjective(Objective):
    """Look real, have the attributes that are asked for, and stay the same person.

    A term whose weight is 0 is not computed.

    Args:
        attribute_weight: Float, of what the discriminator sees of the attributes. Defaults to 1.
        source_weight: Float, of the discriminator's seeing in edited images the attributes that
            they had before. Patterns that a network takes for age, and nobody else, are seen
            through then; what looks like the images of that age cannot be. 0 leaves edited images
            out, as the papers do. Defaults to 1.
        cycle_weight: Float, of the way there and back. Defaults to the paper's 10.
        reconstruction_weight: Float, of changing nothing where nothing is asked for. Defaults to
            10.
        change_weight: Float, of the mean square of what an edit changes, images being in [-1, 1]:
            what costs much and shows little of the attribute, such as another background, is left
            alone. It weighs against `attribute_weight`, and the longer a training lasts the more it
            has to: `face_attributes_64` began with 1.8 times that and ended with 4 times.
            Defaults to 2.
        adversarial_loss: `zoo.losses.AdversarialLoss`. Defaults to `LeastSquares()`.
        adversarial_weight: Float. Defaults to 1.

    Raises:
        ValueError: If a weight is negative, or the loss is none.

    Reference:
        Choi et al. 2018 (StarGAN), https://arxiv.org/abs/1711.09020, equations 5 and 6; Lin et al.
        2019 (RelGAN), https://arxiv.org/abs/1908.07269, equation 4 (reconstruction).
    """

    attribute_weight: float = 1.0
    source_weight: float = 1.0
    cycle_weight: float = 10.0
    reconstruction_weight: float = 10.0
    change_weight: float = 2.0
    adversarial_loss: object = dataclasses.field(default_factory=LeastSquares)
    adversarial_weight: float = 1.0

    def __post_init__(self):
        self.check_weights()
        self.check_loss("adversarial", AdversarialLoss, always=True)

"""What a network that edits images by texts minimises."""

import dataclasses

import keras

from zoo.core.objectives import Objective
from zoo.losses import AdversarialLoss, LeastSquares


@keras.saving.register_keras_serializable(package="zoo")
@dataclasses.dataclass(frozen=True)
class MultimodalObjective(Objective):
    """Be what the text asks for, and look real.

    A term whose weight is 0 is not computed. The defaults are for `pipelines.edited`, whose targets
    are the same photographs, edited. Where targets show something else (`pipelines.captioned`), set
    `pixel_weight` to 0, and `keep_weight` and `reconstruction_weight` above it.

    Args:
        pixel_loss: `keras.losses.Loss` of images. Defaults to the mean absolute error.
        pixel_weight: Float, of the distance to the target. Defaults to 10.
        keep_weight: Float, of the distance to the image that is edited. Defaults to 0.
        reconstruction_weight: Float, of changing nothing in a target, which is already what its
            text asks for. Defaults to 0.
        adversarial_loss: `zoo.losses.AdversarialLoss`. Defaults to `LeastSquares()`.
        adversarial_weight: Float. Defaults to 0.1.

    Raises:
        ValueError: If a weight is negative, or a loss of another kind.
    """

    pixel_loss: object = dataclasses.field(default_factory=keras.losses.MeanAbsoluteError)
    pixel_weight: float = 10.0
    keep_weight: float = 0.0
    reconstruction_weight: float = 0.0
    adversarial_loss: object = dataclasses.field(default_factory=LeastSquares)
    adversarial_weight: float = 0.1

    def __post_init__(self):
        self.check_weights()
        self.check_loss("pixel", keras.losses.Loss)
        self.check_loss("adversarial", AdversarialLoss, always=True)

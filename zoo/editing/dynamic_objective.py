"""What a network that renders frames minimises."""

import dataclasses

import keras

from zoo.core.objectives import Objective
from zoo.losses import AdversarialLoss, LeastSquares


@keras.saving.register_keras_serializable(package="zoo")
@dataclasses.dataclass(frozen=True)
class DynamicObjective(Objective):
    """Be the right frames, change as they do, and look real.

    A term whose weight is 0 is not computed.

    Args:
        pixel_loss: `keras.losses.Loss` of frames. Defaults to the mean absolute error.
        pixel_weight: Float. Defaults to 10.
        temporal_weight: Float, of the changes from frame to frame. Defaults to 10.
        adversarial_loss: `zoo.losses.AdversarialLoss`, for both discriminators. Defaults to
            `LeastSquares()`.
        adversarial_weight: Float, for each of both. Defaults to 0.1.

    Raises:
        ValueError: If a weight is negative, or a loss of another kind.
    """

    pixel_loss: object = dataclasses.field(default_factory=keras.losses.MeanAbsoluteError)
    pixel_weight: float = 10.0
    temporal_weight: float = 10.0
    adversarial_loss: object = dataclasses.field(default_factory=LeastSquares)
    adversarial_weight: float = 0.1

    def __post_init__(self):
        self.check_weights()
        self.check_loss("pixel", keras.losses.Loss)
        self.check_loss("adversarial", AdversarialLoss, always=True)

"""What the generators of a CycleGAN minimise."""

import dataclasses

import keras

from zoo.core.objectives import Objective
from zoo.losses import AdversarialLoss, LeastSquares


@keras.saving.register_keras_serializable(package="zoo")
@dataclasses.dataclass(frozen=True)
class CycleObjective(Objective):
    """Be convincing, come back unchanged, and leave images of the target's kind alone.

    Each weight holds for both directions alike; a term whose weight is 0 is not computed.

    Args:
        cycle_weight: Float. Defaults to the paper's 10.
        identity_weight: Float, keeps colours where they need not change. Defaults to the paper's 5,
            half the weight of the cycle.
        adversarial_loss: `zoo.losses.AdversarialLoss`. Defaults to `LeastSquares()`.
        adversarial_weight: Float. Defaults to 2, as `LeastSquares` is half of the paper's square.

    Raises:
        ValueError: If a weight is negative, or the loss is none.

    Reference:
        Zhu et al. 2017, https://arxiv.org/abs/1703.10593, equation 3, sections 4 and 5.2.
    """

    cycle_weight: float = 10.0
    identity_weight: float = 5.0
    adversarial_loss: object = dataclasses.field(default_factory=LeastSquares)
    adversarial_weight: float = 2.0

    def __post_init__(self):
        self.check_weights()
        self.check_loss("adversarial", AdversarialLoss, always=True)

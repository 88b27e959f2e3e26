"""What the two players of a latent model minimise."""

import dataclasses

import keras

from zoo.core.objectives import Objective
from zoo.losses import AdversarialLoss, NonSaturating


@keras.saving.register_keras_serializable(package="zoo")
@dataclasses.dataclass(frozen=True)
class LatentObjective(Objective):
    """An adversarial loss and the penalties that keep its game stable; all of them combine.

    Label smoothing is an argument of the loss (`NonSaturating(label_smoothing=0.1)`); learning
    rates, schedules and gradient clipping are arguments of the two optimizers; the number of
    discriminator updates is one of `compile`; normalisation belongs to the networks.

    Args:
        adversarial_loss: `zoo.losses.AdversarialLoss`. Defaults to the non-saturating loss.
        gradient_penalty: Float, weight of `(|grad| - 1)^2` between real and fake images (lambda
            of WGAN-GP, equation 3). Defaults to 0.
        r1_gamma: Float, gamma of `gamma / 2 * |grad|^2` at real images. Defaults to 0.
        r2_gamma: Float, the same at fake images. Defaults to 0.
        instance_noise: Float, deviation of the normal noise that both real and fake images are
            shown with, in units of the images (2 from black to white). Defaults to 0.
        instance_noise_steps: Integer, generator updates over which that noise fades to nothing,
            linearly; 0 (default) keeps it.

    Reference:
        - [Gulrajani et al., 2017](https://arxiv.org/abs/1704.00028), gradient penalty
        - [Mescheder et al., 2018](https://arxiv.org/abs/1801.04406), R1 and R2
        - [Sonderby et al., 2016](https://arxiv.org/abs/1610.04490), section 3.1, instance noise
    """

    adversarial_loss: object = dataclasses.field(default_factory=NonSaturating)
    gradient_penalty: float = 0.0
    r1_gamma: float = 0.0
    r2_gamma: float = 0.0
    instance_noise: float = 0.0
    instance_noise_steps: int = 0

    def __post_init__(self):
        self.check_weights()
        self.check_loss("adversarial", AdversarialLoss)

    @property
    def penalises_gradients(self):
        """Whether logits must depend on one sample each: no batch norm in the discriminator."""
        return bool(self.gradient_penalty or self.r1_gamma or self.r2_gamma)

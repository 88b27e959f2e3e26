"""WGAN and WGAN-GP: a critic that measures a distance."""

import keras
import tensorflow as tf

from zoo.core.latent_objective import LatentObjective
from zoo.losses import Wasserstein
from zoo.synthesis.dcgan import DCGAN


@keras.saving.register_keras_serializable(package="zoo")
class WGANGP(DCGAN):
    """Make images against a critic whose gradient is kept at length 1.

    The critic takes five updates, each on a fresh part of the batch, for one of the generator:
    give batches five times as large.

    Args:
        **kwargs: As of `DCGAN`.

    Reference:
        Gulrajani et al. 2017, https://arxiv.org/abs/1704.00028, algorithm 1.
    """

    default_discriminator_steps = 5

    @staticmethod
    def default_objective():
        """Equation 3 with lambda = 10."""
        return LatentObjective(Wasserstein(), gradient_penalty=10.0)

    def default_optimizers(self):
        """Adam as in algorithm 1."""
        return tuple(keras.optimizers.Adam(1e-4, beta_1=0.0, beta_2=0.9) for _ in range(2))


@keras.saving.register_keras_serializable(package="zoo")
class WGAN(DCGAN):
    """Make images against a critic whose weights are clipped: for comparison with `WGANGP`.

    Args:
        clip: Float above 0, largest absolute weight of the critic. Defaults to the paper's 0.01.
        **kwargs: As of `DCGAN`.

    Reference:
        Arjovsky et al. 2017, https://arxiv.org/abs/1701.07875, algorithm 1.
    """

    default_discriminator_steps = 5

    def __init__(self, *, clip=0.01, **kwargs):
        if not clip > 0:
            raise ValueError(f"`clip` must be more than 0. Received: clip={clip!r}")
        super().__init__(**kwargs)
        self.clip = float(clip)
        for variable in self.discriminator.trainable_variables:
            variable.constraint = ClipWeights(self.clip)  # optimizers apply it after each update

    @staticmethod
    def default_objective():
        """Equation 2."""
        return LatentObjective(Wasserstein())

    def default_optimizers(self):
        """RMSprop as in algorithm 1: momentum does not go with a critic that is clipped."""
        return tuple(keras.optimizers.RMSprop(5e-5) for _ in range(2))

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "clip": self.clip}


@keras.saving.register_keras_serializable(package="zoo")
class ClipWeights(keras.constraints.Constraint):
    """Keep each weight within `limit` of zero.

    Args:
        limit: Float above 0.
    """

    def __init__(self, limit):
        self.limit = float(limit)

    def __call__(self, weights):
        """Clip a variable's value."""
        return tf.clip_by_value(tf.convert_to_tensor(weights), -self.limit, self.limit)

    def get_config(self):
        """The constructor's arguments."""
        return {"limit": self.limit}

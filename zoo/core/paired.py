"""Models that turn a degraded image into a clean one."""

import functools

import keras
import tensorflow as tf

from zoo.core.adversarial import AdversarialModel
from zoo.core.alignment import run_aligned
from zoo.core.objective import PairedObjective
from zoo.core.receptive_field import receptive_field
from zoo.losses.reconstruction import replica_mean


class PairedGAN(AdversarialModel):
    """Learn `clean = generator(degraded)` from pairs.

    A variant builds its two networks and states its paper's objective in `default_objective`.

    Args:
        generator: Functional `keras.Model`, `(N, H, W, C)` to `(N, H scale, W scale, C)`.
        discriminator: Function that returns a functional `keras.Model` of clean images to logits;
            called only if the objective has an adversarial term.
        objective: `PairedObjective`, or `None` for the paper's.
        **kwargs: `ema_halflife_images`, `seed`, `name`, `dtype` of `AdversarialModel`.
    """

    #: Size of the output over that of the input.
    scale = 1
    #: What the variant is for, in the words of `zoo list`.
    task = "restoration"
    #: Whether up must stay up: a sky is known by its place.
    upright = False
    #: Name of the recipe that makes its training pairs.
    default_recipe = None

    def __init__(self, generator, discriminator, objective=None, **kwargs):
        objective = PairedObjective.or_default(objective, self.default_objective)
        adversary = discriminator() if objective.adversarial else None
        super().__init__(generator, adversary, **kwargs)
        self.objective = objective

    @staticmethod
    def default_objective():
        """The paper's objective."""
        return PairedObjective()

    def default_optimizers(self):
        """Adam with the learning rate of SRGAN and ESRGAN, 1e-4, for both players."""
        return keras.optimizers.Adam(1e-4), keras.optimizers.Adam(1e-4)

    def compile(self, *args, **kwargs):
        """As in `AdversarialModel.compile`; feature networks are loaded before the first step."""
        if self.objective.perceptual_weight:
            # Under a strategy no variable may be made inside a step.
            self.objective.perceptual_loss.features.load()
        super().compile(*args, **kwargs)

    def prepare(self, data, seed):
        """Unpack `(degraded, clean)`; float32 images `(N, H, W, C)` in [-1, 1]."""
        degraded, clean = data
        return {"degraded": degraded, "clean": clean}

    def forward(self, batch):
        """Restore the degraded images."""
        return {**batch, "restored": self.generator(batch["degraded"], training=True)}

    def discriminator_terms(self, batch):
        """Tell clean images from restored ones."""
        real = self.discriminator(self.shown(batch, "clean"), training=True)
        fake = self.discriminator(self.shown(batch, "restored"), training=True)
        return {"adversarial": self.objective.adversarial_loss.discriminator(real, fake)}

    def generator_terms(self, batch):
        """Be close to the clean image, pixel by pixel and in features, and look real."""
        objective = self.objective
        terms = self.pixel_terms(batch) if objective.pixel_weight else {}
        if objective.perceptual_weight:
            images = batch["clean"], batch["restored"]
            perceptual = replica_mean(objective.perceptual_loss, *images)
            terms["perceptual"] = objective.perceptual_weight * perceptual
        if objective.adversarial:
            judge = functools.partial(self.discriminator, training=True)
            fake, real = (self.shown(batch, name) for name in ("restored", "clean"))
            unconvincing = objective.adversarial_loss.of_generator(judge, fake, real)
            terms["adversarial"] = objective.adversarial_weight * unconvincing
        return terms

    def pixel_terms(self, batch):
        """Be close to the clean image, pixel by pixel."""
        clean, restored = (tf.TensorShape(batch[name].shape) for name in ("clean", "restored"))
        if not clean.is_compatible_with(restored):  # losses would broadcast
            raise ValueError(
                f"Targets must have the shape of what the generator makes, {restored}. "
                f"Received: {clean}"
            )
        pixel = replica_mean(self.objective.pixel_loss, batch["clean"], batch["restored"])
        return {"pixel": self.objective.pixel_weight * pixel}

    def shown(self, batch, name):
        """What the discriminator sees of `batch[name]`, the images called clean or restored."""
        return batch[name]

    def evaluation_pair(self, data):
        """Return the clean images and the restored ones."""
        degraded, clean = data
        return clean, run_aligned(self.inference_network, degraded, self.size_multiple)

    @functools.cached_property
    def size_multiple(self):
        """Height and width of what the generator takes are multiples of this many pixels."""
        with tf.init_scope():  # the network is probed with arrays, also while a graph is traced
            return receptive_field(self.generator).multiple

"""Models that make images from noise."""

import keras
import numpy as np
import tensorflow as tf

from zoo.core import randomness
from zoo.core.adversarial import AdversarialModel
from zoo.core.latent_objective import LatentObjective
from zoo.losses.penalties import gradient_penalty, r1_penalty, r2_penalty


class LatentGAN(AdversarialModel):
    """Learn to make images that look like the ones that are shown.

    Trains on batches of images, float32 `(N, H, W, C)` in [-1, 1]; a variant that reads labels
    takes `(images, labels)`. A variant builds its two networks and states its paper's objective.

    Args:
        generator: Functional `keras.Model`, latents `(N, size)` to images.
        discriminator: Functional `keras.Model`, images to logits.
        latents: `zoo.latents.LatentDistribution`.
        objective: `LatentObjective`, or `None` for the paper's.
        **kwargs: `ema_halflife_images`, `seed`, `name`, `dtype` of `AdversarialModel`.
    """

    #: What the variant is for, in the words of `zoo list`.
    task = "generation"

    def __init__(self, generator, discriminator, latents, objective=None, **kwargs):
        objective = self.default_objective() if objective is None else objective
        if not isinstance(objective, LatentObjective):
            raise ValueError(
                "`objective` must be a `zoo.LatentObjective`, or None for the paper's. "
                f"Received: objective={objective!r}"
            )
        super().__init__(generator, discriminator, **kwargs)
        self.latents = latents
        self.objective = objective

    @staticmethod
    def default_objective():
        """The paper's objective."""
        return LatentObjective()

    def prepare(self, data, seed):
        """Take images as they come and draw a latent for each."""
        images = data[0] if isinstance(data, tuple | list) else data
        count = tf.shape(images)[0]
        return {"real": images, "latents": self.latents.sample(seed, count)}

    def forward(self, batch):
        """Make as many images as are shown."""
        return {**batch, "fake": self.generator(batch["latents"], training=True)}

    def judge(self, images, batch):
        """The discriminator's logits of `images`, which belong to `batch`."""
        return self.discriminator(images, training=True)

    def discriminator_terms(self, batch):
        """Tell real images from made ones, with bounded steepness."""
        objective = self.objective
        real, fake = self._shown(batch, "real"), self._shown(batch, "fake")
        logits = self.judge(real, batch), self.judge(fake, batch)
        terms = {"adversarial": objective.adversarial_loss.discriminator(*logits)}

        def discriminator(images):
            return self.judge(images, batch)

        if objective.gradient_penalty:
            mixing = randomness.uniform(batch["seed"], "mixing", tf.shape(real)[0])
            penalty = tf.reduce_mean(gradient_penalty(discriminator, real, fake, mixing))
            terms["gradient_penalty"] = objective.gradient_penalty * penalty
        if objective.r1_gamma:
            penalty = tf.reduce_mean(r1_penalty(discriminator, real))
            terms["r1"] = 0.5 * objective.r1_gamma * penalty
        if objective.r2_gamma:
            penalty = tf.reduce_mean(r2_penalty(discriminator, fake))
            terms["r2"] = 0.5 * objective.r2_gamma * penalty
        return terms

    def generator_terms(self, batch):
        """Look real."""
        loss = self.objective.adversarial_loss
        fake = self.judge(self._shown(batch, "fake"), batch)
        real = self.judge(self._shown(batch, "real"), batch) if loss.needs_real_logits else None
        return {"adversarial": loss.generator(fake, real)}

    def _shown(self, batch, name):
        """Images with instance noise, which fades."""
        images, deviation = tf.cast(batch[name], tf.float32), self.objective.instance_noise
        if not deviation:
            return images
        if self.objective.instance_noise_steps:
            step = tf.cast(self.generator_optimizer.iterations.value, tf.float32)
            left = 1.0 - step / float(self.objective.instance_noise_steps)
            deviation = deviation * tf.maximum(left, 0.0)
        noise = randomness.normal(
            batch["seed"], f"instance noise/{name}", tf.shape(images)[0], images.shape[1:]
        )
        return images + deviation * noise

    def generate(self, count, *, seed=0, batch_size=64):
        """Make images.

        Args:
            count: Integer, how many.
            seed: Integer; the same seed gives the same images, whatever the batch size. Defaults
                to 0.
            batch_size: Integer, images made at once. Defaults to 64.

        Returns:
            float32 array `(count, H, W, C)` in [-1, 1].
        """
        latents = self.latents.sample(randomness.step_seed(seed, 0), count)
        return self._generate((latents,), count, batch_size)

    def _generate(self, inputs, count, batch_size):
        """Run the inference network on latents (and what belongs to them), batch by batch."""
        if count < 1 or batch_size < 1:
            raise ValueError(
                "`count` and `batch_size` must be at least 1. "
                f"Received: count={count}, batch_size={batch_size}"
            )
        parts = []
        for start in range(0, count, batch_size):
            part = [each[start : start + batch_size] for each in inputs]
            parts.append(self(part[0] if len(part) == 1 else part, training=False))
        return np.concatenate([np.asarray(part) for part in parts])

    def get_config(self):
        """The constructor's arguments that every latent variant takes."""
        serialize = keras.saving.serialize_keras_object
        return {
            "latents": serialize(self.latents),
            "objective": serialize(self.objective),
            "ema_halflife_images": self.ema_halflife_images,
            "seed": self.seed,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config):
        """Remake a model from `get_config()`."""
        deserialize = keras.saving.deserialize_keras_object
        made = {name: deserialize(config[name]) for name in ("latents", "objective")}
        return cls(**{**config, **made})

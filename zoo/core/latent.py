"""Models that make images from noise."""

import numpy as np
import tensorflow as tf

from zoo.core import lazy, randomness
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
        augmentation: `zoo.AdaptiveAugmentation` of what the discriminator sees, for training with
            few images, or `None` (default).
        **kwargs: `ema_halflife_images`, `seed`, `name`, `dtype` of `AdversarialModel`.
    """

    #: What the variant is for, in the words of `zoo list`.
    task = "generation"
    #: Whether the variant trains on `(images, labels)`; such a variant has a `class_count`.
    reads_labels = False
    object_arguments = ("latents", "objective", "augmentation")
    #: Whether some of the labels may be -1, for none.
    takes_unlabelled = False
    #: Steps from one gradient penalty to the next; each weighs as much as all of them.
    penalty_interval = 1

    def __init__(
        self, generator, discriminator, latents, objective=None, *, augmentation=None, **kwargs
    ):
        objective = LatentObjective.or_default(objective, self.default_objective)
        super().__init__(generator, discriminator, **kwargs)
        self.latents = latents
        self.objective = objective
        self.augmentation = augmentation
        if augmentation is not None:
            augmentation.prepare(generator.output_shape)

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
        if self.augmentation is not None:
            self.augmentation.observe(logits[0], batch["count"])

        def discriminator(images):
            return self.judge(images, batch)

        if objective.gradient_penalty:
            mixing = randomness.uniform(batch["seed"], "mixing", tf.shape(real)[0])
            penalty = self._lazily(lambda: gradient_penalty(discriminator, real, fake, mixing))
            terms["gradient_penalty"] = objective.gradient_penalty * penalty
        if objective.r1_gamma:
            penalty = self._lazily(lambda: r1_penalty(discriminator, real))
            terms["r1"] = 0.5 * objective.r1_gamma * penalty
        if objective.r2_gamma:
            penalty = self._lazily(lambda: r2_penalty(discriminator, fake))
            terms["r2"] = 0.5 * objective.r2_gamma * penalty
        return terms

    def _lazily(self, penalty):
        """The mean of a penalty on the steps where it is due, weighted for those where not."""
        step, interval = self.generator_optimizer.iterations.value, self.penalty_interval
        return lazy.every(
            interval, step, lambda: interval * tf.reduce_mean(penalty()), tf.zeros(())
        )

    def generator_terms(self, batch):
        """Look real."""
        fake, real = (self._shown(batch, name) for name in ("fake", "real"))
        loss = self.objective.adversarial_loss
        unconvincing = loss.of_generator(lambda images: self.judge(images, batch), fake, real)
        return {"adversarial": unconvincing}

    def _shown(self, batch, name):
        """Images as the discriminator sees them: augmented, with instance noise, which fades."""
        images, deviation = tf.cast(batch[name], tf.float32), self.objective.instance_noise
        if self.augmentation is not None:
            images = self.augmentation(images, batch["seed"], stream=f"augmentation/{name}")
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

    @property
    def image_shape(self):
        """`(height, width, channels)` of the images."""
        return self.generator.output_shape[1:]

    def inputs(self, count, *, seed=0):
        """Draw what the generator makes `count` images from.

        Args:
            count: Integer, 1 or more.
            seed: Integer. Defaults to 0.

        Returns:
            float32 tensor `(count, size)`, or a list of it and what else the generator takes.
        """
        if count < 1:
            raise ValueError(f"`count` must be at least 1. Received: count={count}")
        return self.latents.sample(randomness.step_seed(seed, 0), count)

    def sample(self, count, *, seed=0, batch_size=64):
        """Make images as the training data has them: of all classes, if there are classes.

        Args:
            count: Integer, how many.
            seed: Integer; the same seed gives the same images, whatever the batch size. Defaults
                to 0.
            batch_size: Integer, images made at once. Defaults to 64.

        Returns:
            float32 array `(count, H, W, C)` in [-1, 1].
        """
        return self._make(self.inputs(count, seed=seed), batch_size)

    def update_discriminator(self, batch):
        """Take one discriminator step; the logs tell how much is augmented."""
        logs = super().update_discriminator(batch)
        if self.augmentation is not None:
            probability, count = self.augmentation.probability.value, batch["count"]
            logs["augmentation_probability"] = tf.stack([probability * count, count])
        return logs

    def generate(self, count, *, seed=0, batch_size=64):
        """Make images; arguments as of `sample`."""
        return self.sample(count, seed=seed, batch_size=batch_size)

    def interpolate(self, count=8, *, steps=8, seed=0, batch_size=64):
        """Make images on the way from one latent to another.

        Args:
            count: Integer, how many ways. Defaults to 8.
            steps: Integer of at least 2, images on each, both ends included. Defaults to 8.
            seed: Integer; the same seed starts from the images of `sample`. Defaults to 0.
            batch_size: Integer, images made at once. Defaults to 64.

        Returns:
            float32 array `(count * steps, H, W, C)` in [-1, 1], one way after the other.
        """
        return self._make(self._ways(self.inputs(count, seed=seed), steps, seed), batch_size)

    def _ways(self, inputs, steps, seed):
        """Inputs from each of `inputs` to one with another latent."""
        if steps < 2:
            raise ValueError(f"`steps` must be at least 2. Received: steps={steps}")
        start, *others = tf.nest.flatten(inputs)
        end = self.latents.sample(randomness.step_seed(seed, 0), len(start), "interpolation")
        ways = self.latents.between(start, end, np.linspace(0, 1, steps))
        ways = tf.reshape(ways, (-1, self.latents.size))
        others = [tf.repeat(each, steps, axis=0) for each in others]
        return tf.nest.pack_sequence_as(inputs, [ways, *others])

    def _make(self, inputs, batch_size):
        """Run the inference network batch by batch."""
        if batch_size < 1:
            raise ValueError(f"`batch_size` must be at least 1. Received: batch_size={batch_size}")
        flat = [tf.convert_to_tensor(each) for each in tf.nest.flatten(inputs)]
        parts = []
        for start in range(0, len(flat[0]), batch_size):
            part = [each[start : start + batch_size] for each in flat]
            parts.append(self(tf.nest.pack_sequence_as(inputs, part), training=False))
        return np.concatenate([np.asarray(part) for part in parts])

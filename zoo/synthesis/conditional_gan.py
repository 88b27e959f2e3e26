"""ConditionalGAN: images by label."""

import keras
import numpy as np
import tensorflow as tf

from zoo.core import latents as distributions
from zoo.core.latent import LatentGAN
from zoo.networks.convolutional import dcgan_discriminator, dcgan_generator


@keras.saving.register_keras_serializable(package="zoo")
class ConditionalGAN(LatentGAN):
    """Make images of a given class: both players see the label.

    Trains on batches of `(images, labels)`, integer labels `(N,)` from 0 on.

    Args:
        class_count: Integer, number of classes. Defaults to 10.
        image_size: Integer, side in px, as of `DCGAN`. Defaults to 32.
        channels: Integer, 1 for gray, 3 for colour (default).
        filters: Integer, of the largest hidden maps. Defaults to 64.
        projection: Bool, a discriminator that compares label and features by an inner product,
            with spectral normalisation. Defaults to `False`, the paper's: the label is an input.
        latents: `zoo.latents.LatentDistribution`. Defaults to `None`: 100 normal numbers.
        objective: `zoo.LatentObjective`, or `None` for the non-saturating loss.
        **kwargs: `ema_halflife_images`, `seed`, `name` of `AdversarialModel`.

    Example:

    >>> ConditionalGAN(class_count=3, image_size=28, channels=1, filters=8).generate([0, 2]).shape
    (2, 28, 28, 1)

    Reference:
        - Mirza and Osindero 2014, https://arxiv.org/abs/1411.1784, equation 2
        - Miyato and Koyama 2018, https://arxiv.org/abs/1802.05637 (projection)
    """

    reads_labels = True

    def __init__(
        self,
        class_count=10,
        image_size=32,
        channels=3,
        filters=64,
        projection=False,
        latents=None,
        objective=None,
        **kwargs,
    ):
        latents = distributions.given_or(distributions.Normal(100), latents)
        objective = objective or self.default_objective()
        super().__init__(
            dcgan_generator(image_size, channels, latents.size, filters, class_count=class_count),
            dcgan_discriminator(
                image_size,
                channels,
                filters,
                class_count=class_count,
                projection=projection,
                batch_norm=not (projection or objective.penalises_gradients),
                spectral_norm=projection,
            ),
            latents,
            objective,
            **kwargs,
        )
        self._architecture = {
            "class_count": class_count,
            "image_size": image_size,
            "channels": channels,
            "filters": filters,
            "projection": projection,
        }

    @property
    def class_count(self):
        """Number of classes."""
        return self._architecture["class_count"]

    def prepare(self, data, seed):
        """Take images with their labels; the made ones get the same labels."""
        images, labels = data
        return {**super().prepare(images, seed), "labels": tf.cast(labels, tf.int32)}

    def forward(self, batch):
        """Make an image for each label."""
        fake = self.generator([batch["latents"], batch["labels"]], training=True)
        return {**batch, "fake": fake}

    def judge(self, images, batch):
        """Logits of images with the batch's labels."""
        return self.discriminator([images, batch["labels"]], training=True)

    def inputs(self, count, *, seed=0):
        """Draw latents, and labels that take turns."""
        return self._inputs(np.arange(count) % self.class_count, seed)

    def generate(self, labels, *, seed=0, batch_size=64):
        """Make an image for each label.

        Args:
            labels: Sequence of integers from 0 to `class_count - 1`.
            seed: Integer; the same seed gives the same latents, one after the other. Defaults to 0.
            batch_size: Integer, images made at once. Defaults to 64.

        Returns:
            float32 array `(len(labels), H, W, C)` in [-1, 1].
        """
        return self._make(self._inputs(self._checked(labels), seed), batch_size)

    def interpolate(self, labels, *, steps=8, seed=0, batch_size=64):
        """Make images on the way from one latent to another, of one class a way.

        Args:
            labels: Sequence of integers from 0 to `class_count - 1`, one a way.
            steps: Integer of at least 2, images on each, both ends included. Defaults to 8.
            seed: Integer. Defaults to 0.
            batch_size: Integer, images made at once. Defaults to 64.

        Returns:
            float32 array `(len(labels) * steps, H, W, C)` in [-1, 1], one way after the other.
        """
        inputs = self._inputs(self._checked(labels), seed)
        return self._make(self._ways(inputs, steps, seed), batch_size)

    def _checked(self, labels):
        labels = np.asarray(labels)
        known = self.class_count
        whole = labels.ndim == 1 and np.issubdtype(labels.dtype, np.integer)
        if not whole or not len(labels) or (labels < 0).any() or (labels >= known).any():
            raise ValueError(
                f"`labels` must be a sequence of integers from 0 to {known - 1}. "
                f"Received: labels={labels.tolist()!r}"
            )
        return labels

    def _inputs(self, labels, seed):
        return [super().inputs(len(labels), seed=seed), tf.constant(labels, tf.int32)]

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), **self._architecture}

"""Latent distributions: where the noise of a generator comes from.

A single Gaussian maps one connected cloud onto images that may come in separate kinds; the other
distributions are remedies against collapsed or bridged modes, and for sharper samples at the cost
of variety.
"""

import math

import keras
import tensorflow as tf

from zoo.core import randomness


class LatentDistribution:
    """Base class: vectors of `size` numbers, drawn anew for each sample.

    Args:
        size: Integer, numbers in a latent vector.
    """

    def __init__(self, size):
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ValueError(f"`size` must be an integer of at least 1. Received: size={size!r}")
        self.size = size

    def sample(self, seed, count, stream="latents"):
        """Draw latents for the samples of this replica.

        Args:
            seed: int32 tensor `(2,)`, as of `zoo.core.randomness.step_seed`.
            count: Integer or scalar tensor, number of samples.
            stream: String that tells several draws of one step apart. Defaults to `"latents"`.

        Returns:
            float32 tensor `(count, size)`.
        """
        raise NotImplementedError(f"{type(self).__name__} must define `sample`.")

    def project(self, latents):
        """Move latents to the nearest ones that are typical; here every latent is.

        Args:
            latents: Float tensor `(N, size)`.

        Returns:
            float32 tensor `(N, size)`.
        """
        return latents

    def between(self, first, second, shares):
        """Latents on the way from one to the other, as probable as both: here on the line.

        Args:
            first: Float tensor `(N, size)`.
            second: Float tensor `(N, size)`.
            shares: Sequence of K floats in [0, 1], how far on the way.

        Returns:
            float32 tensor `(N, K, size)`.
        """
        shares = tf.constant(shares, tf.float32)[None, :, None]
        return first[:, None] * (1.0 - shares) + second[:, None] * shares

    def get_config(self):
        """Arguments that remake this distribution."""
        return {"size": self.size}

    @classmethod
    def from_config(cls, config):
        """Remake a distribution from `get_config()`."""
        return cls(**config)


def given_or(default, latents):
    """Return `latents`, or `default` if it is `None`.

    Raises:
        ValueError: If `latents` is no distribution.
    """
    latents = default if latents is None else latents
    if not isinstance(latents, LatentDistribution):
        raise ValueError(
            "`latents` must be a distribution such as zoo.latents.Normal(100). "
            f"Received: latents={latents!r}"
        )
    return latents


@keras.saving.register_keras_serializable(package="zoo")
class Normal(LatentDistribution):
    """Standard normal."""

    def sample(self, seed, count, stream="latents"):
        """Draw latents `(count, size)`."""
        return randomness.normal(seed, stream, count, (self.size,))

    def project(self, latents):
        """Give latents the length `sqrt(size)`, which nearly all draws have."""
        return tf.nn.l2_normalize(latents, axis=-1) * self.size**0.5

    def between(self, first, second, shares):
        """Latents on the arc from one to the other: halfway on the line they would be too short.

        Reference:
            White 2016, https://arxiv.org/abs/1609.04468, section 2.1 (slerp).
        """
        unit = tf.nn.l2_normalize(first, axis=-1) * tf.nn.l2_normalize(second, axis=-1)
        cosine = tf.reduce_sum(unit, axis=-1)[:, None, None]
        # Vectors that point the same way have no arc; the limit there is the line.
        angle = tf.acos(tf.clip_by_value(cosine, -1.0 + 1e-6, 1.0 - 1e-6))
        shares = tf.constant(shares, tf.float32)[None, :, None]
        start, end = tf.sin((1.0 - shares) * angle), tf.sin(shares * angle)
        return (first[:, None] * start + second[:, None] * end) / tf.sin(angle)


@keras.saving.register_keras_serializable(package="zoo")
class Uniform(LatentDistribution):
    """Uniform in [-1, 1], as in the DCGAN paper (https://arxiv.org/abs/1511.06434)."""

    def sample(self, seed, count, stream="latents"):
        """Draw latents `(count, size)`."""
        return 2.0 * randomness.uniform(seed, stream, count, (self.size,)) - 1.0

    def project(self, latents):
        """Clip latents to [-1, 1]."""
        return tf.clip_by_value(latents, -1.0, 1.0)


@keras.saving.register_keras_serializable(package="zoo")
class TruncatedNormal(LatentDistribution):
    """Standard normal without its tails: each number is drawn again until it is within `limit`.

    Args:
        size: Integer, numbers in a latent vector.
        limit: Float above 0, largest absolute value. Defaults to `2.0`.

    Reference:
        Brock et al. 2018 (BigGAN), https://arxiv.org/abs/1809.11096, section 3.1.
    """

    def __init__(self, size, limit=2.0):
        super().__init__(size)
        if not limit > 0:
            raise ValueError(f"`limit` must be more than 0. Received: limit={limit!r}")
        self.limit = float(limit)

    def sample(self, seed, count, stream="latents"):
        """Draw latents `(count, size)`."""
        # The inverse of the cumulative distribution gives what drawing again would, in one draw.
        tail = 0.5 * math.erfc(self.limit / math.sqrt(2.0))
        share = tail + (1.0 - 2.0 * tail) * randomness.uniform(seed, stream, count, (self.size,))
        return self.project(tf.math.ndtri(share))

    def project(self, latents):
        """Clip latents to the limit."""
        return tf.clip_by_value(latents, -self.limit, self.limit)

    def get_config(self):
        """Arguments that remake this distribution."""
        return {**super().get_config(), "limit": self.limit}


@keras.saving.register_keras_serializable(package="zoo")
class Mixture(LatentDistribution):
    """Several Gaussians of equal weight, so that separate kinds of images need no bridges.

    Args:
        size: Integer, numbers in a latent vector.
        components: Integer, number of Gaussians. Defaults to 10.
        spread: Float, deviation of the centres' coordinates. Defaults to `1.0`.
        deviation: Float, deviation of each Gaussian. Defaults to `0.5`.
        centres_seed: Integer, seed of the fixed centres. Defaults to 0.

    Reference:
        Gurumurthy et al. 2017 (DeLiGAN), https://arxiv.org/abs/1706.02071, equation 6, with
        centres that stay where they were drawn.
    """

    def __init__(self, size, components=10, spread=1.0, deviation=0.5, centres_seed=0):
        super().__init__(size)
        if isinstance(components, bool) or not isinstance(components, int) or components < 1:
            raise ValueError(
                f"`components` must be an integer of at least 1. Received: {components!r}"
            )
        if not (spread > 0 and deviation > 0):
            raise ValueError(
                "`spread` and `deviation` must be more than 0. "
                f"Received: spread={spread!r}, deviation={deviation!r}"
            )
        self.components = components
        self.spread, self.deviation = float(spread), float(deviation)
        self.centres_seed = centres_seed

    def centres(self):
        """The means of the Gaussians, float32 `(components, size)`."""
        draws = tf.random.stateless_normal((self.components, self.size), (self.centres_seed, 0))
        return self.spread * draws

    def sample(self, seed, count, stream="latents"):
        """Draw latents `(count, size)`."""
        share = randomness.uniform(seed, f"{stream}/component", count)
        index = tf.cast(share * self.components, tf.int32)
        noise = randomness.normal(seed, stream, count, (self.size,))
        return tf.gather(self.centres(), index) + self.deviation * noise

    def get_config(self):
        """Arguments that remake this distribution."""
        return {
            **super().get_config(),
            "components": self.components,
            "spread": self.spread,
            "deviation": self.deviation,
            "centres_seed": self.centres_seed,
        }

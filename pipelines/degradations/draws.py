"""Seeded draws of one parameter per sample."""

import math

import numpy as np
import tensorflow as tf

_BLOCK = 24


class Draws:
    """A source of per-sample random parameters that is a pure function of its seed.

    Every call consumes the next sub-seed, so the order of the calls is part of the definition of a
    degradation.

    Args:
        seed: int32 tensor of shape `(2,)`.
        batch_shape: Shape `(N, H, W, C)` of the images to degrade, int32 tensor.
        clean_shape: Shape of the images that entered the recipe; `None` means `batch_shape`.

    Example:

    ```python
    draws = Draws(tf.constant([0, 1]), tf.constant([4, 32, 32, 3]))
    sigma = draws.uniform((0.2, 3.0))  # shape (4,)
    ```
    """

    def __init__(self, seed, batch_shape, clean_shape=None):
        self.batch_shape = tf.convert_to_tensor(batch_shape)
        self.clean_shape = batch_shape if clean_shape is None else clean_shape
        self.count = batch_shape[0]
        self._seeds = [seed]

    def _next(self):
        # Splitting in blocks keeps the graph a third smaller than folding one number after another.
        if len(self._seeds) == 1:
            self._seeds = tf.unstack(tf.random.split(self._seeds[0], _BLOCK))
        return self._seeds.pop()

    def uniform(self, limits, shape=()):
        """Draw uniformly from `limits`.

        Args:
            limits: Pair of floats.
            shape: Shape of one sample's parameter; may hold scalar tensors.

        Returns:
            float32 tensor of shape `(N, *shape)`.
        """
        return tf.random.stateless_uniform((self.count, *shape), self._next(), *limits)

    def log_uniform(self, limits, shape=()):
        """Draw with a uniform logarithm, for parameters that act by their ratio.

        Args:
            limits: Pair of positive floats.
            shape: Shape of one sample's parameter.

        Returns:
            float32 tensor of shape `(N, *shape)`.
        """
        low, high = limits
        return low * tf.pow(high / low, self.uniform((0.0, 1.0), shape))

    def normal(self, shape=()):
        """Draw from a standard normal.

        Args:
            shape: Shape of one sample's parameter.

        Returns:
            float32 tensor of shape `(N, *shape)`.
        """
        return tf.random.stateless_normal((self.count, *shape), self._next())

    def integer(self, limits, shape=()):
        """Draw whole numbers, both limits included.

        Args:
            limits: Pair of ints.
            shape: Shape of one sample's parameter.

        Returns:
            int32 tensor of shape `(N, *shape)`.
        """
        low, high = limits
        return tf.random.stateless_uniform(
            (self.count, *shape), self._next(), low, high + 1, tf.int32
        )

    def coin(self, probability, shape=()):
        """Draw `True` with the given probability.

        Args:
            probability: Float in `[0, 1]`.
            shape: Shape of one sample's parameter.

        Returns:
            bool tensor of shape `(N, *shape)`.
        """
        return self.uniform((0.0, 1.0), shape) < probability

    def choice(self, weights, shape=()):
        """Draw the index of one of several alternatives.

        Args:
            weights: Relative frequencies, of any sum above zero.
            shape: Shape of one sample's parameter.

        Returns:
            int32 tensor of shape `(N, *shape)`.
        """
        shares = np.cumsum(weights) / np.sum(weights)
        steps = tf.constant(shares[:-1], tf.float32)
        unit = self.uniform((0.0, 1.0), shape)
        return tf.reduce_sum(tf.cast(unit[..., None] >= steps, tf.int32), axis=-1)

    def seeds(self):
        """Draw one seed per sample, from which `apply` draws a whole field such as noise.

        Returns:
            int32 tensor of shape `(N, 2)`.
        """
        return tf.random.stateless_uniform((self.count, 2), self._next(), None, None, tf.int32)

    def for_batch(self, values):
        """Give every sample the first sample's value, for what must be common to a batch.

        Args:
            values: Tensor of shape `(N, ...)`.

        Returns:
            Tensor of the same shape whose rows are all equal.
        """
        return tf.repeat(values[:1], self.count, axis=0)

    def seed(self):
        """Return a seed for another degradation, int32 `(2,)`."""
        return self._next()


def uniform_fields(seeds, shape):
    """Draw one field of uniform numbers per sample, each from its own seed.

    Args:
        seeds: int32 tensor of shape `(N, 2)`.
        shape: Shape of one field; may hold scalar tensors.

    Returns:
        float32 tensor of shape `(N, *shape)`, in `[0, 1)`.
    """
    static = tf.TensorShape([side if isinstance(side, int) else None for side in shape])
    return tf.map_fn(
        lambda seed: tf.random.stateless_uniform(shape, seed),
        seeds,
        fn_output_signature=tf.TensorSpec(static, tf.float32),
    )


def normal_fields(seeds, shape):
    """Draw one field of standard normal numbers per sample, each from its own seed.

    Twice as fast as `tf.random.stateless_normal` once per sample: the uniform numbers come one
    sample after another, their transformation runs once for the whole batch.

    Args:
        seeds: int32 tensor of shape `(N, 2)`.
        shape: Shape of one field; may hold scalar tensors.

    Returns:
        float32 tensor of shape `(N, *shape)`.

    Reference:
        Box and Muller 1958, https://doi.org/10.1214/aoms/1177706645.
    """
    count = math.prod(shape)
    unit = uniform_fields(seeds, (2, (count + 1) // 2))
    radius = tf.sqrt(-2.0 * tf.math.log1p(-unit[:, 0]))
    angle = 2.0 * math.pi * unit[:, 1]
    pairs = tf.concat([radius * tf.cos(angle), radius * tf.sin(angle)], axis=1)
    return tf.reshape(pairs[:, :count], (-1, *shape))

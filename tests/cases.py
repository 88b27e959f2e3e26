"""Test cases that several test files share."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

import zoo
from zoo.layers import BatchNorm


@keras.saving.register_keras_serializable(package="cases")
class TinyGAN(zoo.PairedGAN):
    """A paired model that trains in milliseconds: two small networks and an adversarial term.

    Args:
        batch_norm: Bool, whether both networks have batch norm.
        objective: `zoo.PairedObjective`, or `None` for L1 and an adversary.
        **kwargs: Of `zoo.PairedGAN`.
    """

    def __init__(self, batch_norm=False, objective=None, **kwargs):
        super().__init__(
            tiny_generator(batch_norm), lambda: tiny_discriminator(batch_norm), objective, **kwargs
        )
        self.batch_norm = batch_norm

    @staticmethod
    def default_objective():
        return zoo.PairedObjective(
            adversarial_loss=zoo.losses.NonSaturating(), adversarial_weight=0.1
        )

    def get_config(self):
        return {**super().get_config(), "batch_norm": self.batch_norm}


def tiny_generator(batch_norm=False):
    inputs = keras.Input((None, None, 3))
    x = layers.Conv2D(4, 3, padding="same")(inputs)
    x = BatchNorm()(x) if batch_norm else x
    x = layers.Conv2D(3, 3, padding="same", dtype="float32")(layers.LeakyReLU()(x))
    return keras.Model(inputs, layers.Add(dtype="float32")([inputs, x]))


def tiny_discriminator(batch_norm=False):
    inputs = keras.Input((None, None, 3))
    x = layers.Conv2D(4, 3, strides=2, padding="same")(inputs)
    x = BatchNorm()(x) if batch_norm else x
    x = layers.GlobalAveragePooling2D()(layers.LeakyReLU()(x))
    return keras.Model(inputs, layers.Dense(1, dtype="float32")(x))


def pairs(count, size=8, scale=1, seed=0):
    """Float32 arrays `(degraded, clean)` in [-1, 1] that a model can learn from."""
    clean = np.random.default_rng(seed).uniform(-1, 1, (count, size, size, 3)).astype("float32")
    return 0.5 * clean[:, ::scale, ::scale] + 0.1, clean


def batches(count, batch_size, **options):
    """`pairs` as a `tf.data.Dataset` in order, the last batch as small as it comes."""
    return tf.data.Dataset.from_tensor_slices(pairs(count, **options)).batch(batch_size)

"""Small networks with random weights, such as the zoo's are made of."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from zoo.layers import PixelShuffle, Resize


@keras.saving.register_keras_serializable(package="test_export")
class PythonLayer(layers.Layer):
    """Runs NumPy: no server can."""

    def call(self, inputs):
        return tf.ensure_shape(tf.numpy_function(np.copy, [inputs], tf.float32), inputs.shape)


@keras.saving.register_keras_serializable(package="test_export")
class Bicubic(layers.Layer):
    """Enlarges by 2 in a way that TFLite does not have."""

    def call(self, inputs):
        size = tf.shape(inputs)[1:3] * 2
        return tf.cast(tf.image.resize(inputs, size, method="bicubic"), inputs.dtype)

    def compute_output_shape(self, input_shape):
        n, h, w, c = input_shape
        return (n, h and 2 * h, w and 2 * w, c)


def with_random_weights(network):
    rng = np.random.default_rng(0)
    network.set_weights(
        [
            np.abs(rng.normal(1.0, 0.2, w.shape))
            if "variance" in v.name or "gamma" in v.name
            else rng.normal(0.0, 0.1, w.shape)
            for v, w in zip(network.weights, network.get_weights(), strict=True)
        ]
    )
    return network


@pytest.fixture(scope="session")
def super_resolution():
    """A x2 network: nested model, batch normalisation, sub-pixel convolution, skip."""

    def build(channels=3):
        inputs = keras.Input((None, None, channels))
        body = keras.Sequential(
            [layers.Conv2D(8, 3, padding="same"), layers.BatchNormalization(), layers.ReLU()]
        )
        x = PixelShuffle(2)(layers.Conv2D(4 * channels, 3, padding="same")(body(inputs)))
        outputs = layers.Add(dtype="float32")([x, Resize(2, dtype="float32")(inputs)])
        return with_random_weights(keras.Model(inputs, outputs, name="super_resolution"))

    return build


@pytest.fixture(scope="session")
def unet():
    """A network that halves the image twice: sides must be multiples of 4."""

    def build(channels=3):
        inputs = keras.Input((None, None, channels))
        first = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(inputs)
        x = layers.Conv2D(6, 3, strides=2, padding="same", activation="relu")(first)
        x = layers.Add()([PixelShuffle(2)(layers.Conv2D(16, 1)(x)), first])
        x = PixelShuffle(2)(layers.Conv2D(4 * channels, 3, padding="same")(x))
        return with_random_weights(keras.Model(inputs, layers.Add()([x, inputs]), name="unet"))

    return build


@pytest.fixture
def through():
    """Build a network of convolutions around the layers of a test."""

    def build(*middle):
        inputs = keras.Input((None, None, 3))
        x = layers.Conv2D(4, 3, padding="same", name="before")(inputs)
        for layer in middle:
            x = layer(x)
        return keras.Model(inputs, layers.Conv2D(3, 3, padding="same", name="after")(x))

    return build


@pytest.fixture
def python_layer():
    return PythonLayer()


@pytest.fixture
def bicubic():
    return Bicubic(name="enlarge")


@pytest.fixture
def photo():
    """A random 8-bit image of odd size."""

    def build(height=13, width=18, channels=3, seed=0):
        rng = np.random.default_rng(seed)
        return rng.integers(0, 256, (height, width, channels), dtype=np.uint8)

    return build

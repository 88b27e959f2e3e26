"""Classifiers that say what a generated image shows."""

from pathlib import Path

import keras
import numpy as np
from generation_data import images
from keras import layers

_BATCH = 128


def classifier(data, steps=1800):
    """Train a small convolutional network on real images, or load it if it is there.

    Args:
        data: Path of a prepared `.npz` file with ten classes.
        steps: Integer, updates, at least; whole epochs are trained. Defaults to 1800.

    Returns:
        `(network, accuracy)`: a `keras.Model` of images in [-1, 1] to probabilities, and its
        accuracy on the held-out part.
    """
    data = Path(data)
    path = data.with_name(f"{data.stem}_classifier.keras")
    if path.is_file():
        network = keras.saving.load_model(path)
    else:
        pixels, labels = images(data, "train")
        network = train(pixels, labels, -(-steps * _BATCH // len(pixels)))
        network.save(path)
    pixels, labels = images(data, "test")
    return network, accuracy(network, pixels, labels)


def accuracy(network, pixels, labels):
    """Share of images that `network` takes for what `labels` say."""
    return float((classes(network, pixels) == np.asarray(labels)).mean())


def classes(network, pixels):
    """The most likely class of each image."""
    return network.predict(pixels, batch_size=256, verbose=0).argmax(axis=1)


def train(pixels, labels, epochs, class_count=10):
    """Train a small convolutional network.

    Args:
        pixels: Float32 images in [-1, 1].
        labels: Integers `(N,)`.
        epochs: Integer.
        class_count: Integer. Defaults to 10.

    Returns:
        A `keras.Model`: images to probabilities.
    """
    keras.utils.set_random_seed(0)
    x = inputs = keras.Input(pixels.shape[1:])
    for width in (32, 64):
        x = layers.Conv2D(width, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D()(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.Dropout(0.4)(layers.Dense(128, activation="relu")(layers.Flatten()(x)))
    network = keras.Model(inputs, layers.Dense(class_count, activation="softmax")(x))
    rate = keras.optimizers.schedules.CosineDecay(1e-3, epochs * len(pixels) // _BATCH)
    network.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    network.fit(pixels, labels, batch_size=_BATCH, epochs=epochs, verbose=2)
    return network

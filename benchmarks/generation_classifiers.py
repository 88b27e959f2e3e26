"""Classifiers that say what a generated image shows."""

from pathlib import Path

import keras
import numpy as np
from generation_data import images
from keras import layers


def classifier(data, epochs=4):
    """Train a small convolutional network on real images, or load it if it is there.

    Args:
        data: Path of a prepared `.npz` file with ten classes.
        epochs: Integer. Defaults to 4.

    Returns:
        `(network, accuracy)`: a `keras.Model` of images in [-1, 1] to probabilities, and its
        accuracy on the held-out part.
    """
    data = Path(data)
    path = data.with_name(f"{data.stem}_classifier.keras")
    if path.is_file():
        network = keras.saving.load_model(path)
    else:
        network = train(*images(data, "train"), epochs)
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
        x = layers.MaxPooling2D()(layers.BatchNormalization()(x))
    x = layers.Dropout(0.4)(layers.Dense(128, activation="relu")(layers.Flatten()(x)))
    network = keras.Model(inputs, layers.Dense(class_count, activation="softmax")(x))
    rate = keras.optimizers.schedules.CosineDecay(1e-3, epochs * len(pixels) // 128)
    network.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    network.fit(pixels, labels, batch_size=128, epochs=epochs, verbose=2)
    return network

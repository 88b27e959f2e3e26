"""What replaces tensorflow-addons, against what the package returned (`make_golden.py`)."""

from pathlib import Path

import keras
import numpy as np
import pytest
import replacements

GOLDEN = dict(np.load(Path(__file__).with_name("golden.npz")))
IMAGE, MAPS = GOLDEN["image"], GOLDEN["maps"]


def same(actual, name, tolerance=1e-5):
    np.testing.assert_allclose(np.asarray(actual), GOLDEN[name], atol=tolerance, rtol=tolerance)


def test_gaussian_filter2d():
    same(replacements.gaussian_filter2d(IMAGE, 5, 1.2), "gaussian_filter2d")


def test_median_filter2d():
    same(replacements.median_filter2d(IMAGE), "median_filter2d")


@pytest.mark.parametrize(("index", "factor"), [(0, 0.0), (1, 0.5), (2, 1.7)])
def test_sharpness(index, factor):
    # The package rounds down to 8 bits.
    made = 255 * np.asarray(replacements.sharpness(IMAGE, factor))
    np.testing.assert_allclose(made, GOLDEN["sharpness"][index], atol=1.001)


def test_dense_image_warp():
    same(replacements.dense_image_warp(IMAGE, GOLDEN["flow"]), "dense_image_warp")


def test_cutout():
    same(replacements.cutout(IMAGE, (4, 6), (5, 7), 0.5), "cutout")


def test_transform():
    same(replacements.transform(IMAGE, GOLDEN["eight"]), "transform")


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("instance_norm", replacements.instance_norm(epsilon=1e-3)),
        ("group_norm", replacements.group_norm(4)),
    ],
)
def test_normalization(name, layer):
    layer.build(MAPS.shape)
    layer.set_weights([GOLDEN["scale"], GOLDEN["offset"]])
    same(layer(MAPS), name)


def test_spectral_normalization():
    """Three steps of training: the vector of the power iteration moves on in the same way."""
    inner = keras.layers.Conv2D(6, 3, use_bias=False)
    layer = replacements.spectral_norm(inner, power_iterations=1)
    layer.build(MAPS.shape)
    inner.kernel.assign(GOLDEN["kernel"])
    layer.vector_u.assign(GOLDEN["spectral_vector"])
    same(np.stack([layer(MAPS, training=True) for _ in range(3)]), "spectral_norm")


def test_adaptive_pooling():
    same(keras.layers.AdaptiveAveragePooling2D((3, 5))(MAPS), "adaptive_pooling")


def test_mish():
    same(keras.activations.mish(MAPS), "mish")


def trajectory(optimizer):
    variable = keras.Variable(GOLDEN["start"])
    steps = []
    for gradient in GOLDEN["gradients"]:
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [variable])
        steps.append(np.asarray(variable))
    return variable, np.stack(steps)


@pytest.mark.parametrize(
    ("name", "optimizer"),
    [
        ("adamw", replacements.adamw(1e-3, 0.01)),
        ("lamb", keras.optimizers.Lamb(0.01, epsilon=1e-6)),
    ],
)
def test_optimizer(name, optimizer):
    same(trajectory(optimizer)[1], name)


def test_moving_average():
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(4, use_bias=False)])
    network.set_weights([GOLDEN["start"][None]])
    average, follow = replacements.moving_average(network, 0.9)
    optimizer = keras.optimizers.SGD(0.1)
    for gradient, expected in zip(GOLDEN["gradients"], GOLDEN["moving_average_steps"], strict=True):
        optimizer.apply([keras.ops.convert_to_tensor(gradient[None])], network.trainable_weights)
        follow()
        np.testing.assert_allclose(network.get_weights()[0][0], expected, rtol=1e-5)
    same(average.get_weights()[0][0], "moving_average")

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.layers import style


def test_truncation_goes_to_the_mean():
    layer = style.Truncation(0.25)
    layer.build((None, 2))
    layer.mean.assign([1.0, 2.0])
    np.testing.assert_allclose(layer(tf.constant([[5.0, 2.0]])), [[2.0, 2.0]])


def test_pixel_norm_makes_the_mean_square_one():
    x = style.PixelNorm()(tf.random.normal((3, 50), stddev=9.0))
    np.testing.assert_allclose(tf.reduce_mean(x**2, axis=1), 1.0, rtol=1e-5)


def test_broadcast_and_unstack_are_inverse():
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    parts = style.Unstack()(style.Broadcast(3)(x))
    assert len(parts) == 3
    for part in parts:
        np.testing.assert_array_equal(part, x)


@pytest.mark.parametrize(
    "layer",
    [
        style.PixelNorm(),
        style.Truncation(0.5),
        style.Broadcast(3),
        style.Constant((4, 4, 2)),
    ],
    ids=lambda layer: layer.name,
)
def test_layers_come_back_from_a_file(layer, tmp_path):
    inputs = keras.Input((5,))
    model = keras.Model(inputs, layer(inputs))
    model.save(tmp_path / "model.keras")
    x = np.random.default_rng(0).normal(size=(2, 5)).astype("float32")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(x), model(x))
    assert model.output_shape[1:] == tuple(model(x).shape[1:])

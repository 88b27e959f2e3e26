import numpy as np
import tensorflow as tf

from zoo.layers import Complete, Gate
from zoo.networks.inpainting import gated_unet


def test_gate_golden():
    features, gates = tf.constant([[[[2.0, -1.0]]]]), tf.constant([[[[0.0, 50.0]]]])
    gated = Gate()(tf.concat([features, gates], axis=-1))
    np.testing.assert_allclose(gated[0, 0, 0], [1.0, np.exp(-1) - 1], rtol=1e-6)
    closed = Gate()(tf.concat([features, gates - 100.0], axis=-1))
    np.testing.assert_allclose(closed, 0.0, atol=1e-6)


def test_drawn_pixels_get_a_gradient_in_holes_alone():
    masked = tf.constant([[[[0.5, 0.0], [0.0, 1.0]]]])
    drawn = tf.Variable([[[[0.1], [0.2]]]])
    with tf.GradientTape() as tape:
        completed = Complete()([masked, drawn])
    np.testing.assert_allclose(completed, [[[[0.5], [0.2]]]])
    np.testing.assert_array_equal(tape.gradient(completed, drawn), [[[[0.0], [1.0]]]])


def test_what_is_not_finite_in_a_hole_stays_out():
    masked = tf.constant([[[[0.5, 0.0], [0.0, 1.0]]]])
    completed = Complete()([masked, tf.constant([[[[np.nan], [0.2]]]])])
    np.testing.assert_allclose(completed, [[[[0.5], [0.2]]]])


def test_generator_draws_what_it_says_in_holes():
    network = gated_unet(1, (4, 6), (2,))
    masked = np.random.default_rng(0).uniform(-1, 1, (1, 8, 12, 2)).astype("float32")
    masked[..., 1] = masked[..., 1] > 0
    drawn = network.get_layer("drawn").output
    parts = tf.keras.Model(network.input, [drawn, network.output])(masked)
    holes = masked[..., 1:] > 0
    np.testing.assert_array_equal(parts[1], np.where(holes, parts[0], masked[..., :1]))
    assert np.abs(parts[0]).max() <= 1

import keras
import numpy as np
import tensorflow as tf

from zoo.layers import Complete, Gate, Over, Premultiply, Unpremultiply
from zoo.networks.inpainting import coarse_to_fine, gated_unet, smooth_fill


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


def test_premultiplied_images_are_put_over_others():
    rng = np.random.default_rng(0)
    image, behind = rng.uniform(-1, 1, (2, 2, 4, 5, 3)).astype("float32")
    mask = rng.integers(0, 2, (2, 4, 5, 1)).astype("float32")
    visible = Premultiply()(np.concatenate([image, mask], axis=-1))
    np.testing.assert_array_equal(visible[..., :3], image * (1 - mask))
    np.testing.assert_array_equal(visible[..., 3:], 1 - mask)
    np.testing.assert_array_equal(Over()([visible, behind]), np.where(mask > 0, behind, image))
    halves = 0.5 * np.asarray(visible)
    expected = np.where(mask > 0, 0, image)
    np.testing.assert_allclose(Unpremultiply()(halves), expected, atol=1e-6)


def test_holes_begin_as_their_surroundings():
    inputs = keras.Input((None, None, 2))
    fill = keras.Model(inputs, smooth_fill(inputs, levels=3))
    ramp = np.tile(np.linspace(-0.5, 0.5, 32, dtype="float32")[None, None, :, None], (1, 32, 1, 1))
    mask = np.zeros_like(ramp)
    mask[:, 10:22, 10:22] = 1
    filled = fill(np.concatenate([np.where(mask > 0, 7.0, ramp), mask], axis=-1)).numpy()
    np.testing.assert_allclose(filled[mask == 0], ramp[mask == 0], atol=1e-7)
    assert np.abs(filled - ramp).max() < 0.12
    steps = np.abs(np.diff(filled, axis=2))
    assert steps.max() < 0.12  # smooth, over the rims as well
    nothing = fill(np.concatenate([ramp, np.ones_like(mask)], axis=-1))
    np.testing.assert_array_equal(nothing, np.zeros_like(ramp))


def without_last_convolution(network, name):
    """The network up to a drawing whose last convolution adds nothing."""
    drawn = network.get_layer(name)
    shuffle = drawn.input[1]._keras_history.operation
    convolution = shuffle.input._keras_history.operation
    convolution.set_weights([0 * weights for weights in convolution.get_weights()])
    return keras.Model(network.input, drawn.output)


def holed():
    image = np.full((1, 32, 32, 4), 0.8, "float32")
    image[..., 3] = 0
    image[:, 8:18, 8:18] = (0, 0, 0, 1)
    return image


def test_a_network_draws_what_differs_from_the_smooth_fill():
    network = gated_unet(3, (4, 8), (1,))
    smooth = keras.Model(network.input, smooth_fill(network.input, 2))(holed())
    begun = without_last_convolution(network, "drawn")(holed())
    np.testing.assert_allclose(begun, smooth, atol=1e-6)
    assert smooth[0, 9, 9].numpy().mean() > 0.5


def test_the_fine_network_draws_what_differs_from_the_coarse_drawing():
    network = coarse_to_fine(3, (4, 8), (1,))
    begun = without_last_convolution(network, "drawn")(holed())
    coarse = keras.Model(network.input, network.get_layer("coarse").output)(holed())
    np.testing.assert_allclose(begun[:, 8:18, 8:18], coarse[:, 8:18, 8:18], atol=1e-6)
    np.testing.assert_allclose(begun[:, :8], holed()[:, :8, :, :3], atol=1e-6)

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
    covered = Over()([0.5 * visible, 0.5 * visible])
    np.testing.assert_allclose(covered, 0.75 * np.asarray(visible), atol=1e-7)
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


def test_wide_holes_have_the_colours_of_their_rims():
    inputs = keras.Input((None, None, 2))
    fill = keras.Model(inputs, smooth_fill(inputs, levels=3))
    masked = np.full((1, 128, 128, 2), (0.8, 0), "float32")
    masked[:, 32:96, 32:96] = (0, 1)  # 8 * 2 ** levels
    np.testing.assert_allclose(fill(masked), np.full((1, 128, 128, 1), 0.8), atol=1e-6)


def test_one_visible_pixel_colours_the_hole_around_it():
    inputs = keras.Input((None, None, 2))
    fill = keras.Model(inputs, smooth_fill(inputs, levels=3))
    masked = np.zeros((1, 32, 32, 2), "float32")
    masked[:, 8:24, 8:24, 1] = 1
    masked[:, 15, 15] = (1, 0)
    filled = fill(masked).numpy()[0, ..., 0]
    assert filled[15, 15] == 1
    assert filled[13:18, 13:18].min() > 0.25
    assert (filled[8, 8:24] < filled[12, 8:24].max()).all()


def test_the_coarse_network_sees_lines_of_one_pixel():
    network = coarse_to_fine(3, (4, 8), (1,))
    coarse = keras.Model(network.input, network.get_layer("coarse").output)
    hole = np.zeros((1, 32, 32, 4), "float32")
    hole[:, 8:24, 8:24] = (0, 0, 0, 1)
    line = hole.copy()
    line[:, 8:24, 15] = (0.9, -0.9, 0.9, 0)
    assert np.abs(coarse(line) - coarse(hole))[:, 12:20, 14:17].min() > 0.4


def test_gates_leave_features_as_large_as_they_are():
    network = gated_unet(3, (64, 64, 64), ())
    gates = [layer.output for layer in network.layers if isinstance(layer, Gate)]
    image = np.random.default_rng(0).normal(size=(1, 128, 128, 4)).astype("float32")
    image[..., 3] = 0
    features = keras.Model(network.input, gates)(image)
    for each in features:
        assert 0.3 < np.sqrt(np.mean(np.square(each))) < 3


def holed():
    image = np.full((1, 32, 32, 4), 0.8, "float32")
    image[..., 3] = 0
    image[:, 8:18, 8:18] = (0, 0, 0, 1)
    return image


def test_a_network_draws_what_differs_from_the_smooth_fill():
    network = gated_unet(3, (4, 8), (1,))
    smooth = keras.Model(network.input, smooth_fill(network.input, 2))(holed())
    begun = keras.Model(network.input, network.get_layer("drawn").output)(holed())
    np.testing.assert_allclose(begun, smooth, atol=1e-6)
    assert smooth[0, 9, 9].numpy().mean() > 0.5


def test_the_fine_network_draws_what_differs_from_the_coarse_drawing():
    network = coarse_to_fine(3, (4, 8), (1,))
    begun = keras.Model(network.input, network.get_layer("drawn").output)(holed())
    coarse = keras.Model(network.input, network.get_layer("coarse").output)(holed())
    np.testing.assert_allclose(begun[:, 8:18, 8:18], coarse[:, 8:18, 8:18], atol=1e-6)
    np.testing.assert_allclose(begun[:, :8], holed()[:, :8, :, :3], atol=1e-6)

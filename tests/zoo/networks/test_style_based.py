import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.networks import style_based as networks


@pytest.fixture(scope="module")
def generator():
    keras.utils.set_random_seed(0)
    synthesis = networks.synthesis_network(16, 3, 8, filters=4)
    network = networks.style_generator(networks.mapping_network(6, 8, depth=2), synthesis)
    for layer in synthesis.layers:
        if hasattr(layer, "strength"):
            layer.strength.assign(0.3)
    return network


@pytest.fixture(scope="module")
def latents():
    return np.random.default_rng(0).normal(size=(3, 6)).astype("float32")


def test_sizes():
    assert networks.widths(32, 16, 40) == {4: 40, 8: 40, 16: 32, 32: 16}
    assert [networks.style_count(size) for size in (8, 256, 1024)] == [4, 14, 18]
    for size in (4, 12, 8.0):
        with pytest.raises(ValueError, match=r"`image_size` must be a power of two"):
            networks.widths(size, 16, 512)


def test_every_style_moves_the_image(generator, latents):
    synthesis = generator.get_layer("synthesis")
    styles = np.tile(generator.get_layer("mapping")(latents)[:, None], (1, 6, 1))
    image = synthesis(styles)
    np.testing.assert_array_equal(image, generator(latents))
    for index in range(6):
        other = styles.copy()
        other[:, index] *= -1.0
        assert np.abs(synthesis(other) - image).max() > 1e-3, index


def test_copies_are_the_same(generator, latents, tmp_path):
    expected = generator(latents)
    clone = keras.models.clone_model(generator)
    clone.set_weights(generator.get_weights())
    generator.save(tmp_path / "generator.keras")
    loaded = keras.models.load_model(tmp_path / "generator.keras")
    for copy in (clone, loaded):
        np.testing.assert_array_equal(copy(latents), expected)
        # Paths name the layers' noise, which must not change when training goes on.
        assert paths(copy) == paths(generator)


def paths(generator):
    layers = generator.get_layer("synthesis").layers
    return [layer.path for layer in layers if hasattr(layer, "strength")]


def test_exports_to_saved_model(generator, latents, tmp_path):
    generator.export(tmp_path / "exported", verbose=False)
    loaded = tf.saved_model.load(tmp_path / "exported")
    np.testing.assert_allclose(loaded.serve(latents), generator(latents), atol=1e-5)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_converts_to_tflite(generator, latents):
    contents = tf.lite.TFLiteConverter.from_keras_model(generator).convert()
    interpreter = tf.lite.Interpreter(model_content=contents)
    (inputs,), (outputs,) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.resize_tensor_input(inputs["index"], latents.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(inputs["index"], latents)
    interpreter.invoke()
    made = interpreter.get_tensor(outputs["index"])
    np.testing.assert_allclose(made, generator(latents), atol=1e-4)


def test_discriminator_sees_whether_samples_are_alike():
    network = networks.residual_discriminator(8, 1, filters=4)
    image = tf.random.uniform((1, 8, 8, 1), -1, 1, seed=0)
    alone, among_equals = network(image), network(tf.repeat(image, 4, axis=0))
    varied = network(tf.concat([image, tf.random.uniform((3, 8, 8, 1), -1, 1, seed=1)], 0))
    np.testing.assert_allclose(among_equals[0], alone[0], atol=1e-5)
    assert abs(float(varied[0, 0] - alone[0, 0])) > 1e-3

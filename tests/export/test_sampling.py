"""Models that make images from noise, as they are served."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import export
import zoo


@pytest.fixture(scope="module")
def model():
    return zoo.ConditionalGAN(class_count=3, image_size=8, channels=1, filters=4)


@pytest.fixture(scope="module")
def version(model, tmp_path_factory):
    return export.saved_model(model, tmp_path_factory.mktemp("served") / "gan")


@pytest.fixture(scope="module")
def loaded(version):
    return tf.saved_model.load(version)


def request(model, count=3):
    latents, labels = model.inputs(count)
    return {"latents": latents, "labels": labels}


def test_served_images_are_those_of_keras(model, loaded):
    expected = np.clip((model.sample(3) + 1) / 2, 0, 1)
    for name in ("serving_default", "sample"):
        made = loaded.signatures[name](**request(model))["images"]
        np.testing.assert_allclose(made, expected, atol=1e-6)
    files = loaded.signatures["sample_bytes"](**request(model))["sampled_bytes"]
    pixels = [tf.io.decode_png(file).numpy() for file in files]
    np.testing.assert_array_equal(pixels, np.rint(expected * 255))


def test_labels_choose_the_class(model, loaded):
    latents = tf.repeat(model.inputs(1)[0], 3, axis=0)
    made = loaded.signatures["sample"](latents=latents, labels=tf.constant([0, 1, 1]))[
        "images"
    ].numpy()
    assert np.ptp(made[:2], axis=0).max() > 0
    np.testing.assert_array_equal(made[1], made[2])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": [0, 1, 3]}, "integers from 0 to 2. Received: 3 latents and 3 labels"),
        ({"labels": [0, -1, 1]}, "integers from 0 to 2"),
        ({"labels": [0]}, "3 latents and 1 labels"),
        ({"latents": np.full((3, 100), np.nan, "float32")}, r"latents\[0\] must hold finite"),
    ],
)
def test_what_no_image_can_be_made_from_is_refused(model, loaded, change, message):
    wanted = request(model) | {name: tf.constant(value) for name, value in change.items()}
    for name in ("sample", "sample_bytes"):
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            loaded.signatures[name](**wanted)


def test_record_says_what_a_request_must_hold(version):
    facts = export.record(version)
    assert (facts["latent_size"], facts["class_count"]) == (100, 3)
    assert "alignment" not in facts


def test_check_finds_other_weights_in_every_signature(model, version, tmp_path):
    other = zoo.ConditionalGAN(class_count=3, image_size=8, channels=1, filters=4, seed=1)
    other.generator.set_weights([weight + 0.1 for weight in other.generator.get_weights()])
    lite = export.tflite(model, tmp_path / "model.tflite")
    assert export.check(model, saved_model=version, tflite=lite, photographs=model.inputs(2)).passed
    with pytest.raises(export.ParityError, match="TOO LARGE") as raised:
        export.check(other, saved_model=version, tflite=lite)
    found = raised.value.report.differences
    assert [x.target.split()[-1] for x in found] == [
        "serving_default", "sample", "sample_bytes", "float32",
    ]  # fmt: skip
    assert not any(x.passed for x in found)


@pytest.mark.parametrize("quantize", ["float16", "int8"])
def test_smaller_tflite_files(model, tmp_path, quantize):
    whole = export.tflite(model, tmp_path / "whole.tflite")
    small = export.tflite(model, tmp_path / "small.tflite", quantize)
    assert small.stat().st_size < 0.8 * whole.stat().st_size
    assert export.check(model, tflite=small).passed


def test_ranges_of_activations_come_from_inputs_of_the_model(model, tmp_path):
    path = export.tflite(model, tmp_path / "model.tflite", "int8", model.inputs(8))
    dynamic = export.tflite(model, tmp_path / "dynamic.tflite", "int8")
    assert export.check(model, tflite=path).passed
    assert path.read_bytes() != dynamic.read_bytes()
    with pytest.raises(ValueError, match=r"what `model.inputs\(count\)` returns: latents"):
        export.tflite(model, path, "int8", model.inputs(8)[0])


def test_a_network_of_yours_is_known_by_the_names_of_its_inputs(tmp_path):
    latents = keras.Input((4,), name="latents")
    x = layers.Reshape((2, 2, 3))(layers.Dense(12, activation="tanh")(latents))
    network = keras.Model(latents, x)
    version = export.saved_model(network, tmp_path / "served")
    assert export.check(network, saved_model=version).passed
    assert export.record(version)["class_count"] is None
    labels = keras.Input((), dtype="int32", name="labels")
    one_hot = layers.CategoryEncoding(3, output_mode="one_hot")(labels)
    x = layers.Dense(12)(layers.Concatenate()([latents, one_hot]))
    unknown = keras.Model([latents, labels], layers.Reshape((2, 2, 3))(x))
    with pytest.raises(ValueError, match="must look its labels up"):
        export.saved_model(unknown, tmp_path / "unknown")
    flat = keras.Model(latents, layers.Dense(4)(latents))
    with pytest.raises(ValueError, match="gray or RGB images"):
        export.saved_model(flat, tmp_path / "flat")
    assert not (tmp_path / "flat").exists()


def test_truncation_of_styles_is_served(tmp_path):
    model = zoo.StyleGAN2(image_size=8, filters=4, style_size=8)
    network = model.truncated_network(0.5)
    served = tf.saved_model.load(export.saved_model(network, tmp_path))
    made = served.signatures["sample"](latents=model.inputs(2))["images"]
    expected = np.clip((model.generate(2, truncation=0.5) + 1) / 2, 0, 1)
    np.testing.assert_allclose(made, expected, atol=1e-5)


def test_alignment_is_for_models_on_images(model, tmp_path):
    with pytest.raises(ValueError, match="`alignment` is for models on images"):
        export.saved_model(model, tmp_path, alignment=4)

"""Models that fill holes, as they are served."""

import io

import cases
import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import export
import zoo
from zoo.layers import Complete


@pytest.fixture(scope="module")
def model():
    model = zoo.InpaintingGAN(filters=(4, 6), dilations=(2,), objective=zoo.PairedObjective())
    return cases.awake(model)


@pytest.fixture(scope="module")
def loaded(model, tmp_path_factory):
    version = export.saved_model(model, tmp_path_factory.mktemp("served") / "gan", max_pixels=2000)
    return tf.saved_model.load(version)


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def pair():
    image = np.random.default_rng(0).integers(0, 256, (21, 30, 3), "uint8")
    mask = np.zeros((21, 30), "uint8")
    mask[5:15, 8:20] = 255
    return image, mask


def test_served_images_are_those_of_inpaint(model, loaded, pair):
    image, mask = pair
    expected = zoo.inpaint(model, image, mask, precision="float32").astype(int)
    unit = {
        "images": tf.constant(image[None] / 255, tf.float32),
        "masks": tf.constant(mask[None, ..., None] / 255, tf.float32),
    }
    floats = loaded.signatures["serving_default"](**unit)["restored_images"][0].numpy()
    np.testing.assert_array_equal(floats[mask == 0], unit["images"][0].numpy()[mask == 0])
    assert np.abs(np.rint(floats * 255) - expected).max() <= 1
    files = {
        "image_bytes": tf.constant([png(image), png(image)]),
        "mask_bytes": tf.constant([png(mask), png(mask)]),
    }
    filled = loaded.signatures["restore_bytes"](**files)["restored_bytes"]
    for file in filled:
        pixels = tf.io.decode_png(file).numpy().astype(int)
        np.testing.assert_array_equal(pixels[mask == 0], image[mask == 0])
        assert np.abs(pixels - expected).max() <= 1


def test_requests_that_do_not_fit_are_refused(loaded, pair):
    image, mask = pair
    images = tf.constant(image[None] / 255, tf.float32)
    masks = tf.constant(mask[None, ..., None] / 255, tf.float32)
    serve, restore = (loaded.signatures[name] for name in ("serving_default", "restore_bytes"))
    for wrong, message in (
        ({"masks": masks[:, :-1]}, "masks must have the number, height and width"),
        ({"masks": masks * 255}, r"masks\[0\] must hold float32 values"),
        ({"images": images * 255}, r"images\[0\] must hold float32 values"),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            serve(**{"images": images, "masks": masks, **wrong})
    files = {"image_bytes": tf.constant([png(image)]), "mask_bytes": tf.constant([png(mask)])}
    for wrong, message in (
        ({"mask_bytes": tf.constant([png(mask)] * 2)}, "as many as image_bytes. Received: 2 and 1"),
        ({"mask_bytes": tf.constant([png(image)])}, r"mask_bytes\[0\] must be gray"),
        ({"mask_bytes": tf.constant([png(mask[1:])])}, "height and width of the images at 0"),
        ({"mask_bytes": tf.constant([b"mask"])}, r"mask_bytes\[0\] is neither"),
        ({"image_bytes": tf.constant([png(np.zeros((50, 50, 3), "uint8"))])}, "too many pixels"),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            restore(**{**files, **wrong})


def test_integer_activations_are_calibrated_with_holes(tmp_path, pair):
    masked = keras.Input((None, None, 4))
    drawn = keras.layers.Conv2D(3, 3, padding="same", activation="tanh")(masked)
    model = keras.Model(masked, Complete(dtype="float32")([masked, drawn]))
    image, _ = pair
    path = export.tflite(model, tmp_path / "model.tflite", "int8", [image])
    assert export.check(model, tflite=path, photographs=[image], tolerance=0.2).passed


def test_smooth_fills_are_not_for_integer_activations(model, tmp_path, pair):
    with pytest.raises(ValueError, match="computes in floats alone"):
        export.tflite(model, tmp_path / "model.tflite", "int8", [pair[0]])

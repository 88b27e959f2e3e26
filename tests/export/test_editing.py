"""Models that edit images by something else, as they are served."""

import io

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import export
import zoo
from export.tflite_model import interpreter


@pytest.fixture(scope="module")
def styles():
    objective = zoo.StyleObjective(content_loss=None, content_weight=0, style_loss=None,
                                   style_weight=0, adversarial_weight=1.0,
                                   adversarial_loss=zoo.losses.LeastSquares())  # fmt: skip
    return zoo.StyleTransferGAN(filters=2, blocks=1, style_size=4, objective=objective)


@pytest.fixture(scope="module")
def faces():
    return zoo.FaceAttributeGAN({"age": (0, 1), "beard": (0, 1)}, filters=2, blocks=1)


def load(model, folder):
    version = export.saved_model(model, folder, precision="float32", max_pixels=2000)
    return tf.saved_model.load(version).signatures


@pytest.fixture(scope="module")
def served_styles(styles, tmp_path_factory):
    return load(styles, tmp_path_factory.mktemp("served") / "styles")


@pytest.fixture(scope="module")
def served_faces(faces, tmp_path_factory):
    return load(faces, tmp_path_factory.mktemp("served") / "faces")


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def pictures():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (*size, 3), "uint8") for size in ((21, 30), (16, 24))]


def unit(pixels):
    return tf.constant(pixels[None] / 255, tf.float32)


def test_styles_are_served_as_stylize_paints(styles, served_styles, pictures):
    photo, painting = (each[: len(each) // 4 * 4, :28] for each in pictures)
    expected = zoo.stylize(styles, photo, painting, precision="float32").astype(int)
    assert np.abs(expected - photo).max() > 20
    floats = served_styles["serving_default"](images=unit(photo), styles=unit(painting))
    assert np.abs(np.rint(floats["edited_images"][0] * 255) - expected).max() <= 1
    files = served_styles["edit_bytes"](
        image_bytes=tf.constant([png(photo), png(photo)]),
        style_bytes=tf.constant([png(painting), png(painting)]),
    )["edited_bytes"]
    for file in files:
        assert np.abs(tf.io.decode_png(file).numpy().astype(int) - expected).max() <= 1


def test_sides_of_any_length_are_painted(styles, served_styles, pictures):
    photo, painting = pictures
    expected = zoo.stylize(styles, photo, painting, precision="float32").astype(int)
    floats = served_styles["serving_default"](images=unit(photo), styles=unit(painting))
    # Two rows and columns more are mirrored before the colours of the photograph are looked at.
    assert np.abs(np.rint(floats["edited_images"][0] * 255) - expected).max() <= 4


def test_a_fixed_size_of_images_fixes_that_of_styles(styles, tmp_path):
    path = export.tflite(styles, tmp_path / "styles.tflite", size=(24, 32))
    takes = interpreter(path).get_signature_runner("serving_default").get_input_details()
    shapes = {name: each["shape"].tolist() for name, each in takes.items()}
    assert shapes == {"images": [1, 24, 32, 3], "styles": [1, 192, 192, 3]}
    photos = list(np.random.default_rng(1).integers(0, 256, (2, 24, 32, 3), "uint8"))
    assert export.check(styles, tflite=path, photographs=photos).passed


def test_attributes_are_vectors_in_both_signatures(faces, served_faces, pictures):
    photo, _ = pictures
    editor = faces.editor_of({"beard": 0.5})
    expected = zoo.restore(editor, photo, precision="float32").astype(int)
    changes = tf.constant([[0.0, 0.5]])
    floats = served_faces["serving_default"](images=unit(photo), attributes=changes)
    assert np.abs(np.rint(floats["edited_images"][0] * 255) - expected).max() <= 1
    files = served_faces["edit_bytes"](image_bytes=tf.constant([png(photo)]), attributes=changes)
    made = tf.io.decode_png(files["edited_bytes"][0]).numpy().astype(int)
    assert np.abs(made - expected).max() <= 1


def test_texts_are_strings_in_both_signatures(tmp_path, pictures):
    photo, _ = pictures
    model = zoo.MultimodalGAN(["darker", "warmer"], filters=4, blocks=1, discriminator_filters=4)
    for variable in model.generator.get_layer("renderer").weights[-4:]:
        # Gain and offset start from nothing.
        variable.assign(np.random.default_rng(0).normal(0, 0.1, variable.shape))
    signatures = load(model, tmp_path / "texts")
    expected = zoo.restore(model.editor_of("Darker!"), photo, precision="float32").astype(int)
    assert np.abs(expected - zoo.restore(model.editor_of("warmer"), photo)).max() > 2
    floats = signatures["serving_default"](images=unit(photo), texts=tf.constant(["Darker!"]))
    assert np.abs(np.rint(floats["edited_images"][0] * 255) - expected).max() <= 1
    files = tf.constant([png(photo)])
    made = signatures["edit_bytes"](image_bytes=files, texts=tf.constant(["Darker!"]))
    assert np.abs(tf.io.decode_png(made["edited_bytes"][0]).numpy() - expected).max() <= 1
    for texts, message in ((["hello"], "a word that is known"), ([""], "a word that is known"),
                           (["darker", "darker"], "texts must be as many")):  # fmt: skip
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            signatures["serving_default"](images=unit(photo), texts=tf.constant(texts))
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            signatures["edit_bytes"](image_bytes=files, texts=tf.constant(texts))
    record = export.record(tmp_path / "texts" / "1")
    assert record["inputs"] == {"images": [None, None, 3], "texts": []}
    assert record["vocabulary"] == ["", "[UNK]", "darker", "warmer"]


def test_requests_that_do_not_fit_are_refused(served_styles, served_faces, pictures):
    photo, painting = map(unit, pictures)
    attempts = [
        (served_styles, {"images": photo, "styles": 255 * painting}, r"styles\[0\] must hold"),
        (served_styles, {"images": 2 * photo, "styles": painting}, r"images\[0\] must hold"),
        (served_styles, {"images": photo, "styles": tf.repeat(painting, 2, 0)}, "must be as many"),
        (served_faces, {"images": photo, "attributes": tf.constant([[0, np.nan]], tf.float32)},
         "finite"),
        (served_faces, {"images": photo, "attributes": tf.zeros((3, 2))}, "must be as many"),
    ]  # fmt: skip
    for signatures, inputs, message in attempts:
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            signatures["serving_default"](**inputs)


def test_files_that_do_not_fit_are_refused(served_styles, pictures):
    photo, painting = map(png, pictures)
    large = png(np.zeros((50, 50, 3), "uint8"))
    for first, second, message in (
        ([photo], [b"no picture"], r"style_bytes\[0\]"),
        ([photo], [large], r"style_bytes\[0\]"),
        ([photo, large], [painting, painting], r"image_bytes\[1\]"),
        ([photo], [painting, painting], "must be as many"),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            served_styles["edit_bytes"](
                image_bytes=tf.constant(first), style_bytes=tf.constant(second)
            )


def test_the_record_names_the_inputs(faces, tmp_path):
    version = export.saved_model(faces, tmp_path / "faces")
    record = export.record(version)
    assert record["inputs"] == {"images": [None, None, 3], "attributes": [2]}
    assert record["alignment"] == 4


def test_images_of_one_size_only_are_refused(tmp_path):
    images, styles = (keras.Input((8, 8, 3), name=name) for name in ("images", "styles"))
    network = keras.Model([images, styles], keras.layers.Add()([images, styles]))
    with pytest.raises(ValueError, match="of any height and width"):
        export.saved_model(network, tmp_path / "fixed")

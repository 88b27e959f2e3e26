"""TFLite files in the place of Keras models, and what they say about themselves."""

import keras
import numpy as np
import PIL.Image
import pytest

import export
import zoo
from export.tflite_model import read_facts


def build(channels=3, given=None):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((None, None, given or channels))
    x = keras.layers.Conv2D(16, 5, strides=2, padding="same", activation="relu")(inputs)
    x = keras.layers.Conv2DTranspose(channels, 4, strides=2, padding="same")(x)
    return keras.Model(inputs, x, name="small")


def photo(*shape, dtype="uint8"):
    rng = np.random.default_rng(0)
    return rng.integers(60, 190, shape).astype(dtype) * (257 if dtype == "uint16" else 1)


@pytest.mark.parametrize(
    "image",
    [photo(37, 50, 3), photo(520, 300, 3), photo(20, 30), photo(20, 30, 3, dtype="uint16")],
    ids=["colour", "tiled", "gray", "16 bit"],
)
@pytest.mark.parametrize("quantize", [None, "float16", "int8"])
def test_file_restores_as_the_model_does(tmp_path, image, quantize):
    model = build()
    file = export.TFLiteModel(export.tflite(model, tmp_path / "m.tflite", quantize), threads=2)
    expected = zoo.restore(model, image, precision="float32")
    restored = zoo.restore(file, image)
    assert (restored.shape, restored.dtype) == (expected.shape, expected.dtype)
    levels = np.iinfo(image.dtype).max
    largest = {None: 1.01 / 255, "float16": 3 / 255, "int8": 12 / 255}[quantize]
    assert np.abs(restored.astype(float) - expected).max() / levels < largest


def test_holes_are_filled(tmp_path):
    model, image, mask = build(given=4), photo(60, 40, 3), np.zeros((60, 40), bool)
    mask[10:30, 5:25] = True
    file = export.TFLiteModel(export.tflite(model, tmp_path / "m.tflite"))
    filled = zoo.inpaint(file, image, mask)
    expected = zoo.inpaint(model, image, mask, precision="float32")
    assert np.abs(filled.astype(int) - expected).max() <= 1
    np.testing.assert_array_equal(filled[~mask], image[~mask])


@pytest.mark.parametrize("image", [photo(48, 64, 3), photo(90, 131, 3), photo(33, 20, 3)])
@pytest.mark.parametrize("quantize", [None, "int8"])
def test_file_of_one_size(tmp_path, image, quantize):
    model = build()
    options = {"representative": [photo(80, 70, 3)]} if quantize else {}
    path = export.tflite(model, tmp_path / "m.tflite", quantize, size=(48, 64), **options)
    shape = export.TFLiteModel(path)._run.get_input_details()["images"]["shape_signature"]
    assert list(shape) == [1, 48, 64, 3]
    expected = zoo.restore(model, image, precision="float32").astype(int)
    gaps = np.abs(zoo.restore(export.TFLiteModel(path), image) - expected)
    # Images that are smaller are continued by reflection, which shows at their borders.
    inner = gaps if image.shape[0] >= 48 else gaps[:-8, :-8]
    assert inner.max() <= (20 if quantize else 1)


def test_sizes_are_checked(tmp_path):
    for size, message in (((50, 63), "multiples of 2"), (64, "must be"), ((0, 2), "must be")):
        with pytest.raises(ValueError, match=f"`size` must be.*{message}|`size` {message}"):
            export.tflite(build(), tmp_path / "m.tflite", size=size)
    path = export.tflite(build(), tmp_path / "m.tflite", size=(8, 8))
    with pytest.raises(ValueError, match="too few for tiles"):
        zoo.restore(export.TFLiteModel(path), photo(20, 20, 3))


def test_facts(tmp_path):
    facts = read_facts(export.tflite(build(), tmp_path / "m.tflite", "float16"))
    assert facts["model"] == "small"
    assert facts["quantize"] == "float16"
    assert (facts["alignment"], facts["scale"]) == (2, 1)
    assert facts["radius"] >= 3


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "other.tflite"
    path.write_bytes(b"\x18\x00\x00\x00TFL2")
    with pytest.raises(ValueError, match=r"that export\.tflite wrote.*other"):
        export.TFLiteModel(path)
    with pytest.raises(FileNotFoundError):
        export.TFLiteModel(tmp_path / "none.tflite")
    latents = keras.Input((4,), name="latents")
    images = keras.layers.Reshape((4, 4, 3))(keras.layers.Dense(48)(latents))
    path = export.tflite(keras.Model(latents, images), tmp_path / "maker.tflite")
    with pytest.raises(ValueError, match="from one image to another"):
        export.TFLiteModel(path)


def test_lint_names_the_layer_and_the_remedy():
    inputs = keras.Input((None, None, 3))
    x = keras.layers.UpSampling2D(2, name="up")(keras.layers.Conv2D(3, 3, padding="same")(inputs))
    (line,) = export.lint(keras.Model(inputs, x))
    assert line.startswith("up (UpSampling2D): ")
    assert "zoo.layers.Resize" in line
    assert export.lint(build()) == []


def test_command_line(tmp_path, monkeypatch):
    from zoo import cli

    path = export.tflite(build(), tmp_path / "m.tflite")
    PIL.Image.fromarray(photo(30, 40, 3)).save(tmp_path / "in.png")
    line = ["zoo", "restore", str(tmp_path / "in.png"), "-o", str(tmp_path / "out.png")]
    monkeypatch.setattr("sys.argv", [*line, "--tflite", str(path)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    expected = zoo.restore(build(), photo(30, 40, 3), precision="float32")
    restored = np.asarray(PIL.Image.open(tmp_path / "out.png")).astype(int)
    assert np.abs(restored - expected).max() <= 1
    monkeypatch.setattr("sys.argv", [*line, "--tflite", str(path), "--preset", "old_photo"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2

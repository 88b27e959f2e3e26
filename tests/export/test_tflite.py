"""TFLite files: sizes, precision, errors that name the layer."""

import os

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import zoo
from export import tflite
from export.signatures import restore_unit_range
from export.tflite_model import interpreter
from zoo.layers import Resize


def resize_and_run(loaded, images):
    """The plain interface, as on a phone."""
    entry = loaded.get_input_details()[0]
    assert list(entry["shape_signature"]) == [1, -1, -1, images.shape[-1]]
    assert entry["dtype"] == np.float32
    loaded.resize_tensor_input(entry["index"], images.shape)
    loaded.allocate_tensors()
    loaded.set_tensor(entry["index"], images)
    loaded.invoke()
    return loaded.get_tensor(loaded.get_output_details()[0]["index"])


def images_of(height, width, channels=3):
    rng = np.random.default_rng(height)
    return rng.uniform(0, 1, (1, height, width, channels)).astype("float32")


@pytest.mark.parametrize(
    ("quantize", "tolerance"), [(None, 1e-5), ("float16", 2e-3), ("int8", 5e-2)]
)
def test_one_interpreter_takes_two_sizes(super_resolution, tmp_path, quantize, tolerance):
    network = super_resolution()
    path = tflite(network, tmp_path / "new" / "model.tflite", quantize)
    loaded = interpreter(path)
    for size in ((8, 12), (15, 7)):
        images = images_of(*size)
        restored = resize_and_run(loaded, images)
        assert restored.shape == (1, 2 * size[0], 2 * size[1], 3)
        assert restored.dtype == np.float32
        expected = restore_unit_range(network, images)
        assert np.abs(restored - expected).max() <= tolerance
    assert os.listdir(path.parent) == ["model.tflite"]


def test_sizes_that_do_not_suit_the_strides(unet, tmp_path):
    network = unet(1)
    run = interpreter(tflite(network, tmp_path / "m.tflite")).get_signature_runner()
    for size in ((8, 8), (9, 6), (1, 3)):
        images = images_of(*size, channels=1)
        expected = restore_unit_range(network, images, alignment=4)
        np.testing.assert_allclose(run(images=images)["restored_images"], expected, atol=1e-5)


def wide_network(through):
    return through(layers.Conv2D(32, 3, padding="same"), layers.Conv2D(32, 3, padding="same"))


def test_quantized_files_hold_what_they_say(through, tmp_path):
    network = wide_network(through)
    paths = {q: tflite(network, tmp_path / f"{q}.tflite", q) for q in (None, "float16", "int8")}
    sizes = {q: path.stat().st_size for q, path in paths.items()}
    weights = 4 * network.count_params()
    assert sizes[None] > weights
    assert sizes["float16"] < sizes[None] - 0.4 * weights
    assert sizes["int8"] < sizes[None] - 0.6 * weights


def test_representative_photographs_quantize_the_activations(through, photo, tmp_path):
    network = wide_network(through)
    pairs = (
        tf.data.Dataset.from_tensor_slices(
            np.stack([photo(16, 16, seed=k) for k in range(3)]).astype("float32") / 127.5 - 1
        )
        .map(lambda x: (x, x))
        .batch(2)
    )
    path = tflite(network, tmp_path / "m.tflite", "int8", representative=pairs)
    loaded = interpreter(path)
    details = loaded.get_tensor_details()
    images = images_of(16, 24)
    restored = resize_and_run(loaded, images)
    assert np.abs(restored - restore_unit_range(network, images)).mean() < 0.05
    # A convolution's output has four axes, and is dynamic in two of them.
    activations = [x for x in details if list(x["shape_signature"])[1:3] == [-1, -1]]
    assert any(x["dtype"] == np.int8 for x in activations)


def test_activations_of_what_needs_floats_are_not_quantized(tmp_path):
    model = zoo.ColorizationGAN(filters=(4,), reduction=2)
    with pytest.raises(ValueError, match="restored of `model` computes in floats alone"):
        tflite(model, tmp_path / "m.tflite", "int8", representative=[images_of(256, 256)[0]])
    inputs = keras.Input((None, None, 3))
    wrapped = keras.Model(inputs, model.kept_network(inputs))
    with pytest.raises(ValueError, match="restored of `model` computes in floats alone"):
        tflite(wrapped, tmp_path / "m.tflite", "int8", representative=[images_of(256, 256)[0]])
    assert not any(tmp_path.iterdir())
    loaded = interpreter(tflite(model, tmp_path / "m.tflite", "int8"))
    assert resize_and_run(loaded, images_of(12, 16)).shape == (1, 12, 16, 3)


def test_error_says_which_layer_and_what_to_use(through, bicubic, tmp_path):
    network = through(layers.ReLU(), layers.UpSampling2D(2, name="grow"), bicubic)
    with pytest.raises(ValueError, match="does not convert to TFLite") as raised:
        tflite(network, tmp_path / "m.tflite")
    message = str(raised.value)
    assert "grow (UpSampling2D): it loses the sizes" in message
    assert "zoo.layers.PixelShuffle" in message
    assert "enlarge (Bicubic): TFLite has no bicubic resizing; use zoo.layers.Resize" in message
    assert "ReLU" not in message
    assert "before" not in message
    assert "after" not in message
    assert os.listdir(tmp_path) == []


def test_the_recommended_layers_convert(through, tmp_path):
    network = through(Resize(2), Resize(2, smooth=True))
    images = images_of(6, 5)
    run = interpreter(tflite(network, tmp_path / "m.tflite")).get_signature_runner()
    expected = restore_unit_range(network, images)
    np.testing.assert_allclose(run(images=images)["restored_images"], expected, atol=1e-5)


def test_file_is_replaced_at_once(through, tmp_path, monkeypatch):
    path = tmp_path / "m.tflite"
    path.write_bytes(b"old")

    def fail(*args):
        assert path.read_bytes() == b"old"
        raise OSError("no rename")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail)
        with pytest.raises(OSError, match="no rename"):
            tflite(through(), path)
    assert os.listdir(tmp_path) == ["m.tflite"]
    assert path.read_bytes() == b"old"
    assert tflite(through(), path).stat().st_size > 3


def test_errors_name_the_argument(through, tmp_path):
    network = through()
    with pytest.raises(ValueError, match='`quantize` must be None, "float16" or "int8"'):
        tflite(network, tmp_path / "m", quantize="int4")
    with pytest.raises(ValueError, match="only used with quantize="):
        tflite(network, tmp_path / "m", representative=[])
    with pytest.raises(ValueError, match="at least one photograph"):
        tflite(network, tmp_path / "m", "int8", representative=[])
    with pytest.raises(ValueError, match="`path` must be a file"):
        tflite(network, tmp_path)

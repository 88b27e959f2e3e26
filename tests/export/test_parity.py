"""The comparison of Keras, SavedModel and TFLite."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import export
from export.parity import TOLERANCES, _version
from export.photographs import photographs, sample_photographs
from export.report import Difference


@pytest.fixture(scope="module")
def exported(unet, tmp_path_factory):
    network = unet()
    folder = tmp_path_factory.mktemp("exported")
    version = export.saved_model(network, folder / "served", precision="float32")
    return network, version, export.tflite(network, folder / "m.tflite", "float16")


def test_report_of_all_formats(exported):
    network, version, lite = exported
    report = export.check(network, saved_model=version, tflite=lite)
    assert report.passed
    assert [x.target for x in report.differences] == [
        "saved_model float32 serving_default",
        "saved_model float32 restore_bytes",
        "tflite float16",
    ]
    exact, files, half = report.differences
    assert exact.max_abs_difference <= 1e-5
    assert files.max_abs_difference <= 0.5 / 255 + 1e-5
    assert 1e-6 < half.max_abs_difference <= 2e-3  # float16 does round
    assert half.mean_abs_difference < half.max_abs_difference
    assert any(side % 4 for size in report.image_sizes for side in size)
    assert "tflite float16" in str(report)
    content = json.loads(report.to_json())
    assert content["passed"] is True
    assert content["differences"][2]["tolerance"] == 4e-3


def test_a_bfloat16_version_is_held_to_the_tolerance_of_bfloat16(unet, tmp_path):
    network = unet()
    version = export.saved_model(network, tmp_path, precision="bfloat16")
    report = export.check(network, saved_model=version)
    floats, files = report.differences
    assert floats.target == "saved_model bfloat16 serving_default"
    assert files.target == "saved_model bfloat16 restore_bytes"
    assert floats.tolerance == TOLERANCES["saved_model bfloat16"]
    # The Keras side computed in float32, or the difference would be next to nothing.
    assert 10 * TOLERANCES["saved_model float32"] < floats.max_abs_difference < 0.02
    network.set_weights([w * 1.5 for w in network.get_weights()])
    with pytest.raises(export.ParityError, match="TOO LARGE"):
        export.check(network, saved_model=version)


def test_other_weights_fail_in_every_format(exported, unet):
    _, version, lite = exported
    network = unet()
    network.set_weights([w * 1.05 for w in network.get_weights()])
    with pytest.raises(export.ParityError, match="TOO LARGE") as raised:
        export.check(network, saved_model=version.parent, tflite=lite)
    assert [x.passed for x in raised.value.report.differences] == [False] * 3
    loose = export.check(network, saved_model=version.parent, tflite=lite, tolerance=1.0)
    assert loose.passed


def test_difference_is_measured_on_the_given_photographs(tmp_path):
    inputs = keras.Input((None, None, 1))
    network = keras.Model(inputs, layers.Conv2D(1, 1, use_bias=False)(inputs))
    network.set_weights([np.ones((1, 1, 1, 1))])
    version = export.saved_model(network, tmp_path)
    network.set_weights([np.full((1, 1, 1, 1), 0.5)])
    # -0.6 becomes -0.3: 0.35 instead of 0.2 in [0, 1]; 0 stays 0.
    values = np.array([-0.6, 0.0], "float32").reshape(1, 1, 2, 1)
    report = export.check(network, saved_model=version, photographs=values, tolerance=0.2)
    exact = report.differences[0]
    np.testing.assert_allclose(exact.max_abs_difference, 0.15, atol=2e-3)  # 8-bit input
    np.testing.assert_allclose(exact.mean_abs_difference, 0.076, atol=2e-3)
    assert report.image_sizes == ((1, 2),)


def test_newest_version_is_taken(tmp_path):
    for number in ("1", "9", "10"):
        (tmp_path / number).mkdir()
        (tmp_path / number / "saved_model.pb").touch()
    assert _version(tmp_path) == tmp_path / "10"
    assert _version(tmp_path / "9") == tmp_path / "9"


def test_nan_does_not_pass():
    assert not Difference("tflite float32", "m", float("nan"), 0.0, 1.0, 1.0).passed
    assert Difference("tflite float32", "m", 1.0, 0.0, 1.0, 1.0).passed


def test_a_shift_of_the_whole_image_fails_where_single_pixels_may_differ(tmp_path):
    inputs = keras.Input((None, None, 1))
    hidden = layers.Conv2D(1, 1, use_bias=False)(inputs)
    network = keras.Model(inputs, layers.Conv2D(1, 1)(hidden))
    one = np.ones((1, 1, 1, 1))
    network.set_weights([one, one, np.zeros(1)])
    version = export.saved_model(network, tmp_path, precision="bfloat16")
    network.set_weights([one, one, np.full(1, 0.04)])  # 0.02 in [0, 1]
    gray = np.zeros((1, 8, 8, 1), "float32")
    with pytest.raises(export.ParityError, match="TOO LARGE") as raised:
        export.check(network, saved_model=version, photographs=gray)
    difference = raised.value.report.differences[0]
    assert difference.max_abs_difference < difference.tolerance


def test_wrong_arguments(exported, super_resolution, tmp_path):
    network, version, lite = exported
    with pytest.raises(ValueError, match="Pass `saved_model`, `tflite` or both"):
        export.check(network)
    with pytest.raises(ValueError, match="`tolerance` must be a number"):
        export.check(network, saved_model=version, tolerance=-1)
    with pytest.raises(ValueError, match="`tflite` must be a file"):
        export.check(network, tflite=tmp_path / "absent.tflite")
    with pytest.raises(ValueError, match="must be the folder of a SavedModel"):
        export.check(network, saved_model=tmp_path)
    with pytest.raises(ValueError, match="exported from another model"):
        export.check(super_resolution(), tflite=lite)
    tf.saved_model.save(tf.Module(), str(tmp_path / "other"))
    with pytest.raises(ValueError, match="must have the signatures"):
        export.check(network, saved_model=tmp_path / "other")


def test_photographs_from_many_kinds_of_source(photo):
    gray = photo(channels=1)
    floats = gray.astype("float32") / 127.5 - 1

    class Source:
        def ordered(self):
            return tf.data.Dataset.from_tensors(floats)

    dataset = tf.data.Dataset.from_tensors((floats[None], floats[None]))
    for source in ([gray], gray[None], [floats], dataset, Source()):
        (found,) = photographs(source, channels=1, limit=5)
        assert found.dtype == np.uint8
        np.testing.assert_array_equal(found, gray)
    assert len(photographs([gray] * 9, channels=1, limit=4)) == 4
    (middle,) = photographs([gray], channels=1, limit=1, largest_side=10)
    np.testing.assert_array_equal(middle, gray[1:11, 4:14])


def test_photographs_of_another_kind_are_refused(photo):
    with pytest.raises(ValueError, match=r"Photograph 1 must be an array \(H, W, 3\)"):
        photographs([photo(), photo(channels=1)], channels=3, limit=2)
    with pytest.raises(ValueError, match="Photograph 0 must hold floats in"):
        photographs([photo().astype("float32")], channels=3, limit=1)
    with pytest.raises(ValueError, match="uint8 values or of floats"):
        photographs([photo().astype("int32")], channels=3, limit=1)


@pytest.mark.parametrize("channels", [1, 3])
def test_sample_photographs_have_contrast_and_odd_sizes(channels):
    images = sample_photographs(channels)
    assert [x.shape for x in images] == [(64, 48, channels), (45, 61, channels)]
    assert all(x.dtype == np.uint8 and x.std() > 20 for x in images)

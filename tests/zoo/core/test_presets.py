"""Presets: a folder that brings a trained model back, whole or not at all."""

import json

import cases
import h5py
import keras
import numpy as np
import pytest

import zoo


@pytest.fixture
def model():
    model = cases.TinyGAN(ema_halflife_images=8, seed=3)
    model.compile(keras.optimizers.Adam(1e-2), run_eagerly=True)
    model.train_on_batch(*cases.pairs(4))
    return model


def test_preset_for_inference(model, tmp_path):
    folder = model.save_to_preset(tmp_path / "tiny", recipe="blur", scores={"psnr": 30.0})
    loaded = zoo.from_preset(folder)
    assert isinstance(loaded, cases.TinyGAN)
    assert not loaded.compiled
    degraded, _ = cases.pairs(4)
    np.testing.assert_array_equal(loaded(degraded), model(degraded))
    # Without its training state the generator starts from the averaged weights.
    np.testing.assert_array_equal(loaded.generator(degraded), model(degraded))
    record = zoo.core.presets.preset_record(folder)
    assert (record["recipe"], record["scores"]) == ("blur", {"psnr": 30.0})
    assert {path.name for path in folder.iterdir()} == {"config.json", "model.weights.h5"}


def test_preset_to_train_on(model, tmp_path):
    model.save_to_preset(tmp_path / "tiny", training_state=True)
    loaded = cases.TinyGAN.from_preset(tmp_path / "tiny")
    cases.assert_same_state(loaded, model)
    for each in (model, loaded):
        each.train_on_batch(*cases.pairs(4, seed=1))
    assert loaded.step == 2
    cases.assert_same_state(loaded, model, atol=1e-6)


def test_half_precision(model, tmp_path):
    model.save_to_preset(tmp_path / "half", half=True)
    with h5py.File(tmp_path / "half" / "model.weights.h5") as file:
        dtypes = set()
        file.visititems(lambda _, item: dtypes.add(getattr(item, "dtype", None)))
    assert np.dtype("float32") not in dtypes
    loaded = zoo.from_preset(tmp_path / "half")
    for half, full in zip(
        loaded.inference_network.get_weights(), model.inference_network.get_weights(), strict=True
    ):
        assert half.dtype == np.float32
        np.testing.assert_allclose(half, full.astype(np.float16), rtol=2**-10, atol=2**-23)


def test_preset_is_replaced_as_a_whole_and_keeps_its_card(model, tmp_path):
    folder = tmp_path / "tiny"
    model.save_to_preset(folder, training_state=True)
    (folder / "card.md").write_text("# Tiny")
    model.save_to_preset(folder)
    assert {path.name for path in folder.iterdir()} == {
        "card.md",
        "config.json",
        "model.weights.h5",
    }
    assert [path.name for path in tmp_path.iterdir()] == ["tiny"]


def test_failed_save_leaves_the_preset_as_it_was(model, tmp_path):
    folder = model.save_to_preset(tmp_path / "tiny", note="first")
    with pytest.raises(TypeError):
        model.save_to_preset(folder, note=object())  # JSON cannot hold it
    assert json.loads((folder / "config.json").read_text())["note"] == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["tiny"]


def test_errors(model, tmp_path):
    folder = model.save_to_preset(tmp_path / "tiny")
    with pytest.raises(ValueError, match=r"is a TinyGAN, not a SRGAN"):
        zoo.SRGAN.from_preset(folder)
    with pytest.raises(ValueError, match=r"`preset` must be one of .*Received: preset='nothing'"):
        zoo.from_preset("nothing")
    with pytest.raises(ValueError, match="call `compile\\(\\)` first"):
        cases.TinyGAN().save_to_preset(tmp_path / "other", training_state=True)
    assert not (tmp_path / "other").exists()


def test_presets_of_the_package_are_listed():
    for name in zoo.list_presets():
        assert zoo.core.presets.preset_path(name).name == name

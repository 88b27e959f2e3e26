"""`--precision` of the commands: what was chosen is done, and said."""

import json

import numpy as np
import pytest
from PIL import Image

import export
import zoo
from zoo.core import hardware


@pytest.fixture(scope="module")
def trained_preset(tmp_path_factory):
    """A preset whose convolutions matter: a network that was not trained adds zeros."""
    model = zoo.SRGAN(
        scale=2, filters=4, blocks=1, compact=True, objective=zoo.PairedObjective(), seed=3
    )
    rng = np.random.default_rng(0)
    weights = model.generator.get_weights()
    model.generator.set_weights([w + rng.normal(0.0, 0.1, w.shape) for w in weights])
    return model.save_to_preset(tmp_path_factory.mktemp("preset") / "trained_x2")


@pytest.fixture
def restored(zoo_command, trained_preset, photo_folder, tmp_path):
    """Restore a photograph; returns pixels and the row of the report."""

    def run(*options):
        out = tmp_path / "out.png"
        arguments = ("restore", photo_folder / "a.png", "-o", out, "--preset", trained_preset)
        (row,) = json.loads(zoo_command(*arguments, "--json", *options))
        return np.asarray(Image.open(out)).astype(int), row

    return run


def test_restore_says_in_which_precision_it_computed(restored):
    exact, exact_row = restored("--precision", "float32")
    fast, fast_row = restored("--precision", "bfloat16")
    assert (exact_row["precision"], fast_row["precision"]) == ("float32", "bfloat16")
    assert 1 <= np.abs(exact - fast).max() <= 5


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_restore_asks_the_hardware(restored, monkeypatch, precision):
    expected, _ = restored("--precision", precision)
    policy = "float32" if precision == "float32" else "mixed_bfloat16"
    monkeypatch.setattr(hardware, "fast_policy", lambda: policy)
    pixels, row = restored()
    assert row["precision"] == precision
    np.testing.assert_array_equal(pixels, expected)


def test_auto_is_float32_for_more_than_8_bits(zoo_command, trained_preset, tmp_path, monkeypatch):
    monkeypatch.setattr(hardware, "fast_policy", lambda: "mixed_bfloat16")
    Image.fromarray(np.full((16, 16), 30_000, "uint16")).save(tmp_path / "scan.png")
    words = ["restore", tmp_path / "scan.png", "-o", tmp_path / "out.png", "--json"]
    (row,) = json.loads(zoo_command(*words, "--preset", trained_preset))
    assert row["precision"] == "float32"


def test_restore_prints_the_precision(zoo_command, trained_preset, photo_folder, tmp_path):
    out = zoo_command("restore", photo_folder / "a.png", "-o", tmp_path / "a.png",
                      "--preset", trained_preset, "--precision", "bfloat16")  # fmt: skip
    assert "96x80  bfloat16  " in out


def test_export_says_what_it_chose(zoo_command, trained_preset, tmp_path):
    arguments = ("export", trained_preset, tmp_path / "served", "--precision", "bfloat16")
    report = json.loads(zoo_command(*arguments, "--json"))
    assert report["lines"][0].startswith("saved_model bfloat16 serving_default")  # without --json
    assert report["precision"] == "bfloat16"
    assert export.record(report["path"])["precision"] == "bfloat16"
    assert report["differences"][0]["target"] == "saved_model bfloat16 serving_default"
    assert report["differences"][0]["max_abs_difference"] > 1e-5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format", "tflite", "--name", "x"], "`--name` is for `--format bundle`"),
        (["--precision", "int8"], "`precision` must be 'auto', 'float32' or 'bfloat16'"),
        (
            ["--format", "tflite", "--precision", "bfloat16"],
            "`--precision` is for `--format bundle or saved_model`",
        ),
        (["--quantize", "int8"], "`--quantize` is for `--format tflite`"),
    ],
)
def test_export_names_the_wrong_option(zoo_command, trained_preset, tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        zoo_command("export", trained_preset, tmp_path / "served", *arguments)

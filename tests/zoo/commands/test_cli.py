import json
import signal
import subprocess
import sys
import urllib.request

import keras
import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.commands import paired_runs, training, variants


def test_list_names_every_variant_preset_and_recipe(zoo_command):
    contents = json.loads(zoo_command("list", "--json"))
    names = {row["name"] for row in contents["variants"]}
    assert {"srgan", "esrgan", "denoising_gan", "old_photo_gan"} <= names
    assert {row["name"] for row in contents["presets"]} == set(zoo.list_presets())
    assert "old-photo" in {row["name"] for row in contents["recipes"]}
    assert "srgan" in zoo_command("list")


def test_restore_writes_one_output_an_input(zoo_command, tiny_preset, photo_folder, tmp_path):
    rows = json.loads(
        zoo_command("restore", photo_folder, "-o", tmp_path, "--preset", tiny_preset, "--json")
    )
    assert len(rows) == 3
    restored = Image.open(tmp_path / "more" / "a.png")
    assert restored.size == (96, 80)
    # A network that was not trained adds nothing to the enlarged input.
    original = np.asarray(Image.open(photo_folder / "more" / "a.png"))
    np.testing.assert_array_equal(np.asarray(restored)[::2, ::2], original)


def test_restore_fills_the_holes_of_a_mask(zoo_command, photo_folder, tmp_path):
    model = zoo.InpaintingGAN(filters=(4,), dilations=(), objective=zoo.PairedObjective())
    model.save_to_preset(tmp_path / "fill")
    source = photo_folder / "more" / "a.png"
    original = np.asarray(Image.open(source))
    mask = np.zeros(original.shape[:2], "uint8")
    mask[5:20, 5:20] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    fill = ["--preset", tmp_path / "fill", "--mask", tmp_path / "mask.png"]
    zoo_command("restore", source, "-o", tmp_path / "filled.png", *fill)
    filled = np.asarray(Image.open(tmp_path / "filled.png"))
    np.testing.assert_array_equal(filled[mask == 0], original[mask == 0])
    assert (filled != original).any()
    words = ["evaluate", tmp_path / "fill", "--data", photo_folder, "--json"]
    psnr = json.loads(zoo_command(*words))["psnr"]
    assert np.isfinite([psnr["input"], psnr["restored"]]).all()
    with pytest.raises(ValueError, match=r"`--mask` is for one image\. Received: 3"):
        zoo_command("restore", photo_folder, "-o", tmp_path / "all", *fill)
    with pytest.raises(ValueError, match="takes a mask"):
        zoo_command("restore", source, "-o", tmp_path / "no.png", "--preset", tmp_path / "fill")


def test_evaluate_scores_input_and_output(zoo_command, tiny_preset, photo_folder):
    report = json.loads(zoo_command("evaluate", tiny_preset, "--data", photo_folder, "--json"))
    assert report["images"] == 3
    assert report["recipe"] == "bicubic-x2"
    assert "Y channel, border 2" in report["psnr"]["protocol"]
    # Nearest neighbour (the untrained network) is worse than bicubic (the baseline).
    assert 15 < report["psnr"]["restored"] < report["psnr"]["input"] < 40


def test_evaluate_with_a_feature_network(zoo_command, tiny_preset, photo_folder, tmp_path):
    x = inputs = keras.Input((None, None, 3))
    for name in ("re_lu_2", "re_lu_6", "re_lu_10", "re_lu_22", "re_lu_32"):
        x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name=name)(x)
    keras.Model(inputs, x).save(tmp_path / "network.keras")
    arguments = ("evaluate", tiny_preset, "--data", photo_folder)
    arguments += ("--features", tmp_path / "network.keras", "--json")
    distance = json.loads(zoo_command(*arguments))["feature_distance"]
    assert "re_lu_2+re_lu_6+re_lu_10+re_lu_22+re_lu_32" in distance["protocol"]
    # Nearest neighbour and bicubic differ from the photograph, and from each other.
    assert distance["input"] > 0 < distance["restored"] != distance["input"]


def test_degrade_is_repeatable(zoo_command, photo_folder, tmp_path):
    for name in ("one", "two"):
        zoo_command("degrade", photo_folder / "a.png", "-o", tmp_path / f"{name}.png",
                    "--recipe", "denoise-blind", "--seed", 5)  # fmt: skip
    one, two = (np.asarray(Image.open(tmp_path / f"{name}.png")) for name in ("one", "two"))
    np.testing.assert_array_equal(one, two)
    assert np.abs(one.astype(int) - np.asarray(Image.open(photo_folder / "a.png"))).mean() > 1


def test_degrade_sheet(zoo_command, photo_folder, tmp_path):
    sheet = tmp_path / "sheet.png"
    zoo_command("degrade", photo_folder, "-o", sheet, "--recipe", "jpeg", "--sheet")
    assert Image.open(sheet).width > 100


@pytest.mark.parametrize("form", ["bundle", "saved_model", "tflite"])
def test_export_is_checked(zoo_command, tiny_preset, tmp_path, form):
    report = json.loads(
        zoo_command("export", tiny_preset, tmp_path / "served", "--format", form, "--json")
    )
    assert report["differences"]
    assert all(row["max_abs_difference"] <= row["tolerance"] for row in report["differences"])


def test_serve_answers_until_it_is_told_to_end(zoo_command, tiny_preset, tmp_path):
    zoo_command("export", tiny_preset, tmp_path, "--name", "tiny")
    assert (tmp_path / "config" / "models.config").is_file()
    words = [sys.executable, "-m", "zoo", "serve", tmp_path, "--grpc-port", "0", "--rest-port", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        address = line.split("REST at ")[1].strip()
        with urllib.request.urlopen(f"{address}/v1/models/tiny", timeout=10) as reply:
            (version,) = json.load(reply)["model_version_status"]
        assert (version["version"], version["state"]) == ("1", "AVAILABLE")
        assert "tiny (1): gRPC at 127.0.0.1:" in line
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    with pytest.raises(ValueError, match="`directory` must hold versions"):
        zoo_command("serve", tmp_path / "nothing")


def test_train_evaluate_restore(zoo_command, photo_folder, tmp_path):
    arguments = ["train", "srgan", "--data", photo_folder, "--out", tmp_path / "run"]
    for option in ("filters=4", "blocks=1", "compact=True", "scale=2"):
        arguments += ["--set", option]
    arguments += ["--objective", "l1", "--batch-size", 2, "--crop", 16, "--steps", 3]
    arguments += ["--steps-per-epoch", 2, "--validation", photo_folder]
    zoo_command(*arguments)
    preset = tmp_path / "run" / "preset"
    model = zoo.from_preset(preset)
    assert type(model) is zoo.SRGAN
    assert zoo.preset_record(preset)["training"]["steps"] == 3
    out = zoo_command(*arguments)  # nothing left to do: the run is complete
    assert "step 3" in out
    with pytest.raises(ValueError, match=r"holds a run with other settings .*steps: 3 then, 4 now"):
        zoo_command(*arguments, "--steps", 4)


def test_train_on_from_a_preset(tiny_preset, photo_folder, tmp_path):
    settings = training.Settings(
        str(tiny_preset), str(photo_folder), steps=1, crop=16, batch_size=1
    )
    start = zoo.from_preset(tiny_preset).generator.get_weights()
    model = training.build(settings)
    assert all(
        np.array_equal(a, b) for a, b in zip(model.generator.get_weights(), start, strict=True)
    )


@pytest.mark.parametrize("mirror", [True, False])
def test_mirrored_crops_stay_upright(tmp_path, mirror):
    ramp = np.tile(np.linspace(0, 255, 32)[:, None, None], (1, 32, 3)).astype("uint8")
    np.savez(tmp_path / "ramp.npz", images=ramp[None])
    settings = training.Settings("denoising_gan", str(tmp_path / "ramp.npz"), crop=24,
                                 batch_size=16, mirror=mirror)  # fmt: skip
    model = zoo.DenoisingGAN(filters=(4, 8), blocks=1)
    run = paired_runs.PairedRun(model, settings, training.Schedule())
    _, clean = next(iter(run.batches(0)))
    falls = np.asarray(clean)[:, -1].mean(axis=(1, 2)) < np.asarray(clean)[:, 0].mean(axis=(1, 2))
    assert falls.any() != mirror


def test_objective_file_gives_a_preset_an_adversary(
    zoo_command, tiny_preset, photo_folder, tmp_path
):
    (tmp_path / "objective.json").write_text(
        json.dumps({"pixel": "l1", "adversarial": "hinge", "adversarial_weight": 0.01})
    )
    arguments = ["train", tiny_preset, "--data", photo_folder, "--out", tmp_path / "run"]
    arguments += ["--objective", tmp_path / "objective.json", "--set", "discriminator_filters=4"]
    zoo_command(*arguments, "--batch-size", 1, "--crop", 16, "--steps", 2)
    objective = zoo.from_preset(tmp_path / "run" / "preset").objective
    assert isinstance(objective.adversarial_loss, zoo.losses.Hinge)
    record = zoo.preset_record(tmp_path / "run" / "preset")
    assert record["training"]["objective"]["adversarial_weight"] == 0.01
    start = zoo.from_preset(tiny_preset).generator.get_weights()
    end = zoo.from_preset(tmp_path / "run" / "preset").generator.get_weights()
    assert 0 < max(np.abs(a - b).max() for a, b in zip(start, end, strict=True)) < 0.01


def test_names_of_variants():
    assert variants.snake_case("OldPhotoGAN") == "old_photo_gan"
    assert variants.snake_case("WGANGP") == "wgangp"
    assert isinstance(variants.make("dc_gan", {"filters": 2}), zoo.DCGAN)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "srgan", "--data", "sample", "--out", "x", "--steps", "0"], "--steps"),
        (["train", "srgan", "--data", "sample", "--out", "x", "--set", "a"], "NAME=VALUE"),
        (
            ["train", "srgan", "--data", "sample", "--out", "x", "--objective", "l3"],
            "l1, l2, psnr",
        ),
        (["train", "srgan", "--data", "nowhere", "--out", "x", "--crop", "16"], "nowhere"),
        (["train", "srgan", "--data", "sample", "--out", "x", "--recipe", "old"], "old"),
        (
            [
                "train",
                "denoising_gan",
                "--data",
                "sample",
                "--out",
                "x",
                "--crop",
                "20",
                "--set",
                "filters=(2, 2, 2)",
                "--set",
                "blocks=1",
            ],
            "`--crop` must be a multiple of 8 .* Received: 20. Pass 16",
        ),
        (["restore", "nothing.png", "-o", "x", "--preset", "y"], "nothing.png"),
        (["evaluate", "no_such_preset", "--data", "sample"], "no_such_preset"),
        (["export", "no_such_preset", "x"], "no_such_preset"),
        (["export", "x", "y", "--format", "onnx"], "onnx"),
    ],
)
def test_errors_name_the_argument(zoo_command, arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=message):
        zoo_command(*arguments)
    assert not list(tmp_path.iterdir())  # nothing is left behind


def test_expected_errors_are_one_line_and_exit_code_2():
    command = [sys.executable, "-m", "zoo", "evaluate", "no_such_preset", "--data", "sample"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 2
    assert "zoo: `preset` must be one of" in result.stderr
    assert "Traceback" not in result.stderr

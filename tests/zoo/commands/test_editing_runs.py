"""Training of models that edit, by the command line."""

import json

import numpy as np
import pytest
from PIL import Image

import zoo


@pytest.fixture(scope="module")
def halves(tmp_path_factory):
    """Six images of 40 x 24 px: left a box, right its negative."""
    folder = tmp_path_factory.mktemp("halves")
    for number in range(6):
        left = np.full((24, 20, 3), 60, "uint8")
        left[number : number + 8, 2:14] = (200, 40 * number, 10)
        Image.fromarray(np.concatenate([left, 255 - left], axis=1)).save(folder / f"{number}.png")
    return folder


def test_train_and_evaluate_pix2pix(zoo_command, halves, tmp_path):
    words = ["train", "pix2pix", "--data", halves, "--validation", halves,
             "--out", tmp_path / "run",
             "--steps", 4, "--steps-per-epoch", 2, "--batch-size", 2, "--crop", 32,
             "--set", "filters=(4, 4)", "--set", "discriminator_filters=4"]  # fmt: skip
    zoo_command(*words)
    record = zoo.preset_record(tmp_path / "run" / "preset")
    assert record["image_size"] == 32
    assert (tmp_path / "run" / "best" / "config.json").is_file()
    scores = {}
    for flags in ([], ["--reverse"]):
        words = ["evaluate", tmp_path / "run" / "preset", "--data", halves, "--json", *flags]
        scores[len(flags)] = json.loads(zoo_command(*words))
    assert scores[0]["images"] == 6
    assert scores[0]["psnr"]["input"] == pytest.approx(scores[1]["psnr"]["input"])
    assert scores[0]["psnr"]["restored"] != pytest.approx(scores[1]["psnr"]["restored"])


def test_train_cyclegan_with_two_kinds(zoo_command, halves, photo_folder, tmp_path):
    objective = tmp_path / "objective.json"
    objective.write_text('{"cycle_weight": 3, "adversarial": "hinge"}')
    words = ["train", "cyclegan", "--data", halves, "--targets", photo_folder, "--mirror",
             "--validation", halves, "--validation-targets", photo_folder,
             "--out", tmp_path / "run", "--steps", 2, "--steps-per-epoch", 2, "--batch-size", 2,
             "--set", "image_size=24", "--set", "filters=2", "--set", "blocks=1",
             "--set", "discriminator_filters=4", "--objective", objective]  # fmt: skip
    printed = zoo_command(*words)
    assert "6 images and 3 images" in printed
    assert (tmp_path / "run" / "best" / "config.json").is_file()
    model = zoo.CycleGAN.from_preset(tmp_path / "run" / "preset")
    assert model.objective.cycle_weight == 3
    assert isinstance(model.objective.adversarial_loss, zoo.losses.Hinge)
    with pytest.raises(ValueError, match="no target to compare with"):
        zoo_command("evaluate", tmp_path / "run" / "preset", "--data", halves)


@pytest.mark.parametrize(
    ("model", "arguments", "message"),
    [
        ("cyclegan", [], "needs `--targets`"),
        ("cyclegan", ["--targets", "sample", "--reverse"], "`--reverse` has no meaning"),
        ("cyclegan", ["--targets", "sample", "--validation", "sample"], "needs `--validation-t"),
        ("pix2pix", ["--recipe", "jpeg"], "`--recipe` has no meaning"),
        ("pix2pix", ["--validation-targets", "sample"], "needs `--validation`"),
        ("srgan", ["--targets", "sample"], "`--targets` has no meaning"),
        ("dcgan", [], "`--crop` is for models on images"),
    ],
)
def test_what_does_not_fit_is_refused(zoo_command, tmp_path, model, arguments, message):
    with pytest.raises(ValueError, match=message):
        zoo_command("train", model, "--data", "sample", "--out", tmp_path / "run", "--crop", 64,
                    "--steps", 1, "--batch-size", 1, *arguments)  # fmt: skip
    assert not (tmp_path / "run").exists()

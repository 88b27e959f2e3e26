"""Training of models that edit, by the command line."""

import json

import keras
import numpy as np
import pytest
from PIL import Image

import pipelines
import zoo
from zoo.commands import objectives


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
    assert not (tmp_path / "run" / "best").exists()  # it would be what changes least
    model = zoo.CycleGAN.from_preset(tmp_path / "run" / "preset")
    assert model.objective.cycle_weight == 3
    assert isinstance(model.objective.adversarial_loss, zoo.losses.Hinge)
    with pytest.raises(ValueError, match="no target to compare with"):
        zoo_command("evaluate", tmp_path / "run" / "preset", "--data", halves)


def test_channels_follow_the_model(zoo_command, halves, photo_folder, tmp_path):
    words = ["--steps", 1, "--batch-size", 2, "--crop", 24, "--set", "discriminator_filters=4"]
    both = ["--data", halves, "--targets", photo_folder]
    aligned = ["--data", halves, "--targets", halves, "--reverse", "--set", "filters=(4, 4)"]
    zoo_command("train", "pix2pix", *aligned, "--set", "input_channels=1", "--out", tmp_path / "a",
                *words)  # fmt: skip
    zoo_command("train", "cyclegan", *both, "--set", "channels=1", "--set", "image_size=24",
                "--set", "filters=2", "--set", "blocks=1", "--out", tmp_path / "b",
                *words)  # fmt: skip


def test_train_style_transfer(zoo_command, halves, photo_folder, tmp_path):
    inputs = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(4, 3, 2, name="first")(inputs)
    network = keras.Model(inputs, keras.layers.Conv2D(4, 3, name="second")(x))
    network.save(tmp_path / "features.keras")
    objective = {"file": str(tmp_path / "features.keras"), "content_layers": ["second"],
                 "style_layers": ["first", "second"], "style": "gram", "style_weight": 3,
                 "style_layer_weights": [0.5, 2], "adversarial": "hinge"}  # fmt: skip
    zoo_command("train", "style_transfer_gan", "--data", photo_folder, "--targets", halves,
                "--out", tmp_path / "run", "--steps", 2, "--steps-per-epoch", 2,
                "--batch-size", 2, "--crop", 24, "--set", "filters=2", "--set", "blocks=1",
                "--set", "discriminator_filters=4", "--objective", json.dumps(objective),
                )  # fmt: skip
    model = zoo.StyleTransferGAN.from_preset(tmp_path / "run" / "preset")
    assert model.objective.style_weight == 3
    assert isinstance(model.objective.style_loss, zoo.losses.GramStyleLoss)
    assert model.objective.style_loss.layer_weights == [0.5, 2]
    words = ["restore", photo_folder / "a.png", "-o", tmp_path / "painted.png", "--preset"]
    preset, painting = tmp_path / "run" / "preset", halves / "0.png"
    zoo_command(*words, preset, "--style", painting, "--strength", 0.5, "--keep-color", 1)
    assert Image.open(tmp_path / "painted.png").size == Image.open(photo_folder / "a.png").size
    zoo_command("restore", halves, "-o", tmp_path / "all", "--preset", preset, "--style", painting,
                "--strength", 0.5)  # fmt: skip
    assert len(list((tmp_path / "all").iterdir())) == len(list(halves.iterdir()))
    with pytest.raises(ValueError, match="a StyleTransferGAN, needs `--style`"):
        zoo_command(*words, preset)
    with pytest.raises(ValueError, match="has no use for `--style`"):
        zoo_command(*words, "denoise_color", "--style", painting)
    with pytest.raises(ValueError, match="`--objective` needs"):
        objectives.build_style({"file": "a.keras"})
    norms = objectives.build_style({**objective, "style": "norms"}).style_loss
    assert isinstance(norms, zoo.losses.StatisticsStyleLoss)
    assert not norms.squared
    with pytest.raises(ValueError, match="`style_layer_weights` must be a list of numbers"):
        objectives.build_style({**objective, "style_layer_weights": 3})


def test_train_face_attributes(zoo_command, halves, tmp_path):
    lines = ["file,age", *(f"{number}.png,{10 * number}" for number in range(6))]
    (tmp_path / "ages.csv").write_text("\n".join(lines) + "\n")
    words = ["train", "face_attribute_gan", "--data", halves, "--validation", halves,
             "--attributes", tmp_path / "ages.csv", "--set", "attributes={'age': (0, 50)}",
             "--out", tmp_path / "run", "--steps", 2, "--steps-per-epoch", 2, "--batch-size", 2,
             "--crop", 24, "--set", "filters=2", "--set", "blocks=1", "--mirror",
             "--set", "discriminator_filters=4", "--objective", '{"cycle_weight": 2}']  # fmt: skip
    zoo_command(*words)
    assert not (tmp_path / "run" / "best").exists()
    model = zoo.FaceAttributeGAN.from_preset(tmp_path / "run" / "preset")
    assert model.attributes == {"age": (0, 50)}
    older = ["restore", halves / "0.png", "-o", tmp_path / "older.png", "--preset"]
    zoo_command(*older, tmp_path / "run" / "preset", "--change", "age=0.5")
    assert Image.open(tmp_path / "older.png").size == Image.open(halves / "0.png").size
    with pytest.raises(ValueError, match="`changes` takes age, each in"):
        zoo_command(*older, tmp_path / "run" / "preset", "--change", "beard=0.5")
    assert model.objective.cycle_weight == 2


def test_train_dynamic_effects(zoo_command, halves, tmp_path):
    zoo_command("train", "dynamic_gan", "--data", halves, "--validation", halves,
                "--out", tmp_path / "run", "--steps", 2, "--steps-per-epoch", 2,
                "--batch-size", 2, "--crop", 24, "--set", "filters=4", "--set", "blocks=1",
                "--set", "frame_count=3", "--set", "discriminator_filters=4",
                "--objective", '{"pixel": "charbonnier", "temporal_weight": 2}')  # fmt: skip
    model = zoo.DynamicGAN.from_preset(tmp_path / "run" / "best")
    assert model.objective.temporal_weight == 2
    assert isinstance(model.objective.pixel_loss, zoo.losses.CharbonnierLoss)
    with pytest.raises(ValueError, match=r"makes frames: `zoo\.animate"):
        zoo_command("restore", halves / "0.png", "-o", tmp_path / "a.png",
                    "--preset", tmp_path / "run" / "best")  # fmt: skip


def test_train_editing_by_text(zoo_command, photo_folder, tmp_path):
    run = tmp_path / "run"
    tiny = ["--steps", 2, "--steps-per-epoch", 2, "--batch-size", 2, "--crop", 24,
            "--set", "filters=4", "--set", "blocks=1", "--set",
            "discriminator_filters=4"]  # fmt: skip
    zoo_command("train", "multimodal_gan", "--data", photo_folder, "--validation", photo_folder,
                "--out", run, "--objective", '{"keep_weight": 2}', *tiny)  # fmt: skip
    model = zoo.MultimodalGAN.from_preset(run / "best")
    assert model.objective.keep_weight == 2
    assert model.tokenizer.get_vocabulary()[2:] == pipelines.words()
    photo, target = photo_folder / "a.png", tmp_path / "edited.png"
    words = ["restore", photo, "-o", target, "--preset"]
    zoo_command(*words, run / "preset", "--text", "make it darker", "--strength", 0.5)
    assert Image.open(target).size == Image.open(photo).size
    for text, message in ((None, "needs `--text`"), ("hm", "must hold a word of the vocabulary")):
        with pytest.raises(ValueError, match=message):
            zoo_command(*words, run / "preset", *(["--text", text] if text else []))


def test_train_editing_by_captions(zoo_command, halves, tmp_path):
    lines = ["file,caption", *(f"{number}.png,A box at {number}!" for number in range(6))]
    (tmp_path / "captions.csv").write_text("\n".join(lines) + "\n")
    zoo_command("train", "multimodal_gan", "--data", halves, "--out", tmp_path / "run",
                "--captions", tmp_path / "captions.csv", "--mirror", "--steps", 1,
                "--steps-per-epoch", 1, "--batch-size", 2, "--crop", 24,
                "--set", "filters=4", "--set", "blocks=1",
                "--set", "discriminator_filters=4")  # fmt: skip
    model = zoo.MultimodalGAN.from_preset(tmp_path / "run" / "preset")
    assert (model.objective.pixel_weight, model.objective.keep_weight) == (0, 1)
    words = ["0", "1", "2", "3", "4", "5", "a", "at", "box"]
    assert model.tokenizer.get_vocabulary()[2:] == words


@pytest.mark.parametrize(
    ("model", "arguments", "message"),
    [
        ("cyclegan", [], "needs `--targets`"),
        ("cyclegan", ["--targets", "sample", "--reverse"], "`--reverse` has no meaning"),
        ("cyclegan", ["--targets", "sample", "--validation", "sample"], "needs `--validation-t"),
        ("pix2pix", ["--recipe", "jpeg"], "`--recipe` has no meaning"),
        ("pix2pix", ["--mirror"], "`--mirror` has no meaning"),
        ("pix2pix", ["--validation-targets", "sample"], "needs `--validation`"),
        ("pix2pix", ["--targets", "sample", "--validation", "sample"], "go together"),
        (
            "pix2pix",
            ["--set", "filters=(4, 4)", "--set", "output_channels=1"],
            "From 3 to 1 channels needs `--targets`",
        ),
        ("cyclegan", ["--targets", "sample", "--crop", 66], "`--crop` must be a multiple of 4"),
        ("face_attribute_gan", [], "needs `--attributes`: a CSV file with the columns file, age"),
        ("srgan", ["--targets", "sample"], "`--targets` has no meaning"),
        ("pix2pix", ["--captions", "a.csv"], "`--captions` has no meaning"),
        ("multimodal_gan", ["--attributes", "a.csv"], "`--attributes` has no meaning"),
        ("dcgan", [], "`--crop` is for models on images"),
    ],
)
def test_what_does_not_fit_is_refused(zoo_command, tmp_path, model, arguments, message):
    with pytest.raises(ValueError, match=message):
        zoo_command("train", model, "--data", "sample", "--out", tmp_path / "run", "--crop", 64,
                    "--steps", 1, "--batch-size", 1, *arguments)  # fmt: skip
    assert not (tmp_path / "run").exists()

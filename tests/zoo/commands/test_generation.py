"""The command line for models that make images from noise."""

import json

import keras
import numpy as np
import pytest
from cases import shapes
from PIL import Image

import zoo
from zoo.commands import objectives, variants

TINY = ["image_size=12", "channels=1", "filters=4"]


@pytest.fixture(scope="module")
def boxes(tmp_path_factory):
    """A `.npz` file of 24 gray images of 14 px with labels."""
    images = np.rint((shapes(24, size=14)[..., 0] + 1) * 127.5).astype("uint8")
    path = tmp_path_factory.mktemp("data") / "boxes.npz"
    np.savez(path, images=images, labels=np.arange(24) % 3)
    return path


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    inputs = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(3, 3, strides=2, activation="relu")(inputs)
    path = tmp_path_factory.mktemp("features") / "edges.keras"
    keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x)).save(path)
    return path


def options(*pairs):
    return [word for pair in pairs for word in ("--set", pair)]


def test_train_evaluate_generate(zoo_command, boxes, features, tmp_path):
    train = [
        "train",
        "conditional_gan",
        "--data",
        boxes,
        "--out",
        tmp_path / "run",
        *options(*TINY),
    ]
    train += [*options("class_count=3"), "--steps", 6, "--steps-per-epoch", 2, "--batch-size", 4]
    train += ["--validation", boxes, "--features", features, "--discriminator-steps", 2]
    train += ["--score-every", 3]
    train += ["--learning-rate", 1e-3, "--discriminator-learning-rate", 4e-3]
    zoo_command(*train)
    run = tmp_path / "run"
    assert [row["step"] for row in json.loads((run / "quality.json").read_text())] == [2, 6]
    assert "FD-edges" in zoo.preset_record(run / "best")["best"]["monitor"]
    report = json.loads(
        zoo_command("evaluate", run / "preset", "--data", boxes, "--features", features,
                    "--count", 24, "--json")
    )  # fmt: skip
    assert report["FD-edges"]["value"] > 0
    assert "24 real and 24 made" in report["coverage"]["protocol"]
    zoo_command("generate", run / "preset", "-n", 6, "-o", tmp_path / "grid.png")
    assert Image.open(tmp_path / "grid.png").size == (36, 24)
    folder = tmp_path / "made"
    report = json.loads(
        zoo_command("generate", run / "preset", "-o", folder, "--labels", "2,2", "--json")
    )
    assert report["images"] == 2
    pixels = np.asarray(Image.open(folder / "00001.png"))
    model = zoo.from_preset(run / "preset")
    expected = np.rint((model.generate([2, 2])[1, ..., 0] + 1) * 127.5)
    np.testing.assert_array_equal(pixels, expected)


def test_learning_rates_and_update_ratio_reach_the_players(boxes):
    from zoo.commands import training

    def build(model, **changes):
        made = {"image_size": 12, "channels": 1, "filters": 4}
        return training.build(training.Settings(model, str(boxes), options=made, **changes))

    model = build("wgangp")
    assert model.discriminator_steps == 5
    assert float(model.generator_optimizer.learning_rate) == pytest.approx(1e-4)
    assert float(model.generator_optimizer.beta_1) == 0
    model = build("wgangp", learning_rate=5e-4)
    for optimizer in (model.generator_optimizer, model.discriminator_optimizer):
        assert float(optimizer.learning_rate) == pytest.approx(5e-4)
    model = build("wgangp", discriminator_steps=2, discriminator_learning_rate=3e-4)
    assert model.discriminator_steps == 2
    assert float(model.discriminator_optimizer.learning_rate) == pytest.approx(3e-4)
    assert float(model.discriminator_optimizer.beta_2) == pytest.approx(0.9)


def test_objective_and_latents_in_words():
    spec = {"adversarial": {"non_saturating": {"label_smoothing": 0.1}}, "r1_gamma": 2}
    choices = {"filters": 4, "image_size": 12, "latents": {"mixture": {"size": 6, "components": 3}}}
    model = variants.make("dcgan", choices, spec)
    assert model.objective.adversarial_loss.label_smoothing == 0.1
    assert model.objective.r1_gamma == 2
    assert (model.latents.size, model.latents.components) == (6, 3)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"pixel": "l1"}, "--objective"),
        ({"adversarial": "gan"}, "must be one of minimax"),
        ({"adversarial": {"hinge": {"label_smoothing": 0.1}}}, "hinge"),
        ({"r1_gamma": "much"}, "`r1_gamma` must be a number"),
        ("l1", "JSON object"),
    ],
)
def test_objective_errors(spec, message):
    with pytest.raises(ValueError, match=message):
        objectives.build_of_numbers(zoo.LatentObjective, spec)


@pytest.mark.parametrize(
    ("latents", "message"),
    [
        ({"gauss": {"size": 3}}, "normal, uniform, truncated_normal, mixture"),
        ({"normal": {"width": 3}}, "`latents`.*width"),
        ({"normal": 3}, "`latents`"),
    ],
)
def test_latents_errors(latents, message):
    with pytest.raises(ValueError, match=message):
        variants.make("dcgan", {"latents": latents})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--recipe", "jpeg"], "--recipe"),
        (["--crop", "16"], "--crop"),
        (["--features", "x.keras"], "belong together"),
        (["--validation", "sample"], "belong together"),
        (["--set", "filter=3"], "filter"),
        (["--discriminator-learning-rate", "0"], "--discriminator-learning-rate"),
    ],
)
def test_train_errors_leave_nothing_behind(zoo_command, boxes, arguments, message, tmp_path):
    words = ["train", "dcgan", "--data", boxes, "--out", tmp_path / "run", *options(*TINY)]
    with pytest.raises(ValueError, match=message):
        zoo_command(*words, *arguments)
    assert not (tmp_path / "run").exists()


def test_labels_are_of_classes_that_the_model_has(zoo_command, boxes, tmp_path):
    words = ["--data", boxes, "--out", tmp_path / "run", *options(*TINY), "--steps", 1]
    with pytest.raises(ValueError, match=r"labels from 0 to 1; `--set class_count=3`.*from 0 to 2"):
        zoo_command("train", "conditional_gan", *words, *options("class_count=2"))
    assert not (tmp_path / "run").exists()


def test_missing_labels_leave_nothing_behind(zoo_command, tmp_path):
    words = ["--data", "sample", "--out", tmp_path / "run", *options("filters=2")]
    with pytest.raises(ValueError, match="which class each image shows"):
        zoo_command("train", "conditional_gan", *words)
    assert not (tmp_path / "run").exists()


def test_images_without_a_label_train_the_weakly_supervised(zoo_command, boxes, tmp_path):
    with np.load(boxes) as file:
        images, labels = file["images"], file["labels"].astype("int32")
    labels[4:] = -1
    np.savez(tmp_path / "few.npz", images=images, labels=labels)
    words = ["--data", tmp_path / "few.npz", "--out", tmp_path / "run", "--steps", 2]
    words += ["--batch-size", 8, *options("class_count=3")]
    shape = options("image_shape=(14, 14, 1)")
    zoo_command("train", "weakly_supervised_gan", *words, *shape)
    model = zoo.from_preset(tmp_path / "run" / "preset")
    assert model.class_count == 3
    words[1], words[3] = boxes, tmp_path / "both"
    zoo_command("train", "weakly_supervised_gan", *words, *shape, "--unlabelled", boxes)
    assert zoo.preset_record(tmp_path / "both" / "preset")["training"]["unlabelled"] == str(boxes)
    words[1] = tmp_path / "few.npz"
    with pytest.raises(ValueError, match=r"labels from 0 to 2; .*labels from -1 to"):
        zoo_command("train", "conditional_gan", *words[:2], "--out", tmp_path / "other",
                    *options(*TINY), *options("class_count=3"))  # fmt: skip


def test_training_begins_with_both_players_of_another_run(zoo_command, boxes, tmp_path):
    words = ["train", "dcgan", "--data", boxes, *options(*TINY), "--batch-size", 4]
    zoo_command(*words, "--out", tmp_path / "first", "--steps", 3)
    printed = zoo_command(*words, "--out", tmp_path / "second", "--steps", 1, "--learning-rate",
                          1e-9, "--warm-start", tmp_path / "first")  # fmt: skip
    assert "layers copied, 0 not" in printed
    models = [zoo.DCGAN(12, 1, 4) for _ in range(2)]
    for model, name in zip(models, ("first", "second"), strict=True):
        zoo.warm_start(model, tmp_path / name)
    for network in ("generator", "discriminator"):
        first, second = (getattr(model, network).trainable_variables for model in models)
        for a, b in zip(first, second, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)


def test_what_does_not_apply_is_refused(zoo_command, boxes, features, tmp_path):
    words = ["train", "srgan", "--data", "sample", "--out", tmp_path / "run", "--crop", 16]
    for flag in (["--features", features], ["--unlabelled", boxes]):
        with pytest.raises(ValueError, match=f"{flag[0]}` has no meaning for a SRGAN"):
            zoo_command(*words, *flag)
    with pytest.raises(ValueError, match="learn from few labels; a DCGAN is not one"):
        zoo_command("train", "dcgan", *words[2:6], *options(*TINY), "--unlabelled", boxes)
    zoo.DCGAN(12, 1, 4).save_to_preset(tmp_path / "preset")
    with pytest.raises(ValueError, match="`--recipe` is for models that restore"):
        zoo_command("evaluate", tmp_path / "preset", "--data", boxes, "--features", features,
                    "--recipe", "jpeg")  # fmt: skip


def test_generate_refuses_what_restores(zoo_command, tmp_path):
    with pytest.raises(ValueError, match="is a SRGAN"):
        zoo_command("generate", "srresnet_x4", "-o", tmp_path / "a.png")
    with pytest.raises(ValueError, match="--out"):
        zoo_command("generate", "srresnet_x4", "-o", tmp_path / "a.gif")


def test_evaluate_needs_a_feature_network(zoo_command, boxes, tmp_path):
    model = zoo.DCGAN(12, 1, 4)
    model.save_to_preset(tmp_path / "preset")
    with pytest.raises(ValueError, match="--features"):
        zoo_command("evaluate", tmp_path / "preset", "--data", boxes)


@pytest.fixture(scope="module")
def classes_preset(tmp_path_factory):
    model = zoo.ConditionalGAN(class_count=3, image_size=8, channels=1, filters=4)
    folder = tmp_path_factory.mktemp("presets") / "classes"
    model.save_to_preset(folder)
    return folder


def test_generate_takes_labels_and_truncation_and_interpolates(
    zoo_command, classes_preset, tmp_path
):
    model = zoo.from_preset(classes_preset)
    grid = tmp_path / "rows.png"
    zoo_command("generate", classes_preset, "-o", grid, "-n", "16", "--interpolate",
                "--labels", "2,0", "--seed", "5")  # fmt: skip
    pixels = np.asarray(Image.open(grid)).reshape(2, 8, 8, 8).swapaxes(1, 2).reshape(16, 8, 8)
    expected = np.rint((model.interpolate([2, 0], seed=5)[..., 0] + 1) * 127.5)
    np.testing.assert_array_equal(pixels, expected)
    styles = zoo.StyleGAN2(image_size=8, filters=4, style_size=8)
    styles.save_to_preset(tmp_path / "styles")
    zoo_command("generate", tmp_path / "styles", "-o", grid, "-n", "4", "--truncation", "0")
    pixels = np.asarray(Image.open(grid)).reshape(2, 8, 2, 8, 3)
    np.testing.assert_array_equal(pixels[0, :, 0], pixels[1, :, 1])  # the mean image


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--labels", "a"], "`--labels` must be numbers"),
        (["--labels", "7"], "integers from 0 to 2"),
        (["--truncation", "0.5"], "ConditionalGAN has no truncation"),
        (["--interpolate", "-n", "9"], "multiple of 8"),
    ],
)
def test_generate_refuses_what_does_not_fit(zoo_command, classes_preset, tmp_path, words, message):
    with pytest.raises(ValueError, match=message):
        zoo_command("generate", classes_preset, "-o", tmp_path / "grid.png", *words)
    assert not (tmp_path / "grid.png").exists()


def test_export_of_a_preset_that_makes_images(zoo_command, classes_preset, tmp_path):
    report = json.loads(zoo_command("export", classes_preset, tmp_path / "served", "--json"))
    assert len(report["differences"]) == 3
    zoo_command("export", classes_preset, tmp_path, "--format", "tflite", "--quantize", "float16")
    assert (tmp_path / "classes_float16.tflite").is_file()
    with pytest.raises(ValueError, match="`--truncation` is for StyleGAN2"):
        zoo_command("export", classes_preset, tmp_path, "--truncation", "0.5")

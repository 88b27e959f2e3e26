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
        zoo_command("generate", run / "preset", "-o", folder, *options("labels=[2, 2]"), "--json")
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
        objectives.build_latent(spec)


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
        (["--features", "x.keras"], "--validation"),
        (["--set", "filter=3"], "filter"),
        (["--discriminator-learning-rate", "0"], "--discriminator-learning-rate"),
    ],
)
def test_train_errors_leave_nothing_behind(zoo_command, boxes, arguments, message, tmp_path):
    words = ["train", "dcgan", "--data", boxes, "--out", tmp_path / "run", *options(*TINY)]
    with pytest.raises(ValueError, match=message):
        zoo_command(*words, *arguments)
    assert not (tmp_path / "run").exists()


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

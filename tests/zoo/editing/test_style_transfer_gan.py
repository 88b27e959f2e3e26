import functools

import cases
import keras
import numpy as np
import pytest

import zoo
from zoo.losses import LeastSquares, PerceptualLoss, StatisticsStyleLoss
from zoo.networks.features import FeatureExtractor


@pytest.fixture(scope="module")
def objective(tmp_path_factory):
    """Content and style by a small network of random weights, which is saved to a file."""
    inputs = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(4, 3, activation="relu", name="first")(inputs)
    outputs = keras.layers.Conv2D(6, 3, 2, activation="relu", name="second")(x)
    path = tmp_path_factory.mktemp("features") / "features.keras"
    keras.Model(inputs, outputs).save(path)
    both = FeatureExtractor.from_file(path, ["first", "second"])
    return zoo.StyleObjective(
        PerceptualLoss(FeatureExtractor.from_file(path, ["second"])),
        style_loss=StatisticsStyleLoss(both),
        style_weight=5.0,
        total_variation_weight=0.1,
        adversarial_loss=LeastSquares(),
        adversarial_weight=0.01,
    )


@pytest.fixture
def build(objective):
    return functools.partial(
        zoo.StyleTransferGAN,
        filters=2,
        blocks=1,
        style_size=4,
        discriminator_filters=4,
        objective=objective,
    )


def data(count=4, size=24):
    images, _ = cases.pairs(count, size=size)
    return images, cases.shapes(count, size, channels=3)


def test_variant_contract(build, tmp_path, mirrored):
    cases.run_editing_test(build, data(), folder=tmp_path, strategy=mirrored)


def test_terms_by_hand(build, objective):
    model = build()
    images, styles = data(2)
    batch = model.forward(model.prepare((images, styles), None))
    terms = model.generator_terms(batch)
    painted = np.asarray(batch["painted"])
    np.testing.assert_allclose(terms["content"], objective.content_loss(images, painted), rtol=1e-4)
    wanted = 5 * float(objective.style_loss(styles, painted))
    assert float(terms["style"]) == pytest.approx(wanted, rel=1e-4)
    steps = np.abs(np.diff(painted, axis=1)).mean() + np.abs(np.diff(painted, axis=2)).mean()
    assert float(terms["total_variation"]) == pytest.approx(0.1 * steps, rel=1e-4)
    assert set(terms) == {"content", "style", "total_variation", "adversarial"}


def test_no_adversary_without_a_weight(objective):
    plain = zoo.StyleObjective(objective.content_loss, style_loss=objective.style_loss)
    model = zoo.StyleTransferGAN(filters=2, blocks=1, style_size=4, objective=plain)
    assert model.discriminator is None
    model.compile()
    logs = model.train_on_batch(*data(), return_dict=True)
    assert {"generator/content", "generator/style"} <= set(logs)


def test_the_style_decides_what_is_painted(build):
    model = build()
    images, styles = data(2)
    painted = [model([images, each]).numpy() for each in (styles, 1 - styles)]
    assert np.abs(painted[0] - painted[1]).max() > 1e-3
    for place in range(2):
        alone = model.painter_of(model.style_of(styles)[place])(images)
        np.testing.assert_allclose(alone[place], painted[0][place], atol=1e-5)


def test_pictures_of_any_size_and_kind(build):
    model = build()
    rng = np.random.default_rng(0)
    photo, style = (rng.integers(0, 256, (*size, 3), "uint8") for size in ((30, 21), (50, 40)))
    painted = zoo.stylize(model, photo, style, precision="float32")
    assert painted.shape == photo.shape
    assert painted.dtype == "uint8"
    gray = zoo.stylize(model, photo[..., 0], style, precision="float32")
    assert gray.shape == (30, 21, 3)
    assert np.ptp(gray.astype(int), axis=-1).max() > 0  # painted in colour


def test_strength_and_mixtures_are_means_of_styles(build):
    model = build()
    rng = np.random.default_rng(0)
    photo, one, other = (rng.uniform(0, 1, (24, 24, 3)).astype("float32") for _ in range(3))
    vectors = [model.style_of(each[None] * 2 - 1)[0] for each in (photo, one, other)]
    network = zoo.styled_network(model, photo, [one, other], weights=[3, 1], strength=0.5)
    wanted = model.painter_of(0.5 * vectors[0] + 0.375 * vectors[1] + 0.125 * vectors[2])
    image = data(1)[0]
    np.testing.assert_allclose(network(image), wanted(image), atol=1e-5)


def test_colours_of_the_image_are_kept(build):
    model = build()
    image, style = data(1)
    network = zoo.styled_network(model, None, (style[0] + 1) / 2, keep_color=True)
    painted = model.painter_of(model.style_of(style)[0])(image)
    kept = network(image)
    lightness = zoo.layers.Luminance()
    np.testing.assert_allclose(lightness(kept), lightness(painted), atol=1e-4)


def test_presets_and_default_objective(build, tmp_path):
    model = build()
    copy = zoo.from_preset(model.save_to_preset(tmp_path / "preset"))
    batch = list(data(1))
    np.testing.assert_array_equal(copy(batch), model(batch))
    # VGG19 is downloaded by `compile`, not before.
    assert zoo.StyleTransferGAN(filters=2, blocks=1).objective.style_weight == 10
    assert model.size_multiple == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weights": [1, 2]}, "`weights` must hold a number of 0 or more for each"),
        ({"weights": [0]}, "not all 0"),
        ({"strength": 1.5}, r"`strength` must be in \[0, 1\]"),
    ],
)
def test_arguments_are_checked(build, arguments, message):
    photo = np.zeros((8, 8, 3), "uint8")
    with pytest.raises(ValueError, match=message):
        zoo.stylize(build(), photo, photo, **arguments)


@pytest.mark.parametrize(
    "style", [np.full((8, 8, 3), 200.0), np.full((8, 8, 3), -1.0), np.zeros((1, 8, 8, 3), "uint8")]
)
def test_styles_are_checked(build, style):
    photo = np.zeros((8, 8, 3), "uint8")
    with pytest.raises(ValueError, match="`image`"):
        zoo.stylize(build(), photo, style)


def test_gray_styles_are_styles(build):
    model, photo, style = build(), np.zeros((8, 8, 3), "uint8"), np.full((8, 8), 90, "uint8")
    colours = np.repeat(style[..., None], 3, axis=-1)
    painted = [zoo.stylize(model, photo, each, precision="float32") for each in (style, colours)]
    np.testing.assert_array_equal(*painted)


def test_objectives_are_checked(objective):
    with pytest.raises(ValueError, match="`style_weight` must be a number of 0"):
        zoo.StyleObjective(objective.content_loss, style_loss=objective.style_loss, style_weight=-1)
    with pytest.raises(ValueError, match="`content_loss` must be a FeatureLoss"):
        zoo.StyleObjective(LeastSquares(), style_loss=objective.style_loss)
    with pytest.raises(ValueError, match="`objective` must be a"):
        zoo.StyleTransferGAN(objective=zoo.PairedObjective())

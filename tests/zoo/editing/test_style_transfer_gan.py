import functools

import cases
import keras
import numpy as np
import pytest
import tensorflow as tf

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
    cases.run_editing_test(build, data(), folder=tmp_path, strategy=mirrored, steps=2)


def test_terms_by_hand(build, objective):
    model = build()
    images, styles = data(2)
    batch = model.forward(model.prepare((images, styles), [0, 0]))
    terms = model.generator_terms({**batch, "corner": [3, 5]})
    painted = np.asarray(batch["painted"])
    seen = painted[:, 3:20, 5:22]
    wanted = objective.content_loss(images[:, 3:20, 5:22], seen)
    np.testing.assert_allclose(terms["content"], wanted, rtol=1e-4)
    wanted = 5 * float(objective.style_loss(styles, seen))
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


def drawing(model):
    """`model` with a last layer that draws: it begins with zeros."""
    painter = model.generator.get_layer("painter")
    last = [layer for layer in painter.layers if layer.name.startswith("conv2d")][-1]
    last.kernel.assign(np.random.default_rng(0).normal(0, 0.3, last.kernel.shape))
    return model


def test_untrained_models_give_photographs_the_colours_of_styles(build):
    model = build()
    images, styles = data(2)
    statistics = zoo.layers.ColorStatistics()
    wanted = zoo.layers.ColorTransfer()([images, statistics(images), statistics(styles)])
    np.testing.assert_allclose(model([images, styles]), np.clip(wanted, -0.99, 0.99), atol=1e-5)


def test_tiles_fit(build):
    model = drawing(build())
    rng = np.random.default_rng(0)
    photo, style = (rng.integers(0, side, (200, 150, 3), "uint8") for side in (256, 120))
    photo[100:] //= 3  # tiles whose colours differ
    painted = [
        zoo.stylize(model, photo, style, precision="float32", tile=tile) for tile in (None, 96)
    ]
    np.testing.assert_array_equal(*painted)
    assert (painted[0] != zoo.stylize(build(), photo, style, precision="float32")).mean() > 0.5


def test_flat_photographs_have_gradients_as_small_as_others(build):
    model = drawing(build(blocks=5, filters=8))
    images, styles = data(2)
    norms = []
    for each in (images, np.ones_like(images)):
        batch = model.prepare((each, styles), [0, 0])
        with tf.GradientTape() as tape:
            terms = model.generator_terms(model.forward(batch))
            loss = sum(terms.values())
        gradients = tape.gradient(loss, model.generator_variables)
        norms.append(float(tf.linalg.global_norm(gradients)))
    assert norms[1] < 10 * norms[0]


def test_strength_and_mixtures_are_means_of_styles(build):
    model = build()
    rng = np.random.default_rng(0)
    photo, one, other = (rng.uniform(0, 1, (24, 24, 3)).astype("float32") for _ in range(3))
    vectors = [model.style_of(each[None] * 2 - 1)[0] for each in (photo, one, other)]
    network = zoo.styled_network(
        model, photo, [one, other], weights=[3, 1], strength=0.5, style_px=None
    )
    mixed = 0.5 * vectors[0] + 0.375 * vectors[1] + 0.125 * vectors[2]
    wanted = model.painter_of(mixed, vectors[0][-9:])
    image = data(1)[0]
    np.testing.assert_allclose(network(image), wanted(image), atol=1e-5)


def test_colours_of_the_image_are_kept(build):
    model = build()
    image, style = data(1)
    network = zoo.styled_network(model, None, (style[0] + 1) / 2, keep_color=True, style_px=None)
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


def test_style_images_are_scaled(build, monkeypatch):
    model, seen = build(), []
    monkeypatch.setattr(model, "style_of", lambda x: seen.append(x.shape[1:3]) or np.ones((1, 13)))
    photo, style = np.zeros((30, 20, 3), "uint8"), np.zeros((40, 60), "uint8")
    for side in (192, 16, None):
        zoo.styled_network(model, photo, style, strength=0.5, style_px=side)
    assert seen == [(192, 288), (288, 192), (16, 24), (24, 16), (40, 60), (30, 20)]


def test_a_line_of_pixels_is_no_reason_to_use_gigabytes(build, monkeypatch):
    model, seen = build(), []
    monkeypatch.setattr(model, "style_of", lambda x: seen.append(x.shape[1:3]) or np.ones((1, 13)))
    zoo.styled_network(model, None, np.zeros((1, 60_000), "uint8"))
    assert seen == [(192, 16 * 192)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weights": [1, 2]}, "`weights` must hold a number of 0 or more for each"),
        ({"weights": [0]}, "not all 0"),
        ({"style_px": 0}, "`style_px` must be at least 1"),
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

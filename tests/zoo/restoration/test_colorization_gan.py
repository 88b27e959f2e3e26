import functools

import cases
import numpy as np
import pytest

import zoo
from zoo.layers.color import Luminance, rgb_to_lab

build = functools.partial(zoo.ColorizationGAN, filters=(4, 4), reduction=2, discriminator_filters=4)


def gray_and_colour(count=4, size=24):
    _, colour = cases.pairs(count, size=size)
    return np.repeat(Luminance()(colour).numpy(), 3, axis=-1), colour


def test_variant_contract(tmp_path, mirrored):
    # The last layer starts from zeros: the others move from step 2 on.
    cases.run_variant_test(build, gray_and_colour(), folder=tmp_path, strategy=mirrored, steps=2)


@pytest.fixture
def coloured():
    """A model that gives colours, though no sensible ones."""
    model = build()
    rng = np.random.default_rng(0)
    model.generator.set_weights(
        [rng.normal(0, 0.1, w.shape) for w in model.generator.get_weights()]
    )
    return model


def test_lightness_is_exact(coloured):
    gray, _ = gray_and_colour()
    restored = coloured(gray, training=False)
    np.testing.assert_allclose(Luminance()(restored), gray[..., :1], atol=2e-6)
    assert np.abs(rgb_to_lab(restored)[..., 1:]).mean() > 1


def test_only_lightness_is_seen(coloured):
    _, colour = gray_and_colour()
    gray = np.repeat(Luminance()(colour).numpy(), 3, axis=-1)
    np.testing.assert_allclose(
        coloured(colour, training=False), coloured(gray, training=False), atol=1e-4
    )


def test_training_compares_images_of_the_size_on_which_colours_are_found(coloured):
    gray, colour = gray_and_colour(2)
    batch = coloured.forward(coloured.prepare((gray, colour), None))
    assert batch["colors"].shape == (2, 12, 12, 2)
    assert np.abs(batch["colors"]).mean() > 1
    halved = {
        name: each.reshape(2, 12, 2, 12, 2, 3).mean(axis=(2, 4))
        for name, each in {"gray": gray, "clean": colour}.items()
    }
    np.testing.assert_allclose(batch["clean"], halved["clean"], atol=1e-6)
    np.testing.assert_allclose(Luminance()(batch["restored"]), halved["gray"][..., :1], atol=1e-5)


def test_an_untrained_model_leaves_gray_gray():
    gray, _ = gray_and_colour(1)
    np.testing.assert_allclose(build()(gray, training=False), gray, atol=1e-5)


def test_terms_by_hand(coloured):
    gray, colour = gray_and_colour(2)
    batch = coloured.forward(coloured.prepare((gray, colour), None))
    terms = coloured.generator_terms(batch)
    halved = colour.reshape(2, 12, 2, 12, 2, 3).mean(axis=(2, 4))
    wanted = rgb_to_lab(halved).numpy()[..., 1:]
    gap = np.abs(batch["colors"] - wanted).mean() / 100
    assert float(terms["color"]) == pytest.approx(gap, rel=1e-4)
    logits = np.asarray(coloured.discriminator(batch["restored"], training=False))
    expected = 0.01 * 0.5 * ((logits - 1) ** 2).mean()
    assert float(terms["adversarial"]) == pytest.approx(expected, rel=1e-2)
    assert set(terms) == {"color", "adversarial"}


def test_gray_files_of_one_channel_and_of_three_are_coloured(coloured):
    gray = np.random.default_rng(0).integers(0, 256, (30, 21), "uint8")
    one = zoo.restore(coloured, gray, precision="float32")
    three = zoo.restore(coloured, np.stack([gray] * 3, axis=-1), precision="float32")
    assert one.shape == (30, 21, 3)
    np.testing.assert_array_equal(one, three)
    assert np.ptp(one.astype(int), axis=-1).max() > 5


def test_strength_scales_the_colours(coloured):
    gray, _ = gray_and_colour(1)
    ab = [rgb_to_lab(coloured.toned_network(s)(gray)).numpy()[..., 1:] for s in (0.01, 0.02)]
    np.testing.assert_allclose(ab[1], 2 * ab[0], atol=0.02)
    with pytest.raises(ValueError, match="`strength` must be at least 0"):
        coloured.toned_network(-1)


def test_colours_of_an_image_that_is_twice_as_large_are_those_of_the_smaller_one(coloured):
    gray, _ = gray_and_colour(1)
    large = np.repeat(np.repeat(gray, 2, axis=1), 2, axis=2)
    made = coloured.toned_network(reduction=4)(large).numpy()
    small = coloured(gray, training=False).numpy()
    pooled = made.reshape(1, 24, 2, 24, 2, 3).mean(axis=(2, 4))
    assert np.abs(pooled - small).mean() < 0.02 < np.abs(small - gray).mean()
    np.testing.assert_allclose(Luminance()(made), large[..., :1], atol=2e-6)
    same = coloured.toned_network(reduction=2)(gray)
    np.testing.assert_allclose(same, small, atol=1e-5)
    for wrong in (0, 1.5):
        with pytest.raises(ValueError, match="`reduction` must be an integer of at least 1"):
            coloured.toned_network(reduction=wrong)


def test_large_photographs_are_looked_at_from_further_away(coloured):
    """Within a factor of sqrt(2) of the training's photographs as there, else by powers of two."""
    assert coloured.network_for(9000, 9000) is coloured.inference_network  # no `photo_side`
    config = {**coloured.get_config(), "photo_side": 480}
    model = zoo.ColorizationGAN.from_config(config)
    model.generator.set_weights(coloured.inference_network.get_weights())
    assert model.network_for(480, 300) is model.network_for(600, 678) is model.inference_network
    rng = np.random.default_rng(2)
    gray = rng.integers(0, 256, (12, 12), "uint8").repeat(58, 0).repeat(58, 1)  # 696 px
    expected = zoo.restore(model.toned_network(reduction=4), gray, precision="float32")
    np.testing.assert_array_equal(zoo.restore(model, gray, precision="float32"), expected)
    nearer = zoo.restore(model.toned_network(reduction=2), gray, precision="float32")
    assert np.abs(nearer.astype(int) - expected).max() > 5
    for paler in (model.toned_network(0.5), zoo.with_fidelity(model, 0.5)):
        made = zoo.restore(paler, gray, precision="float32")
        fixed = zoo.restore(model.toned_network(0.5, 4), gray, precision="float32")
        np.testing.assert_array_equal(made, fixed)
    assert model.network_for(1920, 9) is model.network_for(9, 2000)  # compiled once
    with pytest.raises(ValueError, match="`keep_color_px` would take the colours away"):
        zoo.with_fidelity(model, keep_color_px=16)
    with pytest.raises(ValueError, match="`photo_side` must be at least 1 px"):
        zoo.ColorizationGAN(photo_side=0)


def test_names_and_size():
    assert (build().default_recipe, build().scale) == ("grayscale", 1)
    assert zoo.ColorizationGAN(objective=zoo.PairedObjective()).discriminator is None

import functools

import cases
import numpy as np
import pytest

import zoo

build = functools.partial(zoo.Pix2Pix, filters=(4, 4, 4), discriminator_filters=4)


def small_cyclegan():
    return zoo.CycleGAN(image_size=24, filters=2, blocks=1, discriminator_filters=4)


def test_variant_contract(tmp_path, mirrored):
    cases.run_variant_test(build, cases.pairs(4, size=24), folder=tmp_path, strategy=mirrored)


def test_objective_is_equation_4():
    model = build(dropout=0.0)
    drawing, photo = cases.pairs(2, size=24)
    batch = model.forward(model.prepare((drawing, photo), None))
    terms = model.generator_terms(batch)
    distance = np.abs(np.asarray(batch["restored"]) - photo).mean()
    assert float(terms["pixel"]) == pytest.approx(100 * distance, rel=1e-5)
    seen = np.concatenate([drawing, batch["restored"]], axis=-1)
    logits = np.asarray(model.discriminator(seen, training=False))
    expected = np.log1p(np.exp(-logits)).mean()
    assert float(terms["adversarial"]) == pytest.approx(expected, rel=1e-3)


def test_the_discriminator_sees_the_input():
    model = build(dropout=0.0)
    drawing, photo = cases.pairs(2, size=24)
    losses = []
    for given in (drawing, drawing[::-1].copy()):
        batch = model.prepare((given, photo), None)
        losses.append(float(model.discriminator_terms({**batch, "restored": photo})["adversarial"]))
    assert losses[0] != losses[1]


@pytest.mark.parametrize("channels", [(1, 3), (3, 1), (2, 2)])
def test_any_channels(channels):
    given, made = channels
    model = build(input_channels=given, output_channels=made)
    model.compile()
    drawing, photo = np.zeros((2, 24, 24, given), "float32"), np.zeros((2, 24, 24, made), "float32")
    assert np.isfinite(model.train_on_batch(drawing, photo, return_dict=True)["generator_loss"])


def test_targets_of_other_channels_are_refused():
    model = zoo.Pix2Pix(output_channels=1, filters=(4, 4), objective=zoo.PairedObjective())
    model.compile()
    with pytest.raises(ValueError, match="Targets must have the shape"):
        model.train_on_batch(*cases.pairs(1, size=8))


def test_dropout_draws_in_training_alone():
    model = build(dropout=0.9)
    image = cases.pairs(1, size=24)[0]
    np.testing.assert_array_equal(*(model(image, training=False) for _ in range(2)))
    assert np.abs(model(image, training=True) - model(image, training=False)).max() > 1e-3


def test_16_bit_gray_becomes_a_mask_of_16_bit():
    scan = np.random.default_rng(0).integers(0, 65536, (30, 21), "uint16")
    mask = zoo.restore(build(input_channels=1, output_channels=1), scan, precision="float32")
    assert mask.dtype == "uint16"
    assert mask.shape == scan.shape


@pytest.mark.parametrize("make", [build, small_cyclegan])
@pytest.mark.parametrize("strength", [1.0, 0.5])
def test_a_drawing_becomes_a_picture_in_colour(make, strength):
    """What is restored stays gray where it was gray; what is translated is of another kind."""
    drawing = np.random.default_rng(0).integers(0, 2, (24, 32, 1), "uint8") * 255
    model = make()
    painted = zoo.restore(zoo.with_fidelity(model, strength=strength), drawing)
    assert painted.shape == (24, 32, 3)
    assert np.ptp(painted.astype(int), axis=-1).max() > 1
    of_rgb = zoo.restore(zoo.with_fidelity(model, strength=strength), drawing.repeat(3, axis=-1))
    np.testing.assert_array_equal(of_rgb, painted)


def test_default_network_is_that_of_the_documentation():
    assert zoo.Pix2Pix(objective=zoo.PairedObjective()).generator.count_params() == 30_251_203

"""The variants on the U-Net: the contract of every variant, and what they promise."""

import functools

import cases
import numpy as np
import pytest

import zoo

RECIPES = {
    zoo.DenoisingGAN: "denoise-blind",
    zoo.EnhancementGAN: "low-light",
    zoo.OldPhotoGAN: "old-photo",
}


@pytest.fixture(params=RECIPES, ids=lambda cls: cls.__name__)
def tiny(request):
    return functools.partial(request.param, filters=(4, 4), blocks=1, discriminator_filters=4)


def test_variant_contract(tiny, tmp_path, mirrored):
    # The last layer starts from zeros: the others move from step 2 on.
    cases.run_variant_test(
        tiny, cases.pairs(4, size=24), folder=tmp_path, strategy=mirrored, steps=2
    )


def test_untrained_model_changes_nothing(tiny):
    degraded, _ = cases.pairs(1, size=8)
    np.testing.assert_array_equal(tiny()(degraded, training=False), degraded)


def test_objective_by_hand(tiny):
    """The pixel loss, L1 in most, and 1e-3 of the least-squares adversary."""
    model = tiny()
    degraded, clean = cases.pairs(2, size=24)
    batch = model.forward({"degraded": degraded, "clean": clean})
    terms = model.generator_terms(batch)
    expected = np.abs(degraded - clean).mean()
    if isinstance(model, zoo.EnhancementGAN):
        expected += 0.2 * float(zoo.losses.SSIMLoss()(clean, degraded))
        expected += 0.5 * float(zoo.losses.BlurredColorLoss()(clean, degraded))
    assert float(terms["pixel"]) == pytest.approx(expected, rel=1e-5)
    logits = np.asarray(model.discriminator(batch["restored"], training=False))
    expected = 1e-3 * 0.5 * ((logits - 1) ** 2).mean()
    assert float(terms["adversarial"]) / expected == pytest.approx(1.0, rel=1e-3)


def test_gray_images(tiny):
    model = tiny(channels=1)
    assert model(np.zeros((1, 8, 12, 1), "float32"), training=False).shape == (1, 8, 12, 1)


def test_names_for_the_command_line(tiny):
    model = tiny()
    assert (model.default_recipe, model.scale) == (RECIPES[type(model)], 1)


def test_default_networks_are_those_of_the_documentation():
    """The small networks of the other tests do not show a changed default."""
    assert zoo.DenoisingGAN().discriminator.count_params() == 2_765_698
    assert zoo.EnhancementGAN(objective=zoo.PairedObjective()).generator.count_params() == 1_709_400
    assert zoo.OldPhotoGAN(objective=zoo.PairedObjective()).generator.count_params() == 3_111_768

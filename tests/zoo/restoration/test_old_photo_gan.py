"""OldPhotoGAN: the contract of every variant, and what it promises."""

import functools

import cases
import numpy as np
import pytest

import zoo

tiny = functools.partial(zoo.OldPhotoGAN, filters=(4, 4), blocks=1)


def test_variant_contract(tmp_path, mirrored):
    # The last layer starts from zeros: the others move from step 2 on.
    cases.run_variant_test(
        tiny, cases.pairs(4, size=24), folder=tmp_path, strategy=mirrored, steps=2
    )


def test_untrained_model_changes_nothing():
    degraded, _ = cases.pairs(1, size=8)
    np.testing.assert_array_equal(tiny()(degraded, training=False), degraded)


def test_objective_by_hand():
    """L1 and 1e-3 of the least-squares adversary."""
    model = tiny()
    degraded, clean = cases.pairs(2, size=24)
    batch = model.forward({"degraded": degraded, "clean": clean})
    terms = model.generator_terms(batch)
    assert float(terms["pixel"]) == pytest.approx(np.abs(degraded - clean).mean(), rel=1e-5)
    logits = np.asarray(model.discriminator(batch["restored"], training=False))
    expected = 1e-3 * 0.5 * ((logits - 1) ** 2).mean()
    assert float(terms["adversarial"]) / expected == pytest.approx(1.0, rel=1e-3)


def test_gray_images():
    model = tiny(channels=1)
    assert model(np.zeros((1, 8, 12, 1), "float32"), training=False).shape == (1, 8, 12, 1)


def test_names_for_the_command_line():
    model = tiny()
    assert (model.default_recipe, model.scale) == ("old-photo", 1)

"""SRGAN: the contract of every variant, and what its paper says."""

import functools

import cases
import keras
import numpy as np
import pytest

import zoo

tiny = functools.partial(zoo.SRGAN, scale=2, filters=4, blocks=1, discriminator_filters=4)


@pytest.mark.parametrize(("compact", "steps"), [(False, 1), (True, 2)])
def test_variant_contract(tmp_path, mirrored, compact, steps):
    # The compact network's last layer starts from zeros: the others move from step 2 on.
    cases.run_variant_test(
        functools.partial(tiny, compact=compact),
        cases.pairs(4, size=16, scale=2),
        folder=tmp_path,
        strategy=mirrored,
        steps=steps,
    )


def test_objective_is_equation_3():
    objective = zoo.SRGAN.default_objective()
    assert isinstance(objective.pixel_loss, keras.losses.MeanSquaredError)
    assert isinstance(objective.adversarial_loss, zoo.losses.NonSaturating)
    assert (objective.pixel_weight, objective.adversarial_weight) == (1.0, 1e-3)


def test_terms_by_hand():
    model = tiny()
    degraded, clean = cases.pairs(2, size=16, scale=2)
    batch = model.forward({"degraded": degraded, "clean": clean})
    terms = model.generator_terms(batch)
    squares = (np.asarray(batch["restored"]) - clean) ** 2
    logits = np.asarray(model.discriminator(batch["restored"], training=True))
    assert float(terms["pixel"]) == pytest.approx(squares.mean(), rel=1e-5)
    assert float(terms["adversarial"]) == pytest.approx(
        1e-3 * np.log1p(np.exp(-logits)).mean(), rel=1e-4
    )


def test_names_for_the_command_line():
    assert (tiny().default_recipe, tiny().scale) == ("bicubic-x2", 2)
    assert zoo.SRGAN.task == "super-resolution"


def test_scale_is_checked():
    with pytest.raises(ValueError, match="Received: scale=5"):
        zoo.SRGAN(scale=5)

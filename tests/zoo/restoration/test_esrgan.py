"""ESRGAN: the contract of every variant, and what its paper says."""

import functools

import cases
import numpy as np
import pytest

import zoo

tiny = functools.partial(
    zoo.ESRGAN, scale=2, filters=4, blocks=1, growth=2, discriminator_filters=4
)


@pytest.mark.parametrize("pixel_discriminator", [False, True])
def test_variant_contract(tmp_path, mirrored, pixel_discriminator):
    cases.run_variant_test(
        functools.partial(tiny, pixel_discriminator=pixel_discriminator),
        cases.pairs(4, size=16, scale=2),
        folder=tmp_path,
        strategy=mirrored,
        # A relativistic loss sees differences of logits, in which the last bias cancels.
        without_gradient=("logits/bias",),
    )


def test_terms_by_hand():
    """Equations 1 to 3 without the perceptual term."""
    model = tiny()
    degraded, clean = cases.pairs(2, size=16, scale=2)
    batch = model.forward({"degraded": degraded, "clean": clean})
    real, fake = (
        np.asarray(model.discriminator(batch[name], training=True))
        for name in ("clean", "restored")
    )

    def log_sigmoid(x):
        return -np.log1p(np.exp(-x))

    real_over_fake, fake_over_real = real - fake.mean(), fake - real.mean()
    discriminator = -(log_sigmoid(real_over_fake).mean() + log_sigmoid(-fake_over_real).mean())
    generator = -(log_sigmoid(-real_over_fake).mean() + log_sigmoid(fake_over_real).mean())
    terms = model.generator_terms(batch)
    actual = model.discriminator_terms(batch)["adversarial"]
    assert float(actual) == pytest.approx(discriminator, rel=1e-4)
    assert float(terms["adversarial"]) == pytest.approx(5e-3 * generator, rel=1e-4)
    pixel = 1e-2 * np.abs(np.asarray(batch["restored"]) - clean).mean()
    assert float(terms["pixel"]) == pytest.approx(pixel, rel=1e-5)


def test_discriminator_of_real_esrgan():
    names = [tiny(pixel_discriminator=each).discriminator.name for each in (False, True)]
    assert names == ["vgg_discriminator", "unet_discriminator"]


def test_names_for_the_command_line():
    assert (tiny().default_recipe, tiny().scale) == ("bicubic-x2", 2)
    assert zoo.ESRGAN.task == "super-resolution"

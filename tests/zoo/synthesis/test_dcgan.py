import numpy as np
import pytest
from cases import run_latent_test, shapes

import zoo
from zoo.networks.convolutional import dcgan_discriminator, dcgan_generator


def build(**kwargs):
    return zoo.DCGAN(image_size=12, channels=1, filters=4, **kwargs)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"spectral_norm": True, "minibatch_deviation": True},
        {"latents": zoo.latents.Mixture(6, components=3)},
        {
            "objective": zoo.LatentObjective(
                zoo.losses.Hinge(),
                gradient_penalty=1.0,
                r1_gamma=1.0,
                r2_gamma=1.0,
                instance_noise=0.1,
                instance_noise_steps=10,
            )
        },
        {"objective": zoo.LatentObjective(zoo.losses.RelativisticAverage())},
    ],
    ids=["paper", "bounded", "mixture", "penalties", "relativistic"],
)
def test_contract(options, tmp_path, mirrored):
    run_latent_test(
        lambda **kwargs: build(**options, **kwargs),
        (shapes(4, size=12),),
        folder=tmp_path,
        strategy=mirrored,
        # A bias in common cancels in a difference of logits, and in the hinge inside its margin.
        without_gradient=("score/bias",) if "objective" in options else (),
    )


@pytest.mark.parametrize("side", [28, 32, 48, 64, 128])
def test_sizes(side):
    generator, discriminator = dcgan_generator(side, 1, 5, 2), dcgan_discriminator(side, 1, 2)
    assert generator.output_shape == (None, side, side, 1)
    assert discriminator(np.zeros((1, side, side, 1))).shape == (1, 1)


def test_the_paper_s_network():
    """Figure 1: 4 x 4 x 1,024 up to 64 x 64 x 3 with 128 filters in the last hidden map."""
    widths = [
        layer.output.shape[1:]
        for layer in dcgan_generator(64, 3, 100, 128).layers
        if "batch_norm" in layer.name
    ]
    assert widths == [(4, 4, 1024), (8, 8, 512), (16, 16, 256), (32, 32, 128)]


@pytest.mark.parametrize("side", [7, 8 * 9, 30, 0])
def test_refuses_sides_that_do_not_halve(side):
    with pytest.raises(ValueError, match=rf"`image_size`.*Received: image_size={side}"):
        zoo.DCGAN(image_size=side)


def test_samples_do_not_depend_on_the_batch_size():
    model = build()
    np.testing.assert_allclose(
        model.generate(5, batch_size=2), model.generate(5, batch_size=5), atol=1e-6
    )
    assert np.abs(model.generate(2, seed=1) - model.generate(2, seed=2)).max() > 0


def test_instance_noise_fades():
    model = build(objective=zoo.LatentObjective(instance_noise=0.5, instance_noise_steps=4))
    model.compile()
    images = shapes(64, size=12)
    batch = {"seed": (0, 0), "real": images}
    deviations = []
    for step in (0, 2, 4, 8):
        model.generator_optimizer.iterations.assign(step)
        deviations.append(float(np.std(model._shown(batch, "real") - images)))
    np.testing.assert_allclose(deviations, [0.5, 0.25, 0, 0], atol=0.01)


def test_penalties_are_weighted_as_their_papers_say():
    objective = zoo.LatentObjective(gradient_penalty=10.0, r1_gamma=3.0)
    model = build(objective=objective)
    model.compile()
    batch = model._prepare((shapes(4, size=12),), 0)
    batch = model.forward(batch)
    terms = model.discriminator_terms(batch)
    discriminator = model.discriminator
    r1 = zoo.losses.r1_penalty(lambda x: discriminator(x, training=True), batch["real"])
    np.testing.assert_allclose(terms["r1"], 1.5 * np.mean(r1), rtol=1e-5)
    assert set(terms) == {"adversarial", "gradient_penalty", "r1"}
    assert not any("batch_norm" in layer.name for layer in discriminator.layers)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"adversarial_loss": "hinge"}, "adversarial_loss"),
        ({"r1_gamma": -1}, "r1_gamma"),
        ({"instance_noise": True}, "instance_noise"),
    ],
)
def test_objective_errors(options, named):
    with pytest.raises(ValueError, match=rf"`{named}` must be.*Received"):
        zoo.LatentObjective(**options)

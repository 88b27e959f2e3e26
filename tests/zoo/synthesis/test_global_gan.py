import numpy as np
import pytest
import tensorflow as tf
from cases import check_saving, check_training, run_latent_test, shapes

import zoo
from zoo.losses.penalties import r1_penalty


def build(**kwargs):
    options = {"image_size": 8, "channels": 1, "filters": 4, "latents": zoo.latents.Uniform(6)}
    return zoo.GlobalGAN(**{**options, **kwargs})


def terms(model, player="generator"):
    """The terms of a player on one batch."""
    model.compile()
    batch = model.forward(model._prepare(shapes(4), 0))
    return {name: float(term) for name, term in getattr(model, f"{player}_terms")(batch).items()}


def test_contract(tmp_path, mirrored):
    run_latent_test(build, (shapes(4),), folder=tmp_path, strategy=mirrored)


def test_contract_of_a_shared_discriminator(tmp_path):
    model = build(shared=True, overlap=2, spectral_norm=True, ema_halflife_images=8)
    model.compile(run_eagerly=True)
    check_training(model, (shapes(4),), steps=1, without_gradient=())
    check_saving(model, (shapes(4),), tmp_path, lambda model: model.generate(3))


@pytest.mark.parametrize("shared", [False, True])
def test_each_region_teaches_the_generator_its_own_pixels(shared):
    model = build(shared=shared, overlap=2)
    variables = model.generator.trainable_variables
    for index, (top, left, height, width) in enumerate(model.crop_regions.boxes):
        with tf.GradientTape(persistent=True) as tape:
            images = model.generator(tf.ones((2, 6)), training=True)
            verdicts = model.local_discriminator(model.crop_regions(images), training=True)
            loss = tf.reduce_sum(verdicts[index])
        seen = np.any(tape.gradient(loss, images).numpy() != 0, axis=(0, 3))
        expected = np.zeros((8, 8), bool)
        expected[top : top + height, left : left + width] = True
        np.testing.assert_array_equal(seen, expected)
        assert all(np.any(gradient.numpy()) for gradient in tape.gradient(loss, variables))


def test_the_generator_hears_the_whole_image_and_the_regions():
    both, whole, apart = build(), build(local_weight=0), build(local_weight=3, whole_weight=0.5)
    for model in (whole, apart):
        for name in ("generator", "discriminator", "local_discriminator"):
            getattr(model, name).set_weights(getattr(both, name).get_weights())
    assert terms(whole).keys() == {"whole"}
    assert terms(both)["whole"] == pytest.approx(terms(whole)["whole"], rel=1e-5)
    assert terms(apart)["whole"] == pytest.approx(0.5 * terms(both)["whole"], rel=1e-5)
    assert terms(apart)["regions"] == pytest.approx(3 * terms(both)["regions"], rel=1e-5)
    assert terms(build(whole_weight=0), "discriminator").keys() == {"regions"}
    assert len(build(whole_weight=0).discriminator_variables) == 4 * 4  # 4 regions, 2 layers each


def test_the_log_names_the_terms():
    model = build(objective=zoo.LatentObjective(gradient_penalty=1.0, r1_gamma=1.0))
    model.compile(run_eagerly=True)
    logs = model.train_on_batch(shapes(4), return_dict=True)
    games = ("whole", "regions")
    penalties = {f"{game}_{penalty}" for game in games for penalty in ("gradient_penalty", "r1")}
    named = {"discriminator": penalties.union(games), "generator": set(games)}
    for player, expected in named.items():
        assert {f"{player}/{name}" for name in expected} == {
            name for name in logs if name.startswith(f"{player}/")
        }
        parts = [logs[f"{player}/{name}"] for name in expected]
        assert logs[f"{player}_loss"] == pytest.approx(sum(parts), rel=1e-5)


@pytest.mark.parametrize("overlap", [0, 2])
def test_a_penalty_is_the_mean_over_regions(overlap):
    model = build(objective=zoo.LatentObjective(r1_gamma=2.0), overlap=overlap)
    crops = tf.reshape(model.crop_regions(shapes(4)), (4, 4, -1))
    side = model.crop_regions.region_size[0]

    def alone(index):
        def judge(region):
            regions = tf.unstack(tf.reshape(crops, (4, 4, side, side, 1)), axis=1)
            regions[index] = region
            stacked = tf.reshape(tf.stack(regions, axis=1), (16, side, side, 1))
            return model.local_discriminator(stacked, training=True)[index]

        return r1_penalty(judge, tf.reshape(crops[:, index], (4, side, side, 1)))

    expected = np.mean([alone(index) for index in range(4)])
    assert expected > 0
    assert terms(model, "discriminator")["regions_r1"] == pytest.approx(expected, rel=1e-4)


def test_discriminators_of_regions_are_networks_of_their_own():
    own, shared = build(), build(shared=True)
    kernels = [w for w in own.local_discriminator.trainable_variables if w.shape == (4, 4, 1, 2)]
    assert len(kernels) == 4
    assert len(np.unique([kernel.numpy() for kernel in kernels], axis=0)) == 4
    assert len(own.local_discriminator.weights) == 4 * len(shared.local_discriminator.weights)


def test_no_batch_norm_with_a_penalty():
    def kinds(model):
        networks = (model.discriminator, model.local_discriminator)
        return [any("norm" in layer.name for layer in network.layers) for network in networks]

    assert kinds(build(image_size=16)) == [True, False]
    assert kinds(build(image_size=16, objective=zoo.LatentObjective(r1_gamma=1.0))) == [
        False,
        False,
    ]


def test_augmented_images_are_cut_after_they_are_augmented():
    """All discriminators see the same augmented images, and move the probability by one step."""
    augmentation = zoo.AdaptiveAugmentation(images=100, initial=0.5)
    model = build(augmentation=augmentation)
    model.compile(run_eagerly=True)
    model.train_on_batch(shapes(4))
    moved = abs(float(augmentation.probability) - 0.5)
    assert moved in (pytest.approx(0.04, abs=1e-6), pytest.approx(0.0, abs=1e-6))


def test_refuses_weights_that_leave_nothing():
    with pytest.raises(ValueError, match=r"`whole_weight` and .*whole_weight=0, local_weight=0"):
        build(whole_weight=0, local_weight=0)
    with pytest.raises(ValueError, match=r"must be 0 or more.*local_weight=-1"):
        build(local_weight=-1)

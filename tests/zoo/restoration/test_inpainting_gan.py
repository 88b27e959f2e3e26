import functools

import cases
import numpy as np
import pytest

import zoo

SMALL = {"filters": (4, 6), "dilations": (2,), "discriminator_filters": 4}
build = functools.partial(zoo.InpaintingGAN, **SMALL)
multiscale = functools.partial(zoo.MultiScaleInpainting, **SMALL)
each = pytest.mark.parametrize("build", [build, multiscale], ids=["one stage", "two stages"])


def holed(count=4, size=24, channels=3, seed=0):
    """Float32 arrays `(images with holes and the mask, clean images)`."""
    rng = np.random.default_rng(seed)
    clean = rng.uniform(-1, 1, (count, size, size, channels)).astype("float32")
    mask = np.zeros((count, size, size, 1), "float32")
    for each in mask:
        top, left = rng.integers(0, size // 2, 2)
        each[top : top + size // 2, left : left + size // 3] = 1
    return np.concatenate([clean * (1 - mask), mask], axis=-1), clean


@each
def test_variant_contract(tmp_path, mirrored, build):
    # The hinge inside its margin gives the discriminator's last bias no gradient.
    objective = zoo.PairedObjective(
        adversarial_loss=zoo.losses.LeastSquares(), adversarial_weight=0.1
    )
    variant = functools.partial(build, objective=objective)
    cases.run_variant_test(variant, holed(), folder=tmp_path, strategy=mirrored, steps=2)


@each
def test_visible_pixels_come_through_bit_for_bit(build):
    degraded, clean = holed()
    restored = np.asarray(build()(degraded, training=False))
    holes = np.broadcast_to(degraded[..., -1:] > 0, clean.shape)
    np.testing.assert_array_equal(restored[~holes], clean[~holes])
    assert np.ptp(restored[holes]) > 0


def test_terms_by_hand():
    model = build(hole_weight=2.0, valid_weight=0.5)
    degraded, clean = holed(2)
    batch = model.forward(model.prepare((degraded, clean), None))
    terms = model.generator_terms(batch)
    distances = np.abs(np.asarray(batch["drawn"]) - clean).mean(axis=-1)
    mask = degraded[..., -1]
    for name, weight, where in (("hole", 2.0, mask), ("valid", 0.5, 1 - mask)):
        means = (distances * where).sum(axis=(1, 2)) / where.sum(axis=(1, 2))
        assert float(terms[name]) == pytest.approx(weight * means.mean(), rel=1e-5)
    seen = np.concatenate([batch["restored"], degraded[..., -1:]], axis=-1)
    logits = np.asarray(model.discriminator(seen, training=False))
    assert float(terms["adversarial"]) == pytest.approx(-0.1 * logits.mean(), rel=1e-2, abs=1e-4)
    assert set(terms) == {"hole", "valid", "adversarial"}


def test_a_weight_of_zero_leaves_its_term_out():
    model = build(objective=zoo.PairedObjective())
    batch = model.forward(model.prepare(holed(1), None))
    assert set(model.generator_terms(batch)) == {"hole"}


def test_gray_images_and_names():
    model = build(channels=1)
    assert model(np.zeros((1, 8, 12, 2), "float32"), training=False).shape == (1, 8, 12, 1)
    assert (model.default_recipe, model.scale) == ("lama-medium", 1)
    with pytest.raises(ValueError, match="`hole_weight` and `valid_weight` must not be negative"):
        build(hole_weight=-1)
    assert zoo.InpaintingGAN(objective=zoo.PairedObjective()).generator.count_params() == 2_850_668


def test_both_stages_are_held_to_the_image_and_both_discriminators_judge():
    model = multiscale(hole_weight=2.0, valid_weight=1.0)
    degraded, clean = holed(2)
    batch = model.forward(model.prepare((degraded, clean), None))
    terms = model.generator_terms(batch)
    mask = degraded[..., -1]
    for prefix, name in (("", "drawn"), ("coarse_", "coarse")):
        distances = np.abs(np.asarray(batch[name]) - clean).mean(axis=-1)
        means = (distances * mask).sum(axis=(1, 2)) / mask.sum(axis=(1, 2))
        assert float(terms[prefix + "hole"]) == pytest.approx(2 * means.mean(), rel=1e-5)
    assert set(terms) == {"hole", "valid", "coarse_hole", "coarse_valid", "adversarial"}
    whole, patches = model.discriminator(np.zeros((2, 32, 32, 4), "float32"))
    assert whole.shape == (2, 1)
    assert patches.shape == (2, 2, 2, 1)


def test_the_fine_stage_sees_the_coarse_one_only_in_holes():
    model = multiscale()
    degraded, _ = holed(1)
    coarse, _, _ = model._drawing(degraded)
    inside = model.generator.get_layer("completed")([degraded, coarse]).numpy()
    hole = np.broadcast_to(degraded[..., -1:] > 0, inside.shape)
    np.testing.assert_array_equal(inside[hole], coarse.numpy()[hole])
    np.testing.assert_array_equal(inside[~hole], degraded[..., :-1][~hole])

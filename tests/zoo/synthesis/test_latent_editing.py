import itertools

import keras
import numpy as np
import pytest

import zoo
from zoo.synthesis import latent_editing as editing


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    return zoo.StyleGAN2(image_size=8, filters=4, style_size=8)


@pytest.fixture(scope="module")
def latents(model):
    return model.inputs(2, seed=1), model.inputs(3, seed=2)


def test_mixing_uses_both(model, latents):
    a, b = latents[0], latents[1][:2]
    images = [editing.mix_styles(model, a, b, layer) for layer in range(5)]
    np.testing.assert_allclose(images[4], model(a), atol=1e-6)
    np.testing.assert_allclose(images[0], model(b), atol=1e-6)
    for one, other in itertools.pairwise(images):
        assert np.abs(one - other).max() > 1e-3


def test_mixing_sheet_holds_every_mixture(model, latents):
    sheet = editing.mixing_sheet(model, *latents, crossover=2)
    assert sheet.shape == (24, 32, 3)
    np.testing.assert_array_equal(sheet[:8, :8], 1.0)

    def clipped(images):
        return np.clip(images, -1, 1)

    np.testing.assert_allclose(sheet[8:16, :8], clipped(model(latents[0]))[0], atol=1e-6)
    np.testing.assert_allclose(sheet[:8, 24:], clipped(model(latents[1]))[2], atol=1e-6)
    mixed = editing.mix_styles(model, latents[0][1:], latents[1][2:], 2)
    np.testing.assert_allclose(sheet[16:, 24:], clipped(mixed)[0], atol=1e-6)


def test_closed_form_directions(model):
    directions = editing.closed_form_directions(model, count=8)
    np.testing.assert_allclose(directions @ directions.T, np.eye(8), atol=1e-5)
    weights = np.concatenate([k for _, k in kernels(model)], axis=1)
    change = np.linalg.norm(directions @ weights, axis=1)
    assert (np.diff(change) <= 1e-5).all()
    np.testing.assert_allclose(change[0], np.linalg.norm(weights, 2), rtol=1e-5)


def kernels(model):
    return list(editing._style_kernels(model.inference_network.get_layer("synthesis")))


def test_each_style_has_its_kernels(model):
    """A kernel belongs to the style without which its layer's scales do not change."""
    assert sorted(index for index, _ in kernels(model)) == [0, 1, 1, 2, 3]
    chosen = editing.closed_form_directions(model, count=1, layers=[3])
    (kernel,) = (k for index, k in kernels(model) if index == 3)
    np.testing.assert_allclose(
        np.linalg.norm(chosen @ kernel), np.linalg.norm(kernel, 2), rtol=1e-5
    )


@pytest.mark.parametrize("binary", [False, True])
def test_finds_a_planted_attribute(binary):
    rng = np.random.default_rng(0)
    planted = rng.normal(size=32)
    planted /= np.linalg.norm(planted)
    # Styles whose numbers vary together, so that a difference of means would go astray.
    styles = rng.normal(size=(4000, 32)) @ (np.eye(32) + 0.3 * rng.normal(size=(32, 32)))
    values = styles @ planted + 0.1 * rng.normal(size=4000)
    found = editing.attribute_direction(styles, values > 0 if binary else values, ridge=1e-6)
    assert np.linalg.norm(found) == pytest.approx(1.0, rel=1e-5)
    assert found @ planted > (0.95 if binary else 0.99)


def test_ridge_copes_with_few_samples():
    rng = np.random.default_rng(0)
    planted = np.eye(64)[0]
    styles = rng.normal(size=(40, 64))
    found = editing.attribute_direction(styles, styles @ planted, ridge=1.0)
    assert np.isfinite(found).all()
    assert found @ planted > 0.5


def test_edit(model, latents):
    styles = model.styles_of(latents[0])
    direction = editing.closed_form_directions(model)[0]
    images = editing.edit(model, styles, direction, [-2.0, 0.0, 2.0])
    assert images.shape == (2, 3, 8, 8, 3)
    np.testing.assert_allclose(images[:, 1], model(latents[0]), atol=1e-6)
    np.testing.assert_allclose(images[:, 2], model.images_of(styles + 2 * direction), atol=1e-6)
    fine = editing.edit(model, styles, direction, [2.0], layers=[3])
    assert np.abs(fine[:, 0] - images[:, 1]).max() > 1e-4
    layered = np.repeat(styles[:, None], 4, axis=1)
    layered[:, 3] += 2 * direction
    np.testing.assert_allclose(fine[:, 0], model.images_of(layered), atol=1e-6)
    again = editing.edit(model, layered, direction, [0.0])
    np.testing.assert_allclose(again[:, 0], fine[:, 0], atol=1e-6)


def test_direction_sheet(model, latents):
    styles = model.styles_of(latents[0])
    direction = np.eye(8)[0]
    sheet = editing.direction_sheet(model, styles, direction, [0.0, 1.0, 2.0])
    images = editing.edit(model, styles, direction, [0.0, 1.0, 2.0])
    assert sheet.shape == (16, 24, 3)
    np.testing.assert_array_equal(sheet[8:, 16:], np.clip(images[1, 2], -1, 1))


def test_errors_name_the_argument(model, latents):
    styles = model.styles_of(latents[0])
    with pytest.raises(ValueError, match=r"`crossover` must be .* 0 to 4.*crossover=5"):
        editing.mix_styles(model, latents[0], latents[0], 5)
    with pytest.raises(ValueError, match=r"`count` must be from 1 to 8.*count=9"):
        editing.closed_form_directions(model, 9)
    with pytest.raises(ValueError, match=r"`layers` must be from 0 to 3.*\[4\]"):
        editing.closed_form_directions(model, 1, layers=[4])
    with pytest.raises(ValueError, match=r"`direction` must have shape \(8,\).*\(7,\)"):
        editing.edit(model, styles, np.ones(7), [1.0])
    with pytest.raises(ValueError, match=r"`styles` must have shape .* \(2, 8\), \(3,\)"):
        editing.attribute_direction(styles, [1, 2, 3])
    with pytest.raises(ValueError, match=r"`values` must differ"):
        editing.attribute_direction(styles, [1, 1])

import keras
import numpy as np
import pytest

import zoo
from zoo.restoration.semantic_inpainting import context_weights


def linear_gan(side=6, size=4, seed=0):
    """A GAN whose images are sums of a few patterns, so that the right answer is known."""
    latents = keras.Input((size,), name="latents")
    pixels = keras.layers.Dense(side * side, activation="tanh")(latents)
    images = keras.Input((side, side, 1))
    logits = keras.layers.Dense(1)(keras.layers.Flatten()(images))
    model = zoo.GAN(
        generator=keras.Model(latents, keras.layers.Reshape((side, side, 1))(pixels)),
        discriminator=keras.Model(images, logits),
        latents=zoo.latents.Uniform(size),
    )
    patterns = np.random.default_rng(seed).normal(size=(size, side * side))
    model.generator.set_weights([patterns, np.zeros(side * side)])
    return model


@pytest.fixture(scope="module")
def model():
    return linear_gan()


@pytest.fixture
def hole():
    masks = np.zeros((3, 6, 6, 1), "float32")
    masks[:, 2:5, 2:5] = 1
    return masks


def test_what_the_generator_can_make_is_found_again(model, hole):
    images = model.sample(3, seed=9)
    hidden = np.where(hole > 0, np.nan, images)  # what is in the hole is not looked at
    inpaint = zoo.SemanticInpainting(model, steps=400, starts=3)
    for blend in (False, True):
        filled = inpaint(hidden, hole, blend=blend)
        np.testing.assert_allclose(filled, images, atol=0.1)
        visible = np.broadcast_to(hole == 0, images.shape)
        np.testing.assert_array_equal(filled[visible], images[visible])
    np.testing.assert_array_equal(inpaint(hidden, hole), inpaint(hidden, hole))


def test_more_starts_fit_at_least_as_well(model, hole):
    images = model.sample(3, seed=9)

    def misfit(starts):
        made = zoo.SemanticInpainting(model, steps=20, starts=starts).search(images, hole)
        return (context_weights(hole) * np.abs(made - images)).sum(axis=(1, 2, 3))

    one, four = misfit(1).mean(), misfit(6).mean()
    assert four < one


def test_the_prior_asks_the_discriminator(model, hole):
    """Bright images look real to it, so a heavy prior makes the hole brighter."""
    images = model.sample(3, seed=9)
    model.discriminator.set_weights([np.full((36, 1), 1.0), np.zeros(1)])
    found = [
        zoo.SemanticInpainting(model, steps=50, starts=1, prior_weight=weight).search(images, hole)
        for weight in (0.0, 100.0)
    ]
    assert found[1].mean() > found[0].mean() + 0.1


def test_prior_is_left_out_without_a_trained_discriminator(model):
    assert zoo.SemanticInpainting(model).prior_weight == 0.0
    compiled = linear_gan()
    compiled.compile()
    assert zoo.SemanticInpainting(compiled).prior_weight == 0.003


def test_pixels_near_holes_weigh_more():
    masks = np.zeros((2, 5, 5, 1), "float32")
    masks[0, 2, 2] = 1
    weights = context_weights(masks, window=3)
    assert weights[0, 2, 2, 0] == 0
    assert weights[0, 1, 2, 0] == pytest.approx(1 / 9)
    assert weights[0, 0, 0, 0] == 0
    np.testing.assert_array_equal(weights[1], 1.0)  # nothing is missing


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda m: zoo.SemanticInpainting(zoo.ConditionalGAN(2, 28, 1, 4)), "from latents alone"),
        (lambda m: zoo.SemanticInpainting(m, window=4), "`window` odd"),
        (lambda m: zoo.SemanticInpainting(m, steps=0), "`steps` and `starts` must be at least 1"),
    ],
)
def test_arguments_are_checked(model, build, message):
    with pytest.raises(ValueError, match=message):
        build(model)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, m: (x[:, :5], m[:, :5]), r"`images` must have shape \(N, 6, 6, 1\)"),
        (lambda x, m: (x, m[..., 0]), "`masks`"),
        (lambda x, m: (x, m * 0.5), "zeros and, in holes, ones"),
        (lambda x, m: (x + 3, m), r"values in \[-1, 1\]"),
        (lambda x, m: (x * np.nan, m), r"values in \[-1, 1\]"),
    ],
)
def test_images_and_masks_are_checked(model, hole, change, message):
    with pytest.raises(ValueError, match=message):
        zoo.SemanticInpainting(model, steps=1)(*change(model.sample(3), hole))

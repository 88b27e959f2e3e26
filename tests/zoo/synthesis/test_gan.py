import keras
import numpy as np
import pytest
from cases import run_latent_test, shapes

import zoo


def build(**kwargs):
    return zoo.GAN(image_shape=(8, 8, 1), **kwargs)


def test_contract(tmp_path, mirrored):
    run_latent_test(build, (shapes(4),), folder=tmp_path, strategy=mirrored)


def test_networks_of_ones_own(tmp_path):
    inputs = keras.Input((5,))
    x = keras.layers.Dense(12, activation="tanh")(inputs)
    generator = keras.Model(inputs, keras.layers.Reshape((2, 2, 3))(x))
    images = keras.Input((2, 2, 3))
    logits = keras.layers.Dense(1)(keras.layers.Flatten()(images))
    model = zoo.GAN(
        generator=generator,
        discriminator=keras.Model(images, logits),
        latents=zoo.latents.Uniform(5),
    )
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert model.generate(2).shape == (2, 2, 2, 3)
    np.testing.assert_array_equal(loaded.generate(2), model.generate(2))


def test_learns_the_mean_of_what_it_is_shown():
    """A generator that ignores its discriminator stays gray."""
    model = zoo.GAN(image_shape=(4, 4, 1), latents=zoo.latents.Normal(4))
    model.compile()
    rng = np.random.default_rng(0)
    images = np.clip(0.7 + 0.1 * rng.standard_normal((64, 4, 4, 1)), -1, 1).astype("float32")
    before = model.generate(64).mean()
    model.fit(images, batch_size=16, epochs=40, verbose=0)
    assert abs(before) < 0.3
    assert abs(model.generate(64).mean() - 0.7) < 0.2


def test_refuses_what_is_no_distribution():
    with pytest.raises(
        ValueError, match=r"`latents` must be a distribution.*Received: latents=100"
    ):
        zoo.GAN(latents=100)

import keras
import numpy as np
import pytest
from cases import run_latent_test, shapes

import zoo

TINY = {"class_count": 3, "image_size": 12, "channels": 1, "filters": 4}


@pytest.mark.parametrize("projection", [False, True])
def test_contract(projection, tmp_path, mirrored):
    run_latent_test(
        lambda **kwargs: zoo.ConditionalGAN(projection=projection, **TINY, **kwargs),
        (shapes(4, size=12), np.array([0, 1, 2, 0])),
        folder=tmp_path,
        strategy=mirrored,
        generate=lambda model: model.generate([2, 0, 1]),
    )


@pytest.mark.parametrize("projection", [False, True])
def test_labels_reach_both_players(projection):
    model = zoo.ConditionalGAN(projection=projection, **TINY)
    model.compile()
    images, labels = shapes(6, size=12), np.array([0, 1, 2] * 2)
    model.fit(images, labels, batch_size=3, epochs=2, verbose=0)
    same_latents = model.generate([0, 0])[0], model.generate([1, 1])[0]
    assert np.abs(same_latents[0] - same_latents[1]).max() > 0
    image = images[:1]
    logits = [model.discriminator([image, np.array([label])]) for label in (0, 1)]
    assert float(logits[0][0, 0]) != float(logits[1][0, 0])


def test_makes_what_is_asked_for():
    """Images of class 0 are bright on the left, those of class 1 on the right."""
    model = zoo.ConditionalGAN(
        class_count=2, image_size=12, channels=1, filters=8, latents=zoo.latents.Normal(4)
    )
    adam = keras.optimizers.Adam
    model.compile(adam(2e-3, beta_1=0.5), adam(2e-3, beta_1=0.5))
    labels = np.arange(64) % 2
    images = np.full((64, 12, 12, 1), -0.8, "float32")
    images[labels == 0, :, :6] = images[labels == 1, :, 6:] = 0.8
    model.fit(images, labels, batch_size=16, epochs=25, verbose=0)

    def brighter_on_the_right(label):
        made = model.generate([label] * 16)
        return made[:, :, 6:].mean(axis=(1, 2, 3)) > made[:, :, :6].mean(axis=(1, 2, 3))

    assert brighter_on_the_right(1).all()
    assert not brighter_on_the_right(0).any()


@pytest.mark.parametrize("labels", [[3], [-1], [0.5], [[0, 1]], ["a"]])
def test_refuses_unknown_labels(labels):
    model = zoo.ConditionalGAN(**TINY)
    with pytest.raises(ValueError, match=r"`labels` must be .* from 0 to 2"):
        model.generate(labels)

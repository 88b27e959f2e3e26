import keras
import numpy as np
import pytest
import tensorflow as tf
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


class Mismatched(zoo.ConditionalGAN):
    """Its made images are real ones of the other class: nothing but the label tells them apart."""

    def forward(self, batch):
        return {**batch, "fake": tf.reverse(batch["real"], axis=[2])}


@pytest.mark.parametrize("projection", [False, True])
def test_discriminator_learns_which_label_belongs_to_an_image(projection):
    """Images of class 0 are bright on the left, those of class 1 on the right."""
    model = Mismatched(class_count=2, image_size=12, channels=1, filters=8, projection=projection)
    model.compile(discriminator_optimizer=keras.optimizers.Adam(3e-3, beta_1=0.5))
    labels = np.arange(16) % 2
    images = np.full((16, 12, 12, 1), -0.8, "float32")
    images[labels == 0, :, :6] = images[labels == 1, :, 6:] = 0.8

    @tf.function(autograph=False)
    def step():
        model.update_discriminator(model.forward(model._prepare((images, labels), 0)))

    for _ in range(100):
        step()
    right, wrong = (model.discriminator([images, each]) for each in (labels, 1 - labels))
    assert np.all(right > wrong)


@pytest.mark.parametrize("labels", [[3], [-1], [0.5], [[0, 1]], ["a"]])
def test_refuses_unknown_labels(labels):
    model = zoo.ConditionalGAN(**TINY)
    with pytest.raises(ValueError, match=r"`labels` must be .* from 0 to 2"):
        model.generate(labels)

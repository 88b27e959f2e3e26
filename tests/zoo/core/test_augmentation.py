import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import shapes

import zoo
from zoo.core import randomness

SEED = randomness.step_seed(0, 0)


def augmentation(channels=3, **kwargs):
    made = zoo.AdaptiveAugmentation(**kwargs)
    made.prepare((None, 8, 8, channels))
    return made


def images(count=64, channels=3):
    return tf.random.uniform((count, 8, 8, channels), -1, 1, seed=0)


@pytest.mark.parametrize("channels", [1, 3])
def test_without_probability_no_bit_changes(channels):
    x = images(channels=channels)
    np.testing.assert_array_equal(augmentation(channels)(x, SEED), x)


@pytest.mark.parametrize("channels", [1, 3])
def test_some_samples_change_and_others_do_not(channels):
    x = images(256, channels)
    one = {"geometry": False, "colour": False}
    for options, share in (({"initial": 0.5}, 1.0), ({"initial": 0.05}, 0.4), (one, 0.0)):
        made = augmentation(channels, **options)(x, SEED)
        changed = np.abs(made - x).max(axis=(1, 2, 3)) > 0
        assert changed.mean() == pytest.approx(share, abs=0.12), options
        assert np.isfinite(made).all()


def test_draws_depend_on_stream_and_sample():
    made = augmentation(initial=0.8)
    same = tf.repeat(images(1), 4, axis=0)
    one, other = made(same, SEED, stream="real"), made(same, SEED, stream="fake")
    np.testing.assert_array_equal(made(same, SEED, stream="real"), one)
    assert np.abs(one - other).max() > 0.1
    assert np.abs(one[0] - one[1]).max() > 0.1


def test_gradients_reach_every_image():
    made, x = augmentation(initial=0.8), images()
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(made(x, SEED) ** 2)
    gradient = tape.gradient(loss, x)
    assert np.isfinite(gradient).all()
    assert (np.abs(gradient).max(axis=(1, 2, 3)) > 0).all()


def test_probability_goes_where_it_should():
    made = augmentation(target=0.5, images=100, limit=0.3)
    probability = made.probability
    sure, unsure = tf.fill((8, 1), 3.0), tf.constant([[-1.0], [1.0]] * 4)
    made.observe(sure, tf.constant(8.0))
    assert probability.numpy() == pytest.approx(0.08)
    made.observe([sure, sure], tf.constant(8.0))
    assert probability.numpy() == pytest.approx(0.16)
    made.observe(unsure, tf.constant(8.0))
    assert probability.numpy() == pytest.approx(0.08)
    for _ in range(3):
        made.observe(unsure, tf.constant(8.0))
    assert probability.numpy() == 0
    for _ in range(9):
        made.observe(sure, tf.constant(8.0))
    assert probability.numpy() == pytest.approx(0.3)


def test_replicas_agree(mirrored):
    with mirrored.scope():
        made = augmentation(target=0.5, images=100)
    logits = tf.constant([[1.0, 1.0, 1.0], [1.0, 1.0, -1.0]])  # mean sign 2 / 3

    def step():
        index = tf.distribute.get_replica_context().replica_id_in_sync_group
        made.observe(logits[index], tf.constant(3.0))

    mirrored.run(step)
    assert [each.numpy() for each in made.probability.value.values] == pytest.approx([0.06] * 2)


def test_any_latent_model_takes_it(tmp_path):
    """A discriminator that is sure of real images drives p up; p is saved, and training resumes."""
    augmentation = zoo.AdaptiveAugmentation(target=0.5, images=100)
    model = zoo.GAN(image_shape=(8, 8, 1), augmentation=augmentation)
    model.discriminator.get_layer("logits").bias.assign([9.0])
    model.compile(run_eagerly=True)
    x = shapes(16)
    logs = model.fit(x, batch_size=8, verbose=0).history
    assert model.augmentation.probability.numpy() == pytest.approx(0.16)
    assert logs["augmentation_probability"] == pytest.approx([0.12])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.augmentation.get_config() == model.augmentation.get_config()
    assert loaded.augmentation.probability.numpy() == pytest.approx(0.16)
    for each in (model, loaded):
        each.train_on_batch(x[:8])
    np.testing.assert_allclose(loaded.generate(2), model.generate(2), atol=1e-6)
    clone = type(model).from_config(zoo.GAN(image_shape=(8, 8, 1)).get_config())
    assert clone.augmentation is None


@pytest.mark.parametrize(
    "options", [{"target": 2}, {"images": 0}, {"limit": 1.0}, {"initial": 0.9}], ids=str
)
def test_refuses_numbers_out_of_range(options):
    (name,) = options
    with pytest.raises(ValueError, match=rf"`{name}` must be .* Received: {name}="):
        zoo.AdaptiveAugmentation(**options)


def test_refuses_other_images():
    with pytest.raises(ValueError, match=r"1 or 3 channels.*\(None, 8, 8, 2\)"):
        augmentation(channels=2)

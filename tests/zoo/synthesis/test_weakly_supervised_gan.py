import contextlib
import math

import cases
import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo.synthesis import weakly_supervised_gan as module
from zoo.synthesis.weakly_supervised_gan import WeaklySupervisedGAN

LABELS = np.array([0, -1, 2, -1], "int32")


def build(side=8, class_count=3, **kwargs):
    """Small networks; the generator has no batch norm, which sees its replica only."""
    latents = keras.Input((4,))
    x = keras.layers.Dense(12, activation="tanh")(latents)
    x = keras.layers.Dense(side * side, activation="tanh", dtype="float32")(x)
    return WeaklySupervisedGAN(
        class_count=class_count,
        generator=keras.Model(latents, keras.layers.Reshape((side, side, 1))(x)),
        features=module.perceptron_features((side, side, 1), (16, 12)),
        latents=zoo.latents.Normal(4),
        **kwargs,
    )


@keras.saving.register_keras_serializable(package="cases")
class Small(WeaklySupervisedGAN):
    """The paper's networks with few units."""

    def __init__(self, **kwargs):
        super().__init__(
            class_count=3,
            generator=module.perceptron_generator((8, 8, 1), 100, (12,)),
            features=module.perceptron_features((8, 8, 1), (16, 12)),
            **kwargs,
        )

    def get_config(self):
        """Leave the networks to the constructor."""
        names = ("latents", "objective", "augmentation", "ema_halflife_images", "seed", "name")
        return {name: super(Small, self).get_config()[name] for name in names}

    @classmethod
    def from_config(cls, config):
        return super(WeaklySupervisedGAN, cls).from_config(config)


def test_contract(tmp_path, mirrored):
    data = cases.shapes(4), LABELS
    cases.run_latent_test(Small, data, folder=tmp_path, strategy=mirrored)


def test_default_networks_and_saving(tmp_path):
    model = WeaklySupervisedGAN(class_count=3, image_shape=(8, 8, 1), unsupervised_share=0.25)
    images = cases.shapes(5)
    probabilities = model.classify(images, batch_size=2)
    assert probabilities.shape == (5, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-5)
    model.save(tmp_path / "model.keras")
    model.classifier.save(tmp_path / "classifier.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.classify(images, batch_size=2), probabilities)
    assert loaded.unsupervised_share == 0.25
    classifier = keras.models.load_model(tmp_path / "classifier.keras")
    np.testing.assert_allclose(classifier(images), probabilities, rtol=1e-5)


def test_two_replicas_equal_one(mirrored):
    """Labels fall unevenly on the replicas, and the last batch leaves one without a sample."""
    labels = np.array([0, 1, 2, -1, -1, -1, -1, 1, 2], "int32")
    data = tf.data.Dataset.from_tensor_slices((cases.shapes(9, 4), labels)).batch(4)
    models, logs = [], []
    for scope in (None, mirrored.scope()):
        keras.utils.set_random_seed(0)
        with scope or contextlib.nullcontext():
            model = build(4, feature_matching=True)
            optimizers = keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1)
            # Tracing takes longer than these few steps: only what is under test is traced.
            model.compile(*optimizers, run_eagerly=scope is None)
        logs.append(model.fit(data, verbose=0).history)
        models.append(model)
    cases.assert_same_state(models[1], models[0], atol=2e-6)
    for name, value in logs[0].items():
        np.testing.assert_allclose(logs[1][name], value, rtol=1e-4, err_msg=name)


def test_the_objective_is_that_of_the_article():
    """With logits of 0 for K = 3 classes: log 3, and softplus of minus and plus log 3."""
    images = cases.shapes(4)
    model = build(unsupervised_share=0.25)
    model.compile(run_eagerly=True)
    model.discriminator.get_layer("class_logits").kernel.assign(tf.zeros((12, 3)))
    logs = model.train_on_batch(images, LABELS, return_dict=True)
    assert logs["discriminator/supervised"] == pytest.approx(0.75 * math.log(3), rel=1e-5)
    game = math.log(1 + 1 / 3) + math.log(1 + 3)
    assert logs["discriminator/adversarial"] == pytest.approx(0.25 * game, rel=1e-5)
    assert logs["discriminator_loss"] == pytest.approx(0.75 * math.log(3) + 0.25 * game, rel=1e-5)


def test_only_labelled_samples_count():
    logits = tf.constant([[2.0, 0.0], [0.0, 5.0], [1.0, 1.0]])
    labels = tf.constant([0, -1, 1])
    expected = (math.log(1 + math.exp(-2)) + math.log(2)) / 2
    loss = module.supervised_loss(logits, labels, tf.constant(3.0))
    assert float(loss) == pytest.approx(expected, rel=1e-6)
    assert float(module.supervised_loss(logits, -tf.ones(3, tf.int32), tf.constant(3.0))) == 0.0
    # The one sample of a replica for which the batch left none has no label either.
    assert float(module.supervised_loss(logits[:1], labels[:1], tf.constant(0.0))) == 0.0


def test_a_batch_without_labels_trains_without_the_supervised_term():
    model = build()
    model.compile(run_eagerly=True)
    logs = model.train_on_batch(cases.shapes(4), np.full(4, -1, "int32"), return_dict=True)
    assert logs["discriminator/supervised"] == 0.0
    assert np.isfinite(list(logs.values())).all()
    assert all(np.isfinite(weight.numpy()).all() for weight in model.weights)


def test_features_of_made_images_move_to_those_of_real_ones():
    model = build(feature_matching=True)
    model.compile(keras.optimizers.Adam(0.01), keras.optimizers.SGD(0.0))
    images = cases.shapes(64)
    data = tf.data.Dataset.from_tensors((images, np.full(64, -1, "int32"))).repeat(40)
    gaps = [model.fit(data.take(n), verbose=0).history["generator_loss"][0] for n in (1, 40, 1)]
    assert gaps[2] < 0.5 * gaps[0]  # the rest is noise


def test_learns_classes_from_one_label_each():
    """Bright or dark squares on one of three sides; three labels name them."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 96)
    images = rng.normal(-0.5, 0.2, (96, 4, 4, 1)).astype("float32")
    for image, label in zip(images, labels, strict=True):
        image[:, label : label + 2] += 1.0
    known = np.full(96, -1)
    for label in range(3):
        known[np.flatnonzero(labels == label)[0]] = label
    model = build(4)
    model.compile(*(keras.optimizers.Adam(5e-3, beta_1=0.5) for _ in range(2)))
    accuracy = [(model.classify(images).argmax(1) == labels).mean()]
    data = tf.data.Dataset.from_tensors((images, known.astype("int32"))).repeat(60)
    model.fit(data, verbose=0)
    accuracy.append((model.classify(images).argmax(1) == labels).mean())
    assert accuracy[1] > max(0.9, accuracy[0] + 0.2), accuracy


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"class_count": 1}, r"`class_count` must be an integer of at least 2.*=1"),
        ({"unsupervised_share": 1.5}, r"`unsupervised_share` must be from 0.*=1.5"),
        ({"latents": 100}, r"`latents` must be a distribution"),
    ],
)
def test_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        WeaklySupervisedGAN(**{"image_shape": (4, 4, 1), **arguments})


def test_refuses_features_that_are_maps_and_images_of_another_size():
    inputs = keras.Input((4, 4, 1))
    maps = keras.Model(inputs, keras.layers.Conv2D(2, 3)(inputs))
    with pytest.raises(ValueError, match=r"`features` must have one output of shape \(N, F\)"):
        WeaklySupervisedGAN(features=maps, image_shape=(4, 4, 1))
    with pytest.raises(ValueError, match=r"`images` must have shape \(N, 4, 4, 1\)"):
        build(4).classify(np.zeros((2, 5, 5, 1)))

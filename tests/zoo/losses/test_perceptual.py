import json

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.losses import PerceptualLoss
from zoo.networks.features import FeatureExtractor


def network():
    """Layer "sum" adds the channels; layer "half" halves that and keeps every second pixel."""
    inputs = keras.Input((None, None, 3))
    ones = keras.initializers.Ones()
    x = keras.layers.Conv2D(1, 1, kernel_initializer=ones, name="sum")(inputs)
    half = keras.initializers.Constant(0.5)
    x = keras.layers.Conv2D(1, 1, strides=2, kernel_initializer=half, name="half")(x)
    return keras.Model(inputs, x, name="tiny")


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "tiny.keras"
    network().save(file)
    return file


@pytest.fixture
def features(path):
    return FeatureExtractor.from_file(path, ["sum", "half"])


def _images(seed=0, shape=(2, 8, 8, 3)):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype("float32")


def test_golden(features):
    # Outputs are 0.1 above the target in each channel: "sum" differs by 0.3, "half" by 0.15.
    # Mean squares 0.09 and 0.0225; with weights 1 and 2: 0.09 + 0.045 = 0.135.
    target = _images()
    assert float(PerceptualLoss(features)(target, target + 0.1)) == pytest.approx(0.1125, abs=1e-5)
    weighted = PerceptualLoss(features, layer_weights=[1, 2])
    assert float(weighted(target, target + 0.1)) == pytest.approx(0.135, abs=1e-5)
    # Absolute differences: 0.3 + 0.15.
    absolute = PerceptualLoss(features, criterion=keras.losses.MeanAbsoluteError())
    assert float(absolute(target, target + 0.1)) == pytest.approx(0.45, abs=1e-5)


def test_one_loss_per_image(features):
    target = _images()
    output = target + np.array([0.1, 0.2], "float32")[:, None, None, None]
    value = PerceptualLoss(features, reduction=None)(target, output)
    np.testing.assert_allclose(value, [0.1125, 0.45], atol=1e-5)
    weights = tf.constant([0.0, 1.0])
    value = PerceptualLoss(features)(target, output, sample_weight=weights)
    assert float(value) == pytest.approx(0.45 / 2, abs=1e-5)


def test_only_the_output_gets_a_gradient(features):
    loss = PerceptualLoss(features)
    target, output = tf.constant(_images(0)), tf.constant(_images(1))
    with tf.GradientTape() as tape:
        tape.watch([target, output])
        value = loss(target, output)
    assert tape.watched_variables() == (), "the network is frozen"
    for_target, for_output = tape.gradient(value, [target, output])
    assert for_target is None
    assert np.any(for_output != 0)


@pytest.mark.parametrize(
    ("policy", "used"), [("mixed_bfloat16", tf.bfloat16), ("mixed_float16", tf.float32)]
)
def test_the_distance_is_taken_in_float32(path, policy, used):
    keras.config.set_dtype_policy(policy)
    features = FeatureExtractor.from_file(path, ["sum", "half"])
    target, output = _images(0, (1, 32, 32, 3)), _images(1, (1, 32, 32, 3))
    pairs = list(zip(features(target), features(output), strict=True))
    assert {x.dtype for pair in pairs for x in pair} == {used}
    # From the features on, a double agrees: squares in bfloat16 would keep 2 or 3 digits.
    expected = sum(
        np.mean(np.square(tf.cast(a, tf.float64) - tf.cast(b, tf.float64))) for a, b in pairs
    )
    value = PerceptualLoss(features)(target, output)
    assert value.dtype == tf.float32
    assert float(value) == pytest.approx(expected, rel=1e-5)


@keras.saving.register_keras_serializable(package="zoo_tests")
class Restorer(keras.Model):
    """A model that holds a perceptual loss, as the variants do."""

    def __init__(self, perceptual, **kwargs):
        super().__init__(**kwargs)
        self.perceptual = perceptual
        self.network = keras.layers.Conv2D(3, 1)

    def call(self, images):
        return self.network(images)

    def get_config(self):
        perceptual = keras.saving.serialize_keras_object(self.perceptual)
        return {**super().get_config(), "perceptual": perceptual}

    @classmethod
    def from_config(cls, config):
        perceptual = keras.saving.deserialize_keras_object(config.pop("perceptual"))
        return cls(perceptual, **config)


def test_the_feature_network_is_in_no_saved_file(features, tmp_path):
    model = Restorer(PerceptualLoss(features))
    model(_images())
    assert len(model.variables) == 2  # kernel and bias of its own layer
    model.save_weights(tmp_path / "model.weights.h5")
    sizes = []
    with h5py.File(tmp_path / "model.weights.h5") as file:
        file.visititems(lambda _, x: sizes.append(x.size) if isinstance(x, h5py.Dataset) else None)
    assert sorted(sizes) == [3, 9]
    checkpoint = tf.train.Checkpoint(model=model).save(str(tmp_path / "checkpoint"))
    shapes = [shape for _, shape in tf.train.list_variables(checkpoint)]
    assert sorted(map(tuple, shapes)).count((1, 1, 3, 1)) == 0, "the kernel of layer `sum`"


def test_a_saved_model_opens_without_the_feature_network(features, path, tmp_path):
    loss = PerceptualLoss(features, [1, 2], keras.losses.MeanAbsoluteError(), name="vgg")
    model = Restorer(loss)
    images = _images()
    expected = model(images)
    value = float(loss(images, expected))
    model.save(tmp_path / "model.keras")
    moved = path.rename(tmp_path / "elsewhere.keras")
    back = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(back(images), expected, atol=1e-6)
    moved.rename(path)
    assert float(back.perceptual(images, expected)) == pytest.approx(value, rel=1e-5)
    assert back.perceptual.name == "vgg"


def test_config_is_json_and_names_the_file(features, path):
    config = json.dumps(keras.saving.serialize_keras_object(PerceptualLoss(features)))
    assert str(path) in config
    assert len(config) < 3000


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: PerceptualLoss("vgg19"), "`features` must be a FeatureExtractor"),
        (lambda x: PerceptualLoss(x, [1.0]), r"`layer_weights`.*2 layer.*Received.*\[1.0\]"),
        (lambda x: PerceptualLoss(x, [1.0, -1.0]), "`layer_weights`"),
        (lambda x: PerceptualLoss(x, criterion="mae"), "`criterion` must be a keras.losses.Loss"),
    ],
)
def test_errors_name_the_argument(features, call, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        call(features)


def test_an_unknown_keyword_is_not_swallowed(features):
    with pytest.raises(TypeError, match="layers_weights"):
        PerceptualLoss(features, layers_weights=[1.0, 2.0])

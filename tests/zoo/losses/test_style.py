import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.losses import GramStyleLoss, StatisticsStyleLoss
from zoo.losses.style import channel_statistics, gram_matrix
from zoo.networks.features import FeatureExtractor


@pytest.fixture
def features(tmp_path):
    """Layer "as_is" gives the image itself, layer "double" twice that."""
    inputs = keras.Input((None, None, 3))
    as_is = keras.layers.Identity(name="as_is")(inputs)
    network = keras.Model(inputs, keras.layers.Rescaling(2.0, name="double")(as_is))
    network.save(tmp_path / "tiny.keras")
    return FeatureExtractor.from_file(tmp_path / "tiny.keras", ["as_is", "double"])


ROW = tf.constant([[[[1.0, 2.0, 0.0], [3.0, 0.0, 0.0]]]])


def test_gram_golden(features):
    # The Gram matrix of ROW is ((10, 2), (2, 4)) / 6; that of its doubled features 4 times as much.
    gram = np.array([[10, 2, 0], [2, 4, 0], [0, 0, 0]]) / 6
    np.testing.assert_allclose(gram_matrix(ROW)[0], gram, rtol=1e-6)
    squares = (gram**2).sum()
    loss = GramStyleLoss(features)
    assert float(loss(tf.zeros_like(ROW), ROW)) == pytest.approx(squares * (1 + 16))
    weighted = GramStyleLoss(features, layer_weights=[2, 0])
    assert float(weighted(tf.zeros_like(ROW), ROW)) == pytest.approx(2 * squares)


def test_statistics_golden(features):
    # Means 2, 1, 0 and deviations 1, 1, 0, against zeros: mean squares of 5 / 3 and about 2 / 3.
    mean, deviation = channel_statistics(ROW)
    np.testing.assert_allclose(mean, [[2.0, 1.0, 0.0]])
    np.testing.assert_allclose(deviation, [[1.0, 1.0, 1e-5**0.5]], atol=1e-5)
    loss = StatisticsStyleLoss(features, layer_weights=[1, 0])
    flat = 1e-5**0.5
    expected = 5 / 3 + 2 / 3 * (1 - flat) ** 2
    assert float(loss(tf.zeros_like(ROW), ROW)) == pytest.approx(expected, rel=1e-4)
    norms = StatisticsStyleLoss(features, layer_weights=[1, 0], squared=False)
    expected = (5 / 3) ** 0.5 + (2 / 3) ** 0.5 * (1 - flat)
    assert float(norms(tf.zeros_like(ROW), ROW)) == pytest.approx(expected, rel=1e-4)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(norms))
    assert not copy.squared


@pytest.mark.parametrize("cls", [GramStyleLoss, StatisticsStyleLoss])
def test_places_and_sizes_do_not_count(features, cls):
    image = tf.constant(np.random.default_rng(0).normal(size=(2, 4, 6, 3)), tf.float32)
    loss = cls(features, reduction=None)
    mirrored = tf.reverse(image, [1, 2])
    np.testing.assert_allclose(loss(image, mirrored), [0, 0], atol=1e-6)
    np.testing.assert_allclose(loss(tf.tile(image, [1, 2, 3, 1]), image), [0, 0], atol=1e-6)
    assert (loss(image, image * 1.5).numpy() > 0.01).all()


@pytest.mark.parametrize("cls", [GramStyleLoss, StatisticsStyleLoss])
def test_gradients_are_finite_on_flat_images_and_reach_the_output_alone(features, cls):
    target, output = tf.zeros((1, 4, 4, 3)), tf.Variable(tf.ones((1, 4, 4, 3)))
    with tf.GradientTape() as tape:
        tape.watch(target)
        value = cls(features)(target, output)
    to_target, to_output = tape.gradient(value, [target, output])
    assert to_target is None
    assert np.isfinite(to_output).all()
    assert np.abs(to_output).max() > 0


@pytest.mark.parametrize("cls", [GramStyleLoss, StatisticsStyleLoss])
def test_config_round_trip(features, cls):
    loss = cls(features, layer_weights=[1, 3])
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert type(copy) is cls
    assert float(copy(tf.zeros_like(ROW), ROW)) == pytest.approx(
        float(loss(tf.zeros_like(ROW), ROW))
    )

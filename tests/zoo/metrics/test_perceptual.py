import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.metrics import FeatureDistance, compare
from zoo.networks.features import FeatureExtractor


def identity():
    """Layer "same" returns its input, layer "every" every second pixel of it."""
    inputs = keras.Input((None, None, 3))
    eye = keras.initializers.Constant(np.eye(3)[None, None])
    x = keras.layers.Conv2D(3, 1, kernel_initializer=eye, name="same")(inputs)
    x = keras.layers.Conv2D(3, 1, strides=2, kernel_initializer=eye, name="every")(x)
    return keras.Model(inputs, x, name="identity")


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "identity.keras"
    identity().save(file)
    return file


def _metric(layers=("same", "every"), **kwargs):
    return FeatureDistance(FeatureExtractor.from_file(identity(), list(layers)), **kwargs)


def _fill(*pixels):
    """One image a pixel: 4x4 of that RGB value in [-1, 1]."""
    return tf.tile(tf.constant(pixels, tf.float32)[:, None, None], (1, 4, 4, 1))


def test_golden():
    # Unit vectors: (1, 0, 0) against (0, 1, 0): squared distance 2; against (1, 1, 0) / sqrt 2:
    # 2 - sqrt 2; against (0.5, 0, 0): 0, since length does not count.
    target = _fill([1, 0, 0], [1, 0, 0], [1, 0, 0])
    output = _fill([0, 1, 0], [1, 1, 0], [0.5, 0, 0])
    value = _metric(rounded=False).per_image(target, output)
    np.testing.assert_allclose(value, [2, 2 - np.sqrt(2), 0], atol=1e-5)


def test_mean_over_positions_then_over_layers():
    # One of 16 pixels differs by 2; layer "every" sees 4 of the 16 and this pixel among them:
    # (2 / 16 + 2 / 4) / 2. One row further it does not: (2 / 16 + 0) / 2.
    target = np.array(_fill([1, 0, 0], [1, 0, 0]))
    output = target.copy()
    output[0, 2, 2] = output[1, 1, 2] = [0, 1, 0]
    value = _metric(rounded=False).per_image(target, output)
    np.testing.assert_allclose(value, [(2 / 16 + 2 / 4) / 2, 2 / 32], atol=1e-5)


def test_batches_and_sizes_do_not_change_the_score(path):
    rng = np.random.default_rng(0)
    target, output = rng.uniform(-1, 1, (2, 3, 9, 13, 3)).astype("float32")
    metric = _metric()
    together = metric.per_image(target, output)
    alone = [metric.per_image(target[i : i + 1], output[i : i + 1])[0] for i in range(3)]
    np.testing.assert_allclose(together, alone, rtol=1e-5)
    spec = tf.TensorSpec((None, None, None, 3))
    traced = tf.function(metric.per_image, input_signature=[spec, spec])
    np.testing.assert_allclose(traced(target, output), together, rtol=1e-5)


def test_border_and_rounding_reach_the_network():
    target = np.array(_fill([1, 0, 0]))
    output = target.copy()
    output[:, 0] = [0, 1, 0]
    assert float(_metric(border=1).per_image(target, output)[0]) == 0.0
    output = target + 1 / 1000  # less than half a level
    assert float(_metric().per_image(target, output)[0]) == 0.0


def test_protocol_names_network_weights_and_layers(path):
    metric = FeatureDistance(FeatureExtractor.from_file(path, ["same"]), border=2)
    fingerprint = metric.features.fingerprint
    assert metric.protocol == f"identity.keras {fingerprint} at same, RGB, border 2, 8-bit rounded"
    assert not metric.higher_is_better


def test_other_layers_are_refused():
    a, b = _metric(["same"]), _metric(["every"])
    for metric in (a, b):
        metric.update_state(_fill([1, 0, 0]), _fill([0, 1, 0]))
    with pytest.raises(ValueError, match="protocol is the same"):
        compare(a, b)


def test_config_round_trip_loads_late(path):
    metric = FeatureDistance(FeatureExtractor.from_file(path, ["same"]), border=1, name="distance")
    back = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(metric))
    assert not back.features.loaded
    assert "identity.keras" in repr(back)
    assert not back.features.loaded, "printing must not load a network"
    assert (back.protocol, back.name) == (metric.protocol, "distance")


def test_the_feature_network_is_not_in_the_models_files(path, tmp_path):
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, keras.layers.Conv2D(3, 1)(inputs))
    model.compile(loss="mse", metrics=[FeatureDistance(FeatureExtractor.from_file(path))])
    images = np.zeros((2, 4, 4, 3), "float32")
    logs = model.evaluate(images, images, verbose=0, return_dict=True)
    assert set(logs) == {"loss", "feature_distance"}
    assert sum(np.prod(x.shape) for x in model.variables) == 9 + 3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: FeatureDistance("vgg"), "`features` must be a FeatureExtractor"),
        (
            lambda: _pooled().per_image(tf.zeros((1, 8, 8, 3)), tf.zeros((1, 8, 8, 3))),
            "not pooled",
        ),
    ],
)
def test_errors_name_the_argument(call, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        call()


def _pooled():
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(inputs))
    return FeatureDistance(FeatureExtractor.from_file(model))

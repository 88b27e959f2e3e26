import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.networks.feature_inputs import CaffeBGR, Scaled
from zoo.networks.features import FeatureExtractor


def network():
    """Two convolutions with ReLU, batch statistics that are not the identity, and a pooled end."""
    inputs = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="one")(inputs)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.Conv2D(5, 3, strides=2, activation="relu", name="two")(x)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    model = keras.Model(inputs, x, name="tiny")
    model.get_layer("norm").moving_mean.assign([0.1, -0.2, 0.3, 0.0])
    return model


def pooling():
    inputs = keras.Input((None, None, 3))
    return keras.Model(inputs, keras.layers.MaxPooling2D(2)(inputs))


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "tiny.keras"
    network().save(file)
    return file


def _images(shape=(2, 12, 10, 3)):
    return np.random.default_rng(0).uniform(-1, 1, shape).astype("float32")


def test_file_with_layers_and_preprocessing(path):
    features = FeatureExtractor.from_file(path, ["two", "one"], preprocess=Scaled(127, 128))
    two, one = features(_images())
    model = keras.saving.load_model(path)
    inputs = ((_images() + 1) * 127.5 - 127) / 128
    reference = keras.Model(model.inputs[0], [model.get_layer(x).output for x in ("two", "one")])
    expected = reference(inputs, training=False)
    np.testing.assert_allclose(two, expected[0], atol=1e-5)
    np.testing.assert_allclose(one, expected[1], atol=1e-5)


def test_without_layers_the_outputs_are_the_models_own(path):
    model = keras.saving.load_model(path)
    (value,) = FeatureExtractor.from_file(model)(_images())
    np.testing.assert_allclose(value, model(_images(), training=False), atol=1e-6)


def test_before_activation():
    model = network()
    features = FeatureExtractor.from_file(model, ["one", "two"], before_activation=True)
    one, two = features(_images())
    assert np.min(one) < 0, "a ReLU has been applied"
    assert np.min(two) < 0, "a ReLU has been applied"
    # The second layer must still see the activation of the first.
    reference = keras.Model(model.inputs[0], [model.get_layer(x).output for x in ("one", "two")])
    expected = reference(_images(), training=False)
    np.testing.assert_allclose(np.maximum(one, 0), expected[0], atol=1e-5)
    np.testing.assert_allclose(np.maximum(two, 0), expected[1], atol=1e-5)


def test_the_source_model_is_copied_not_touched():
    model = network()
    features = FeatureExtractor.from_file(model, ["two"])
    before = [np.array(x) for x in features(_images())]
    model.set_weights([np.zeros_like(x) for x in model.get_weights()])
    np.testing.assert_array_equal(features(_images())[0], before[0])
    assert model.trainable
    assert model.get_layer("two").activation is keras.activations.relu


def test_no_tape_follows_the_weights(path):
    features = FeatureExtractor.from_file(path, ["two"])
    images = tf.constant(_images())
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(features(images)[0])
    assert tape.watched_variables() == ()
    assert np.any(tape.gradient(total, images) != 0), "images do get a gradient"


def test_gray_images_count_as_rgb(path):
    features = FeatureExtractor.from_file(path, ["two"])
    gray = _images((1, 8, 8, 1))
    np.testing.assert_array_equal(features(gray)[0], features(np.repeat(gray, 3, axis=-1))[0])


@pytest.mark.parametrize(
    ("policy", "asked", "used"),
    [
        ("float32", None, "float32"),
        ("mixed_bfloat16", None, "bfloat16"),
        ("mixed_float16", None, "float32"),  # Caffe-style activations come near its largest number
        ("mixed_bfloat16", "float32", "float32"),
        ("float32", "mixed_float16", "float16"),
    ],
)
def test_precision_follows_the_policy(path, policy, asked, used):
    expected = FeatureExtractor.from_file(path, ["two"])(_images())[0]
    keras.config.set_dtype_policy(policy)
    value = FeatureExtractor.from_file(path, ["two"], dtype=asked)(_images())[0]
    assert value.dtype.name == used
    atol = 1e-6 if used == "float32" else 0.05
    np.testing.assert_allclose(tf.cast(value, tf.float32), expected, atol=atol)


def test_a_config_loads_at_the_first_call(path, tmp_path):
    features = FeatureExtractor.from_file(path, ["two"], CaffeBGR((1, 2, 3)))
    config = keras.saving.serialize_keras_object(features)
    expected = features(_images())[0]
    moved = path.rename(tmp_path / "elsewhere.keras")
    back = keras.saving.deserialize_keras_object(config)  # opens without the network
    assert not back.loaded
    with pytest.raises(ValueError, match=r"existing .keras file"):
        back(_images())
    moved.rename(path)
    traced = tf.function(lambda x: back(x)[0])  # variables are made outside of the graph
    np.testing.assert_allclose(traced(_images()), expected, rtol=1e-5)
    assert back.loaded


def test_replicas_share_a_loaded_network(path, mirrored):
    features = FeatureExtractor.from_file(path, ["two"])
    expected = features(_images())[0]
    lazy = FeatureExtractor.from_config(features.get_config())

    def run(extractor):
        step = tf.function(lambda: mirrored.run(lambda: extractor(_images())[0]))
        return mirrored.experimental_local_results(step())

    for value in run(features):
        np.testing.assert_allclose(value, expected, rtol=1e-5)
    with pytest.raises(RuntimeError, match=r"call `load\(\)` on the extractor first"):
        run(lazy)
    with mirrored.scope():
        lazy.load()
    for value in run(lazy):
        np.testing.assert_allclose(value, expected, rtol=1e-5)


def test_images_that_vanish_in_a_graph_are_refused():
    features = FeatureExtractor.from_file(pooling())
    static = tf.function(features, input_signature=[tf.TensorSpec((1, 8, 1, 3))])
    with pytest.raises(ValueError, match=r"very small|too small"):
        static(tf.zeros((1, 8, 1, 3)))
    dynamic = tf.function(features, input_signature=[tf.TensorSpec((None, None, None, 3))])
    with pytest.raises(tf.errors.OpError):
        dynamic(tf.zeros((1, 8, 1, 3)))


def test_fingerprint_tells_weights_apart(path):
    a, b = (FeatureExtractor.from_file(path, ["two"]) for _ in range(2))
    assert a.fingerprint == b.fingerprint
    assert len(a.fingerprint) == 12
    other = network()
    other.get_layer("one").bias.assign([0, 0, 0, 1e-3])
    assert FeatureExtractor.from_file(other, ["two"]).fingerprint != a.fingerprint


def test_vgg19_is_wired_as_in_the_papers(monkeypatch):
    made = {}

    def random_vgg19(include_top, weights):
        made["weights"] = weights
        made["model"] = vgg19(include_top=include_top, weights=None)
        return made["model"]

    vgg19 = keras.applications.VGG19
    monkeypatch.setattr(keras.applications, "VGG19", random_vgg19)
    features = FeatureExtractor.vgg19(["block2_conv2"], before_activation=True)
    assert made["weights"] == "imagenet"
    (value,) = features(_images((1, 16, 16, 3)))
    levels = (_images((1, 16, 16, 3)) + 1) * 127.5
    reference = keras.Model(made["model"].inputs[0], made["model"].get_layer("block2_conv2").output)
    expected = reference(keras.applications.vgg19.preprocess_input(levels))
    np.testing.assert_allclose(np.maximum(value, 0), expected, rtol=1e-3, atol=1e-3)
    assert FeatureExtractor.from_config(features.get_config()).source == features.source


def test_without_weights_it_raises(monkeypatch):
    def offline(**kwargs):
        raise Exception("URL fetch failure")

    monkeypatch.setattr(keras.applications, "VGG19", offline)
    with pytest.raises(RuntimeError, match=r"(?s)could not be downloaded.*from_file.*URL fetch"):
        FeatureExtractor.vgg19()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: FeatureExtractor(3), "`source` must be"),
        (lambda: FeatureExtractor.from_file("missing.keras"), "existing .keras file"),
        (lambda: FeatureExtractor.from_file(keras.Sequential()), "`source`.*built"),
        (lambda: FeatureExtractor.from_file(network(), ["three"]), "'one', 'norm'.*unknown"),
        (lambda: FeatureExtractor.from_file(network(), "one"), "`layers` must be a non-empty"),
        (lambda: FeatureExtractor.from_file(network(), []), "`layers` must be a non-empty"),
        (lambda: FeatureExtractor.from_file(network(), ["one"], "caffe"), "`preprocess` must be"),
        (lambda: FeatureExtractor(network(), before_activation=True), "needs `layers`"),
        (
            lambda: FeatureExtractor.from_file(network(), ["norm"], before_activation=True),
            "an activation of their own.*norm",
        ),
        (lambda: FeatureExtractor.from_file(network()).get_config(), "cannot be saved"),
        (lambda: FeatureExtractor.from_file(network())(np.zeros((1, 8, 8, 4))), "alpha"),
        (
            lambda: FeatureExtractor.from_file(pooling())(np.zeros((1, 8, 1, 3))),
            "very small.*Received: images of shape",
        ),
    ],
)
def test_errors_name_the_argument(call, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        call()

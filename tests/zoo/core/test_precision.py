"""`with_policy` changes the precision and nothing else."""

import keras
import numpy as np
import pytest
from keras import layers

from zoo.core.precision import with_policy


@keras.saving.register_keras_serializable(package="test_precision")
class Scale(layers.Layer):
    """A registered layer with a weight and a sublayer that takes the global policy."""

    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor
        self.inner = layers.Conv2D(4, 1, name="inner")

    def build(self, input_shape):
        self.gain = self.add_weight(shape=(1,), initializer="ones", name="gain")
        self.inner.build(input_shape)

    def call(self, inputs):
        return self.inner(inputs) * self.gain * self.factor

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


def nested_network():
    """A shared nested Sequential, an operator, a wrapper, a custom layer and a pinned output."""
    inputs = keras.Input((None, None, 3))
    block = keras.Sequential(
        [layers.Conv2D(4, 3, padding="same"), layers.BatchNormalization()], name="block"
    )
    x = block(layers.Conv2D(4, 3, padding="same", name="first")(inputs))
    x = x + block(x)
    x = Scale(0.5, name="scale")(x)
    x = layers.SpectralNormalization(layers.Conv2D(3, 1), name="wrapped")(x)
    return keras.Model(inputs, layers.Add(dtype="float32", name="restored")([x, inputs]))


def randomise(network):
    rng = np.random.default_rng(0)
    network.set_weights([np.abs(rng.normal(0.3, 0.2, w.shape)) for w in network.get_weights()])
    return network


def image(shape=(2, 12, 10, 3)):
    return np.random.default_rng(1).uniform(-1, 1, shape).astype("float32")


def leaves(model):
    found = model._flatten_layers(include_self=False)
    skip = (keras.Model, layers.InputLayer)
    return {layer.name: layer for layer in found if not isinstance(layer, skip)}


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_network_becomes_exactly_the_float32_network(policy):
    reference = randomise(nested_network())
    keras.config.set_dtype_policy(policy)
    mixed = nested_network()
    mixed.set_weights(reference.get_weights())

    exact = with_policy(mixed, "float32")

    assert {x.compute_dtype for x in leaves(exact).values()} == {"float32"}
    expected = reference(image(), training=False)
    np.testing.assert_array_equal(exact(image(), training=False), expected)
    rounded = mixed(image(), training=False)
    assert np.abs(rounded - expected).max() > 1e-4  # else the test would prove nothing
    assert keras.config.dtype_policy().name == policy


def test_input_of_a_model_in_a_model_does_not_round():
    keras.config.set_dtype_policy("mixed_bfloat16")
    inputs = keras.Input((None, None, 3))
    inner = keras.Sequential([keras.Input((None, None, 3), dtype="bfloat16"), layers.ReLU()])
    network = keras.Model(inputs, inner(inputs))
    value = np.full((1, 1, 1, 3), 1.001, "float32")  # bfloat16 rounds it to 1
    np.testing.assert_array_equal(with_policy(network, "float32")(value), value)


def test_pinned_layers_of_a_mixed_network_stay_float32():
    keras.config.set_dtype_policy("mixed_float16")
    inputs = keras.Input((None, None, 3))
    x = layers.Conv2D(4, 1, name="low")(inputs)
    x = layers.Conv2D(4, 1, dtype="float32", name="pinned")(x)
    network = keras.Model(inputs, layers.Conv2D(3, 1, name="last")(x))
    copy = leaves(with_policy(network, "mixed_bfloat16"))
    dtypes = {name: layer.compute_dtype for name, layer in copy.items()}
    assert dtypes == {"low": "bfloat16", "pinned": "float32", "last": "bfloat16"}


def test_float32_network_keeps_float32_at_both_ends():
    inputs = keras.Input((None, None, 3))
    enlarged = layers.UpSampling2D(2, name="enlarged")(inputs)
    x = layers.Conv2D(4, 1, name="first")(layers.ReLU(name="relu")(inputs))
    x = layers.UpSampling2D(2, name="middle")(x)
    x = layers.ReLU(name="after")(layers.Conv2D(3, 1, name="last")(x))
    network = keras.Model(inputs, layers.Add(name="sum")([x, enlarged]))

    copy = with_policy(network, "mixed_bfloat16")

    low = {name for name, x in leaves(copy).items() if x.compute_dtype == "bfloat16"}
    assert low == {"first", "middle"}
    assert copy(image()).dtype == "float32"
    np.testing.assert_allclose(copy(image()), network(image()), atol=0.05)


def test_float32_ends_are_found_inside_a_nested_model():
    inner = keras.Sequential(
        [keras.Input((None, None, 3)), layers.Conv2D(4, 1, name="a"), layers.Conv2D(3, 1, name="b")]
    )
    inputs = keras.Input((None, None, 3))
    copy = with_policy(keras.Model(inputs, inner(inputs)), "mixed_bfloat16")
    assert leaves(copy)["a"].compute_dtype == "bfloat16"
    assert leaves(copy)["b"].compute_dtype == "float32"


def test_copy_is_independent_complete_and_not_compiled():
    network = randomise(nested_network())
    network.compile("adam", "mse")
    network.get_layer("first").trainable = False
    copy = with_policy(network, "float32")
    assert not copy.compiled
    assert copy.count_params() == network.count_params()  # the shared block is still shared
    assert leaves(copy).keys() == leaves(network).keys()
    assert not copy.get_layer("first").trainable
    before = network.get_weights()
    copy.set_weights([w * 0 for w in before])
    for old, new in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_round_trip_through_bfloat16_gives_the_same_weights():
    network = randomise(nested_network())
    back = with_policy(with_policy(network, "mixed_bfloat16"), "float32")
    np.testing.assert_array_equal(back(image()), network(image()))


def test_frozen_batch_normalization_and_integer_layers_survive():
    inputs = keras.Input((4,), dtype="int32")
    x = layers.Embedding(5, 3)(inputs)
    network = keras.Model(inputs, layers.BatchNormalization(trainable=False)(x))
    randomise(network)
    tokens = np.array([[0, 1, 2, 4]])
    copy = with_policy(network, keras.DTypePolicy("float32"))
    np.testing.assert_array_equal(copy(tokens), network(tokens))


def test_errors_name_the_argument():
    network = nested_network()
    with pytest.raises(ValueError, match=r"`policy` must name a dtype policy.*'int3'"):
        with_policy(network, "int3")
    with pytest.raises(ValueError, match="must be a built"):
        with_policy(lambda x: x, "float32")
    with pytest.raises(ValueError, match="must be a built"):
        with_policy(keras.Sequential([layers.Conv2D(3, 1)]), "float32")
    quantized = keras.Sequential([keras.Input((4,)), layers.Dense(2, name="dense")])
    quantized.quantize("int8")
    with pytest.raises(ValueError, match=r"must not be quantized.*\['dense'\]"):
        with_policy(quantized, "float32")


def test_unregistered_local_layer_says_what_to_do():
    class Local(layers.Layer):
        def call(self, inputs):
            return inputs

    inputs = keras.Input((3,))
    with pytest.raises(ValueError, match="register_keras_serializable"):
        with_policy(keras.Model(inputs, Local()(inputs)), "float32")


def test_network_of_a_mirrored_strategy(mirrored):
    with mirrored.scope():
        network = randomise(nested_network())
    copy = with_policy(network, "float32")
    np.testing.assert_array_equal(copy(image()), network(image()))
    assert not hasattr(copy.weights[0].value, "values")  # one plain variable, not one a replica

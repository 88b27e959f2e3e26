"""The normalisation layers are equal to Keras' own."""

import cases
import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.layers import BatchNorm, InstanceNorm

TOLERANCE = {"float32": 2e-5, "mixed_bfloat16": 4e-2, "mixed_float16": 6e-3}


def images(shape=(3, 4, 5, 6), seed=0):
    rng = np.random.default_rng(seed)
    return tf.constant(rng.normal(2.0, 3.0, shape).astype("float32"))


def randomise(layer, like=None):
    """Give a layer weights that are not the neutral ones, or those of another."""
    rng = np.random.default_rng(1)
    values = like or [rng.uniform(0.5, 1.5, weight.shape) for weight in layer.get_weights()]
    layer.set_weights(values)
    return layer


def run(layer, inputs, **options):
    """Outputs, and gradients with respect to the input and every trainable weight."""
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs, **options)
        # Weighted, because the plain sum of normalised values does not depend on the input.
        weights = tf.cast(tf.reshape(tf.range(tf.size(outputs)) % 7, outputs.shape), "float32")
        loss = tf.reduce_mean(weights * tf.cast(outputs, "float32"))
    return outputs, tape.gradient(loss, [inputs, *layer.trainable_variables])


def assert_equal(ours, theirs, inputs, tolerance, **options):
    (outputs, gradients), (wanted, wanted_gradients) = (
        run(layer, inputs, **options) for layer in (ours, theirs)
    )
    assert outputs.dtype == wanted.dtype
    np.testing.assert_allclose(
        tf.cast(outputs, "float32"), tf.cast(wanted, "float32"), rtol=tolerance, atol=tolerance
    )
    for actual, expected in zip(gradients, wanted_gradients, strict=True):
        scale = float(tf.reduce_max(tf.abs(expected)))
        np.testing.assert_allclose(actual, expected, atol=tolerance * scale)
    for actual, expected in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance / 10)


@pytest.mark.parametrize("policy", TOLERANCE)
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_equals_keras(policy, training):
    options = {"momentum": 0.8, "epsilon": 1e-4, "dtype": policy}
    theirs = keras.layers.BatchNormalization(**options)
    ours = BatchNorm(**options)
    for layer in (theirs, ours):
        layer.build((None, None, None, 6))
    randomise(ours, like=randomise(theirs).get_weights())
    before = ours.get_weights()
    assert_equal(ours, theirs, images(), TOLERANCE[policy], training=training)
    moved = [np.any(a != b) for a, b in zip(before, ours.get_weights(), strict=True)]
    assert moved == [False, False, training, training]  # gamma, beta, moving mean and variance


@pytest.mark.parametrize(
    "options", [{"center": False}, {"scale": False}, {"center": False, "scale": False}]
)
def test_batch_norm_without_factor_or_offset(options):
    theirs, ours = keras.layers.BatchNormalization(**options), BatchNorm(**options)
    for training in (True, False):
        assert_equal(ours, theirs, images(), 2e-5, training=training)


def test_frozen_batch_norm_uses_and_keeps_its_statistics():
    theirs, ours = keras.layers.BatchNormalization(), BatchNorm()
    for layer in (theirs, ours):
        layer.build((None, None, None, 6))
        layer.trainable = False
    randomise(ours, like=randomise(theirs).get_weights())
    before = ours.get_weights()
    np.testing.assert_allclose(
        ours(images(), training=True), theirs(images(), training=True), atol=1e-5
    )
    for old, new in zip(before, ours.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_what_is_not_fused_goes_to_keras():
    for shape, options in (((4, 6), {}), ((2, 3, 4, 5), {"axis": 1})):
        theirs, ours = keras.layers.BatchNormalization(**options), BatchNorm(**options)
        assert_equal(ours, theirs, images(shape), 2e-5, training=True)


def test_statistics_are_averaged_over_replicas(mirrored):
    """Each replica normalises by its own batch; the moving statistics stay the same on both."""
    with mirrored.scope():
        layer = BatchNorm(momentum=0.0)
        layer.build((None, None, None, 6))
    halves = images((4, 3, 3, 6)).numpy().reshape(2, 2, 3, 3, 6)
    per_replica = mirrored.experimental_distribute_values_from_function(
        lambda context: tf.constant(halves[context.replica_id_in_sync_group])
    )
    mirrored.run(tf.function(lambda x: layer(x, training=True)), args=(per_replica,))
    for variable, statistic in (
        (layer.moving_mean, halves.mean((1, 2, 3)).mean(0)),
        (layer.moving_variance, halves.var((1, 2, 3)).mean(0)),
    ):
        for value in cases.copies(variable):
            np.testing.assert_allclose(value, statistic, rtol=1e-5)


@pytest.mark.parametrize("policy", TOLERANCE)
@pytest.mark.parametrize("options", [{}, {"center": False}, {"scale": False, "epsilon": 1e-5}])
def test_instance_norm_equals_group_norm_of_single_channels(policy, options):
    theirs = keras.layers.GroupNormalization(groups=-1, dtype=policy, **options)
    ours = InstanceNorm(dtype=policy, **options)
    for layer in (theirs, ours):
        layer.build((None, 4, 5, 6))
    randomise(ours, like=randomise(theirs).get_weights())
    assert_equal(ours, theirs, images(), TOLERANCE[policy])


def test_instance_norm_by_hand():
    inputs = tf.constant([[[[1.0], [3.0]]], [[[10.0], [10.0]]]])
    outputs = InstanceNorm(epsilon=0.0, scale=False, center=False)(inputs[:1])
    np.testing.assert_allclose(outputs[0, 0, :, 0], [-1.0, 1.0])
    np.testing.assert_allclose(InstanceNorm()(inputs)[1], np.zeros((1, 2, 1)))


def test_layers_come_back_from_their_config():
    for layer in (BatchNorm(momentum=0.7, scale=False), InstanceNorm(epsilon=1e-5, center=False)):
        again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
        assert again.get_config() == layer.get_config()
        assert type(again) is type(layer)


def test_instance_norm_wants_images():
    with pytest.raises(ValueError, match=r"\(N, H, W, C\).*Received: input_shape=\(2, 6\)"):
        InstanceNorm()(tf.zeros((2, 6)))

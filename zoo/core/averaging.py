"""Exponential moving average of a network's weights."""

import keras
import tensorflow as tf


def averaged_copy(network):
    """Return a copy of `network` with the same weights that no optimizer changes."""
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    copy.trainable = False
    return copy


def update_average(average, network, decay):
    """Move `average` towards `network`: `average = decay average + (1 - decay) network`.

    Statistics that are not trained (batch norm) are copied. Called in replica context.

    Args:
        average: `keras.Model` from `averaged_copy`.
        network: `keras.Model` of the same architecture.
        decay: Scalar float tensor in [0, 1], the same on all replicas.
    """
    trained = {id(variable) for variable in network.trainable_variables}
    pairs = [
        (target.value, source.value, id(source) in trained)
        for target, source in zip(average.variables, network.variables, strict=True)
    ]

    def assign(target, source, is_trained, decay):
        if not (is_trained and target.dtype.is_floating):
            return target.assign(tf.cast(source, target.dtype))
        return target.assign(source + tf.cast(decay, source.dtype) * (target - source))

    def across_replicas(strategy, decay):
        decay = strategy.experimental_local_results(decay)[0]
        for target, source, is_trained in pairs:
            strategy.extended.update(target, assign, args=(source, is_trained, decay))

    tf.distribute.get_replica_context().merge_call(across_replicas, args=(decay,))

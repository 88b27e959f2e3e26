"""Noise that depends on the seed, the step and the sample, and on nothing else.

`keras.random` draws the same values on every replica and its state is not saved. These draws are
stateless: a resumed run sees the noise that the uninterrupted run would have seen, replicas see
different noise, and the global batch sees the same noise whatever the number of replicas.
"""

import collections
import contextlib
import threading
import zlib

import tensorflow as tf


def step_seed(seed, step, part=0):
    """Return the seed of one training step.

    Args:
        seed: Integer, the model's seed.
        step: Integer or scalar integer tensor, updates made so far.
        part: Integer, which part of the step (several discriminator updates). Defaults to 0.

    Returns:
        int32 tensor of shape `(2,)`, for `uniform` and `normal`.
    """
    base = tf.constant([seed & 0x7FFFFFFF, part], tf.int32)
    return tf.random.experimental.stateless_fold_in(base, tf.cast(step, tf.int32))


def uniform(seed, stream, batch_size, shape=()):
    """Draw float32 values in [0, 1) for the samples of this replica.

    Args:
        seed: int32 tensor `(2,)` from `step_seed`.
        stream: String that names what is drawn, so that two draws of one step differ.
        batch_size: Integer or scalar tensor, samples on this replica.
        shape: Shape of one sample. Defaults to a scalar.

    Returns:
        float32 tensor of shape `(batch_size, *shape)`.
    """
    return _draw(tf.random.stateless_uniform, seed, stream, batch_size, shape)


def normal(seed, stream, batch_size, shape=()):
    """Draw standard normal values for the samples of this replica; arguments as in `uniform`."""
    return _draw(tf.random.stateless_normal, seed, stream, batch_size, shape)


def of_everyone(seed, stream, shape):
    """Draw float32 values in [0, 1) that are the same on all replicas.

    Args:
        seed: As in `uniform`, like `stream`.
        stream: String.
        shape: Shape of the result.
    """
    return tf.random.stateless_uniform(shape, _stream_seed(seed, stream))


_active = threading.local()


@contextlib.contextmanager
def scope(seed):
    """Let the layers that are called inside draw noise that depends on `seed`, by `of_layer`.

    Args:
        seed: int32 tensor `(2,)` from `step_seed`.
    """
    # Each replica is traced in a thread of its own.
    outer = getattr(_active, "scope", None)
    _active.scope = (seed, collections.Counter())
    try:
        yield
    finally:
        _active.scope = outer


def in_scope():
    """Whether a `scope` is open."""
    return getattr(_active, "scope", None) is not None


def of_layer(layer, batch_size, shape, sampler=tf.random.stateless_normal):
    """Draw a layer's noise.

    Inside `scope`, as in training, the draws of samples differ, and so do several calls of one
    layer in one step. Outside, the draw depends on the layer's path alone.

    Args:
        layer: `keras.layers.Layer`, whose path names the draw.
        batch_size: Integer or scalar tensor, samples on this replica.
        shape: Shape of one sample.
        sampler: `tf.random.stateless_normal` (default) or `tf.random.stateless_uniform`.

    Returns:
        float32 tensor `(batch_size, *shape)`.
    """
    if not in_scope():
        return _draw(sampler, tf.zeros(2, tf.int32), layer.path, batch_size, shape)
    seed, calls = _active.scope
    calls[layer.path] += 1
    return _draw(sampler, seed, f"{layer.path}#{calls[layer.path]}", batch_size, shape)


def _draw(sampler, seed, stream, batch_size, shape):
    """Draw for the whole global batch and keep this replica's part.

    Drawing for all replicas costs less than it seems (latents and mixing weights are small) and
    makes training on N replicas equal to training on one.
    """
    seed = _stream_seed(seed, stream)
    context = tf.distribute.get_replica_context()
    replicas = context.num_replicas_in_sync if context else 1
    values = sampler([replicas * batch_size, *shape], seed=seed)
    if replicas == 1:
        return values
    first = context.replica_id_in_sync_group * batch_size
    return values[first : first + batch_size]


def _stream_seed(seed, stream):
    return tf.random.experimental.stateless_fold_in(seed, zlib.crc32(stream.encode()) & 0x7FFFFFFF)

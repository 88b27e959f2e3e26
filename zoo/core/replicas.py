"""What the training step needs to be the same on any number of replicas."""

import tensorflow as tf


def summed(values):
    """Add a tensor up over the replicas of a step, with gradients.

    Args:
        values: Float tensor, of one shape on all replicas.

    Returns:
        The sum; `values` itself on one replica and outside of a step.
    """
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return values
    return context.all_reduce(tf.distribute.ReduceOp.SUM, values)


def at_least_one(tensor):
    """Give a replica for which the last batch left nothing one sample of zeros.

    The mean over no sample is NaN. The model counts the samples before, so this one has weight 0.
    """
    context = tf.distribute.get_replica_context()
    if context.num_replicas_in_sync == 1 or tensor.shape[0]:
        return tensor
    shape = tf.concat([[1], tf.shape(tensor)[1:]], axis=0)
    filled = tf.cond(tf.shape(tensor)[0] > 0, lambda: tensor, lambda: tf.zeros(shape, tensor.dtype))
    return tf.ensure_shape(filled, [None, *tensor.shape[1:]])


def split_batch(data, parts):
    """Cut every tensor of `data` into `parts` equal parts along the batch."""
    if parts == 1:
        return [data]
    flat = tf.nest.flatten(data)
    size = flat[0].shape[0]
    if size is not None and size % parts:
        raise ValueError(
            f"The batch must be a multiple of `discriminator_steps` = {parts}, because each "
            f"update takes a fresh part of it. Received: a batch of {size} on this replica."
        )
    pieces = [tf.split(tensor, parts) for tensor in flat]
    return [tf.nest.pack_sequence_as(data, list(piece)) for piece in zip(*pieces, strict=True)]


def sum_before_clipping(gradients, optimizer):
    """Add gradients up over replicas where the optimizer has to see their sum.

    Keras clips each replica's gradients before it adds them up, and looks for overflow on the
    first replica alone. So the sum is taken and clipped here, and every replica hands over an
    equal share of it: Keras finds nothing left to clip, and its own sum gives the whole back.

    Args:
        gradients: List of float tensors or `None`, of `optimizer.scale_loss(loss)`.
        optimizer: `keras.optimizers.Optimizer`.

    Returns:
        A list like `gradients`.
    """
    context = tf.distribute.get_replica_context()
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    clips = inner.clipnorm or inner.global_clipnorm or inner.clipvalue
    if context.num_replicas_in_sync == 1 or not (clips or inner is not optimizer):
        return gradients
    known = [tf.convert_to_tensor(each) for each in gradients if each is not None]
    total = context.all_reduce(tf.distribute.ReduceOp.SUM, known)
    total = _clipped(total, inner, optimizer.scale_loss(tf.ones(())))
    shares = iter([each / context.num_replicas_in_sync for each in total])
    return [None if each is None else next(shares) for each in gradients]


def _clipped(gradients, optimizer, scale):
    """Clip as `optimizer` is told to, gradients of a loss that is `scale` times as large."""
    if optimizer.clipnorm:
        return [tf.clip_by_norm(each, optimizer.clipnorm * scale) for each in gradients]
    if optimizer.global_clipnorm:
        return tf.clip_by_global_norm(gradients, optimizer.global_clipnorm * scale)[0]
    if optimizer.clipvalue:
        limit = optimizer.clipvalue * scale
        # Infinity must stay: it tells the loss scaling that there was an overflow.
        return [
            tf.where(tf.math.is_finite(each), tf.clip_by_value(each, -limit, limit), each)
            for each in gradients
        ]
    return gradients


def on_all_replicas(step, strategy, run_eagerly=False, jit_compile=False):
    """Return a function of a data iterator that runs `step` everywhere and adds up its logs.

    Keras averages scalar logs over an axis that they do not have, which fails with several
    workers; a sum with `axis=None` is right for any number of replicas and workers.

    Args:
        step: Function of one replica's batch that returns a dict of tensors.
        strategy: `tf.distribute.Strategy`.
        run_eagerly: Bool. Defaults to `False`.
        jit_compile: Bool, compile `step` with XLA. Defaults to `False`.
    """
    per_replica = step
    if not run_eagerly:
        per_replica = tf.function(
            step, reduce_retracing=True, jit_compile=jit_compile or None, autograph=False
        )

    def on_data(data):
        logs = strategy.run(per_replica, args=(data,))
        return {
            name: strategy.reduce(tf.distribute.ReduceOp.SUM, value, axis=None)
            for name, value in logs.items()
        }

    def on_next(iterator):
        return on_data(next(iterator))

    def on_python_iterator(iterator):
        # `train_on_batch(x, y)` hands over `(x, y, None)`, for weights that images do not have.
        return on_data(tuple(part for part in next(iterator) if part is not None))

    native = (tf.data.Iterator, tf.distribute.DistributedIterator)
    if not run_eagerly:
        on_data = tf.function(on_data, reduce_retracing=True, autograph=False)
        on_next = tf.function(on_next, reduce_retracing=True, autograph=False)
    return lambda iterator: (on_next if isinstance(iterator, native) else on_python_iterator)(
        iterator
    )


def local_value(variable):
    """Value of a Keras variable, read from the first replica where it is mirrored."""
    value = variable.value
    return getattr(value, "values", (value,))[0]

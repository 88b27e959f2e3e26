"""What a training step shows of itself besides its losses."""

import contextlib
import contextvars

import tensorflow as tf

from zoo.core import replicas

_notes = contextvars.ContextVar("notes", default=None)


@contextlib.contextmanager
def noted():
    """Collect what is noted inside.

    Yields:
        Dict of name to a list of float32 scalars.
    """
    notes = {}
    token = _notes.set(notes)
    try:
        yield notes
    finally:
        _notes.reset(token)


def note_verdicts(**verdicts):
    """Note mean verdicts of the discriminator; outside of `noted` nothing happens.

    Args:
        **verdicts: `real` or `fake` to a list of float32 maps of logits.
    """
    notes = _notes.get()
    if notes is None:
        return
    for name, maps in verdicts.items():
        means = [tf.reduce_mean(each) for each in maps]
        notes.setdefault(f"D({name})", []).append(tf.add_n(means) / len(means))


def seen(notes, gradients, optimizer):
    """Return what is to be seen of an update: each note's mean, and the norm of the gradients.

    Args:
        notes: Dict, as of `noted`.
        gradients: As of `gradient_norm`.
        optimizer: As of `gradient_norm`.
    """
    means = {name: tf.add_n(each) / len(each) for name, each in notes.items()}
    return {**means, "gradient_norm": gradient_norm(gradients, optimizer)}


def gradient_norm(gradients, optimizer):
    """Return the global norm of the gradients of the global batch, before any clipping.

    Args:
        gradients: List of tensors or `None`: this replica's, of `optimizer.scale_loss(loss)`.
        optimizer: `keras.optimizers.Optimizer`. A step that its loss scaling will skip, because
            float16 has overflowed, counts as 0.

    Returns:
        A float32 scalar.
    """
    known = [tf.cast(each, tf.float32) for each in gradients if each is not None]
    norm = tf.linalg.global_norm([replicas.summed(each) for each in known])
    norm /= optimizer.scale_loss(tf.ones(()))
    if hasattr(optimizer, "inner_optimizer"):
        norm = tf.where(tf.math.is_finite(norm), norm, 0.0)
    return norm

"""Distribution strategies, and which process does what."""

import json
import os

import keras
import tensorflow as tf

_WRITE_FILES = (
    keras.callbacks.CSVLogger,
    keras.callbacks.ModelCheckpoint,
    keras.callbacks.RemoteMonitor,
    keras.callbacks.TensorBoard,
)


def strategy(name="none"):
    """Return a `tf.distribute.Strategy` by its command-line name.

    Several workers must find each other before TensorFlow runs anything else: call this first.

    Args:
        name: `"none"` (the current default strategy), `"mirrored"` (all local GPUs) or
            `"multiworker"` (the cluster of the environment variable `TF_CONFIG`).

    Raises:
        ValueError: If the name is unknown, or `TF_CONFIG` is missing.
    """
    if name == "none":
        return tf.distribute.get_strategy()
    if name == "mirrored":
        return tf.distribute.MirroredStrategy()
    if name == "multiworker":
        if not _config():
            raise ValueError(
                "`strategy='multiworker'` needs the environment variable TF_CONFIG with the "
                "cluster and this worker's task: "
                "https://www.tensorflow.org/guide/distributed_training#TF_CONFIG"
            )
        return tf.distribute.MultiWorkerMirroredStrategy()
    raise ValueError(
        f"`strategy` must be 'none', 'mirrored' or 'multiworker'. Received: strategy={name!r}"
    )


def is_chief():
    """Return whether this process writes the files: true unless `TF_CONFIG` says otherwise."""
    task = _config().get("task", {})
    if "chief" in _config().get("cluster", {}):
        return task.get("type") == "chief"
    return task.get("index", 0) == 0


def worker_count():
    """Return how many processes train the model together: 1 unless `TF_CONFIG` says otherwise."""
    cluster = _config().get("cluster", {})
    return max(1, len(cluster.get("chief", [])) + len(cluster.get("worker", [])))


def _config():
    return json.loads(os.environ.get("TF_CONFIG") or "{}")


def require_agreement(strategy, number, message):
    """Raise on every worker unless all of them bring the same number.

    Args:
        strategy: `tf.distribute.Strategy` of the model.
        number: Float or integer of this worker.
        message: Text of the error.

    Raises:
        ValueError: If the workers differ.
    """

    def all_numbers():
        context = tf.distribute.get_replica_context()
        return context.all_gather(tf.constant([float(number)]), axis=0)

    gathered = strategy.run(tf.function(all_numbers))
    numbers = strategy.experimental_local_results(gathered)[0].numpy()
    if len(set(numbers)) > 1:
        raise ValueError(f"{message} Received: {[f'{each:g}' for each in numbers]} on the replicas")


def callbacks_of_this_worker(callbacks):
    """Leave out the callbacks that write files where another worker is the chief.

    A callback of your own that must run on the chief alone has the attribute `chief_only = True`.

    Args:
        callbacks: What the user gave to `fit`: `None`, a callback, a nest of them or a
            `keras.callbacks.CallbackList`.

    Returns:
        A list, or the `CallbackList` itself.

    Raises:
        ValueError: If one of them cannot work with several workers.
    """
    listed = listed_callbacks(callbacks)
    if worker_count() > 1 and any(map(_backs_up, listed)):
        raise ValueError(
            "`callbacks`: keras.callbacks.BackupAndRestore restores each worker by itself and does "
            "not know both optimizers, so it cannot be used with several workers. Use "
            "zoo.callbacks.Checkpoints. "
            f"Received: {worker_count()} workers"
        )
    kept = [callback for callback in listed if is_chief() or not _is_for_chief(callback)]
    if not isinstance(callbacks, keras.callbacks.CallbackList):
        return kept
    callbacks.callbacks = kept
    return callbacks


def listed_callbacks(callbacks):
    """Return what the user gave to `fit`, as of `callbacks_of_this_worker`, as a flat list."""
    whole = isinstance(callbacks, keras.callbacks.CallbackList)
    return callbacks.callbacks if whole else tf.nest.flatten(callbacks or [])


def _backs_up(callback):
    return isinstance(callback, keras.callbacks.BackupAndRestore)


def _is_for_chief(callback):
    return isinstance(callback, _WRITE_FILES) or getattr(callback, "chief_only", False)


def split_by_element(data):
    """Let every worker take its own part of each batch of a `tf.data.Dataset`.

    The default policy splits by file if it finds files, which makes other batches than a single
    worker would see, and leaves a worker without data if there are fewer files than workers. A
    policy that the user has set stays.
    """
    if worker_count() == 1 or not isinstance(data, tf.data.Dataset):
        return data
    policies = tf.data.experimental.AutoShardPolicy
    if data.options().experimental_distribute.auto_shard_policy != policies.AUTO:
        return data
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = policies.DATA
    return data.with_options(options)

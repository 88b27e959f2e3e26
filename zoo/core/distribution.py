"""Distribution strategies, and which process writes files."""

import json
import os

import tensorflow as tf


def strategy(name="none"):
    """Return a `tf.distribute.Strategy` by its command-line name.

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
        if "TF_CONFIG" not in os.environ:
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
    config = json.loads(os.environ.get("TF_CONFIG", "{}"))
    task = config.get("task", {})
    if "chief" in config.get("cluster", {}):
        return task.get("type") == "chief"
    return task.get("index", 0) == 0

"""Running a step of a `tf.data` pipeline on a chosen device."""

import tensorflow as tf


def map_on_device(dataset, function, device=None):
    """Maps `function` over `dataset`, on the host or on an accelerator.

    The dataset itself stays on the host and keeps its length, so that it works with progress bars
    and with every `tf.distribute` strategy. Inputs are copied to the device and results back.

    Args:
        dataset: a `tf.data.Dataset`.
        function: what to apply to each element; traced as a graph.
        device: `None` for the host, or the name of a TensorFlow device, such as `"/GPU:0"`: the
            function runs there, operations that only the host has (JPEG coding) excepted.

    Returns:
        A `tf.data.Dataset` of the results, in order.

    Raises:
        ValueError: if there is no such device.

    Example:

    >>> import tensorflow as tf
    >>> from pipelines.device import map_on_device
    >>> doubled = map_on_device(tf.data.Dataset.range(3), lambda x: 2 * x, device="/CPU:0")
    >>> [int(value) for value in doubled]
    [0, 2, 4]
    """
    if device is None:
        return dataset.map(function, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    target = _full_name(device)

    # The scope is inside the function, not around `map` after `copy_to_device`: GPUs have no
    # kernel of `map` itself, so that the function would silently run on the host again.
    def placed(*element):
        with tf.device(target):
            return function(*element)

    # One call at a time: several would compete for the device's memory with training.
    return dataset.map(placed, num_parallel_calls=1, deterministic=True)


def _full_name(device):
    """The full name of a logical device from any spelling of it, such as "gpu:0"."""
    present = [logical.name for logical in tf.config.list_logical_devices()]
    try:
        spec = tf.DeviceSpec.from_string(device if device[:1] == "/" else f"/{device}")
        wanted = (spec.device_type, spec.device_index or 0)
    except (AttributeError, TypeError, ValueError):
        wanted = None
    for name in present:
        known = tf.DeviceSpec.from_string(name)
        if (known.device_type, known.device_index) == wanted:
            return name
    raise ValueError(
        f"`device` must be None, for the host, or one of {present}. Received: {device!r}"
    )

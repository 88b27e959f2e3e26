"""What the machine computes fast."""

from pathlib import Path

import numpy as np
import tensorflow as tf


def fast_policy():
    """Return the dtype policy that trains fastest here without losing quality.

    `"mixed_bfloat16"` on GPUs of compute capability 8 or more and on CPUs with AMX (3 to 4 times
    float32 on convolutions), otherwise `"float32"`: without AMX a CPU computes bfloat16 several
    times slower.
    """
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
        modern = all(each.get("compute_capability", (0, 0)) >= (8, 0) for each in details)
        return "mixed_bfloat16" if modern else "float32"
    return "mixed_bfloat16" if "amx_bf16" in _cpu_flags() else "float32"


def chosen_precision(precision, dtype="uint8"):
    """Return what a `precision` argument of inference stands for on this machine.

    Args:
        precision: `"float32"`, `"bfloat16"`, or `"auto"`: bfloat16 where `fast_policy` has it, but
            for images of more than its 8 bits.
        dtype: Dtype of the images. Defaults to `"uint8"`.

    Returns:
        `"float32"` or `"bfloat16"`.

    Raises:
        ValueError: If `precision` is none of these.

    Example:

    >>> chosen_precision("bfloat16")
    'bfloat16'
    """
    if precision not in ("auto", "float32", "bfloat16"):
        raise ValueError(
            "`precision` must be 'auto', 'float32' or 'bfloat16'. "
            f"Received: precision={precision!r}"
        )
    if precision == "auto" and np.dtype(dtype) != np.uint8:
        return "float32"
    if precision == "auto":
        return fast_policy().removeprefix("mixed_")
    return precision


def _cpu_flags():
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:  # macOS and Windows do not have it; neither has AMX where TensorFlow runs.
        return set()
    lines = (line for line in text.splitlines() if line.startswith("flags"))
    return set(next(lines, "").split())

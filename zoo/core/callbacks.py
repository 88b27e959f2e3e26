"""Callbacks that save: the state of a run, and the best model so far."""

import math
import warnings

import keras
import tensorflow as tf

from zoo.core import checkpoints, presets
from zoo.core.alarm import TrainingAlarm


class Checkpoints(keras.callbacks.Callback):
    """Save the whole state of a run every `every_steps` updates and at the end of training.

    Networks, average and both optimizers are saved; `zoo.core.checkpoints.restore_latest` loads
    them. A model with weights that are not finite is never saved, so the newest checkpoint is
    always one to continue from. With several workers the chief alone saves.

    Args:
        directory: Path of the folder.
        every_steps: Integer, generator updates from one checkpoint to the next. Defaults to 500.
        keep: Integer, number of checkpoints kept. Defaults to 2.

    Raises:
        ValueError: If `every_steps` or `keep` is less than 1.
        zoo.callbacks.TrainingAlarm: In training, if a weight is NaN or infinite.

    Example:

    >>> callback = Checkpoints("runs/mine/checkpoints", every_steps=250)
    """

    chief_only = True

    def __init__(self, directory, every_steps=500, keep=2):
        super().__init__()
        for name, value in (("every_steps", every_steps), ("keep", keep)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(
                    f"`{name}` must be an integer of at least 1. Received: {name}={value!r}"
                )
        self.directory = directory
        self.every_steps = every_steps
        self.keep = keep

    def on_train_batch_end(self, batch, logs=None):
        """Save when due."""
        if self.model.step % self.every_steps == 0:
            self._save()

    def on_train_end(self, logs=None):
        """Save the last state."""
        self._save()

    def _save(self):
        for variable in self.model.weights:
            if variable.dtype.startswith(("float", "bfloat")) and not _is_finite(variable):
                raise TrainingAlarm(
                    f"The weights {variable.path} hold NaN or infinity after step "
                    f"{self.model.step}, so they were not saved. The newest good checkpoint is "
                    f"{checkpoints.latest(self.directory)}. Lower the learning rate, or clip "
                    "gradients (`global_clipnorm=1.0` of the optimizer), and start again."
                )
        checkpoints.save(self.model, self.directory, self.keep)


def _is_finite(variable):
    return bool(tf.reduce_all(tf.math.is_finite(tf.convert_to_tensor(variable))))


class BestCheckpoint(keras.callbacks.Callback):
    """Keep the inference network (the average, if there is one) that scored best in validation.

    Each improvement replaces the preset in `directory` as a whole, atomically; load it with
    `zoo.from_preset(directory)`. A run that is resumed goes on comparing with what it finds there.
    With several workers the chief alone saves.

    Args:
        directory: Path of the preset's folder.
        monitor: Name in the logs. Defaults to `"val_psnr"`.
        mode: `"max"`, `"min"`, or `"auto"` (default): as the metric of this name in `compile`
            says by its `higher_is_better`; losses and terms are minimised.
        record: Dict, what else to keep in the preset's `config.json` (recipe, ...). Defaults to
            `None`.

    Raises:
        ValueError: If `mode` is unknown; in training, if no direction follows from the name, or if
            validation does not log `monitor`.

    Example:

    >>> callback = BestCheckpoint("runs/mine/best", monitor="val_ssim")
    """

    chief_only = True

    def __init__(self, directory, monitor="val_psnr", mode="auto", record=None):
        super().__init__()
        if mode not in ("auto", "max", "min"):
            raise ValueError(f"`mode` must be 'auto', 'max' or 'min'. Received: mode={mode!r}")
        self.directory = directory
        self.monitor = monitor
        self.mode = mode
        self.record = dict(record or {})
        self.best = None

    def on_train_begin(self, logs=None):
        """Find out which direction is better, and what was reached before."""
        self._sign = 1 if self._higher_is_better() else -1
        if self.best is None:
            self.best = self._reached_before()

    def on_epoch_end(self, epoch, logs=None):
        """Save if the metric has improved."""
        logs = logs or {}
        if self.monitor not in logs:
            self._check_name(logs)
            return
        value = float(logs[self.monitor])
        # A comparison with NaN is false: it never counts as an improvement.
        if (self.best is None and not math.isnan(value)) or self._improves(value):
            self.best = value
            best = {"monitor": self.monitor, "value": value, "step": self.model.step}
            self.model.save_to_preset(self.directory, **{**self.record, "best": best})

    def on_train_end(self, logs=None):
        """Say so if there was nothing to compare."""
        if self.best is None:
            warnings.warn(
                f"BestCheckpoint saved nothing: no epoch logged {self.monitor!r}. Pass "
                "`validation_data` to `fit`.",
                stacklevel=2,
            )

    def _improves(self, value):
        return self.best is not None and self._sign * value > self._sign * self.best

    def _reached_before(self):
        try:
            best = presets.preset_record(self.directory).get("best", {})
        except ValueError:  # no preset there yet
            return None
        return best.get("value") if best.get("monitor") == self.monitor else None

    def _higher_is_better(self):
        if self.mode != "auto":
            return self.mode == "max"
        name = self.monitor.removeprefix("val_")
        for metric in self.model.image_metrics:
            if metric.name == name:
                return metric.higher_is_better
        if name.endswith("loss") or "/" in name:
            return False
        raise ValueError(
            f"`monitor` must be a metric of `compile` if `mode` is 'auto': "
            f"{[f'val_{metric.name}' for metric in self.model.image_metrics]}. "
            f"Received: monitor={self.monitor!r}"
        )

    def _check_name(self, logs):
        # An epoch without validation is no error, a validation without the metric is one.
        if any(name.startswith("val_") for name in logs):
            raise ValueError(f"`monitor` must be in the logs. Received: monitor={self.monitor!r}, "
                             f"logs {sorted(logs)}")  # fmt: skip

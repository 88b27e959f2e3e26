"""Callbacks that watch what a model makes from noise."""

import json
import os
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from zoo.core.showing import to_uint8
from zoo.metrics.samples import frechet_name, sample_scores


def image_grid(images, columns=None):
    """Lay images out as one picture.

    Args:
        images: Float array `(N, H, W, C)` in [-1, 1] with 1 or 3 channels.
        columns: Integer, images in a row. Defaults to `None`: as square as it goes.

    Returns:
        uint8 array `(height, width, C)`; places without an image are black.

    Example:

    >>> image_grid(np.zeros((5, 4, 4, 1)), columns=3).shape
    (8, 12, 1)
    """
    images = np.asarray(images, "float32")
    count, height, width, channels = images.shape
    columns = columns or int(np.ceil(count**0.5))
    rows = -(-count // columns)
    levels = np.zeros((rows * columns, height, width, channels), np.uint8)
    levels[:count] = to_uint8(images)
    grid = levels.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    return grid.reshape(rows * height, columns * width, channels)


class SampleGrid(keras.callbacks.Callback):
    """Write a grid of made images to TensorBoard, from the same latents each time.

    Args:
        log_dir: Path of the folder of TensorBoard's logs.
        every_epochs: Integer. Defaults to 1.
        count: Integer, number of images. Defaults to 64.
        seed: Integer, of the latents. Defaults to 0.

    Raises:
        ValueError: If `every_epochs` or `count` is less than 1.

    Example:

    >>> callback = SampleGrid("runs/mine/logs", count=16)
    """

    chief_only = True

    def __init__(self, log_dir, every_epochs=1, count=64, seed=0):
        super().__init__()
        _check_counts(every_epochs=every_epochs, count=count)
        self.log_dir = Path(log_dir) / "images"
        self.every_epochs = every_epochs
        self.count = count
        self.seed = seed
        self._writer = None

    def on_train_begin(self, logs=None):
        """Open the log."""
        self._writer = tf.summary.create_file_writer(str(self.log_dir))

    def on_epoch_end(self, epoch, logs=None):
        """Write the grid when due."""
        if (epoch + 1) % self.every_epochs == 0:
            grid = image_grid(self.model.sample(self.count, seed=self.seed))
            with self._writer.as_default(step=epoch):
                tf.summary.image("samples", grid[None])
            self._writer.flush()

    def on_train_end(self, logs=None):
        """Close the log."""
        self._writer.close()


class SampleQuality(keras.callbacks.Callback):
    """Score made images against real ones at the end of epochs, in the logs and in a file.

    The scores of `zoo.metrics.sample_scores` come into the logs as `val_FD-...`, `val_coverage`,
    ..., so that TensorBoard draws them and `BestCheckpoint` can monitor them. Put this callback
    before those.

    Args:
        embedding: `zoo.metrics.Embedding`.
        reference: Real images that the model is not trained on, as `embedding` takes them.
        count: Integer, number of made images. Defaults to 1000.
        every_epochs: Integer; the first epoch is scored in any case. Defaults to 1.
        path: Path of a JSON file to which a row is added each time, or `None` (default). A run
            that is resumed goes on with what it finds there.

    Attributes:
        monitor: Name of the Frechet distance in the logs, such as `"val_FID"`.

    Raises:
        ValueError: If `count` or `every_epochs` is less than 1.
    """

    chief_only = True

    def __init__(self, embedding, reference, count=1000, every_epochs=1, path=None):
        super().__init__()
        _check_counts(every_epochs=every_epochs, count=count)
        self.embedding = embedding
        self.reference = embedding(reference)
        self.monitor = f"val_{frechet_name(self.reference)}"
        self.count = count
        self.every_epochs = every_epochs
        self.path = None if path is None else Path(path)
        self._began = 0.0

    def on_train_begin(self, logs=None):
        """Start the clock, or let it go on where it was at the last score."""
        before = self._rows()
        self._began = time.perf_counter() - (before[-1]["seconds"] if before else 0.0)

    def on_epoch_end(self, epoch, logs=None):
        """Score when due."""
        if epoch and (epoch + 1) % self.every_epochs:
            return
        began = time.perf_counter()
        scores = sample_scores(self.reference, self.embedding(self.model.sample(self.count)))
        if logs is not None:
            logs.update({f"val_{name}": score.value for name, score in scores.items()})
        if self.path is not None:
            self._record(scores, began - self._began)
        self._began += time.perf_counter() - began  # what scoring takes is no training

    def _rows(self):
        """What has been recorded up to this step."""
        if self.path is None or not self.path.is_file():
            return []
        return [row for row in json.loads(self.path.read_text()) if row["step"] <= self.model.step]

    def _record(self, scores, seconds):
        rows = [row for row in self._rows() if row["step"] < self.model.step]
        protocol = next(iter(scores.values())).protocol
        values = {name: score.value for name, score in scores.items()}
        rows.append(
            {"step": self.model.step, "seconds": round(seconds, 1), "protocol": protocol, **values}
        )
        unfinished = self.path.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(rows, indent=2) + "\n")
        os.replace(unfinished, self.path)


def _check_counts(**counts):
    for name, value in counts.items():
        if not isinstance(value, int) or value < 1:
            raise ValueError(
                f"`{name}` must be an integer of at least 1. Received: {name}={value!r}"
            )

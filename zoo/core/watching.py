"""Callbacks that write to TensorBoard."""

from pathlib import Path

import keras
import tensorflow as tf


class TensorBoard(keras.callbacks.TensorBoard):
    """Write every term, metric and the learning rates of both players to TensorBoard.

    Takes the arguments of `keras.callbacks.TensorBoard`, which knows one optimizer only. The
    graph is not written unless asked for. Scalars appear as `epoch_generator/pixel`,
    `epoch_discriminator/learning_rate`, ...

    Args:
        log_dir: Path of the folder. Defaults to `"logs"`.
        **options: Of `keras.callbacks.TensorBoard`.

    Example:

    >>> callback = TensorBoard("runs/mine/logs", update_freq=100)
    """

    def __init__(self, log_dir="logs", **options):
        super().__init__(str(log_dir), **{"write_graph": False, **options})

    def on_epoch_end(self, epoch, logs=None):
        """Write the scalars of the epoch."""
        super().on_epoch_end(epoch, {**(logs or {}), **learning_rates(self.model)})


def learning_rates(model):
    """Return the players' learning rates now: `{"generator/learning_rate": 1e-4, ...}`."""
    rates = {}
    for player in ("generator", "discriminator"):
        optimizer = getattr(model, f"{player}_optimizer")
        if optimizer is not None:
            rates[f"{player}/learning_rate"] = float(tf.convert_to_tensor(optimizer.learning_rate))
    return rates


class ImageGrid(keras.callbacks.Callback):
    """Write input, output and target side by side to TensorBoard, one example a row.

    The examples are the first ones of `pairs` and stay the same, so the slider of TensorBoard
    shows how the model gets better. They may differ in size. The inference network is shown.

    Args:
        log_dir: Path of the folder of TensorBoard's logs.
        pairs: `tf.data.Dataset` of batches as `fit` takes them; held-out ones as a rule.
        every_epochs: Integer. Defaults to 1.
        count: Integer, number of examples. Defaults to 4.

    Raises:
        ValueError: If `every_epochs` or `count` is less than 1, or `pairs` is no dataset or empty.

    Example:

    >>> import pipelines
    >>> photos = pipelines.sample(image_size=64)
    >>> pairs = pipelines.paired(photos, "bicubic-x2", batch_size=2, shuffle=False)
    >>> callback = ImageGrid("runs/mine/logs", pairs, count=2)
    """

    chief_only = True

    def __init__(self, log_dir, pairs, every_epochs=1, count=4):
        super().__init__()
        for name, value in (("every_epochs", every_epochs), ("count", count)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(
                    f"`{name}` must be an integer of at least 1. Received: {name}={value!r}"
                )
        if not isinstance(pairs, tf.data.Dataset):
            raise ValueError(
                "`pairs` must be a `tf.data.Dataset` of batches, such as `pipelines.paired(...)`. "
                f"Received: {type(pairs).__name__}"
            )
        self.log_dir = Path(log_dir) / "images"
        self.every_epochs = every_epochs
        self.count = count
        self.examples = list(pairs.unbatch().batch(1).take(count))
        if not self.examples:
            raise ValueError("`pairs` must hold at least one example. Received: an empty dataset")
        self._writer = None

    def on_train_begin(self, logs=None):
        """Open the log."""
        self._writer = tf.summary.create_file_writer(str(self.log_dir))

    def on_epoch_end(self, epoch, logs=None):
        """Write the grid when due."""
        if (epoch + 1) % self.every_epochs == 0:
            with self._writer.as_default(step=epoch):
                tf.summary.image("input | output | target", self._grid()[None])
            self._writer.flush()

    def on_train_end(self, logs=None):
        """Close the log."""
        self._writer.close()

    def _grid(self):
        rows = [self._row(example) for example in self.examples]
        width = max(row.shape[1] for row in rows)
        return tf.concat([_padded(row, row.shape[0], width) for row in rows], axis=0)

    def _row(self, example):
        images = self.model.pictures(example)
        size = images[-1].shape[1:3]
        pictures = [_as_picture(tf.image.resize(each, size, "nearest")[0]) for each in images]
        return tf.concat(pictures, axis=1)


def _as_picture(image):
    """Float image in [-1, 1] of any number of channels to RGB in [0, 1] for display."""
    image = tf.clip_by_value((tf.cast(image, tf.float32) + 1.0) / 2.0, 0.0, 1.0)
    return image[..., :3] if image.shape[-1] >= 3 else tf.tile(image[..., :1], (1, 1, 3))


def _padded(image, height, width):
    return tf.image.pad_to_bounding_box(image, 0, 0, height, width)

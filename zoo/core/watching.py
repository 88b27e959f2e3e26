"""Callbacks that write to TensorBoard."""

from pathlib import Path

import keras
import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams
from tensorboard.plugins.hparams import api_pb2
from tensorboard.plugins.hparams import summary as hparams_summary


class TensorBoard(keras.callbacks.TensorBoard):
    """Write what both players do to TensorBoard.

    Takes the arguments of `keras.callbacks.TensorBoard`, which knows one optimizer only, and
    writes in addition, for each player:

    - every term of its loss (`epoch_generator/pixel`) and its learning rate;
    - `gradient_norm`, the global norm of its gradients before any clipping;
    - `D(real)` and `D(fake)`, the mean logits of the discriminator: in the discriminator's group
      before its update, in the generator's after it. They part when the discriminator wins.

    The tab HPARAMS compares runs by their hyperparameters. `histogram_freq=1` adds histograms of
    all weights, `profile_batch=(10, 15)` a profile of these steps for TensorBoard's profile
    plugin (`pip install tensorboard-plugin-profile`). The graph is not written unless asked for.

    Args:
        log_dir: Path of the folder. Defaults to `"logs"`.
        hyperparameters: Dict of what this run is known by, values of any kind, nested dicts as
            well. Defaults to `None`: the arguments of the model and of its optimizers.
        **options: Of `keras.callbacks.TensorBoard`.

    Example:

    >>> callback = TensorBoard("runs/mine/logs", update_freq=100, histogram_freq=1)
    """

    #: `fit` logs gradients and verdicts too if one of its callbacks says so.
    observes_players = True

    def __init__(self, log_dir="logs", hyperparameters=None, **options):
        super().__init__(str(log_dir), **{"write_graph": False, **options})
        self.hyperparameters = hyperparameters
        self._run_writer = None

    def on_train_begin(self, logs=None):
        """Write the hyperparameters, once a run."""
        super().on_train_begin(logs)
        if self._run_writer is None:
            self._run_writer = tf.summary.create_file_writer(self.log_dir)
            given = self.hyperparameters
            flat = _flat(_stated(self.model) if given is None else given)
            with self._run_writer.as_default(step=0):
                hparams.hparams(flat)

    def on_train_end(self, logs=None):
        """Say that the run has come to its end."""
        super().on_train_end(logs)
        ended = hparams_summary.session_end_pb(api_pb2.STATUS_SUCCESS)
        with self._run_writer.as_default(step=0):
            tf.summary.experimental.write_raw_pb(ended.SerializeToString())
        self._run_writer.flush()

    def on_epoch_end(self, epoch, logs=None):
        """Write the scalars of the epoch."""
        super().on_epoch_end(epoch, {**(logs or {}), **learning_rates(self.model)})


def _stated(model):
    """The arguments of a model and of its optimizers."""
    compiled = model.get_compile_config()
    try:
        arguments = model.get_config()
    except (ValueError, NotImplementedError):  # a model that cannot be saved can be watched
        arguments = {}
    return {
        "model": type(model).__name__,
        **{name: value for name, value in arguments.items() if name != "name"},
        **{name: value for name, value in compiled.items() if name != "metrics"},
    }


def _flat(values, prefix=""):
    """Nested dicts as one, of what the plugin takes: numbers, strings, bools."""
    flat = {}
    for name, value in values.items():
        if isinstance(value, dict) and "class_name" in value:  # an object as Keras serialises it
            flat[prefix + name] = value["class_name"]
            value = {key: each for key, each in value["config"].items() if key != "name"}
        if isinstance(value, dict):
            flat.update(_flat(value, f"{prefix}{name}."))
        elif value is not None:
            flat[prefix + name] = value if isinstance(value, bool | int | float) else str(value)
    return flat


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

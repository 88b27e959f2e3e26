"""Callbacks (placeholder of the module that follows)."""

import keras

from zoo.core import checkpoints, distribution


class Checkpoints(keras.callbacks.Callback):
    """Save the whole state of a run every `every_steps` updates and at the end of training.

    Args:
        directory: Path of the folder.
        every_steps: Integer. Defaults to 500.
        keep: Integer, number of checkpoints kept. Defaults to 2.
    """

    def __init__(self, directory, every_steps=500, keep=2):
        super().__init__()
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
        if distribution.is_chief():
            checkpoints.save(self.model, self.directory, self.keep)

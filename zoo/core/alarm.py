"""An alarm for training that has gone wrong."""

import math
import warnings

import keras
import tensorflow as tf

_ADVERSARIAL = "discriminator/adversarial"


class TrainingAlarm(RuntimeError):
    """Training has failed in a way that more steps do not mend."""


class Alarm(keras.callbacks.Callback):
    """Stop training that has failed, with a message that says what happened and what to do.

    * A term is NaN or infinite: `TrainingAlarm` after the step.
    * The generator has collapsed, that is its outputs on fixed, different inputs are all alike:
      `TrainingAlarm` after `patience` epochs.
    * The discriminator has won, that is the mean of its adversarial loss stays below
      `won_below`, so that the generator gets next to no gradient: one warning after `patience`
      epochs, or `TrainingAlarm` if `stop_when_won`. Losses without a floor at 0 (Wasserstein) are
      not judged.

    Put it first in the list of callbacks, before those that save.

    Args:
        inputs: Fixed inputs of the generator, `(N, ...)` with N of at least 2 different ones (or
            a list of these), or `None` (default) to leave collapse out.
        min_deviation: Float, the standard deviation over the N outputs, averaged over pixels,
            below which they count as alike. Defaults to 1/127.5, one 8-bit level of [-1, 1].
        won_below: Float, discriminator loss that is next to nothing. Defaults to 0.02.
        patience: Integer, epochs in a row. Defaults to 3.
        stop_when_won: Bool. Defaults to `False`.

    Raises:
        ValueError: If `inputs` holds less than two, or `patience` is less than 1.

    Example:

    >>> degraded = tf.random.uniform((4, 16, 16, 3), -1, 1)
    >>> callback = Alarm(degraded, stop_when_won=True)
    """

    def __init__(
        self, inputs=None, min_deviation=1 / 127.5, won_below=0.02, patience=3, stop_when_won=False
    ):
        super().__init__()
        self.count = 0 if inputs is None else len(next(iter(tf.nest.flatten(inputs)), ()))
        if inputs is not None and self.count < 2:
            raise ValueError(
                "`inputs` must hold at least 2 different inputs, because collapse shows in how "
                f"their outputs differ. Received: {self.count}"
            )
        if not isinstance(patience, int) or patience < 1:
            raise ValueError(
                f"`patience` must be a number of epochs of at least 1. Received: {patience!r}"
            )
        self.inputs = tf.nest.map_structure(tf.convert_to_tensor, inputs) if self.count else None
        self.min_deviation = min_deviation
        self.won_below = won_below
        self.patience = patience
        self.stop_when_won = stop_when_won
        self._collapsed_epochs = self._won_epochs = 0
        self._has_warned = False

    def on_train_batch_end(self, batch, logs=None):
        """Look for NaN and infinity."""
        broken = {
            name: value for name, value in (logs or {}).items() if not math.isfinite(float(value))
        }
        if broken:
            raise TrainingAlarm(
                f"Training has diverged at step {self.model.step}: "
                f"{', '.join(f'{name} is {value}' for name, value in broken.items())}. Lower the "
                "learning rates, or clip gradients (`global_clipnorm=1.0` of the optimizers); "
                "under mixed_float16 try mixed_bfloat16."
            )

    def on_epoch_end(self, epoch, logs=None):
        """Look for collapse, and for a discriminator that has won."""
        if self.inputs is not None:
            self._watch_collapse()
        loss = (logs or {}).get(_ADVERSARIAL)
        if loss is not None:
            self._watch_discriminator(float(loss))

    def _watch_collapse(self):
        outputs = tf.nest.flatten(self.model.generator(self.inputs, training=False))
        deviations = [tf.math.reduce_std(tf.cast(each, tf.float32), axis=0) for each in outputs]
        deviation = min(float(tf.reduce_mean(each)) for each in deviations)
        alike = not deviation >= self.min_deviation
        self._collapsed_epochs = self._collapsed_epochs + 1 if alike else 0
        if self._collapsed_epochs >= self.patience:
            raise TrainingAlarm(
                f"The generator has collapsed: for {self._collapsed_epochs} epochs its outputs on "
                f"{self.count} different inputs have differed by {deviation:.2g} on average "
                f"(alarm below {self.min_deviation:.2g}). Start again with a lower learning rate, "
                "a smaller adversarial weight or another seed."
            )

    def _watch_discriminator(self, loss):
        has_won = 0 <= loss < self.won_below
        self._won_epochs = self._won_epochs + 1 if has_won else 0
        if self._won_epochs < self.patience:
            return
        message = (
            f"The discriminator has won: its adversarial loss has been below {self.won_below:g} "
            f"for {self._won_epochs} epochs (now {loss:.2g}), so the generator learns next to "
            "nothing from it. Lower the discriminator's learning rate, give it spectral "
            "normalisation or a gradient penalty, or make it smaller."
        )
        if self.stop_when_won:
            raise TrainingAlarm(message)
        if not self._has_warned:
            self._has_warned = True
            warnings.warn(message, stacklevel=2)

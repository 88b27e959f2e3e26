"""Losses of masks, which are images of one channel: 1 where there is something, -1 elsewhere."""

import keras
import tensorflow as tf

from zoo.losses.reconstruction import ImageLoss

_EPSILON = 1e-6


@keras.saving.register_keras_serializable(package="zoo")
class MaskLoss(ImageLoss):
    """Cross-entropy of each pixel, and how little the two masks overlap.

    The cross-entropy, with the rarer class weighted up, says what each pixel is; one minus the Dice
    coefficient of the whole image keeps a few thin scratches from being worth less than nothing.

    Args:
        positive_weight: Float above 0, weight of pixels where there is something in the
            cross-entropy. Defaults to 2.
        dice_weight: Float of 0 or more. Defaults to 1.
        reduction: As in `keras.losses.Loss`; the unreduced loss has shape `(N,)`. Defaults to
            `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `None`.

    Raises:
        ValueError: If a weight is out of its range.

    Example:

    >>> loss = MaskLoss(positive_weight=1.0, dice_weight=0.0)
    >>> round(float(loss(tf.ones((1, 2, 2, 1)), tf.zeros((1, 2, 2, 1)))), 4)  # -log(1/2)
    0.6931

    Reference:
        Wan et al. 2020, https://arxiv.org/abs/2004.09484, section 3.2 (weighted cross-entropy);
        Milletari et al. 2016, https://arxiv.org/abs/1606.04797, section 3 (Dice).
    """

    def __init__(
        self,
        positive_weight=2.0,
        dice_weight=1.0,
        reduction="sum_over_batch_size",
        name=None,
    ):
        super().__init__(reduction=reduction, name=name)
        if not (positive_weight > 0 and dice_weight >= 0):
            raise ValueError(
                "`positive_weight` must be more than 0 and `dice_weight` not negative. "
                f"Received: {positive_weight} and {dice_weight}"
            )
        self.positive_weight, self.dice_weight = float(positive_weight), float(dice_weight)

    def call(self, y_true, y_pred):
        """Loss of each image."""
        wanted, found = ((tf.cast(each, tf.float32) + 1.0) / 2.0 for each in (y_true, y_pred))
        found = tf.clip_by_value(found, _EPSILON, 1.0 - _EPSILON)
        positive = self.positive_weight * wanted * tf.math.log(found)
        entropy = -positive - (1.0 - wanted) * tf.math.log(1.0 - found)
        axes = (1, 2, 3)
        both = tf.reduce_sum(wanted * found, axes)
        # An image without damage is right when nothing is found: a pixel is added on both sides.
        dice = (2.0 * both + 1.0) / (tf.reduce_sum(wanted, axes) + tf.reduce_sum(found, axes) + 1.0)
        return tf.reduce_mean(entropy, axes) + self.dice_weight * (1.0 - dice)

    def get_config(self):
        """Arguments that remake this loss."""
        weights = {"positive_weight": self.positive_weight, "dice_weight": self.dice_weight}
        return {**super().get_config(), **weights}

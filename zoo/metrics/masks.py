"""Scores of masks."""

import keras
import tensorflow as tf

from zoo.metrics.image_metric import ImageMetric


@keras.saving.register_keras_serializable(package="zoo")
class IoU(ImageMetric):
    """Intersection over union of two masks, averaged over images; 1 if both are empty.

    A pixel belongs to a mask in the upper half of the range of values.

    Args:
        border: As of `ImageMetric`.
        name: Name in the logs. Defaults to `"iou"`.
        **kwargs: `rounded`, `value_range` and `dtype` of `ImageMetric`.

    Example:

    >>> iou = IoU()
    >>> iou.update_state(tf.constant([[[[1.0], [1.0], [-1.0]]]]),
    ...                  tf.constant([[[[0.9], [-0.2], [-1.0]]]]))
    >>> float(iou.result())
    0.5
    """

    def __init__(self, border=0, name="iou", **kwargs):
        super().__init__(border=border, name=name, **kwargs)

    @property
    def protocol(self):
        """Text that states how the score is computed."""
        return f"threshold one half, mean over images, border {self.border}"

    def per_image_levels(self, target, output):
        """IoU of each image."""
        wanted, found = target > 127.5, output > 127.5
        both, either = (
            tf.reduce_sum(tf.cast(each, tf.float32), axis=(1, 2, 3))
            for each in (wanted & found, wanted | found)
        )
        return tf.where(either > 0, both / tf.maximum(either, 1.0), 1.0)

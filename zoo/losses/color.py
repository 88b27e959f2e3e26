"""Colour losses: which colours an image has, wherever they are."""

import keras
import tensorflow as tf

from zoo.layers.fidelity import gaussian_blur
from zoo.losses.reconstruction import ImageLoss, count_of, positive


def soft_histogram(images, bins=64):
    """Share of the values of each channel that fall near each of several levels.

    A value is shared out over the two nearest levels in proportion (a triangular kernel), so that
    it has a gradient.

    Args:
        images: Float tensor `(N, H, W, C)` in [-1, 1]; values outside count at the ends.
        bins: Integer of at least 2, levels from -1 to 1. Defaults to 64.

    Returns:
        float32 tensor `(N, bins, C)`; each histogram sums to 1.

    Example:

    >>> soft_histogram(tf.constant([[[[-1.0], [0.5]]]]), bins=3)[0, :, 0].numpy().tolist()
    [0.5, 0.25, 0.25]
    """
    images = tf.clip_by_value(tf.cast(images, tf.float32), -1.0, 1.0)
    shape = tf.shape(images)
    values = tf.reshape(images, (shape[0], -1, 1, images.shape[-1]))
    levels = tf.reshape(tf.linspace(-1.0, 1.0, bins), (1, 1, bins, 1))
    shares = tf.nn.relu(1.0 - tf.abs(values - levels) * (bins - 1) / 2.0)
    return tf.reduce_mean(shares, axis=1)


@keras.saving.register_keras_serializable(package="zoo")
class ColorHistogramLoss(ImageLoss):
    """How far the values of each channel must be moved until histograms agree, channel means.

    The Wasserstein distance of soft histograms, in units of the images: a shift of all values by
    0.1 costs 0.1, whatever else is in the image. It does not see where colours are.

    Args:
        bins: Integer of at least 2, levels of the histogram. Defaults to 64.
        reduction: As in `keras.losses.Loss`; the unreduced loss has shape `(N,)`. Defaults to
            `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `None`.

    Raises:
        ValueError: If `bins` is less than 2.

    Example:

    >>> loss = ColorHistogramLoss(bins=21)
    >>> round(float(loss(tf.zeros((1, 4, 4, 3)), tf.fill((1, 4, 4, 3), 0.3))), 4)
    0.3

    Reference:
        Afifi et al. 2021 (HistoGAN), https://arxiv.org/abs/2011.11731, on histograms with a
        gradient; Werman et al. 1985, https://doi.org/10.1016/0734-189X(85)90055-6, on the distance.
    """

    def __init__(self, bins=64, reduction="sum_over_batch_size", name=None):
        super().__init__(reduction=reduction, name=name)
        self.bins = count_of("bins", bins, least=2)

    def call(self, y_true, y_pred):
        """Loss of each image."""
        difference = soft_histogram(y_pred, self.bins) - soft_histogram(y_true, self.bins)
        moved = tf.reduce_sum(tf.abs(tf.cumsum(difference, axis=1)), axis=1)
        return tf.reduce_mean(moved, axis=-1) * 2.0 / (self.bins - 1)

    def get_config(self):
        """Arguments that remake this loss."""
        return {**super().get_config(), "bins": self.bins}


@keras.saving.register_keras_serializable(package="zoo")
class BlurredColorLoss(ImageLoss):
    """Distance between images that are so blurred that only their colours and light are left.

    Texture and small shifts of content cost next to nothing; brightness, contrast and hue do.

    Args:
        deviation_px: Float above 0, of the Gaussian blur. Defaults to the paper's 3 px.
        criterion: A `keras.losses.Loss` of differences from zero: `None` (default) for the paper's
            mean squared error, or `zoo.losses.BoundedSimilarityLoss()`, which saturates.
        reduction: As in `keras.losses.Loss`; the unreduced loss has shape `(N,)`. Defaults to
            `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `None`.

    Raises:
        ValueError: If an argument is unusable.

    Example:

    >>> loss = BlurredColorLoss(deviation_px=1.0)
    >>> image = tf.zeros((1, 32, 32, 3))
    >>> float(loss(image, image))
    0.0

    Reference:
        Ignatov et al. 2017 (DPED), https://arxiv.org/abs/1704.02470, equations 1 and 2. There the
        square is summed over the image.
    """

    def __init__(
        self, deviation_px=3.0, criterion=None, reduction="sum_over_batch_size", name=None
    ):
        super().__init__(reduction=reduction, name=name)
        if criterion is not None and not isinstance(criterion, keras.losses.Loss):
            raise ValueError(
                "`criterion` must be a keras.losses.Loss, such as MeanSquaredError(), or None. "
                f"Received: criterion={criterion!r}"
            )
        self.deviation_px = positive("deviation_px", deviation_px)
        self.criterion = keras.losses.MeanSquaredError() if criterion is None else criterion

    def call(self, y_true, y_pred):
        """Loss of each image."""
        difference = tf.cast(y_pred, tf.float32) - tf.cast(y_true, tf.float32)
        # Blurring is linear: the difference of blurred images is the blurred difference.
        blurred = gaussian_blur(difference, self.deviation_px)
        values = self.criterion.call(tf.zeros_like(blurred), blurred)
        return tf.reduce_mean(values, axis=list(range(1, values.shape.rank)))

    def get_config(self):
        """Arguments that remake this loss."""
        criterion = keras.saving.serialize_keras_object(self.criterion)
        return {**super().get_config(), "deviation_px": self.deviation_px, "criterion": criterion}

    @classmethod
    def from_config(cls, config):
        """Remakes the loss from `get_config()`."""
        criterion = keras.saving.deserialize_keras_object(config["criterion"])
        return cls(**{**config, "criterion": criterion})

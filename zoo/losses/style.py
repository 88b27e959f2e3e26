"""Style losses: distances between the statistics of features, which say nothing of places."""

import keras
import tensorflow as tf

from zoo.layers.adaptive_norm import channel_statistics
from zoo.losses.perceptual import FeatureLoss


def gram_matrix(features):
    """How much the channels of features go together, over all places.

    Args:
        features: Float tensor `(N, H, W, C)`.

    Returns:
        float32 tensor `(N, C, C)`, divided by `H * W * C`.

    Example:

    >>> gram_matrix(tf.constant([[[[1.0, 2.0]], [[3.0, 0.0]]]])).numpy().tolist()
    [[[2.5, 0.5], [0.5, 1.0]]]

    Reference:
        Johnson et al. 2016, https://arxiv.org/abs/1603.08155, equation 3.
    """
    features = tf.cast(features, tf.float32)
    size = tf.cast(tf.reduce_prod(tf.shape(features)[1:]), tf.float32)
    return tf.einsum("nhwc,nhwd->ncd", features, features) / size


@keras.saving.register_keras_serializable(package="zoo")
class GramStyleLoss(FeatureLoss):
    """Squared distance between Gram matrices, summed over their entries and over layers.

    The images may differ in size, and in where things are.

    Args:
        features: A `zoo.networks.features.FeatureExtractor`.
        layer_weights: One weight of 0 or more for each of its layers. Defaults to `None`: 1 each.
        reduction: As in `keras.losses.Loss`; the unreduced loss has shape `(N,)`. Defaults to
            `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `None`.

    Reference:
        Gatys et al. 2015, https://arxiv.org/abs/1508.06576, equation 4, with the scale of Johnson
        et al. 2016, https://arxiv.org/abs/1603.08155, equation 4.
    """

    def layer_distance(self, target, output):
        """Distance of each image in one layer, `(N,)`."""
        return tf.reduce_sum(tf.square(gram_matrix(output) - gram_matrix(target)), axis=(1, 2))


@keras.saving.register_keras_serializable(package="zoo")
class StatisticsStyleLoss(FeatureLoss):
    """Squared distance between means and between deviations of channels, averaged over channels.

    What adaptive instance normalisation sets exactly in one layer, asked for in several. The
    images may differ in size, and in where things are.

    Args:
        features: A `zoo.networks.features.FeatureExtractor`.
        layer_weights: One weight of 0 or more for each of its layers. Defaults to `None`: 1 each.
        squared: Bool. Defaults to `True`, as in the paper's code. `False`: the roots of both, the
            norms that the paper prints. Few style images that have nothing in common with their
            photographs then do not outweigh all others.
        reduction: As in `keras.losses.Loss`; the unreduced loss has shape `(N,)`. Defaults to
            `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `None`.

    Reference:
        Huang and Belongie 2017, https://arxiv.org/abs/1703.06868, equation 13.
    """

    def __init__(
        self,
        features,
        layer_weights=None,
        squared=True,
        reduction="sum_over_batch_size",
        name=None,
    ):
        super().__init__(features, layer_weights, reduction, name)
        self.squared = bool(squared)

    def layer_distance(self, target, output):
        """Distance of each image in one layer, `(N,)`."""
        pairs = zip(channel_statistics(target), channel_statistics(output), strict=True)
        squares = [tf.reduce_mean(tf.square(a - b), axis=1) for a, b in pairs]
        # A root has no slope at 0.
        return tf.add_n(squares if self.squared else [tf.sqrt(each + 1e-6) for each in squares])

    def get_config(self):
        """Arguments that remake this loss; the feature network is named, not copied."""
        return {**super().get_config(), "squared": self.squared}

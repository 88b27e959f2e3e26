"""Losses on features: distances between what a trained network sees in two images."""

import keras
import tensorflow as tf

from zoo.losses.reconstruction import ImageLoss
from zoo.networks.features import FeatureExtractor


class FeatureLoss(ImageLoss):
    """Base class: a weighted sum over layers of a distance between two images' features.

    The network runs in its own type (bfloat16 under `mixed_bfloat16`), the distance in float32.
    The target's features carry no gradient, the network's weights are frozen, and they are not
    part of whatever model holds this loss: a config names the network's file and layers.

    Args:
        features: A `zoo.networks.features.FeatureExtractor`.
        layer_weights: One weight of 0 or more for each of its layers. Defaults to `None`: 1 each.
        reduction: As in `keras.losses.Loss`; the unreduced loss has shape `(N,)`. Defaults to
            `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `None`.

    Raises:
        ValueError: If an argument has the wrong type, or the number of weights is not the
            number of layers.
    """

    def __init__(self, features, layer_weights=None, reduction="sum_over_batch_size", name=None):
        super().__init__(reduction=reduction, name=name)
        if not isinstance(features, FeatureExtractor):
            raise ValueError(
                "`features` must be a FeatureExtractor, such as FeatureExtractor.vgg19(). "
                f"Received: features={features!r}"
            )
        self.features = features
        self.layer_weights = None if layer_weights is None else [float(x) for x in layer_weights]
        if features.layers is not None:
            self._check_weights(len(features.layers))

    def layer_distance(self, target, output):
        """Distance of each image in one layer.

        Args:
            target: float32 features of the target `(N, H, W, C)`.
            output: float32 features of the output.

        Returns:
            float32 tensor `(N,)`.
        """
        raise NotImplementedError(f"{type(self).__name__} must define `layer_distance`.")

    def call(self, y_true, y_pred):
        """Loss of each image, `(N,)`."""
        # Cut at the images: no tape then follows the network through the target at all.
        targets = self.features(tf.stop_gradient(y_true))
        outputs = self.features(y_pred)
        self._check_weights(len(outputs))
        weights = self.layer_weights or [1.0] * len(outputs)
        # A bfloat16 sum over thousands of values would lose most of them.
        layers = [
            [tf.cast(x, tf.float32) for x in pair] for pair in zip(targets, outputs, strict=True)
        ]
        distances = [self.layer_distance(*pair) for pair in layers]
        return tf.add_n([w * x for w, x in zip(weights, distances, strict=True)])

    def get_config(self):
        """Arguments that remake this loss; the feature network is named, not copied."""
        features = keras.saving.serialize_keras_object(self.features)
        return {**super().get_config(), "features": features, "layer_weights": self.layer_weights}

    @classmethod
    def from_config(cls, config):
        """Remakes the loss; the feature network is loaded at its first call."""
        objects = {key: config[key] for key in ("features", "criterion") if key in config}
        made = {key: keras.saving.deserialize_keras_object(x) for key, x in objects.items()}
        return cls(**{**config, **made})

    def _check_weights(self, layers):
        weights = self.layer_weights
        if weights is not None and (len(weights) != layers or min(weights) < 0):
            raise ValueError(
                f"`layer_weights` must hold one weight of 0 or more for each of the {layers} "
                f"layer(s) of `features`. Received: layer_weights={weights}"
            )


@keras.saving.register_keras_serializable(package="zoo")
class PerceptualLoss(FeatureLoss):
    """Weighted sum over layers of the distance between two images' features.

    See `FeatureLoss` for how the network is run and saved.

    Args:
        features: A `zoo.networks.features.FeatureExtractor`.
        layer_weights: One weight of 0 or more for each of its layers. Defaults to `None`: 1 each.
            SRGAN's rescaling of VGG features by 1/12.75 is a weight of `1 / 12.75**2` here.
        criterion: A `keras.losses.Loss` between features. Defaults to `None`: mean squared error,
            as in the papers; ESRGAN's code uses `keras.losses.MeanAbsoluteError()`.
        reduction: As in `keras.losses.Loss`; the unreduced loss has shape `(N,)`. Defaults to
            `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `None`.

    Raises:
        ValueError: If an argument has the wrong type, or the number of weights is not the
            number of layers.

    Example:

    >>> inputs = keras.Input((None, None, 3))
    >>> network = keras.Model(inputs, keras.layers.Conv2D(4, 3, name="edges")(inputs))
    >>> loss = PerceptualLoss(FeatureExtractor.from_file(network))
    >>> float(loss(tf.ones((1, 8, 8, 3)), tf.ones((1, 8, 8, 3))))
    0.0

    Reference:
        - [Johnson et al., 2016](https://arxiv.org/abs/1603.08155), equation 2
        - [Ledig et al., 2016 (SRGAN)](https://arxiv.org/abs/1609.04802), equation 5
    """

    def __init__(
        self,
        features,
        layer_weights=None,
        criterion=None,
        reduction="sum_over_batch_size",
        name=None,
    ):
        super().__init__(features, layer_weights, reduction, name)
        if criterion is not None and not isinstance(criterion, keras.losses.Loss):
            raise ValueError(
                "`criterion` must be a keras.losses.Loss, such as MeanAbsoluteError(), or None. "
                f"Received: criterion={criterion!r}"
            )
        self.criterion = keras.losses.MeanSquaredError() if criterion is None else criterion

    def layer_distance(self, target, output):
        """Distance of each image in one layer, `(N,)`."""
        values = self.criterion.call(target, output)
        return tf.reduce_mean(values, axis=list(range(1, values.shape.rank)))

    def get_config(self):
        """Arguments that remake this loss; the feature network is named, not copied."""
        criterion = keras.saving.serialize_keras_object(self.criterion)
        return {**super().get_config(), "criterion": criterion}

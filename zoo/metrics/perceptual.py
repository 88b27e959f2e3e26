"""Perceptual distance: how differently a trained network sees an output and its target."""

import keras
import tensorflow as tf

from zoo.metrics.image_metric import ImageMetric
from zoo.networks.feature_inputs import Scaled
from zoo.networks.features import FeatureExtractor

# The last non-linear features at 1/2, 1/4, 1/8, 1/16 and 1/32 of the image: the wide side of each
# block that halves the resolution, and of the head.
_EFFICIENTNET_LITE0_LAYERS = ["re_lu_2", "re_lu_6", "re_lu_10", "re_lu_22", "re_lu_32"]


@keras.saving.register_keras_serializable(package="zoo")
class FeatureDistance(ImageMetric):
    """Normalised feature distance, averaged over images; 0 for equal images, lower is better.

    At each position of each layer the two feature vectors are scaled to unit length; the squared
    distance between them is averaged over positions, then over layers. That is LPIPS without its
    learned weights, on a network of your choice: numbers are comparable only for one network, one
    set of layers and one image size, so all but the size are in `protocol`, with a fingerprint of
    the weights. Never evaluate with the network that a model was trained against.

    Args:
        features: A `zoo.networks.features.FeatureExtractor` whose layers give maps
            `(N, h, w, C)`. Use `dtype="float32"` in it: half precision changes the score.
        border: Pixels cut from each side. Defaults to `0`.
        rounded: Whether to clip and round to 8-bit levels first. Defaults to `True`.
        name: Name in the logs. Defaults to `"feature_distance"`.
        **kwargs: `value_range` and `dtype`, see `ImageMetric`.

    Example:

    >>> inputs = keras.Input((None, None, 3))
    >>> network = keras.Model(inputs, keras.layers.Conv2D(4, 3, name="edges")(inputs))
    >>> metric = FeatureDistance(FeatureExtractor.from_file(network))
    >>> metric.update_state(tf.ones((1, 8, 8, 3)), tf.ones((1, 8, 8, 3)))
    >>> float(metric.result())
    0.0

    Reference:
        - [Zhang et al., 2018 (LPIPS)](https://arxiv.org/abs/1801.03924), equation 1 with w = 1
    """

    higher_is_better = False

    def __init__(self, features, border=0, rounded=True, name="feature_distance", **kwargs):
        super().__init__(border=border, rounded=rounded, name=name, **kwargs)
        if not isinstance(features, FeatureExtractor):
            raise ValueError(
                "`features` must be a FeatureExtractor, such as FeatureExtractor.vgg19(). "
                f"Received: features={features!r}"
            )
        self.features = features

    @classmethod
    def efficientnet_lite0(cls, path, **kwargs):
        """The project's perceptual distance, on five layers of an ImageNet EfficientNet-Lite0.

        Args:
            path: Path of `efficientnet_lite0.keras`.
            **kwargs: Arguments of `FeatureDistance` other than `features`.

        Returns:
            A `FeatureDistance`.
        """
        features = FeatureExtractor.from_file(
            path, _EFFICIENTNET_LITE0_LAYERS, preprocess=Scaled(127, 128), dtype="float32"
        )
        return cls(features, **kwargs)

    @property
    def protocol(self):
        """Text that states how the score is computed, with a fingerprint of the weights."""
        network = self.features
        layers = "+".join(network.layers) if network.layers else "outputs"
        return f"{network.title} {network.fingerprint} at {layers}, RGB, {super().protocol}"

    def per_image_levels(self, target, output):
        """Distance of each image."""
        targets, outputs = (self.features(x / 127.5 - 1.0) for x in (target, output))
        layers = [_unit_distance(a, b) for a, b in zip(targets, outputs, strict=True)]
        return tf.add_n(layers) / len(layers)

    def __repr__(self):
        # The protocol reads the weights: do not load a network to print an object.
        return super().__repr__() if self.features.loaded else f"FeatureDistance({self.features})"

    def get_config(self):
        """Arguments that remake this metric; the feature network is named, not copied."""
        features = keras.saving.serialize_keras_object(self.features)
        return {**super().get_config(), "features": features}

    @classmethod
    def from_config(cls, config):
        """Remakes the metric; the feature network is loaded at its first use."""
        features = keras.saving.deserialize_keras_object(config["features"])
        return cls(**{**config, "features": features})


def _unit_distance(a, b):
    if a.shape.rank != 4:
        raise ValueError(
            "`features` must return maps of shape (N, h, w, C): name convolutional layers, not "
            f"pooled outputs. Received: features of shape {tuple(a.shape)}"
        )
    a, b = (tf.math.l2_normalize(tf.cast(x, tf.float32), axis=-1, epsilon=1e-10) for x in (a, b))
    return tf.reduce_mean(tf.reduce_sum(tf.square(a - b), axis=-1), axis=(1, 2))

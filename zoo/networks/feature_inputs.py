"""What a feature network expects for its input, made from [-1, 1] RGB images."""

import keras
import tensorflow as tf


class FeatureInput:
    """Base class of pre-processing: a callable on [-1, 1] RGB images that Keras can save."""

    def __call__(self, images):
        """Converts float32 images in [-1, 1] of shape `(N, H, W, 3)`."""
        raise NotImplementedError(f"{type(self).__name__} must define `__call__`.")

    def get_config(self):
        """Arguments that remake this pre-processing."""
        return {}

    @classmethod
    def from_config(cls, config):
        """Remakes a pre-processing from `get_config()`."""
        return cls(**config)


@keras.saving.register_keras_serializable(package="zoo")
class CaffeBGR(FeatureInput):
    """[-1, 1] RGB -> BGR in 0..255 less the mean of each channel: VGG and other Caffe networks.

    Args:
        means: Means of blue, green and red in 0..255. Defaults to those of `keras.applications`.
    """

    def __init__(self, means=(103.939, 116.779, 123.68)):
        self.means = _three("means", means)

    def __call__(self, images):
        """Converts float32 images in [-1, 1] of shape `(N, H, W, 3)`."""
        return (images[..., ::-1] + 1.0) * 127.5 - tf.constant(self.means)

    def get_config(self):
        """Arguments that remake this pre-processing."""
        return {"means": list(self.means)}


@keras.saving.register_keras_serializable(package="zoo")
class Scaled(FeatureInput):
    """[-1, 1] RGB -> `(x - offset) / scale` with x in 0..255.

    Args:
        offset: Value in 0..255 that becomes 0. Defaults to `127.5`.
        scale: What one unit is worth in levels of 255, more than 0. Defaults to `127.5`, which
            leaves [-1, 1] as it is; EfficientNet-Lite wants `Scaled(127, 128)`, networks that
            rescale by themselves `Scaled(0, 1)`.
    """

    def __init__(self, offset=127.5, scale=127.5):
        if not scale > 0:
            raise ValueError(f"`scale` must be more than 0. Received: scale={scale}")
        self.offset = float(offset)
        self.scale = float(scale)

    def __call__(self, images):
        """Converts float32 images in [-1, 1] of shape `(N, H, W, 3)`."""
        return ((images + 1.0) * 127.5 - self.offset) / self.scale

    def get_config(self):
        """Arguments that remake this pre-processing."""
        return {"offset": self.offset, "scale": self.scale}


@keras.saving.register_keras_serializable(package="zoo")
class Standardized(FeatureInput):
    """[-1, 1] RGB -> `(x - mean) / std` with x in 0..1: networks trained with torchvision.

    Args:
        mean: Mean of red, green and blue in 0..1. Defaults to ImageNet's.
        std: Standard deviations, more than 0. Defaults to ImageNet's.
    """

    def __init__(self, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)):
        self.mean = _three("mean", mean)
        self.std = _three("std", std)
        if min(self.std) <= 0:
            raise ValueError(f"`std` must be more than 0. Received: std={std}")

    def __call__(self, images):
        """Converts float32 images in [-1, 1] of shape `(N, H, W, 3)`."""
        return ((images + 1.0) * 0.5 - tf.constant(self.mean)) / tf.constant(self.std)

    def get_config(self):
        """Arguments that remake this pre-processing."""
        return {"mean": list(self.mean), "std": list(self.std)}


def _three(name, values):
    values = tuple(float(value) for value in values)
    if len(values) != 3:
        raise ValueError(f"`{name}` must hold 3 numbers. Received: {name}={values}")
    return values

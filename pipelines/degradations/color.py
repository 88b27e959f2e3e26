"""Changes of colour that cameras and people make."""

import tensorflow as tf

from pipelines.degradations.base import Degradation
from pipelines.degradations.checks import as_range
from pipelines.degradations.noise import LEVEL
from pipelines.degradations.shapes import in_channels, luma, per_channel, per_sample, require_rgb


class ColorShift(Degradation):
    """Adds one number to each channel.

    Args:
        shift_levels: In 8-bit levels, a number or a pair. Defaults to `(-20, 20)`.
        probability: Chance that a sample is degraded. Defaults to 1.

    Example:

    ```python
    shifted = pipelines.degradations.ColorShift(shift_levels=(-10, 10))(images, seed=(0, 0))
    ```
    """

    def __init__(self, shift_levels=(-20, 20), probability=1.0):
        super().__init__(probability)
        self.shift_levels = as_range("shift_levels", shift_levels, -255, 255)

    def sample(self, draws):
        """Draw three numbers."""
        return {"shift_levels": draws.uniform(self.shift_levels, (3,))}

    def transform(self, images, params):
        """Add them."""
        require_rgb(images, self)
        shifted = images + LEVEL * per_channel(params["shift_levels"], images)
        return tf.clip_by_value(shifted, -1.0, 1.0)


class ColorJitter(Degradation):
    """Changes brightness, contrast, saturation and hue, in this order, clipping after each.

    Args:
        brightness: Factor on the light. Defaults to `(0.5, 1.5)`.
        contrast: Factor on the distance to the mean brightness. Defaults to `(0.5, 1.5)`.
        saturation: Factor on the distance to gray. Defaults to `(0.0, 1.5)`.
        hue: Shift on the colour circle, in turns. Defaults to `(-0.1, 0.1)`.
        probability: Chance that a sample is degraded. Defaults to 1.

    Example:

    ```python
    other = pipelines.degradations.ColorJitter(hue=0.0)(images, seed=(0, 0))
    ```
    """

    def __init__(
        self,
        brightness=(0.5, 1.5),
        contrast=(0.5, 1.5),
        saturation=(0.0, 1.5),
        hue=(-0.1, 0.1),
        probability=1.0,
    ):
        super().__init__(probability)
        self.brightness = as_range("brightness", brightness, 0)
        self.contrast = as_range("contrast", contrast, 0)
        self.saturation = as_range("saturation", saturation, 0)
        self.hue = as_range("hue", hue, -0.5, 0.5)

    def sample(self, draws):
        """Draw the four numbers."""
        return {
            name: draws.uniform(getattr(self, name))
            for name in ("brightness", "contrast", "saturation", "hue")
        }

    def transform(self, images, params):
        """Apply one change after the other."""
        require_rgb(images, self)
        light = (images + 1.0) / 2.0 * per_sample(params["brightness"])
        light = tf.clip_by_value(light, 0.0, 1.0)
        mean = tf.reduce_mean(luma(light), axis=(1, 2, 3), keepdims=True)
        light = tf.clip_by_value(mean + per_sample(params["contrast"]) * (light - mean), 0.0, 1.0)
        gray = in_channels(luma(light), light)
        light = gray + per_sample(params["saturation"]) * (light - gray)
        hue, saturation, value = tf.unstack(
            tf.image.rgb_to_hsv(tf.clip_by_value(light, 0.0, 1.0)), axis=-1
        )
        hue = tf.math.floormod(hue + params["hue"][:, None, None], 1.0)
        return 2.0 * tf.image.hsv_to_rgb(tf.stack([hue, saturation, value], axis=-1)) - 1.0

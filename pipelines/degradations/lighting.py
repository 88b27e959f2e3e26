"""Light that falls unevenly, and too little of it."""

import math

import tensorflow as tf

from pipelines.degradations import strokes
from pipelines.degradations.base import Degradation
from pipelines.degradations.checks import as_range
from pipelines.degradations.draws import normal_fields
from pipelines.degradations.shapes import image_shape, in_channels, per_sample, power


class Vignette(Degradation):
    """Darkens, or lightens, towards the corners.

    Args:
        strength: Share of light lost in the corners; negative values lighten them as faded edges
            do. Defaults to `(0.1, 0.6)`.
        roundness: Exponent of the falloff with the distance. Defaults to `(1.5, 4.0)`.
        probability: Chance that a sample is degraded. Defaults to 1.

    Example:

    ```python
    dark_corners = pipelines.degradations.Vignette(strength=0.5)(images, seed=(0, 0))
    ```
    """

    def __init__(self, strength=(0.1, 0.6), roundness=(1.5, 4.0), probability=1.0):
        super().__init__(probability)
        self.strength = as_range("strength", strength, -1, 1)
        self.roundness = as_range("roundness", roundness, 0.1)

    def sample(self, draws):
        """Draw strength, falloff and centre."""
        return {
            "strength": draws.uniform(self.strength),
            "roundness": draws.uniform(self.roundness),
            "centre": draws.normal((2,)) * 0.15,
        }

    def transform(self, images, params):
        """Multiply the light; blend with white where the strength is negative."""
        shape = tf.shape(images)
        y = tf.linspace(-1.0, 1.0, shape[1])[None] - params["centre"][:, :1]
        x = tf.linspace(-1.0, 1.0, shape[2])[None] - params["centre"][:, 1:]
        radius = tf.sqrt((y[:, :, None] ** 2 + x[:, None, :] ** 2) / 2.0)[..., None]
        falloff = tf.minimum(power(radius, per_sample(params["roundness"])), 1.0)
        amount = per_sample(params["strength"]) * falloff
        # Both blend with a fixed colour: black, -1, or white, 1, whose sign is the amount's.
        kept = in_channels(1.0 - tf.abs(amount), images)
        return images * kept - in_channels(amount, images)


class UnevenLight(Degradation):
    """Lights an image unevenly: a slow, random change of brightness across it.

    Args:
        strength: Standard deviation of the change in stops (factors of two). Defaults to
            `(0.1, 0.4)`.
        probability: Chance that a sample is degraded. Defaults to 1.

    Example:

    ```python
    uneven = pipelines.degradations.UnevenLight(strength=0.3)(images, seed=(0, 0))
    ```
    """

    def __init__(self, strength=(0.1, 0.4), probability=1.0):
        super().__init__(probability)
        self.strength = as_range("strength", strength, 0)

    def sample(self, draws):
        """Draw the strength and the seed of the field."""
        return {"strength": draws.uniform(self.strength), "field": draws.seeds()}

    def transform(self, images, params):
        """Multiply the light by a smooth field."""
        shape = tf.shape(images)
        field = strokes.smooth_field(
            params["field"], shape[1], shape[2], strokes.image_side(shape) / 1.6
        )
        gain = tf.exp(math.log(2.0) * per_sample(params["strength"]) * field)
        return (images + 1.0) * in_channels(gain, images) - 1.0


class LowLight(Degradation):
    """Exposes too little: less light on the sensor, and its noise with the same gain.

    The image is made linear, darkened, gets shot and read noise, and is encoded again.

    Args:
        stops: Factors of two by which light is reduced. Defaults to `(1.0, 4.0)`.
        shot: Variance of the noise per unit of linear light, drawn with a uniform logarithm; read
            noise follows from it. Defaults to `(0.0001, 0.012)`.
        probability: Chance that a sample is degraded. Defaults to 1.

    Example:

    ```python
    dark = pipelines.degradations.LowLight(stops=2.0)(images, seed=(0, 0))
    ```

    Reference:
        Brooks et al., Unprocessing images for learned raw denoising,
        https://arxiv.org/abs/1811.11127, section 3.1 (noise) and 3.4 (gamma).
    """

    def __init__(self, stops=(1.0, 4.0), shot=(0.0001, 0.012), probability=1.0):
        super().__init__(probability)
        self.stops = as_range("stops", stops, 0)
        self.shot = as_range("shot", shot, 1e-8)

    def sample(self, draws):
        """Draw the exposure and the variances of both noises."""
        shot = draws.log_uniform(self.shot)
        return {
            "stops": draws.uniform(self.stops),
            "shot": shot,
            "read": tf.exp(2.18 * tf.math.log(shot) + 1.2 + 0.26 * draws.normal()),
            "field": draws.seeds(),
        }

    def transform(self, images, params):
        """Darken and add noise in linear light."""
        unit = tf.clip_by_value((images + 1.0) / 2.0, 0.0, 1.0)
        light = power(unit, 2.2) * tf.pow(2.0, -per_sample(params["stops"]))
        noise = normal_fields(params["field"], image_shape(images)[1:])
        variance = per_sample(params["shot"]) * light + per_sample(params["read"])
        light = tf.clip_by_value(light + tf.sqrt(variance) * noise, 0.0, 1.0)
        return 2.0 * power(light, 1.0 / 2.2) - 1.0

"""Noise of a sensor, a film and a scanner."""

import functools
import math

import tensorflow as tf

from pipelines.degradations.base import Degradation, transform_each
from pipelines.degradations.checks import as_probability, as_range
from pipelines.degradations.draws import normal_fields, uniform_fields
from pipelines.degradations.filtering import filter_separable, gaussian_line
from pipelines.degradations.shapes import channel_mean, image_shape, luma, per_sample

#: One 8-bit level in the range [-1, 1].
LEVEL = 2.0 / 255.0


class GaussianNoise(Degradation):
    """Adds independent Gaussian noise, coloured or the same in every channel.

    Args:
        sigma_levels: Standard deviation in 8-bit levels (of 255), a number or a pair. Defaults to
            `(1, 30)`.
        gray_probability: Chance that the channels share one field. Defaults to 0.
        probability: Chance that a sample is degraded. Defaults to 1.

    Example:

    ```python
    noisy = pipelines.degradations.GaussianNoise(sigma_levels=25)(images, seed=(0, 0))
    ```
    """

    def __init__(self, sigma_levels=(1, 30), gray_probability=0.0, probability=1.0):
        super().__init__(probability)
        self.sigma_levels = as_range("sigma_levels", sigma_levels, 0)
        self.gray_probability = as_probability("gray_probability", gray_probability)

    def sample(self, draws):
        """Draw a standard deviation, a coin for gray and the seed of the field."""
        return {
            "sigma_levels": draws.uniform(self.sigma_levels),
            "gray": draws.coin(self.gray_probability),
            "field": draws.seeds(),
        }

    def transform(self, images, params):
        """Add the field."""
        return by_channels(self._add, images, params, self.gray_probability)

    def _add(self, images, params, channels):
        noise = normal_fields(params["field"], field_shape(images, channels))
        return images + per_sample(params["sigma_levels"]) * LEVEL * noise


class PoissonNoise(Degradation):
    """Adds the noise of counting photons: its variance grows with the brightness.

    With x in [0, 1], the noise is `scale * (Poisson(256 * x) / 256 - x)`.

    Args:
        scale: Factor on the noise, a number or a pair. Defaults to `(0.05, 3.0)`.
        gray_probability: Chance that the channels share the noise of the brightness. Defaults to
            0.
        exact: Whether to count with the Poisson distribution itself. The normal approximation
            has the same mean and variance and takes a fifth of the time. Defaults to `False`.
        probability: Chance that a sample is degraded. Defaults to 1.

    Example:

    ```python
    noisy = pipelines.degradations.PoissonNoise(scale=2.0)(images, seed=(0, 0))
    ```

    Reference:
        Wang et al., Real-ESRGAN, https://arxiv.org/abs/2107.10833, section 3.1. The published
        code counts the distinct levels of an image and takes the next power of two, which is 256
        for photographs.
    """

    def __init__(self, scale=(0.05, 3.0), gray_probability=0.0, exact=False, probability=1.0):
        super().__init__(probability)
        self.scale = as_range("scale", scale, 0)
        self.gray_probability = as_probability("gray_probability", gray_probability)
        self.exact = bool(exact)

    def sample(self, draws):
        """Draw the factor, a coin for gray and the seed of the field."""
        return {
            "scale": draws.uniform(self.scale),
            "gray": draws.coin(self.gray_probability),
            "field": draws.seeds(),
        }

    def transform(self, images, params):
        """Add the difference between counted and true light."""
        return by_channels(self._add, images, params, self.gray_probability)

    def _add(self, images, params, channels):
        light = tf.clip_by_value((images + 1.0) / 2.0, 0.0, 1.0)
        light = luma(light) if channels == 1 else light
        if self.exact:
            noise = self._counted(light, params) - light
        else:
            noise = normal_fields(params["field"], image_shape(light)[1:]) * tf.sqrt(light) / 16.0
        return images + 2.0 * per_sample(params["scale"]) * noise

    def _counted(self, light, params):
        def count(pair):
            rate, seed = pair
            photons = 256.0 * rate
            return tf.random.stateless_poisson(tf.shape(rate), seed, photons, tf.float32) / 256.0

        spec = tf.TensorSpec(light.shape[1:], tf.float32)
        return tf.map_fn(count, (light, params["field"]), fn_output_signature=spec)


class SpeckleNoise(GaussianNoise):
    """Multiplies the light by Gaussian noise around one: `x + x * n` with x in [0, 1].

    Args:
        sigma_levels: Standard deviation of n times 255. Defaults to `(5, 50)`.
        gray_probability: Chance that the channels share one field. Defaults to 0.
        probability: Chance that a sample is degraded. Defaults to 1.

    Example:

    ```python
    speckled = pipelines.degradations.SpeckleNoise(sigma_levels=30)(images, seed=(0, 0))
    ```
    """

    def __init__(self, sigma_levels=(5, 50), gray_probability=0.0, probability=1.0):
        super().__init__(sigma_levels, gray_probability, probability)

    def _add(self, images, params, channels):
        noise = normal_fields(params["field"], field_shape(images, channels))
        return images + (images + 1.0) * (per_sample(params["sigma_levels"]) / 255.0 * noise)


class SaltAndPepper(Degradation):
    """Sets single pixels to white or black.

    Args:
        amount: Share of the pixels, in `[0, 1]`. Defaults to `(0.0, 0.01)`.
        salt: Share of white ones among them. Defaults to `(0.3, 0.8)`.
        gray_probability: Chance that a pixel changes in all channels together. Defaults to 1.
        probability: Chance that a sample is degraded. Defaults to 1.

    Example:

    ```python
    dotted = pipelines.degradations.SaltAndPepper(amount=0.02)(images, seed=(0, 0))
    ```
    """

    def __init__(self, amount=(0.0, 0.01), salt=(0.3, 0.8), gray_probability=1.0, probability=1.0):
        super().__init__(probability)
        self.amount = as_range("amount", amount, 0, 1)
        self.salt = as_range("salt", salt, 0, 1)
        self.gray_probability = as_probability("gray_probability", gray_probability)

    def sample(self, draws):
        """Draw both shares, a coin for gray and the seed of the field."""
        return {
            "amount": draws.uniform(self.amount),
            "salt": draws.uniform(self.salt),
            "gray": draws.coin(self.gray_probability),
            "field": draws.seeds(),
        }

    def transform(self, images, params):
        """Compare one uniform field with both shares."""
        return by_channels(self._set, images, params, self.gray_probability)

    def _set(self, images, params, channels):
        unit = uniform_fields(params["field"], field_shape(images, channels))
        amount, salt = per_sample(params["amount"]), per_sample(params["salt"])
        images = tf.where(unit < amount, -1.0, images)
        return tf.where(unit < amount * salt, 1.0, images)


class FilmGrain(Degradation):
    """Adds film grain: gray noise with a grain size, strongest in the mid-tones.

    Args:
        sigma_levels: Standard deviation in 8-bit levels at mid-gray. Defaults to `(2, 14)`.
        size_px: Standard deviation in pixels of the Gaussian that gives the grain its size; zero
            leaves every pixel independent. Defaults to `(0.0, 0.9)`.
        probability: Chance that a sample is degraded. Defaults to 1.

    Example:

    ```python
    grainy = pipelines.degradations.FilmGrain(sigma_levels=10)(images, seed=(0, 0))
    ```
    """

    def __init__(self, sigma_levels=(2, 14), size_px=(0.0, 0.9), probability=1.0):
        super().__init__(probability)
        self.sigma_levels = as_range("sigma_levels", sigma_levels, 0)
        self.size_px = as_range("size_px", size_px, 0)

    def sample(self, draws):
        """Draw strength, grain size and the seed of the field."""
        return {
            "sigma_levels": draws.uniform(self.sigma_levels),
            "size_px": draws.uniform(self.size_px),
            "field": draws.seeds(),
        }

    def transform(self, images, params):
        """Add the grain, scaled by the brightness."""
        field = normal_fields(params["field"], field_shape(images, 1))
        line = gaussian_line(params["size_px"], 2 * math.ceil(3 * self.size_px[1]) + 1)
        # Averaging independent values shrinks their deviation by this much on each axis.
        field = filter_separable(field, line) / per_sample(tf.reduce_sum(line**2, axis=1))
        middle = 1.0 - 0.6 * channel_mean(images) ** 2
        return images + per_sample(params["sigma_levels"]) * LEVEL * middle * field


class Clip(Degradation):
    """Clips to `[-1, 1]`, where a published recipe does so between two steps.

    Example:

    ```python
    clipped = pipelines.degradations.Clip()(images, seed=(0, 0))
    ```
    """

    def __init__(self):
        super().__init__()

    def sample(self, draws):
        """Nothing is random."""
        return {}

    def transform(self, images, params):
        """Clip."""
        return tf.clip_by_value(images, -1.0, 1.0)


def by_channels(transform, images, params, gray_probability):
    """Transform samples with noise of one channel where they are gray, of all channels elsewhere.

    Args:
        transform: Function of `(images, params, channels)`.
        images: float32 tensor `(N, H, W, C)`.
        params: Dict of tensors whose first dimension is the batch, with `gray`, bool `(N,)`.
        gray_probability: Chance of gray; zero and one make the selection unnecessary.

    Returns:
        float32 tensor `(N, H, W, C)`.
    """
    colored, gray = (
        functools.partial(transform, channels=channels) for channels in (images.shape[-1], 1)
    )
    if gray_probability in (0, 1):
        return (gray if gray_probability else colored)(images, params)
    return transform_each(tf.cast(params["gray"], tf.int32), [colored, gray], images, params)


def field_shape(images, channels):
    """Return the shape of one sample's field, with a number of channels of its own."""
    return (*image_shape(images)[1:3], channels)

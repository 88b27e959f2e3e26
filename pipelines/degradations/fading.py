"""What time does to tones and colours: fading, tints and loss of colour."""

import tensorflow as tf

from pipelines.degradations.base import Degradation, transform_where
from pipelines.degradations.checks import as_range
from pipelines.degradations.shapes import (
    in_channels,
    in_colors,
    luma,
    per_channel,
    per_sample,
    power,
    require_rgb,
)

_GRAY_SPREAD = 0.5 / 255.0  # channels that differ by less are equal in 8 bits
_DIFFERENCES = ((1.0, 0.0, -1.0), (-1.0, 1.0, 0.0), (0.0, -1.0, 1.0))  # between two channels each


class Fading(Degradation):
    """Fades a photograph: blacks lift, whites sink, mid-tones shift.

    With x in [0, 1], the result is `black + (white - black) * x ** gamma`.

    Args:
        black: What black becomes, in `[0, 1]`. Defaults to `(0.0, 0.25)`.
        white: What white becomes, in `[0, 1]`. Defaults to `(0.7, 1.0)`.
        gamma: Exponent of the mid-tones; below one they are lighter. Defaults to `(0.8, 1.25)`.
        probability: Chance that a sample is degraded. Defaults to 1.

    Example:

    ```python
    faded = pipelines.degradations.Fading(black=0.2, white=0.8)(images, seed=(0, 0))
    ```
    """

    def __init__(self, black=(0.0, 0.25), white=(0.7, 1.0), gamma=(0.8, 1.25), probability=1.0):
        super().__init__(probability)
        self.black = as_range("black", black, 0, 1)
        self.white = as_range("white", white, 0, 1)
        self.gamma = as_range("gamma", gamma, 0.05)

    def sample(self, draws):
        """Draw the three numbers of the tone curve."""
        return {
            "black": draws.uniform(self.black),
            "white": draws.uniform(self.white),
            "gamma": draws.log_uniform(self.gamma),
        }

    def transform(self, images, params):
        """Apply the tone curve."""
        unit = tf.clip_by_value((images + 1.0) / 2.0, 0.0, 1.0)
        black, white = per_sample(params["black"]), per_sample(params["white"])
        # One product and one sum take the curve back to [-1, 1].
        span, shift = 2.0 * (white - black), 2.0 * black - 1.0
        return shift + span * power(unit, per_sample(params["gamma"]))


class Desaturation(Degradation):
    """Takes colour away, in part or entirely.

    Args:
        amount: From 0 (nothing) to 1 (gray). Defaults to `(0.3, 1.0)`.
        probability: Chance that a sample is degraded. Defaults to 1.

    Example:

    ```python
    pale = pipelines.degradations.Desaturation(amount=0.5)(images, seed=(0, 0))
    ```
    """

    def __init__(self, amount=(0.3, 1.0), probability=1.0):
        super().__init__(probability)
        self.amount = as_range("amount", amount, 0, 1)

    def sample(self, draws):
        """Draw the amount."""
        return {"amount": draws.uniform(self.amount)}

    def transform(self, images, params):
        """Blend with the brightness."""
        gray = in_channels(luma(images), images)
        return images + per_sample(params["amount"]) * (gray - images)


class Grayscale(Degradation):
    """Makes images gray, keeping their number of channels.

    Args:
        probability: Chance that a sample is degraded. Defaults to 1.

    Example:

    ```python
    gray = pipelines.degradations.Grayscale()(images, seed=(0, 0))
    ```
    """

    def sample(self, draws):
        """Nothing is random."""
        return {}

    def transform(self, images, params):
        """Repeat the brightness in every channel."""
        return in_channels(luma(images), images)


class Sepia(Degradation):
    """Tones a photograph brown, as old prints are, with the hue varying from olive to red.

    The brightness is kept and coloured: shadows and lights lose blue, and a little green, in a
    curve that is strongest in the mid-tones.

    Args:
        strength: How brown, from 0 (gray) to 1. Defaults to `(0.3, 1.0)`.
        hue: From -1 (olive) to 1 (reddish). Defaults to `(-0.6, 0.8)`.
        color_left: Share of the original colour that remains. Defaults to `(0.0, 0.2)`.
        probability: Chance that a sample is degraded. Defaults to 1.

    Example:

    ```python
    brown = pipelines.degradations.Sepia(strength=0.8)(images, seed=(0, 0))
    ```
    """

    def __init__(
        self, strength=(0.3, 1.0), hue=(-0.6, 0.8), color_left=(0.0, 0.2), probability=1.0
    ):
        super().__init__(probability)
        self.strength = as_range("strength", strength, 0, 1)
        self.hue = as_range("hue", hue, -1, 1)
        self.color_left = as_range("color_left", color_left, 0, 1)

    def sample(self, draws):
        """Draw strength, hue and what remains of the colour."""
        return {
            "strength": draws.uniform(self.strength),
            "hue": draws.uniform(self.hue),
            "color_left": draws.uniform(self.color_left),
        }

    def transform(self, images, params):
        """Colour the brightness by one exponent for each channel."""
        require_rgb(images, self)
        unit = tf.clip_by_value((images + 1.0) / 2.0, 0.0, 1.0)
        gray = luma(unit)
        hue = params["hue"]
        # log of the exponent: red below one is lighter, blue above one darker.
        tone = tf.stack([-0.35 - 0.1 * hue, 0.0 * hue + 0.05 + 0.1 * hue, 0.65 - 0.1 * hue], -1)
        exponent = tf.exp(tone * params["strength"][:, None])
        toned = tf.exp(in_colors(tf.math.log(gray), exponent))
        toned += per_sample(params["color_left"]) * (unit - in_channels(gray, unit))
        return 2.0 * toned - 1.0


class ColorCast(Degradation):
    """Shifts colours as dyes do that fade at different speeds.

    Each channel gets its own white and its own exponent, from which magenta, yellow, green or blue
    prints result. A black-and-white print has no dyes: gray images stay as they are.

    Args:
        loss: How much of a channel's contrast is lost at most, from 0 to 1. Defaults to
            `(0.0, 0.3)`.
        gamma: Exponent of each channel. Defaults to `(0.8, 1.25)`.
        probability: Chance that a sample is degraded. Defaults to 1.

    Example:

    ```python
    shifted = pipelines.degradations.ColorCast(loss=(0.1, 0.3))(images, seed=(0, 0))
    ```
    """

    def __init__(self, loss=(0.0, 0.3), gamma=(0.8, 1.25), probability=1.0):
        super().__init__(probability)
        self.loss = as_range("loss", loss, 0, 1)
        self.gamma = as_range("gamma", gamma, 0.05)

    def sample(self, draws):
        """Draw white, black and exponent of each channel."""
        return {
            "loss": draws.uniform(self.loss, (3,)),
            "lift": draws.uniform((0.0, 1.0), (3,)),
            "gamma": draws.log_uniform(self.gamma, (3,)),
        }

    def transform(self, images, params):
        """Apply one tone curve for each channel."""
        require_rgb(images, self)
        unit = tf.clip_by_value((images + 1.0) / 2.0, 0.0, 1.0)
        spread = tf.reduce_max(tf.abs(tf.matmul(unit, tf.constant(_DIFFERENCES))), axis=(1, 2, 3))
        return transform_where(spread > _GRAY_SPREAD, self._shift, images, params)

    def _shift(self, images, params):
        unit = tf.clip_by_value((images + 1.0) / 2.0, 0.0, 1.0)
        white = per_channel(2.0 * (1.0 - params["loss"]), images)
        black = per_channel(2.0 * params["loss"] * params["lift"] - 1.0, images)
        return black + white * power(unit, per_channel(params["gamma"], images))

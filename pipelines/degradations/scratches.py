"""Scratches and dust: thin lines, specks and fibres on the surface of a photograph."""

import math

import tensorflow as tf

from pipelines.degradations import strokes
from pipelines.degradations.base import Degradation
from pipelines.degradations.checks import as_count_range, as_probability, as_range
from pipelines.degradations.shapes import in_channels, in_colors


def paper(draws, shape=()):
    """Draw the colour of bare paper, a slightly warm white.

    Args:
        draws: A `Draws`.
        shape: Shape of one sample's parameter before the channels.

    Returns:
        float32 tensor `(N, *shape, 3)` in `[-1, 1]`.
    """
    light = draws.uniform((0.55, 1.0), shape)[..., None]
    warmth = draws.uniform((0.0, 0.2), shape)[..., None]
    return tf.clip_by_value(light - warmth * tf.constant([0.0, 0.4, 1.0]), -1.0, 1.0)


def blend(images, colour, opacity):
    """Paint a colour over images.

    Args:
        images: float32 tensor `(N, H, W, C)`.
        colour: float32 tensor `(N, 3)`; its mean is used for images that are not RGB.
        opacity: float32 tensor `(N, H, W, 1)` in `[0, 1]`.

    Returns:
        float32 tensor `(N, H, W, C)`.
    """
    if images.shape[-1] != 3:
        colour = tf.reduce_mean(colour, axis=-1, keepdims=True)
    return images - in_channels(opacity, images) * images + in_colors(opacity, colour)


def draw_marks(images, params, pixels, dark):
    """Paint marks, the dark ones first, then the light ones.

    Args:
        images: float32 tensor `(N, H, W, C)`.
        params: Dict with `paper`, the colour of light marks, `(N, 3)`.
        pixels: Rows, columns and opacity of pixels, tensors of one shape `(N, K, ...)`.
        dark: bool tensor `(N, K)`.

    Returns:
        float32 tensor `(N, H, W, C)`.
    """
    rows, columns, opacity = pixels
    shape = tf.shape(images)
    dark = tf.reshape(dark, tf.concat([tf.shape(dark), tf.ones([tf.rank(rows) - 2], tf.int32)], 0))
    shadow = strokes.paint(shape, rows, columns, tf.where(dark, opacity, 0.0))
    light = strokes.paint(shape, rows, columns, tf.where(dark, 0.0, opacity))
    ink = -0.5 - 0.3 * params["paper"]
    return blend(blend(images, ink, shadow), params["paper"], light)


class Scratches(Degradation):
    """Draws thin scratches: mostly along the height, some curved, light or dark, often broken.

    Their number grows with the side of the image, so that a photograph and a crop of it are
    scratched alike.

    Args:
        count: How many on 128 x 128 px, an int or a pair. Defaults to `(1, 4)`.
        width_px: Width in pixels; below one a line is fainter. Defaults to `(0.4, 1.8)`.
        opacity: From 0 (invisible) to 1 (paper shows). Defaults to `(0.3, 1.0)`.
        dark_probability: Chance that a scratch is dark. Defaults to 0.25.
        level_probability: Chance that it runs along the width instead of the height. Defaults to
            0.25.
        probability: Chance that a sample is degraded. Defaults to 1.

    Example:

    ```python
    scratched = pipelines.degradations.Scratches(count=(2, 5))(images, seed=(0, 0))
    ```
    """

    def __init__(
        self,
        count=(1, 4),
        width_px=(0.4, 1.8),
        opacity=(0.3, 1.0),
        dark_probability=0.25,
        level_probability=0.25,
        probability=1.0,
    ):
        super().__init__(probability)
        self.count = as_count_range("count", count)
        self.width_px = as_range("width_px", width_px, 0)
        self.opacity = as_range("opacity", opacity, 0, 1)
        self.dark_probability = as_probability("dark_probability", dark_probability)
        self.level_probability = as_probability("level_probability", level_probability)

    def sample(self, draws):
        """Draw position, slope, bend, width and breaks of each scratch."""
        count, most = strokes.scaled_count(draws, self.count, power=1)
        each = (most,)
        longest = tf.maximum(draws.batch_shape[1], draws.batch_shape[2])
        return {
            "count": count,
            "vertical": draws.coin(1.0 - self.level_probability, each),
            "dark": draws.coin(self.dark_probability, each),
            "position": draws.uniform((-0.1, 1.1), each),
            "slope": draws.normal(each) * 0.2,
            "middle": draws.uniform((0.0, 1.0), each),
            "length": draws.log_uniform((0.15, 2.0), each),
            "bend": draws.normal((most, 4)) * draws.log_uniform((0.003, 0.08), each)[..., None],
            "jitter": draws.normal((most, longest // 12 + 2)) * 0.25,
            "strength": draws.normal((most, 9)),
            "width_px": draws.uniform(self.width_px, each),
            "opacity": draws.uniform(self.opacity, each),
            "paper": paper(draws),
        }

    def transform(self, images, params):
        """Draw the scratches."""
        shape = tf.shape(images)
        detail = strokes.detail_scale(shape)
        centres, visible = strokes.line_paths(shape, params, ["jitter"])
        broken = 0.8 + 0.7 * strokes.along(params["strength"], tf.shape(centres)[2])
        visible *= tf.clip_by_value(broken, 0.0, 1.0) * params["opacity"][..., None]
        reach = tf.cast(tf.math.ceil(self.width_px[1] * detail / 2.0), tf.int32) + 1
        rows, columns, distance = strokes.line_pixels(centres, params, reach)
        covered = strokes.coverage(distance, (params["width_px"] * detail)[..., None, None])
        pixels = rows, columns, covered * visible[..., None]
        return draw_marks(images, params, pixels, params["dark"])


class Dust(Degradation):
    """Draws specks of dust: small irregular spots, light or dark, some of them stretched.

    Args:
        count: How many on 128 x 128 px; the number per area is kept. Defaults to `(2, 20)`.
        radius_px: Radius in pixels. Defaults to `(0.3, 1.8)`; small ones are more frequent.
        opacity: From 0 to 1. Defaults to `(0.3, 1.0)`.
        dark_probability: Chance that a speck is dark. Defaults to 0.3.
        probability: Chance that a sample is degraded. Defaults to 1.

    Example:

    ```python
    dusty = pipelines.degradations.Dust(count=30)(images, seed=(0, 0))
    ```
    """

    def __init__(
        self,
        count=(2, 20),
        radius_px=(0.3, 1.8),
        opacity=(0.3, 1.0),
        dark_probability=0.3,
        probability=1.0,
    ):
        super().__init__(probability)
        self.count = as_count_range("count", count)
        self.radius_px = as_range("radius_px", radius_px, 0.05)
        self.opacity = as_range("opacity", opacity, 0, 1)
        self.dark_probability = as_probability("dark_probability", dark_probability)

    def sample(self, draws):
        """Draw place, size and outline of each speck."""
        count, most = strokes.scaled_count(draws, self.count, power=2)
        each = (most,)
        return {
            "count": count,
            "dark": draws.coin(self.dark_probability, each),
            "place": draws.uniform((0.0, 1.0), (most, 2)),
            "radius_px": draws.log_uniform(self.radius_px, each),
            "stretch": draws.log_uniform((1.0, 2.0), each),
            "angle": draws.uniform((0.0, math.pi), each),
            "outline": draws.uniform((0.0, 2 * math.pi), (most, 2)),
            "opacity": draws.uniform(self.opacity, each),
            "paper": paper(draws),
        }

    def transform(self, images, params):
        """Draw the specks."""
        pixels = self._specks(tf.shape(images), params)
        return draw_marks(images, params, pixels, params["dark"])

    def _specks(self, shape, params):
        detail = strokes.detail_scale(shape)
        centre = params["place"] * tf.cast(shape[1:3], tf.float32)
        # The outline below reaches 1.4 radii, stretched by at most sqrt(2).
        reach = tf.cast(tf.math.ceil(self.radius_px[1] * detail * 2.0), tf.int32) + 1
        steps = tf.range(-reach, reach + 1)
        dy, dx = (tf.reshape(axis, (-1,)) for axis in tf.meshgrid(steps, steps, indexing="ij"))
        corner = tf.floor(centre)
        rows = tf.cast(corner[..., :1], tf.int32) + dy
        columns = tf.cast(corner[..., 1:], tf.int32) + dx
        y = tf.cast(dy, tf.float32) + 0.5 - (centre - corner)[..., :1]
        x = tf.cast(dx, tf.float32) + 0.5 - (centre - corner)[..., 1:]
        turn, stretch = params["angle"][..., None], tf.sqrt(params["stretch"])[..., None]
        u = (x * tf.cos(turn) + y * tf.sin(turn)) / stretch
        v = (y * tf.cos(turn) - x * tf.sin(turn)) * stretch
        theta = tf.atan2(v, u)
        wave = 0.25 * tf.cos(2 * theta + params["outline"][..., :1])
        wave += 0.15 * tf.cos(3 * theta + params["outline"][..., 1:])
        radius = (params["radius_px"] * detail)[..., None]
        value = strokes.coverage(tf.sqrt(u * u + v * v), 2.0 * radius * (1.0 + wave))
        drawn = tf.sequence_mask(params["count"], tf.shape(centre)[1], tf.float32)
        return rows, columns, value * (params["opacity"] * drawn)[..., None]

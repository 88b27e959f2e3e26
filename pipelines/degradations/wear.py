"""Wear of the paper: creases, abrasion, stains and torn edges."""

import math

import tensorflow as tf

from pipelines.degradations import strokes
from pipelines.degradations.base import Degradation
from pipelines.degradations.checks import as_count_range, as_probability, as_range
from pipelines.degradations.scratches import blend, paper
from pipelines.degradations.shapes import in_colors


class Creases(Degradation):
    """Draws creases: cracked lines where the paper shows, with a light and a dark flank.

    Args:
        count: How many on 128 x 128 px, an int or a pair. Defaults to `(1, 2)`.
        width_px: Width of the crack in pixels. Defaults to `(0.6, 3.0)`.
        opacity: Of the crack, from 0 (only the flanks) to 1. Defaults to `(0.4, 1.0)`.
        relief: Brightness of the flanks, from 0 to 1 of half the range. Defaults to `(0.0, 0.3)`.
        probability: Chance that a sample is degraded. Defaults to 1.

    Example:

    ```python
    folded = pipelines.degradations.Creases(count=1)(images, seed=(0, 0))
    ```
    """

    def __init__(
        self,
        count=(1, 2),
        width_px=(0.6, 3.0),
        opacity=(0.4, 1.0),
        relief=(0.0, 0.3),
        probability=1.0,
    ):
        super().__init__(probability)
        self.count = as_count_range("count", count)
        self.width_px = as_range("width_px", width_px, 0)
        self.opacity = as_range("opacity", opacity, 0, 1)
        self.relief = as_range("relief", relief, 0, 1)

    def sample(self, draws):
        """Draw the path of each crease, its jags and where it is cracked."""
        count, most = strokes.scaled_count(draws, self.count, power=0.5)
        each = (most,)
        longest = tf.maximum(draws.batch_shape[1], draws.batch_shape[2])
        return {
            "count": count,
            "vertical": draws.coin(0.5, each),
            "position": draws.uniform((0.0, 1.0), each),
            "slope": draws.uniform((-0.9, 0.9), each),
            "middle": draws.uniform((0.0, 1.0), each),
            "length": draws.log_uniform((0.4, 3.0), each),
            "bend": draws.normal((most, 4)) * 0.02,
            "jag": draws.normal((most, longest // 20 + 2)) * 1.5,
            "tooth": draws.normal((most, longest // 4 + 2)) * 0.7,
            "crack": draws.normal((most, longest // 3 + 2)),
            "damage": draws.normal((most, longest // 24 + 2)),
            "width_px": draws.log_uniform((max(self.width_px[0], 0.05), self.width_px[1]), each),
            "opacity": draws.uniform(self.opacity, each),
            "relief": draws.uniform(self.relief, each),
            "paper": paper(draws),
        }

    def transform(self, images, params):
        """Shade the flanks, then draw the crack."""
        shape = tf.shape(images)
        detail = strokes.detail_scale(shape)
        centres, visible = strokes.line_paths(shape, params, ["jag", "tooth"])
        images = images + self._flanks(shape, params, centres, visible, detail)
        steps = tf.shape(centres)[2]
        rough = 0.7 + 0.5 * strokes.along(params["crack"], steps)
        rough += 0.4 * strokes.along(params["damage"], steps)
        width = params["width_px"][..., None] * detail * tf.clip_by_value(rough, 0.0, 2.0)
        reach = tf.cast(tf.math.ceil(self.width_px[1] * detail), tf.int32) + 1
        rows, columns, distance = strokes.line_pixels(centres, params, reach)
        crack = strokes.coverage(distance, width[..., None])
        crack *= (params["opacity"][..., None] * visible)[..., None]
        return blend(images, params["paper"], strokes.paint(shape, rows, columns, crack))

    def _flanks(self, shape, params, centres, visible, detail):
        flank = 5.0 * detail
        reach = tf.cast(tf.math.ceil(2.0 * flank), tf.int32)
        rows, columns, distance = strokes.line_pixels(centres, params, reach)
        shade = tf.exp(-tf.abs(distance) / flank)
        shade *= (params["relief"][..., None] * visible)[..., None]
        light = strokes.paint(shape, rows, columns, tf.where(distance > 0, shade, 0.0))
        dark = strokes.paint(shape, rows, columns, tf.where(distance > 0, 0.0, shade))
        return light - dark


class Abrasion(Degradation):
    """Rubs off patches of the surface, so that grains of paper show.

    Args:
        amount: Share of a patch that is rubbed off, from 0 to 1. Defaults to `(0.05, 0.3)`.
        opacity: From 0 to 1. Defaults to `(0.2, 0.8)`.
        probability: Chance that a sample is degraded. Defaults to 1.

    Example:

    ```python
    rubbed = pipelines.degradations.Abrasion(amount=0.2)(images, seed=(0, 0))
    ```
    """

    def __init__(self, amount=(0.05, 0.3), opacity=(0.2, 0.8), probability=1.0):
        super().__init__(probability)
        self.amount = as_range("amount", amount, 0, 1)
        self.opacity = as_range("opacity", opacity, 0, 1)

    def sample(self, draws):
        """Draw the seeds of the grains, of their clumps and of the patches."""
        return {
            "grains": draws.seeds(),
            "clumps": draws.seeds(),
            "patches": draws.seeds(),
            "amount": draws.uniform(self.amount),
            "opacity": draws.uniform(self.opacity),
            "paper": paper(draws),
        }

    def transform(self, images, params):
        """Let paper through where grains lie in a patch."""
        shape = tf.shape(images)
        detail = strokes.detail_scale(shape)
        side = strokes.image_side(shape)
        grains = strokes.smooth_field(params["grains"], shape[1], shape[2], 1.3 * detail)
        clumps = strokes.smooth_field(params["clumps"], shape[1], shape[2], 6.0 * detail)
        patches = strokes.smooth_field(params["patches"], shape[1], shape[2], side / 2.5)
        # A standard normal exceeds this threshold with about the wanted probability.
        share = tf.reshape(params["amount"], (-1, 1, 1, 1))
        threshold = math.sqrt(2.0) * tf.math.erfinv(
            tf.clip_by_value(1.0 - 2.0 * share, -0.999, 0.999)
        )
        lift = tf.minimum(0.0, 1.4 * patches - 1.0)
        surface = 0.7 * grains + 0.7 * clumps + lift
        opacity = tf.clip_by_value(1.2 * (surface - threshold), 0.0, 1.0)
        return blend(images, params["paper"], opacity * params["opacity"][:, None, None, None])


class Stains(Degradation):
    """Adds stains with soft, wavy outlines and a darker rim, or bleached ones.

    Args:
        count: How many, an int or a pair. Defaults to `(1, 2)`.
        radius: As a share of the side of the image. Defaults to `(0.1, 0.5)`.
        strength: How much light a stain takes, from 0 to 1. Defaults to `(0.08, 0.35)`.
        bleach_probability: Chance that a stain is lighter instead. Defaults to 0.3.
        probability: Chance that a sample is degraded. Defaults to 1.

    Example:

    ```python
    stained = pipelines.degradations.Stains(count=1)(images, seed=(0, 0))
    ```
    """

    def __init__(
        self,
        count=(1, 2),
        radius=(0.1, 0.5),
        strength=(0.08, 0.35),
        bleach_probability=0.3,
        probability=1.0,
    ):
        super().__init__(probability)
        self.count = as_count_range("count", count)
        self.radius = as_range("radius", radius, 0)
        self.strength = as_range("strength", strength, 0, 1)
        self.bleach_probability = as_probability("bleach_probability", bleach_probability)

    def sample(self, draws):
        """Draw place, size and colour of each stain, and the seed of the outlines."""
        each = (max(self.count[1], 1),)
        return {
            "count": draws.integer(self.count),
            "place": draws.uniform((0.0, 1.0), (*each, 2)),
            "radius": draws.uniform(self.radius, each),
            "softness": draws.log_uniform((0.1, 1.0), each),
            "strength": draws.uniform(self.strength, each),
            "bleach": draws.coin(self.bleach_probability, each),
            "yellow": draws.uniform((0.2, 1.0), each),
            "outline": draws.seeds(),
            "ripple": draws.seeds(),
        }

    def transform(self, images, params):
        """Filter the light through one stain after the other."""
        shape = tf.shape(images)
        side = strokes.image_side(shape)
        wave = 0.3 * strokes.smooth_field(params["outline"], shape[1], shape[2], side / 4.0)
        wave += 0.06 * strokes.smooth_field(params["ripple"], shape[1], shape[2], side / 16.0)
        light = (images + 1.0) / 2.0
        for index in range(params["radius"].shape[1]):
            stain = {
                name: params[name][:, index]
                for name in params
                if name not in ("count", "outline", "ripple")
            }
            drawn = tf.cast(index < params["count"], tf.float32)
            light = self._stain(light, stain, drawn, wave, side)
        return 2.0 * light - 1.0

    def _stain(self, light, stain, drawn, wave, side):
        shape = tf.shape(light)
        y = tf.cast(tf.range(shape[1]), tf.float32) + 0.5
        x = tf.cast(tf.range(shape[2]), tf.float32) + 0.5
        place = stain["place"] * tf.cast(shape[1:3], tf.float32)
        dy, dx = y - place[:, :1], x - place[:, 1:]
        distance = tf.sqrt(dy[:, :, None] ** 2 + dx[:, None, :] ** 2)[..., None]
        wide = {
            name: value[:, None, None, None] for name, value in stain.items() if name != "place"
        }
        inside = 1.0 - distance / (wide["radius"] * side) + wave
        # A dried stain has an outline, a washed-out patch hardly any.
        softness = tf.where(wide["bleach"], wide["softness"] + 1.0, wide["softness"])
        body = tf.sigmoid(inside / softness * 6.0)
        rim = tf.exp(-((inside / (0.2 * softness)) ** 2)) * tf.cast(~wide["bleach"], tf.float32)
        amount = (0.8 * body + 0.3 * rim) * wide["strength"] * drawn[:, None, None, None]
        channels = light.shape[-1]
        absorbed = tf.constant([0.35, 0.65, 1.0] if channels == 3 else [0.6] * channels)
        bare = tf.constant([1.0, 0.95, 0.85] if channels == 3 else [0.95] * channels)
        bleach = stain["bleach"][:, None]
        # What the stain takes away of the light, and what it gives back.
        taken = tf.where(bleach, 1.0, 1.0 + stain["yellow"][:, None] * (absorbed - 1.0))
        given = tf.where(bleach, bare, 0.0)
        return light - light * in_colors(amount, taken) + in_colors(amount, given)


class TornEdges(Degradation):
    """Tears off corners and frays edges; a rim of paper shows before the background.

    Args:
        corner: Size of a torn corner as a share of the side. Defaults to `(0.03, 0.25)`.
        edge: Depth of the frayed edge as a share of the side. Defaults to `(0.0, 0.03)`.
        rim_px: Width of the rim of paper in pixels. Defaults to `(1.0, 5.0)`.
        corner_probability: Chance for each corner to be torn. Defaults to 0.4.
        probability: Chance that a sample is degraded. Defaults to 1.

    Example:

    ```python
    torn = pipelines.degradations.TornEdges()(images, seed=(0, 0))
    ```
    """

    def __init__(
        self,
        corner=(0.03, 0.25),
        edge=(0.0, 0.03),
        rim_px=(1.0, 5.0),
        corner_probability=0.4,
        probability=1.0,
    ):
        super().__init__(probability)
        self.corner = as_range("corner", corner, 0, 1)
        self.edge = as_range("edge", edge, 0, 1)
        self.rim_px = as_range("rim_px", rim_px, 0)
        self.corner_probability = as_probability("corner_probability", corner_probability)

    def sample(self, draws):
        """Draw the four corners, the depth of the edge and the background."""
        torn = tf.cast(draws.coin(self.corner_probability, (4,)), tf.float32)
        return {
            "corner": draws.uniform(self.corner, (4,)) * torn,
            "angle": draws.uniform((0.25 * math.pi - 0.5, 0.25 * math.pi + 0.5), (4,)),
            "edge": draws.uniform(self.edge),
            "rim_px": draws.uniform(self.rim_px),
            "coarse": draws.seeds(),
            "fine": draws.seeds(),
            "background": tf.where(draws.coin(0.5), -0.85, 0.9) + 0.1 * draws.normal(),
            "paper": paper(draws),
        }

    def transform(self, images, params):
        """Cover what lies outside the torn outline."""
        shape = tf.shape(images)
        detail, side = strokes.detail_scale(shape), strokes.image_side(shape)
        inside = self._inside(shape, params, side)
        coarse = strokes.smooth_field(params["coarse"], shape[1], shape[2], 14.0 * detail)
        fine = strokes.smooth_field(params["fine"], shape[1], shape[2], 4.0 * detail)
        inside = inside + detail * (1.6 * coarse + 0.8 * fine)
        rim = params["rim_px"][:, None, None, None] * detail
        rim *= tf.clip_by_value(1.0 + 0.7 * coarse, 0.1, 2.0)
        images = blend(images, params["paper"], tf.clip_by_value(rim - inside + 0.5, 0.0, 1.0))
        background = params["background"][:, None] * tf.ones_like(params["paper"])
        return blend(images, background, tf.clip_by_value(0.5 - inside, 0.0, 1.0))

    def _inside(self, shape, params, side):
        """Distance in pixels to the outline, negative outside, `(N, H, W, 1)`."""
        y = (tf.cast(tf.range(shape[1]), tf.float32) + 0.5)[None, :, None]
        x = (tf.cast(tf.range(shape[2]), tf.float32) + 0.5)[None, None, :]
        height, width = tf.cast(shape[1], tf.float32), tf.cast(shape[2], tf.float32)
        inside = tf.minimum(tf.minimum(y, height - y), tf.minimum(x, width - x))
        # Waves and rim reach less than 20 px, and must not show at an edge that is whole.
        whole = -20.0 * strokes.detail_scale(shape)
        depth = tf.where(params["edge"] > 0, params["edge"] * side, whole)
        inside -= depth[:, None, None]
        for index in range(4):
            down = y if index < 2 else height - y
            right = x if index % 2 == 0 else width - x
            angle = params["angle"][:, index, None, None]
            corner = params["corner"][:, index, None, None]
            depth = tf.where(corner > 0, corner * side, -math.inf)
            inside = tf.minimum(inside, down * tf.cos(angle) + right * tf.sin(angle) - depth)
        return inside[..., None]

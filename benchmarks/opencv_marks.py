"""Scratches, dust and creases of `old-photo` on NumPy, and what its other steps share with them."""

import functools
import math

import numpy as np
from opencv_recipes import Step, log_uniform


def as_float32(values):
    """An array of float32."""
    return np.asarray(values, np.float32)


def paper(rng):
    """Colour of bare paper."""
    light, warmth = rng.uniform(0.55, 1.0), rng.uniform(0.0, 0.2)
    return np.clip(light - warmth * np.array([0.0, 0.4, 1.0]), -1, 1)


def blend(image, colour, opacity):
    """Paint a colour with an opacity `(H, W)`."""
    return image + opacity[..., None] * (as_float32(colour) - image)


@functools.lru_cache(maxsize=64)
def cubic_matrix(cells, length):
    """Weights `(length, cells)` that enlarge one axis by the cubic with a = -1/2."""
    centre = (np.arange(length)[:, None] + 0.5) * cells / length
    distance = np.abs(np.arange(cells)[None, :] + 0.5 - centre)
    near = (1.5 * distance - 2.5) * distance**2 + 1
    far = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
    weights = np.where(distance < 1, near, np.where(distance < 2, far, 0))
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def smooth_field(rng, shape, cell):
    """A smooth random field `(H, W)`, values `cell` px apart independent."""
    cells = [math.ceil(side / cell) + 1 for side in shape[:2]]
    grid = rng.standard_normal(cells, dtype=np.float32)
    return cubic_matrix(cells[0], shape[0]) @ grid @ cubic_matrix(cells[1], shape[1]).T


def along(values, length):
    """Interpolate values along a line."""
    return cubic_matrix(len(values), length) @ as_float32(values)


def coverage(distance, width):
    """How much of a pixel a line of this width covers."""
    return np.clip(0.5 + width / 2 - np.abs(distance), 0, np.minimum(width, 1))


def _canvases(shape):
    """One canvas for light marks, one for dark ones."""
    return np.zeros((2, *shape[:2]), np.float32)


def draw_marks(image, colour, canvases):
    """Paint the dark marks, then the light ones."""
    light, dark = canvases
    if dark.any():
        image = blend(image, -0.5 - 0.3 * as_float32(colour), dark)
    return blend(image, colour, light) if light.any() else image


def _path(shape, line, jitters):
    """Positions across at each step along the line, and its visibility there."""
    span, across = shape[:2] if line["vertical"] else shape[1::-1]
    progress = np.arange(span, dtype=np.float32) / np.float32(span)
    centre = np.float32(line["position"] * across)
    centre = centre + np.float32(line["slope"] * span) * (progress - np.float32(0.5))
    centre += along(line["bend"], span) * np.float32(across)
    for jitter in jitters:
        centre += along(line[jitter], span)
    inside = np.float32(line["length"] / 2) - np.abs(progress - np.float32(line["middle"]))
    return centre, np.clip(inside * 12, 0, 1)


def _near(line, centre, reach):
    """Pixels across near a line, `(T, 2 reach + 1)`, and their signed distances."""
    across = np.round(centre)[:, None] + np.arange(-reach, reach + 1, dtype=np.float32)
    lean = np.float32(1 / math.sqrt(1 + line["slope"] ** 2))
    return across.astype(np.int32), (across - centre[:, None]) * lean


def _paint(canvas, line, across, values):
    """Keep the larger value; within a line every pixel comes once."""
    view = canvas if line["vertical"] else canvas.T
    inside = (across >= 0) & (across < view.shape[1]) & (values > 0)
    along_line = np.nonzero(inside)[0]
    columns = across[inside]
    view[along_line, columns] = np.maximum(view[along_line, columns], values[inside])


def _line_of(params, index):
    return {name: value[index] for name, value in params.items() if name not in ("count", "paper")}


def dust(probability):
    """Irregular specks."""

    def draw(rng, shape):
        count = int(rng.integers(2, 20, endpoint=True))
        return {
            "count": count,
            "dark": rng.random(count) < 0.3,
            "place": rng.random((count, 2)),
            "radius_px": log_uniform(rng, 0.3, 1.8, count),
            "stretch": log_uniform(rng, 1.0, 2.0, count),
            "angle": rng.uniform(0.0, math.pi, count),
            "outline": rng.uniform(0.0, 2 * math.pi, (count, 2)),
            "opacity": rng.uniform(0.3, 1.0, count),
            "paper": paper(rng),
        }

    def apply(rng, image, params):
        count = int(params["count"])
        each = {
            name: as_float32(value)[:count]
            for name, value in params.items()
            if name not in ("count", "paper")
        }
        canvases = _canvases(image.shape)
        for dark in (True, False):
            chosen = each["dark"] == dark
            _paint_specks(
                canvases[int(dark)], {name: value[chosen] for name, value in each.items()}
            )
        return draw_marks(image, params["paper"], canvases)

    return Step("Dust", draw, apply, probability)


def _paint_specks(canvas, params):
    reach = 5  # 1.4 radii of at most 1.8 px, stretched by at most sqrt(2)
    steps = np.arange(-reach, reach + 1)
    dy, dx = (axis.ravel() for axis in np.meshgrid(steps, steps, indexing="ij"))
    centre = params["place"] * as_float32(canvas.shape)
    corner = np.floor(centre)
    rows = corner[:, :1].astype(np.int32) + dy
    columns = corner[:, 1:].astype(np.int32) + dx
    offset = centre - corner
    y, x = as_float32(dy) + 0.5 - offset[:, :1], as_float32(dx) + 0.5 - offset[:, 1:]
    turn, stretch = params["angle"][:, None], np.sqrt(params["stretch"])[:, None]
    u = (x * np.cos(turn) + y * np.sin(turn)) / stretch
    v = (y * np.cos(turn) - x * np.sin(turn)) * stretch
    theta = np.arctan2(v, u)
    wave = 0.25 * np.cos(2 * theta + params["outline"][:, :1])
    wave += 0.15 * np.cos(3 * theta + params["outline"][:, 1:])
    width = 2 * params["radius_px"][:, None] * (1 + wave)
    values = coverage(np.sqrt(u * u + v * v), width) * params["opacity"][:, None]
    inside = (rows >= 0) & (rows < canvas.shape[0]) & (columns >= 0) & (columns < canvas.shape[1])
    inside &= values > 0
    np.maximum.at(canvas, (rows[inside], columns[inside]), values[inside])


def scratches(probability):
    """Thin broken lines."""

    def draw(rng, shape):
        count = int(rng.integers(1, 4, endpoint=True))
        return {
            "count": count,
            "vertical": rng.random(count) < 0.75,
            "dark": rng.random(count) < 0.25,
            "position": rng.uniform(-0.1, 1.1, count),
            "slope": rng.standard_normal(count) * 0.2,
            "middle": rng.random(count),
            "length": log_uniform(rng, 0.15, 2.0, count),
            "bend": rng.standard_normal((count, 4)) * log_uniform(rng, 0.003, 0.08, count)[:, None],
            "jitter": rng.standard_normal((count, max(shape[:2]) // 12 + 2)) * 0.25,
            "strength": rng.standard_normal((count, 9)),
            "width_px": rng.uniform(0.4, 1.8, count),
            "opacity": rng.uniform(0.3, 1.0, count),
            "paper": paper(rng),
        }

    def apply(rng, image, params):
        canvases = _canvases(image.shape)
        for index in range(int(params["count"])):
            line = _line_of(params, index)
            centre, visible = _path(image.shape, line, ("jitter",))
            broken = 0.8 + 0.7 * along(line["strength"], len(centre))
            visible *= np.clip(broken, 0, 1) * np.float32(line["opacity"])
            across, distance = _near(line, centre, 2)
            values = coverage(distance, np.float32(line["width_px"])) * visible[:, None]
            _paint(canvases[int(line["dark"])], line, across, values)
        return draw_marks(image, params["paper"], canvases)

    return Step("Scratches", draw, apply, probability)


def creases(probability):
    """Cracked lines with a light and a dark flank."""

    def draw(rng, shape):
        count, longest = int(rng.integers(1, 2, endpoint=True)), max(shape[:2])
        return {
            "count": count,
            "vertical": rng.random(count) < 0.5,
            "position": rng.random(count),
            "slope": rng.uniform(-0.9, 0.9, count),
            "middle": rng.random(count),
            "length": log_uniform(rng, 0.4, 3.0, count),
            "bend": rng.standard_normal((count, 4)) * 0.02,
            "jag": rng.standard_normal((count, longest // 20 + 2)) * 1.5,
            "tooth": rng.standard_normal((count, longest // 4 + 2)) * 0.7,
            "crack": rng.standard_normal((count, longest // 3 + 2)),
            "damage": rng.standard_normal((count, longest // 24 + 2)),
            "width_px": log_uniform(rng, 0.6, 3.0, count),
            "opacity": rng.uniform(0.4, 1.0, count),
            "relief": rng.uniform(0.0, 0.3, count),
            "paper": paper(rng),
        }

    def apply(rng, image, params):
        flanks, crack = _canvases(image.shape), np.zeros(image.shape[:2], np.float32)
        for index in range(int(params["count"])):
            line = _line_of(params, index)
            centre, visible = _path(image.shape, line, ("jag", "tooth"))
            _paint_flanks(flanks, line, centre, visible * np.float32(line["relief"]))
            rough = 0.7 + 0.5 * along(line["crack"], len(centre))
            rough += 0.4 * along(line["damage"], len(centre))
            width = np.float32(line["width_px"]) * np.clip(rough, 0, 2)
            across, distance = _near(line, centre, 4)
            values = coverage(distance, width[:, None])
            values *= (visible * np.float32(line["opacity"]))[:, None]
            _paint(crack, line, across, values)
        return blend(image + (flanks[0] - flanks[1])[..., None], params["paper"], crack)

    return Step("Creases", draw, apply, probability)


def _paint_flanks(flanks, line, centre, strength):
    across, distance = _near(line, centre, 10)
    shade = np.exp(np.abs(distance) * np.float32(-1 / 5)) * strength[:, None]
    _paint(flanks[0], line, across, np.where(distance > 0, shade, 0))
    _paint(flanks[1], line, across, np.where(distance > 0, 0, shade))

"""The recipe `old-photo` on NumPy and OpenCV: tones, light and wear; see `opencv_recipes.py`.

For crops of 128 px, for which the counts of scratches, specks and creases are given.
"""

import math

import cv2
import numpy as np
from opencv_marks import as_float32, blend, creases, dust, paper, scratches, smooth_field
from opencv_recipes import (
    LEVEL,
    OneOf,
    Recipe,
    Step,
    gaussian_blur,
    gaussian_noise,
    jpeg,
    log_uniform,
    low_resolution,
    luma,
)
from scipy import special

_MEAN = np.full((1, 3), 1 / 3, np.float32)


def old_photo(side):
    """`old-photo` for crops of 128 px."""
    if side != 128:
        raise ValueError(f"`side` must be 128, for which counts are given. Received: {side}")
    tone = OneOf((sepia(), grayscale()), (0.6, 0.4), probability=0.6)
    return Recipe(
        scene=(tone, color_cast(0.3), fading(0.5), uneven_light(0.25), vignette(0.25)),
        steps=(
            gaussian_blur((0.3, 1.2), probability=0.5),
            film_grain(0.7),
            stains(0.1),
            abrasion(0.15),
            dust(0.6),
            scratches(0.7),
            creases(0.3),
            torn_edges(0.08),
            low_resolution((0.6, 1.0), probability=0.3),
            gaussian_noise((2, 40), gray_probability=0.4, probability=0.6),
            jpeg((40, 95)),
        ),
    )


# ---------------------------------------------------------------------- tones


def sepia():
    """Tone brown."""

    def draw(rng, shape):
        return {
            "strength": rng.uniform(0.3, 1.0),
            "hue": rng.uniform(-0.6, 0.8),
            "color_left": rng.uniform(0.0, 0.5),
        }

    def apply(rng, image, params):
        unit = _unit(image)
        gray, hue = luma(unit)[..., None], params["hue"]
        tone = np.array([-0.35 - 0.1 * hue, 0.05 + 0.1 * hue, 0.65 - 0.1 * hue])
        toned = gray ** np.exp(tone * params["strength"]).astype(np.float32)
        toned += np.float32(params["color_left"]) * (unit - gray)
        return 2 * toned - 1

    return Step("Sepia", draw, apply)


def grayscale():
    """Repeat the brightness."""

    def apply(rng, image, params):
        return cv2.cvtColor(luma(image), cv2.COLOR_GRAY2RGB)

    return Step("Grayscale", lambda rng, shape: {}, apply)


def color_cast(probability):
    """One tone curve for each channel of a colour image."""

    def draw(rng, shape):
        return {
            "loss": rng.uniform(0.0, 0.2, 3),
            "lift": rng.random(3),
            "gamma": log_uniform(rng, 0.9, 1.1, 3),
        }

    def apply(rng, image, params):
        unit = _unit(image)
        if not (unit.max(axis=-1) - unit.min(axis=-1)).max() > 0.5 / 255:
            return image
        loss, lift, gamma = (as_float32(params[name]) for name in ("loss", "lift", "gamma"))
        return 2 * (loss * lift + (1 - loss) * unit**gamma) - 1

    return Step("ColorCast", draw, apply, probability)


def fading(probability):
    """Lift blacks, sink whites."""

    def draw(rng, shape):
        return {
            "black": rng.uniform(0.0, 0.2),
            "white": rng.uniform(0.8, 1.0),
            "gamma": log_uniform(rng, 0.9, 1.1),
        }

    def apply(rng, image, params):
        black, white, gamma = (float(params[name]) for name in ("black", "white", "gamma"))
        return (2 * (white - black)) * _unit(image) ** gamma + (2 * black - 1)

    return Step("Fading", draw, apply, probability)


def uneven_light(probability):
    """Multiply the light by a smooth field."""

    def draw(rng, shape):
        return {"strength": rng.uniform(0.05, 0.2)}

    def apply(rng, image, params):
        field = smooth_field(rng, image.shape, image.shape[0] / 1.6)
        gain = np.exp2(np.float32(params["strength"]) * field)[..., None]
        return (image + 1) * gain - 1

    return Step("UnevenLight", draw, apply, probability)


def vignette(probability):
    """Darken, or lighten, towards the corners."""

    def draw(rng, shape):
        return {
            "strength": rng.uniform(-0.2, 0.3),
            "roundness": rng.uniform(1.5, 4.0),
            "centre": rng.standard_normal(2) * 0.15,
        }

    def apply(rng, image, params):
        axes = [np.linspace(-1, 1, side, dtype=np.float32) for side in image.shape[:2]]
        y, x = (axis - np.float32(at) for axis, at in zip(axes, params["centre"], strict=True))
        radius = np.sqrt((y[:, None] ** 2 + x[None, :] ** 2) * 0.5)
        strength = float(params["strength"])
        amount = strength * np.minimum(radius ** float(params["roundness"]), 1)[..., None]
        light = (image + 1) * 0.5
        light = light * (1 - amount) if strength >= 0 else light - amount * (1 - light)
        return 2 * light - 1

    return Step("Vignette", draw, apply, probability)


def film_grain(probability):
    """Gray noise with a size, strongest in the mid-tones."""

    def draw(rng, shape):
        return {"sigma_levels": rng.uniform(3, 25), "size_px": rng.uniform(0.0, 0.8)}

    def apply(rng, image, params):
        field = rng.standard_normal(image.shape[:2], dtype=np.float32)
        x = np.arange(-3, 4) / max(float(params["size_px"]), 1e-3)
        line = np.exp(-0.5 * x**2)
        line = (line / line.sum()).astype(np.float32)
        field = cv2.sepFilter2D(field, -1, line, line, borderType=cv2.BORDER_REFLECT_101)
        field *= np.float32(params["sigma_levels"] * LEVEL / (line**2).sum())
        field *= 1 - np.float32(0.6) * cv2.transform(image, _MEAN) ** 2
        return image + field[..., None]

    return Step("FilmGrain", draw, apply, probability)


# ---------------------------------------------------------------------- wear


def stains(probability):
    """One or two stains, or bleached patches."""

    def draw(rng, shape):
        count = int(rng.integers(1, 2, endpoint=True))
        return {
            "count": count,
            "place": rng.random((count, 2)),
            "radius": rng.uniform(0.1, 0.5, count),
            "softness": log_uniform(rng, 0.1, 1.0, count),
            "strength": rng.uniform(0.08, 0.35, count),
            "bleach": rng.random(count) < 0.3,
            "yellow": rng.uniform(0.2, 1.0, count),
        }

    def apply(rng, image, params):
        side = image.shape[0]
        wave = 0.3 * smooth_field(rng, image.shape, side / 4)
        wave += 0.06 * smooth_field(rng, image.shape, side / 16)
        light = (image + 1) * 0.5
        for index in range(int(params["count"])):
            each = {name: value[index] for name, value in params.items() if name != "count"}
            light = _stain(light, wave, each)
        return 2 * light - 1

    return Step("Stains", draw, apply, probability)


def _stain(light, wave, stain):
    height, width = light.shape[:2]
    y = np.arange(height, dtype=np.float32) + np.float32(0.5 - stain["place"][0] * height)
    x = np.arange(width, dtype=np.float32) + np.float32(0.5 - stain["place"][1] * width)
    distance = np.sqrt(y[:, None] ** 2 + x[None, :] ** 2)
    inside = 1 - distance / np.float32(stain["radius"] * height) + wave
    softness = np.float32(stain["softness"] + stain["bleach"])
    amount = 0.8 * special.expit(inside * (6 / softness))
    if not stain["bleach"]:
        amount += 0.3 * np.exp(-((inside / (np.float32(0.2) * softness)) ** 2))
    amount = (amount * np.float32(stain["strength"]))[..., None]
    if stain["bleach"]:
        return light + amount * (as_float32([1.0, 0.95, 0.85]) - light)
    absorbed = 1 + np.float32(stain["yellow"]) * (as_float32([0.35, 0.65, 1.0]) - 1)
    return light * (1 - amount * absorbed)


def abrasion(probability):
    """Let grains of paper show in patches."""

    def draw(rng, shape):
        amount, opacity = rng.uniform(0.05, 0.3), rng.uniform(0.2, 0.8)
        return {"amount": amount, "opacity": opacity, "paper": paper(rng)}

    def apply(rng, image, params):
        surface = 0.7 * smooth_field(rng, image.shape, 1.3)
        surface += 0.7 * smooth_field(rng, image.shape, 6.0)
        patches = smooth_field(rng, image.shape, image.shape[0] / 2.5)
        surface += np.minimum(0, 1.4 * patches - 1)
        threshold = math.sqrt(2) * float(special.erfinv(1 - 2 * params["amount"]))
        opacity = np.clip(1.2 * (surface - threshold), 0, 1) * np.float32(params["opacity"])
        return blend(image, params["paper"], opacity)

    return Step("Abrasion", draw, apply, probability)


def torn_edges(probability):
    """Tear corners and fray edges."""

    def draw(rng, shape):
        return {
            "corner": rng.uniform(0.03, 0.25, 4) * (rng.random(4) < 0.4),
            "angle": rng.uniform(0.25 * math.pi - 0.5, 0.25 * math.pi + 0.5, 4),
            "edge": rng.uniform(0.0, 0.03),
            "rim_px": rng.uniform(1.0, 5.0),
            "background": (-0.85 if rng.random() < 0.5 else 0.9) + 0.1 * rng.standard_normal(),
            "paper": paper(rng),
        }

    def apply(rng, image, params):
        coarse = smooth_field(rng, image.shape, 14.0)
        inside = _inside(image.shape, params) + 1.6 * coarse
        inside += 0.8 * smooth_field(rng, image.shape, 4.0)
        rim = np.float32(params["rim_px"]) * np.clip(1 + 0.7 * coarse, 0.1, 2.0)
        image = blend(image, params["paper"], np.clip(rim - inside + 0.5, 0, 1))
        background = np.full(3, params["background"])
        return blend(image, background, np.clip(0.5 - inside, 0, 1))

    return Step("TornEdges", draw, apply, probability)


def _inside(shape, params):
    """Distance to the outline."""
    height, width = shape[:2]
    y = (np.arange(height, dtype=np.float32) + 0.5)[:, None]
    x = (np.arange(width, dtype=np.float32) + 0.5)[None, :]
    depth = params["edge"] * height if params["edge"] > 0 else -20.0
    inside = np.minimum(np.minimum(y, height - y), np.minimum(x, width - x)) - np.float32(depth)
    for index, (corner, angle) in enumerate(zip(params["corner"], params["angle"], strict=True)):
        if corner > 0:
            down = y if index < 2 else height - y
            right = x if index % 2 == 0 else width - x
            cut = down * math.cos(angle) + right * math.sin(angle) - np.float32(corner * height)
            inside = np.minimum(inside, cut)
    return inside


def _unit(image):
    return np.clip((image + 1) * np.float32(0.5), 0, 1)

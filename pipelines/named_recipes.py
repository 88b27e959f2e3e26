"""The built-in recipes: published parameters as plain data."""

import math

from pipelines import degradations as ops


def bicubic(scale):
    """Return the classical protocol of super-resolution.

    Args:
        scale: Factor, int.
    """
    return {
        "steps": [ops.Downsample(scale=scale)],
        "scale": scale,
        "rounding": True,
        "description": f"Antialiased bicubic x{scale}, equal to Pillow's",
    }


def denoise_blind():
    """Return Gaussian noise of unknown strength, as an 8-bit file holds it."""
    return {
        "steps": [ops.GaussianNoise(sigma_levels=(0, 55))],
        "rounding": True,
        "description": "Gaussian noise, sigma 0 to 55 of 255, clipped and rounded",
        "reference": "Zhang et al., DnCNN, https://arxiv.org/abs/1608.03981",
    }


def noise(sigma_levels):
    """Return Gaussian noise of one strength, as an 8-bit file holds it.

    Args:
        sigma_levels: Standard deviation, of 255.
    """
    return {
        "steps": [ops.GaussianNoise(sigma_levels=sigma_levels)],
        "rounding": True,
        "description": f"Gaussian noise, sigma {sigma_levels} of 255, clipped and rounded",
    }


def grayscale():
    """Return black-and-white versions."""
    return {
        "steps": [ops.Grayscale()],
        "rounding": True,
        "description": "Black and white: the brightness (BT.601) in all channels",
    }


def jpeg():
    """Return JPEG of unknown quality."""
    return {
        "steps": [ops.JPEG(quality=(5, 95))],
        "rounding": True,
        "description": "JPEG of unknown quality, 5 to 95",
        "reference": "Zhang et al., DnCNN, https://arxiv.org/abs/1608.03981",
    }


def low_light():
    """Return underexposed photographs as a camera stores them."""
    return {
        "steps": [ops.LowLight(stops=(1.0, 4.0)), ops.JPEG(quality=(70, 98), probability=0.5)],
        "rounding": True,
        "description": "One to four stops too dark, with shot and read noise",
        "reference": "Brooks et al., https://arxiv.org/abs/1811.11127",
    }


def old_photo():
    """Return what time does to prints, and the scanner afterwards.

    Most prints were black and white or toned to begin with, and many have faded. That is part of
    the clean image too: a restorer learns to leave tone and contrast alone and invents no
    colours. How much contrast a scene had cannot be seen in a faded print of it; where fading is
    to be undone, the best answer is a guess, and its error drowns everything else that there is
    to learn. Noise is frequent and often strong, as in Wan et al., who draw up to 50 levels.
    """
    scene, grain, wears, scan = _old_print()
    return {
        "scene": scene,
        "steps": [*grain, *wears, *scan],
        "rounding": True,
        "description": "Grainy, noisy, scratched, creased and dusty prints, as scanned",
        "reference": "The kinds of damage: Wan et al., https://arxiv.org/abs/2004.09484",
    }


def old_photo_damage():
    """Return old photographs with a mask of what is scratched or creased.

    What a mask is for, filling holes, is for damage that hides the photograph and can be seen
    itself: noise is weaker than in `old_photo`, which repairs what is noisy. Stains and abrasion,
    which leave much to see, dust, whose specks `old_photo` repairs, and what lies beyond torn
    edges, where nothing is to be continued, are not marked.
    """
    scene, *_ = _old_print()
    grain = [
        ops.GaussianBlur(sigma_px=(0.3, 1.2), probability=0.5),
        ops.FilmGrain(sigma_levels=(3, 12), size_px=(0.0, 0.8), probability=0.6),
        ops.Stains(probability=0.1),
        ops.TornEdges(probability=0.12),
    ]
    wears = [
        ops.Scratches(probability=0.9),  # almost every print has something to find
        ops.Creases(probability=0.3),
    ]
    scan = [
        ops.Abrasion(probability=0.1),
        ops.Dust(probability=0.3),
        ops.LowResolution(factor=(0.6, 1.0), probability=0.2),
        ops.GaussianNoise(sigma_levels=(2, 12), gray_probability=0.4, probability=0.5),
        ops.JPEG(quality=(60, 95)),
    ]
    return {
        "scene": scene,
        "steps": [*grain, ops.MarkDamage(wears, scan, threshold_levels=30)],
        "rounding": True,
        "description": "Old photographs, with a mask of scratches and creases as fourth channel",
        "reference": "Wan et al., https://arxiv.org/abs/2004.09484, section 3.2",
    }


def _old_print():
    """The parts of `old_photo`: scene, grain, wear of the surface, and the scan."""
    toned = ops.OneOf(
        [ops.Sepia(strength=(0.3, 1.0), color_left=(0.0, 0.5)), ops.Grayscale()],
        weights=[0.6, 0.4],
        probability=0.6,
    )
    faded = [
        ops.ColorCast(loss=(0.0, 0.2), gamma=(0.9, 1.1), probability=0.3),
        ops.Fading(black=(0.0, 0.2), white=(0.8, 1.0), gamma=(0.9, 1.1), probability=0.5),
        ops.UnevenLight(strength=(0.05, 0.2), probability=0.25),
        ops.Vignette(strength=(-0.2, 0.3), probability=0.25),
    ]
    grain = [
        ops.GaussianBlur(sigma_px=(0.3, 1.2), probability=0.5),
        ops.FilmGrain(sigma_levels=(3, 25), size_px=(0.0, 0.8), probability=0.7),
    ]
    wears = [
        ops.Stains(probability=0.1),
        ops.Abrasion(probability=0.15),
        ops.Dust(probability=0.6),
        ops.Scratches(probability=0.7),
        ops.Creases(probability=0.3),
        ops.TornEdges(probability=0.08),
    ]
    scan = [
        ops.LowResolution(factor=(0.6, 1.0), probability=0.3),
        ops.GaussianNoise(sigma_levels=(2, 40), gray_probability=0.4, probability=0.6),
        ops.JPEG(quality=(40, 95)),
    ]
    return [toned, *faded], grain, wears, scan


def _noise(sigma_levels, scale):
    return ops.OneOf(
        [
            ops.GaussianNoise(sigma_levels, gray_probability=0.4),
            ops.PoissonNoise(scale, gray_probability=0.4),
        ]
    )


def real_esrgan():
    """Return the second-order degradation of Real-ESRGAN x4plus.

    Resizing is not antialiased, as in the published code. Differences: the cubic kernel has
    a = -1/2 where that code's library has -3/4, and Poisson noise is drawn from the normal
    approximation (`PoissonNoise(exact=True)` counts).
    """
    final = ops.Resize(1.0, antialias=False, clean_scale=4)
    sinc = ops.SincBlur(cutoff=(math.pi / 3, math.pi), probability=0.8)
    last_jpeg = ops.JPEG(quality=(30, 95))
    return {
        "steps": [
            ops.UnsharpMask(),
            ops.MixedBlur(),
            ops.Resize((0.15, 1.5), weights=(0.2, 0.7, 0.1), antialias=False),
            _noise((1, 30), (0.05, 3.0)),
            ops.Clip(),
            ops.JPEG(quality=(30, 95)),
            ops.MixedBlur(sigma_px=(0.2, 1.5), probability=0.8),
            ops.Resize((0.3, 1.2), weights=(0.3, 0.4, 0.3), antialias=False, clean_scale=4),
            _noise((1, 25), (0.05, 2.5)),
            ops.Clip(),
            ops.OneOf(
                [ops.Sequence([final, sinc, last_jpeg]), ops.Sequence([last_jpeg, final, sinc])],
                common=True,
            ),
        ],
        "scale": 4,
        "rounding": True,
        "description": "Second-order blur, resizing, noise and JPEG of unknown order, x4",
        "reference": "Wang et al., Real-ESRGAN, https://arxiv.org/abs/2107.10833",
    }


def gfpgan():
    """Return the degradation of GFPGAN, made for aligned faces of 512 px."""
    return {
        "steps": [
            ops.MixedBlur(
                size_px=41,
                sigma_px=(0.1, 10.0),
                weights=(0.5, 0.5, 0, 0, 0, 0),
                sinc_probability=0.0,
            ),
            ops.Resize(
                (1 / 8, 1 / 0.8),
                # Reciprocals uniform in [0.8, 8] enlarge in 0.2 of 7.2 cases.
                weights=(0.2, 7.0, 0),
                interpolations=["bilinear"],
                antialias=False,
                reciprocal=True,
            ),
            ops.GaussianNoise(sigma_levels=(0, 20)),
            ops.JPEG(quality=(60, 100)),
            ops.Resize(1.0, interpolations=["bilinear"], antialias=False, clean_scale=1),
            ops.ColorShift(shift_levels=(-20, 20), probability=0.3),
            ops.Grayscale(probability=0.01),
            ops.ColorJitter(probability=0.3),
        ],
        "rounding": True,
        "description": "Blurred, shrunk 0.8 to 8 times, noisy, compressed; the size is restored",
        "reference": "Wang et al., GFPGAN, https://arxiv.org/abs/2101.04061",
    }


def lama(count, max_length_px, max_width_px, box_size_px=None):
    """Return the masks of LaMa's evaluation, defined for 512 px.

    Args:
        count: Numbers of strokes, a pair.
        max_length_px: Of a segment.
        max_width_px: Of a segment.
        box_size_px: Sizes of boxes, a pair; `None` for strokes only.
    """
    masks = [ops.StrokeMask(count, max_length_px, max_width_px, reference_side=512)]
    if box_size_px:
        masks.append(ops.BoxMask((1, 4), box_size_px, reference_side=512))
    return {
        "steps": [ops.MixedMask(masks, [1.0, 0.3][: len(masks)])],
        "description": "Holes of free-form strokes and boxes; the mask is the fourth channel",
        "reference": "Suvorov et al., LaMa, https://arxiv.org/abs/2109.07161",
    }


#: Name -> function that returns the constructor arguments of the `Recipe`.
NAMED = {
    "bicubic-x2": lambda: bicubic(2),
    "bicubic-x3": lambda: bicubic(3),
    "bicubic-x4": lambda: bicubic(4),
    "denoise-15": lambda: noise(15),
    "denoise-25": lambda: noise(25),
    "denoise-50": lambda: noise(50),
    "denoise-blind": denoise_blind,
    "gfpgan": gfpgan,
    "grayscale": grayscale,
    "jpeg": jpeg,
    "lama-medium": lambda: lama((4, 10), 200, 100, (30, 150)),
    "lama-thick": lambda: lama((1, 5), 450, 250, (30, 300)),
    "lama-thin": lambda: lama((4, 70), 100, 20),
    "low-light": low_light,
    "old-photo": old_photo,
    "old-photo-damage": old_photo_damage,
    "real-esrgan-x4": real_esrgan,
}

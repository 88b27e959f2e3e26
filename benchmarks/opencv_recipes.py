"""The recipes `real-esrgan-x4` and `old-photo` per sample, on NumPy and OpenCV.

What one would write for worker processes: the steps, probabilities and ranges of
`pipelines/named_recipes.py`, no work for a step that a sample skips, separable filters where the
kernel is, kernels of the drawn size, noise in float32. Images are float32 RGB in [-1, 1]. Drawn
parameters carry the names of those in `pipelines.degradations`, so that both can be given the same.
"""

import dataclasses
import math
from collections.abc import Callable

import cv2
import numpy as np
from scipy import special

LEVEL = 2.0 / 255.0
_BORDER = cv2.BORDER_REFLECT_101
_INTERPOLATIONS = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC)


@dataclasses.dataclass(frozen=True)
class Step:
    """One degradation: `draw(rng, shape)` its parameters, `apply(rng, image, params)` them."""

    name: str
    draw: Callable
    apply: Callable
    probability: float = 1.0

    def __call__(self, rng, image):
        """Degrade, or leave alone."""
        if self.probability < 1 and rng.random() >= self.probability:
            return image
        return self.apply(rng, image, self.draw(rng, image.shape))


@dataclasses.dataclass(frozen=True)
class Sequence:
    """Steps one after the other."""

    steps: tuple
    name: str = "Sequence"
    probability: float = 1.0

    def __call__(self, rng, image):
        """Degrade by every step."""
        for step in self.steps:
            image = step(rng, image)
        return image


@dataclasses.dataclass(frozen=True)
class OneOf:
    """One of several steps."""

    steps: tuple
    weights: tuple
    name: str = "OneOf"
    probability: float = 1.0

    def __call__(self, rng, image):
        """Degrade by one of them, or leave alone."""
        if self.probability < 1 and rng.random() >= self.probability:
            return image
        return self.steps[choose(rng, self.weights)](rng, image)


def choose(rng, weights):
    """Draw an index with these relative frequencies."""
    shares = np.cumsum(weights)
    return int(np.searchsorted(shares, rng.random() * shares[-1], side="right"))


def log_uniform(rng, low, high, size=None):
    """Draw with a uniform logarithm."""
    return low * (high / low) ** rng.random(size)


def luma(image):
    """Brightness `(H, W)` of RGB."""
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def to_levels(image):
    """Round to uint8."""
    return np.clip(image * 127.5 + 128.0, 0, 255).astype(np.uint8)


def from_levels(levels):
    """Floats of uint8."""
    return levels.astype(np.float32) * np.float32(1 / 127.5) - np.float32(1)


def crop(rng, photographs, side):
    """A random crop of a random photograph, flipped and turned, as floats."""
    photograph = photographs[rng.integers(len(photographs))]
    top, left = (rng.integers(length - side + 1) for length in photograph.shape[:2])
    image = photograph[top : top + side, left : left + side]
    image = image[::-1] if rng.random() < 0.5 else image
    image = image[:, ::-1] if rng.random() < 0.5 else image
    image = image.swapaxes(0, 1) if rng.random() < 0.5 else image
    return from_levels(np.ascontiguousarray(image))


# ---------------------------------------------------------------------- blur


def unsharp_mask(sigma_px=8.0, amount=0.5, threshold_levels=10):
    """Sharpen where edges are."""
    side = 2 * math.ceil(3 * sigma_px) + 1

    def apply(rng, image, params):
        detail = image - cv2.GaussianBlur(image, (side, side), sigma_px, borderType=_BORDER)
        mask = (np.abs(detail) > threshold_levels * LEVEL).astype(np.float32)
        soft = cv2.GaussianBlur(mask, (side, side), sigma_px, borderType=_BORDER)
        sharp = np.clip(image + amount * detail, -1, 1)
        return image + soft * (sharp - image)

    return Step("UnsharpMask", _nothing, apply)


def gaussian_blur(sigma_px, probability=1.0):
    """Round Gaussian, separable."""
    side = 2 * math.ceil(3 * sigma_px[1]) + 1

    def draw(rng, shape):
        return {"sigma_px": rng.uniform(*sigma_px)}

    def apply(rng, image, params):
        sigma = float(params["sigma_px"])
        return cv2.GaussianBlur(image, (side, side), sigma, borderType=_BORDER)

    return Step("GaussianBlur", draw, apply, probability)


def mixed_blur(sigma_px=(0.2, 3.0), probability=1.0):
    """A kernel of six kinds, or a sinc."""

    def draw(rng, shape):
        size = 2 * int(rng.integers(3, 10, endpoint=True)) + 1
        kind = choose(rng, (0.45, 0.25, 0.12, 0.03, 0.12, 0.03))
        axes = rng.uniform(*sigma_px, size=2)
        lowest = math.pi / 3 if size < 13 else math.pi / 5
        return {
            "size_px": size,
            "kind": kind,
            "sigma_px": axes[[0, 0]] if kind % 2 == 0 else axes,
            "angle": rng.uniform(0.0, math.pi),
            "generalized_beta": _beta(rng, 0.5, 4.0),
            "plateau_beta": _beta(rng, 1.0, 2.0),
            "sinc": rng.random() < 0.1,
            "cutoff": rng.uniform(lowest, math.pi),
        }

    def apply(rng, image, params):
        size = int(params["size_px"])
        if params["sinc"]:
            return _filter(image, sinc_kernel(size, params["cutoff"]))
        if params["kind"] == 0:  # the only separable kind
            sigma = float(params["sigma_px"][0])
            return cv2.GaussianBlur(image, (size, size), sigma, borderType=_BORDER)
        return _filter(image, ellipse_kernel(size, params))

    return Step("MixedBlur", draw, apply, probability)


def sinc_blur(cutoff=(math.pi / 3, math.pi), probability=1.0):
    """A sinc of 21 px."""

    def draw(rng, shape):
        return {"cutoff": rng.uniform(*cutoff)}

    def apply(rng, image, params):
        return _filter(image, sinc_kernel(21, params["cutoff"]))

    return Step("SincBlur", draw, apply, probability)


def ellipse_kernel(size, params):
    """Gaussian, generalised Gaussian or plateau on an ellipse."""
    y, x = _grid(size)
    cos, sin = math.cos(params["angle"]), math.sin(params["angle"])
    first, second = (max(float(sigma), 1e-3) for sigma in params["sigma_px"])
    squared = ((x * cos + y * sin) / first) ** 2 + ((y * cos - x * sin) / second) ** 2
    if params["kind"] < 2:
        return np.exp(-0.5 * squared)
    if params["kind"] < 4:
        return np.exp(-0.5 * squared ** float(params["generalized_beta"]))
    return 1.0 / (1.0 + squared ** float(params["plateau_beta"]))


def sinc_kernel(size, cutoff):
    """Circular low-pass."""
    y, x = _grid(size)
    radius = np.sqrt(y * y + x * x)
    radius[size // 2, size // 2] = 1.0
    kernel = cutoff * special.j1(cutoff * radius) / (2 * math.pi * radius)
    kernel[size // 2, size // 2] = cutoff**2 / (4 * math.pi)
    return kernel


def _grid(size):
    axis = np.arange(size, dtype=np.float32) - size // 2
    return axis[:, None], axis[None, :]


def _filter(image, kernel):
    kernel = (kernel / kernel.sum()).astype(np.float32)
    return cv2.filter2D(image, -1, kernel, borderType=_BORDER)


def _beta(rng, low, high):
    return rng.uniform(low, 1.0) if rng.random() < 0.5 else rng.uniform(1.0, high)


def _nothing(rng, shape):
    return {}


# ---------------------------------------------------------------------- size


def resize(factor, weights=(0.2, 0.7, 0.1), base_side=None):
    """Up, down or not; `base_side` replaces the incoming side."""

    def draw(rng, shape):
        action = choose(rng, weights)
        limits = ((1.0, factor[1]), (factor[0], 1.0), (1.0, 1.0))[action]
        share = rng.uniform(*limits)
        sides = shape[:2] if base_side is None else (base_side, base_side)
        size = np.array([max(round(share * side), 1) for side in sides])
        return {"size": size, "interpolation": int(rng.integers(3))}

    def apply(rng, image, params):
        height, width = (int(side) for side in params["size"])
        method = _INTERPOLATIONS[int(params["interpolation"])]
        return cv2.resize(image, (width, height), interpolation=method)

    return Step("Resize", draw, apply)


def low_resolution(factor, probability=1.0):
    """Shrink and enlarge again."""

    def draw(rng, shape):
        return {"factor": rng.uniform(*factor)}

    def apply(rng, image, params):
        height, width = image.shape[:2]
        small = [max(round(float(params["factor"]) * side), 1) for side in (width, height)]
        image = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
        return cv2.resize(image, (width, height), interpolation=cv2.INTER_CUBIC)

    return Step("LowResolution", draw, apply, probability)


# ---------------------------------------------------------------------- noise


def gaussian_noise(sigma_levels, gray_probability=0.4, probability=1.0):
    """White noise, of each channel or gray."""

    def draw(rng, shape):
        gray = rng.random() < gray_probability
        return {"sigma_levels": rng.uniform(*sigma_levels), "gray": gray}

    def apply(rng, image, params):
        noise = _field(rng, image, params["gray"])
        noise *= np.float32(params["sigma_levels"] * LEVEL)
        return image + noise

    return Step("GaussianNoise", draw, apply, probability)


def poisson_noise(scale, gray_probability=0.4):
    """Noise of counting, by the normal approximation as in the zoo's recipe."""

    def draw(rng, shape):
        return {"scale": rng.uniform(*scale), "gray": rng.random() < gray_probability}

    def apply(rng, image, params):
        light = luma(image)[..., None] if params["gray"] else image
        noise = np.sqrt(np.clip((light + 1.0) * 0.5, 0, 1))
        noise *= _field(rng, image, params["gray"])
        noise *= np.float32(2.0 * params["scale"] / 16.0)
        return image + noise

    return Step("PoissonNoise", draw, apply)


def _field(rng, image, gray):
    height, width, channels = image.shape
    return rng.standard_normal((height, width, 1 if gray else channels), dtype=np.float32)


def clip():
    """Clip to [-1, 1]."""
    return Step("Clip", _nothing, lambda rng, image, params: np.clip(image, -1, 1))


def jpeg(quality, probability=1.0):
    """Through the codec, 4:2:0."""

    def draw(rng, shape):
        return {"quality": int(rng.integers(*quality, endpoint=True))}

    def apply(rng, image, params):
        levels = cv2.cvtColor(to_levels(image), cv2.COLOR_RGB2BGR)
        options = [cv2.IMWRITE_JPEG_QUALITY, int(params["quality"])]
        decoded = cv2.imdecode(cv2.imencode(".jpg", levels, options)[1], cv2.IMREAD_COLOR)
        return from_levels(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB))

    return Step("JPEG", draw, apply, probability)


# ---------------------------------------------------------------------- recipes


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Steps of the scene, which the clean image shows too, and steps of the damage."""

    steps: tuple
    scene: tuple = ()

    def pair(self, rng, image):
        """Return the degraded and the clean image."""
        for step in self.scene:
            image = np.clip(step(rng, image), -1, 1)
        clean = image
        for step in self.steps:
            image = step(rng, image)
        return from_levels(to_levels(image)), clean


def real_esrgan(side):
    """`real-esrgan-x4` for crops of `side` px."""

    def noise(sigma_levels, scale):
        return OneOf((gaussian_noise(sigma_levels), poisson_noise(scale)), (1, 1))

    final = resize((1.0, 1.0), (0, 0, 1), base_side=side // 4)
    sinc, last = sinc_blur(probability=0.8), jpeg((30, 95))
    return Recipe(
        (
            unsharp_mask(),
            mixed_blur(),
            resize((0.15, 1.5)),
            noise((1, 30), (0.05, 3.0)),
            clip(),
            jpeg((30, 95)),
            mixed_blur((0.2, 1.5), probability=0.8),
            resize((0.3, 1.2), (0.3, 0.4, 0.3), base_side=side // 4),
            noise((1, 25), (0.05, 2.5)),
            clip(),
            OneOf((Sequence((final, sinc, last)), Sequence((last, final, sinc))), (1, 1)),
        )
    )

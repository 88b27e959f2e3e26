"""Blur: a kernel drawn for each sample, applied to the batch at once."""

import math

import tensorflow as tf

from pipelines.degradations import kernels
from pipelines.degradations.base import Degradation
from pipelines.degradations.checks import as_odd, as_probability, as_range, as_weights
from pipelines.degradations.filtering import (
    filter_each,
    filter_separable,
    filter_wide,
    gaussian_line,
)

_TURN = (0.0, math.pi)
_WIDE_PX = 4.0  # from this deviation on, a Gaussian on a coarse grid is the faster one


class GaussianBlur(Degradation):
    """Blurs with a round Gaussian, separably.

    Args:
        sigma_px: Standard deviation in pixels, a number or a pair. Defaults to `(0.2, 3.0)`.
        probability: Chance that a sample is degraded. Defaults to 1.

    Example:

    ```python
    soft = pipelines.degradations.GaussianBlur(sigma_px=1.5)(images, seed=(0, 0))
    ```
    """

    def __init__(self, sigma_px=(0.2, 3.0), probability=1.0):
        super().__init__(probability)
        self.sigma_px = as_range("sigma_px", sigma_px, 0)

    def sample(self, draws):
        """Draw the standard deviation."""
        return {"sigma_px": draws.uniform(self.sigma_px)}

    def transform(self, images, params):
        """Blur columns, then rows; three standard deviations to each side."""
        size = 2 * math.ceil(3 * self.sigma_px[1]) + 1
        return filter_separable(images, gaussian_line(params["sigma_px"], size))


class AnisotropicBlur(Degradation):
    """Blurs with an elliptic Gaussian, turned at random.

    Args:
        sigma_px: Standard deviation along each axis in pixels. Defaults to `(0.2, 3.0)`.
        size_px: Size of the kernel, odd. Defaults to 21.
        probability: Chance that a sample is degraded. Defaults to 1.

    Example:

    ```python
    soft = pipelines.degradations.AnisotropicBlur(sigma_px=(1, 4))(images, seed=(0, 0))
    ```
    """

    def __init__(self, sigma_px=(0.2, 3.0), size_px=21, probability=1.0):
        super().__init__(probability)
        self.sigma_px = as_range("sigma_px", sigma_px, 0)
        self.size_px = as_odd("size_px", size_px)

    def sample(self, draws):
        """Draw both axes and the angle."""
        return {"sigma_px": draws.uniform(self.sigma_px, (2,)), "angle": draws.uniform(_TURN)}

    def transform(self, images, params):
        """Filter each sample with its ellipse."""
        squared = kernels.squared_radius(self.size_px, params["sigma_px"], params["angle"])
        return filter_each(images, kernels.normalise(tf.exp(-0.5 * squared)))


class GeneralizedBlur(Degradation):
    """Blurs with `exp(-q ** beta / 2)`, q the squared distance in units of an ellipse.

    Args:
        sigma_px: Half axes in pixels. Defaults to `(0.2, 3.0)`.
        beta: Exponent, half of the draws below one if the range holds one. Defaults to
            `(0.5, 4.0)`.
        round_probability: Chance that both axes are equal. Defaults to 0.5.
        size_px: Size of the kernel, odd. Defaults to 21.
        probability: Chance that a sample is degraded. Defaults to 1.

    Example:

    ```python
    soft = pipelines.degradations.GeneralizedBlur(beta=2.0)(images, seed=(0, 0))
    ```

    Reference:
        Wang et al., Real-ESRGAN, https://arxiv.org/abs/2107.10833, section 3.1.
    """

    _shape = staticmethod(kernels.generalized_gaussian)

    def __init__(
        self,
        sigma_px=(0.2, 3.0),
        beta=(0.5, 4.0),
        round_probability=0.5,
        size_px=21,
        probability=1.0,
    ):
        super().__init__(probability)
        self.sigma_px = as_range("sigma_px", sigma_px, 0)
        self.beta = as_range("beta", beta, 0.01)
        self.round_probability = as_probability("round_probability", round_probability)
        self.size_px = as_odd("size_px", size_px)

    def sample(self, draws):
        """Draw the ellipse and the exponent."""
        axes = draws.uniform(self.sigma_px, (2,))
        equal = draws.coin(self.round_probability)[:, None]
        return {
            "sigma_px": tf.where(equal, axes[:, :1], axes),
            "angle": draws.uniform(_TURN),
            "beta": draw_beta(draws, self.beta),
        }

    def transform(self, images, params):
        """Filter each sample with its kernel."""
        squared = kernels.squared_radius(self.size_px, params["sigma_px"], params["angle"])
        return filter_each(images, kernels.normalise(self._shape(squared, params["beta"])))


class PlateauBlur(GeneralizedBlur):
    """Blurs with `1 / (1 + q ** beta)`, q the squared distance in units of an ellipse.

    Args:
        sigma_px: Half axes in pixels. Defaults to `(0.2, 3.0)`.
        beta: Exponent; the larger, the flatter inside. Defaults to `(1.0, 2.0)`.
        round_probability: Chance that both axes are equal. Defaults to 0.5.
        size_px: Size of the kernel, odd. Defaults to 21.
        probability: Chance that a sample is degraded. Defaults to 1.

    Example:

    ```python
    soft = pipelines.degradations.PlateauBlur(sigma_px=2.0)(images, seed=(0, 0))
    ```

    Reference:
        Wang et al., Real-ESRGAN, https://arxiv.org/abs/2107.10833, section 3.1.
    """

    _shape = staticmethod(kernels.plateau)

    def __init__(
        self,
        sigma_px=(0.2, 3.0),
        beta=(1.0, 2.0),
        round_probability=0.5,
        size_px=21,
        probability=1.0,
    ):
        super().__init__(sigma_px, beta, round_probability, size_px, probability)


class SincBlur(Degradation):
    """Filters with a sharp circular low-pass, which leaves ringing around edges.

    Args:
        cutoff: Frequency in radians per pixel, up to pi. Defaults to `(pi / 3, pi)`.
        size_px: Size of the kernel, odd. Defaults to 21.
        probability: Chance that a sample is degraded. Defaults to 1.

    Example:

    ```python
    ringing = pipelines.degradations.SincBlur(cutoff=1.2)(images, seed=(0, 0))
    ```

    Reference:
        Wang et al., Real-ESRGAN, https://arxiv.org/abs/2107.10833, equation 6.
    """

    def __init__(self, cutoff=(math.pi / 3, math.pi), size_px=21, probability=1.0):
        super().__init__(probability)
        self.cutoff = as_range("cutoff", cutoff, 0.01, math.pi)
        self.size_px = as_odd("size_px", size_px)

    def sample(self, draws):
        """Draw the frequency."""
        return {"cutoff": draws.uniform(self.cutoff)}

    def transform(self, images, params):
        """Filter each sample with its kernel."""
        return filter_each(images, kernels.normalise(kernels.sinc(self.size_px, params["cutoff"])))


class MotionBlur(Degradation):
    """Blurs along a straight path, as a moving camera does.

    Args:
        length_px: Length of the path in pixels. Defaults to `(3.0, 15.0)`.
        angle_degrees: Direction against the rows. Defaults to `(0.0, 180.0)`.
        probability: Chance that a sample is degraded. Defaults to 1.

    Example:

    ```python
    shaken = pipelines.degradations.MotionBlur(length_px=9.0)(images, seed=(0, 0))
    ```
    """

    def __init__(self, length_px=(3.0, 15.0), angle_degrees=(0.0, 180.0), probability=1.0):
        super().__init__(probability)
        self.length_px = as_range("length_px", length_px, 1)
        self.angle_degrees = as_range("angle_degrees", angle_degrees)

    def sample(self, draws):
        """Draw length and direction."""
        return {
            "length_px": draws.uniform(self.length_px),
            "angle_degrees": draws.uniform(self.angle_degrees),
        }

    def transform(self, images, params):
        """Filter each sample with its path."""
        size = 2 * math.ceil(self.length_px[1] / 2) + 1
        angle = params["angle_degrees"] * (math.pi / 180.0)
        path = kernels.motion(size, params["length_px"], angle)
        return filter_each(images, kernels.normalise(path))


class MixedBlur(Degradation):
    """Blurs with a kernel of a kind and size drawn for each sample, as Real-ESRGAN does.

    Args:
        size_px: Odd sizes of the kernel, an int or a pair. Defaults to `(7, 21)`.
        sigma_px: Half axes in pixels. Defaults to `(0.2, 3.0)`.
        generalized_beta: Exponents of the generalised Gaussians. Defaults to `(0.5, 4.0)`.
        plateau_beta: Exponents of the plateaus. Defaults to `(1.0, 2.0)`.
        weights: How often the kinds are chosen: Gaussian round, Gaussian elliptic, generalised
            round, generalised elliptic, plateau round, plateau elliptic. Defaults to
            `(0.45, 0.25, 0.12, 0.03, 0.12, 0.03)`.
        sinc_probability: Chance of a sinc kernel instead. Defaults to 0.1.
        probability: Chance that a sample is degraded. Defaults to 1.

    Example:

    ```python
    soft = pipelines.degradations.MixedBlur(sigma_px=(0.2, 1.5))(images, seed=(0, 0))
    ```

    Reference:
        Wang et al., Real-ESRGAN, https://arxiv.org/abs/2107.10833, section 3.
    """

    def __init__(
        self,
        size_px=(7, 21),
        sigma_px=(0.2, 3.0),
        generalized_beta=(0.5, 4.0),
        plateau_beta=(1.0, 2.0),
        weights=(0.45, 0.25, 0.12, 0.03, 0.12, 0.03),
        sinc_probability=0.1,
        probability=1.0,
    ):
        super().__init__(probability)
        sizes = as_range("size_px", size_px, 1)
        self.size_px = tuple(as_odd("size_px", size) for size in sizes)
        self.sigma_px = as_range("sigma_px", sigma_px, 0)
        self.generalized_beta = as_range("generalized_beta", generalized_beta, 0.01)
        self.plateau_beta = as_range("plateau_beta", plateau_beta, 0.01)
        self.weights = as_weights("weights", weights, 6)
        self.sinc_probability = as_probability("sinc_probability", sinc_probability)

    def sample(self, draws):
        """Draw the kind, and the parameters that any kind may need."""
        smallest, largest = self.size_px
        size = 2 * draws.integer(((smallest - 1) // 2, (largest - 1) // 2)) + 1
        kind = draws.choice(self.weights)
        axes = draws.uniform(self.sigma_px, (2,))
        lowest = tf.where(size < 13, math.pi / 3, math.pi / 5)
        return {
            "size_px": size,
            "kind": kind,
            "sigma_px": tf.where(kind[:, None] % 2 == 0, axes[:, :1], axes),
            "angle": draws.uniform(_TURN),
            "generalized_beta": draw_beta(draws, self.generalized_beta),
            "plateau_beta": draw_beta(draws, self.plateau_beta),
            "sinc": draws.coin(self.sinc_probability),
            "cutoff": lowest + (math.pi - lowest) * draws.uniform((0.0, 1.0)),
        }

    def transform(self, images, params):
        """Filter each sample with its kernel."""
        return filter_each(images, self._kernels(params))

    def _kernels(self, params):
        size, kind = self.size_px[1], params["kind"][:, None, None]
        squared = kernels.squared_radius(size, params["sigma_px"], params["angle"])
        general = tf.where(params["kind"] < 2, 1.0, params["generalized_beta"])
        chosen = tf.where(
            kind < 4,
            kernels.generalized_gaussian(squared, general),
            kernels.plateau(squared, params["plateau_beta"]),
        )
        rings = kernels.sinc(size, params["cutoff"])
        chosen = tf.where(params["sinc"][:, None, None], rings, chosen)
        return kernels.normalise(chosen, params["size_px"])


class UnsharpMask(Degradation):
    """Sharpens where edges are, which recipes do before they degrade.

    Args:
        sigma_px: Standard deviation of the blur in pixels. Defaults to 8.
        amount: Share of the detail that is added, at least 0. Defaults to 0.5.
        threshold_levels: Details below this, in 8-bit levels, are left alone. Defaults to 10.
        probability: Chance that a sample is sharpened. Defaults to 1.

    Example:

    ```python
    crisp = pipelines.degradations.UnsharpMask()(images, seed=(0, 0))
    ```

    Reference:
        Wang et al., Real-ESRGAN, https://arxiv.org/abs/2107.10833, section 4.1.
    """

    def __init__(self, sigma_px=8.0, amount=0.5, threshold_levels=10, probability=1.0):
        super().__init__(probability)
        self.sigma_px = as_range("sigma_px", sigma_px, 0)
        self.amount = as_range("amount", amount, 0)
        self.threshold_levels = as_range("threshold_levels", threshold_levels, 0)

    def sample(self, draws):
        """Draw the three numbers."""
        return {
            "sigma_px": draws.uniform(self.sigma_px),
            "amount": draws.uniform(self.amount),
            "threshold_levels": draws.uniform(self.threshold_levels),
        }

    def transform(self, images, params):
        """Add detail, weighted by a soft map of where there is any."""
        detail = images - self._blur(images, params["sigma_px"])
        amount = params["amount"][:, None, None, None]
        threshold = params["threshold_levels"][:, None, None, None] * (2.0 / 255.0)
        soft = self._blur(tf.cast(tf.abs(detail) > threshold, tf.float32), params["sigma_px"])
        sharp = tf.clip_by_value(images + amount * detail, -1.0, 1.0)
        return images + soft * (sharp - images)

    def _blur(self, images, sigma_px):
        if self.sigma_px[0] >= _WIDE_PX:
            return filter_wide(images, sigma_px, self.sigma_px)
        size = 2 * math.ceil(3 * self.sigma_px[1]) + 1
        return filter_separable(images, gaussian_line(sigma_px, size))


def draw_beta(draws, limits):
    """Draw exponents, half of them below one and half above, as the published code does.

    Args:
        draws: A `Draws`.
        limits: Pair of floats; if one is not between them they are drawn uniformly.

    Returns:
        float32 tensor `(N,)`.
    """
    low, high = limits
    if not low <= 1.0 <= high:
        return draws.uniform(limits)
    below, unit = draws.coin(0.5), draws.uniform((0.0, 1.0))
    return tf.where(below, low + (1.0 - low) * unit, 1.0 + (high - 1.0) * unit)

"""Resizing: two matrix products, antialiased as Pillow does it, or TensorFlow's kernels."""

import functools
import math

import tensorflow as tf

from pipelines.degradations.base import Degradation, as_images
from pipelines.degradations.checks import as_choice, as_range, as_weights
from pipelines.degradations.shapes import image_shape


def _cubic(distance):
    """Keys' cubic with a = -1/2, which is Pillow's (Keys 1981, equation 4)."""
    near = (1.5 * distance - 2.5) * distance * distance + 1.0
    far = ((-0.5 * distance + 2.5) * distance - 4.0) * distance + 2.0
    return tf.where(distance < 1.0, near, tf.where(distance < 2.0, far, 0.0))


def _linear(distance):
    return tf.maximum(1.0 - distance, 0.0)


def _lanczos(distance):
    angle = math.pi * tf.maximum(distance, 1e-6)
    return tf.where(distance < 3.0, 3.0 * tf.sin(angle) * tf.sin(angle / 3.0) / angle**2, 0.0)


_KERNELS = {"bilinear": _linear, "bicubic": _cubic, "lanczos3": _lanczos}

#: Names of the interpolations that `resize` knows.
INTERPOLATIONS = ("nearest", "area", "bilinear", "bicubic", "lanczos3")


def resize_matrix(source, target, interpolation="bicubic", antialias=True, rows=None, columns=None):
    """Return the weights that resize one axis.

    Args:
        source: Number of pixels before: int, scalar, or a tensor of them, one per sample.
        target: Number of pixels after: int, scalar, or a tensor of them, one per sample.
        interpolation: `"nearest"`, `"area"` (mean of the covered interval), `"bilinear"`,
            `"bicubic"` or `"lanczos3"`.
        antialias: Whether the kernel widens when shrinking. `"area"` always covers.
        rows: Number of rows where `target` varies; rows past it are unused. Defaults to `target`.
        columns: Number of columns where `source` varies; those past it are zero. Defaults to
            `source`.

    Returns:
        float32 tensor `(..., rows, columns)`; each row sums to one.
    """
    as_choice("interpolation", interpolation, INTERPOLATIONS)
    length = tf.cast(source, tf.float32)[..., None, None]
    ratio = length / tf.cast(target, tf.float32)[..., None, None]
    row = tf.cast(tf.range(target if rows is None else rows), tf.float32)[:, None]
    column = tf.cast(tf.range(source if columns is None else columns), tf.float32)[None, :]
    # Unused rows repeat the last one, so that every row has weights.
    centre = tf.minimum((row + 0.5) * ratio, length - ratio / 2.0)
    if interpolation == "nearest":
        weights = tf.cast(tf.equal(tf.floor(centre), column), tf.float32)
    elif interpolation == "area":
        first, last = centre - ratio / 2.0, centre + ratio / 2.0
        weights = tf.minimum(column + 1.0, last) - tf.maximum(column, first)
        weights = tf.maximum(weights, 0.0)
    else:
        stretch = tf.maximum(ratio, 1.0) if antialias else 1.0
        weights = _KERNELS[interpolation](tf.abs(column + 0.5 - centre) / stretch)
    weights = tf.where(column < length, weights, 0.0)
    # Cutting the kernel at the border and renormalising is Pillow's rule.
    return weights / tf.reduce_sum(weights, axis=-1, keepdims=True)


def apply_matrices(images, vertical, horizontal, eight_bit=False):
    """Multiply both axes of images by matrices.

    Args:
        images: float32 tensor `(N, H, W, C)`.
        vertical: `(h, H)`, or `(N, h, H)` for one matrix per sample.
        horizontal: `(w, W)`, or `(N, w, W)`.
        eight_bit: Whether to round to 8-bit levels and clip before, between and after the
            products, the horizontal one first, as Pillow does.

    Returns:
        float32 tensor `(N, h, w, C)`.
    """
    if not eight_bit:
        # This way round the wide product, which has to move the channels, meets fewer rows.
        return multiply_rows(multiply_columns(images, vertical), horizontal)
    # Whole numbers keep sums exact that end in one half, so that they always round the same way.
    wide = _round_levels(multiply_rows(to_levels(images), horizontal))
    return from_levels(_round_levels(multiply_columns(wide, vertical)))


def multiply_rows(images, horizontal):
    """Multiply each row of images by a matrix `(w, W)`, or `(N, w, W)` for one per sample."""
    equation = "now,nhwc->nhoc" if horizontal.shape.rank == 3 else "ow,nhwc->nhoc"
    return tf.einsum(equation, horizontal, images)


def multiply_columns(images, vertical):
    """Multiply each column of images by a matrix `(h, H)`, or `(N, h, H)` for one per sample."""
    count, height, width, channels = tf.unstack(tf.shape(images))
    flat = tf.reshape(images, (count, height, width * channels))
    result = tf.reshape(tf.matmul(vertical, flat), (count, -1, width, channels))
    return tf.ensure_shape(
        result, (images.shape[0], vertical.shape[-2], images.shape[2], images.shape[3])
    )


def resize(images, size, interpolation="bicubic", antialias=True, eight_bit=False):
    """Resize a batch to any size.

    Where no kernel has to widen, TensorFlow's own are used: they have the same weights, `"bicubic"`
    ones from a table, which is a quarter of an 8-bit level at most, and read a few pixels for each
    that they write, while matrices read whole rows. On a GPU, TensorFlow runs `"area"` and
    `"bicubic"` of them on the host.

    Args:
        images: float32 tensor `(N, H, W, C)` in `[-1, 1]`.
        size: Height and width in pixels, ints or scalar int tensors.
        interpolation: One of `INTERPOLATIONS`. Defaults to `"bicubic"`.
        antialias: Whether the kernel widens when shrinking. Defaults to `True`.
        eight_bit: Whether to round and clip after each axis; with `"bicubic"` the result then
            equals `PIL.Image.resize(..., Image.BICUBIC)` within one level. Defaults to `False`.

    Returns:
        float32 tensor `(N, *size, C)`.

    Example:

    ```python
    small = resize(images, (32, 32), "area")
    ```

    Reference:
        Keys, "Cubic convolution interpolation for digital image processing", 1981, equation 4.
    """
    images = as_images(images)
    widens = interpolation == "lanczos3" or (antialias and interpolation in _KERNELS)
    if not (widens or eight_bit):
        as_choice("interpolation", interpolation, INTERPOLATIONS)
        return tf.image.resize(images, tf.stack(size), interpolation)
    matrices = [
        resize_matrix(source, target, interpolation, antialias)
        for source, target in zip(image_shape(images)[1:3], size, strict=True)
    ]
    return apply_matrices(images, *matrices, eight_bit=eight_bit)


def to_levels(images):
    """Return the nearest of the 256 levels of an 8-bit file.

    Args:
        images: float32 tensor; values outside `[-1, 1]` are clipped.

    Returns:
        float32 tensor of whole numbers from 0 to 255.
    """
    return _round_levels(images * 127.5 + 127.5)


def from_levels(levels):
    """Return levels from 0 to 255 in the range `[-1, 1]`.

    Args:
        levels: Tensor of numbers.

    Returns:
        float32 tensor.
    """
    # A product, because graphs turn the quotient into one, with another last bit; in this form
    # both ends are exactly -1 and 1.
    return (tf.cast(levels, tf.float32) - 127.5) * (1.0 / 127.5)


def to_eight_bit(images):
    """Clip to `[-1, 1]` and round to the 256 levels of an 8-bit file.

    Args:
        images: float32 tensor.

    Returns:
        float32 tensor of the same shape.
    """
    return from_levels(to_levels(images))


def _round_levels(levels):
    return tf.floor(tf.clip_by_value(levels, 0.0, 255.0) + 0.5)


class Downsample(Degradation):
    """Shrinks images by a whole factor.

    Args:
        scale: Factor, int of at least 1. Height and width should be multiples of it.
        interpolation: One of `INTERPOLATIONS`. Defaults to `"bicubic"`.
        eight_bit: Whether to round to 8-bit levels after each axis as Pillow does. Defaults to
            `True`.

    Example:

    ```python
    small = pipelines.degradations.Downsample(scale=4)(images, seed=(0, 0))
    ```
    """

    changes_size = True

    def __init__(self, scale, interpolation="bicubic", eight_bit=True):
        super().__init__()
        if isinstance(scale, bool) or not isinstance(scale, int) or scale < 1:
            raise ValueError(
                "Argument `scale` must be a whole number of at least 1. "
                f"Received: {scale!r}. Pass for example `scale=4`."
            )
        self.scale = scale
        self.interpolation = as_choice("interpolation", interpolation, INTERPOLATIONS)
        self.eight_bit = bool(eight_bit)

    def sample(self, draws):
        """Nothing is random."""
        return {}

    def output_shape(self, shape, params):
        """Divide height and width."""
        return shape // tf.constant([1, self.scale, self.scale, 1])

    def transform(self, images, params):
        """Shrink both axes."""
        size = [side // self.scale for side in image_shape(images)[1:3]]
        return resize(images, size, self.interpolation, eight_bit=self.eight_bit)


class Resize(Degradation):
    """Resizes a batch up, down or not, with an interpolation drawn too.

    All samples of a batch get the same size, because a batch has one; draw small batches, or many.

    Args:
        factor: Pair around 1: enlarging draws from 1 to the second number, shrinking from the
            first to 1. One number means this factor always. Defaults to `(0.15, 1.5)`.
        weights: How often to enlarge, to shrink and to keep the size. Defaults to
            `(0.2, 0.7, 0.1)`.
        interpolations: Names out of `INTERPOLATIONS`, chosen equally. Defaults to
            `("area", "bilinear", "bicubic")`.
        antialias: Whether kernels widen when shrinking. Defaults to `True`.
        clean_scale: `None`: factors are of the incoming size. A number s: of 1/s of the size that
            entered the recipe, so that `Resize(1, clean_scale=4)` ends a x4 recipe. Defaults to
            `None`.
        reciprocal: Whether to draw the reciprocal of the factor uniformly. Defaults to `False`.

    Example:

    ```python
    smaller = pipelines.degradations.Resize(factor=0.5)(images, seed=(0, 0))
    ```
    """

    changes_size = True

    def __init__(
        self,
        factor=(0.15, 1.5),
        weights=(0.2, 0.7, 0.1),
        interpolations=("area", "bilinear", "bicubic"),
        antialias=True,
        clean_scale=None,
        reciprocal=False,
    ):
        super().__init__()
        self.factor = as_range("factor", factor, 0.01)
        self.weights = as_weights("weights", weights, 3)
        if isinstance(interpolations, str) or not interpolations:
            raise ValueError(
                "Argument `interpolations` must be a sequence of names. "
                f"Received: {interpolations!r}. Pass for example `['bicubic']`."
            )
        self.interpolations = tuple(
            as_choice("interpolations", name, INTERPOLATIONS) for name in interpolations
        )
        self.antialias = bool(antialias)
        self.clean_scale = (
            None if clean_scale is None else as_range("clean_scale", clean_scale, 1)[0]
        )
        self.reciprocal = bool(reciprocal)

    def sample(self, draws):
        """Draw one size and one interpolation, and repeat them for every sample."""
        if self.clean_scale is None:
            base = tf.cast(draws.batch_shape[1:3], tf.float32)
        else:
            base = tf.cast(draws.clean_shape[1:3], tf.float32) / self.clean_scale
        factor = draws.for_batch(self._factor(draws))
        size = tf.maximum(tf.cast(tf.round(factor[:, None] * base), tf.int32), 1)
        chosen = draws.choice([1.0] * len(self.interpolations))
        return {
            "size": size,
            "interpolation": draws.for_batch(chosen),
        }

    def _factor(self, draws):
        low, high = self.factor
        if low == high:
            return low * tf.ones([draws.count])
        action = draws.choice(self.weights)
        first = tf.where(action == 0, max(low, 1.0), tf.where(action == 1, low, 1.0))
        last = tf.where(action == 0, high, tf.where(action == 1, min(high, 1.0), 1.0))
        unit = draws.uniform((0.0, 1.0))
        if self.reciprocal:
            return 1.0 / (1.0 / last + (1.0 / first - 1.0 / last) * unit)
        return first + (last - first) * unit

    def transform(self, images, params):
        """Resize by the interpolation that was chosen."""
        size = tf.unstack(params["size"][0])
        branches = [
            functools.partial(resize, images, size, name, self.antialias)
            for name in self.interpolations
        ]
        return tf.switch_case(params["interpolation"][0], branches)

    def output_shape(self, shape, params):
        """Return the shape with the drawn size."""
        return tf.concat([shape[:1], params["size"][0], shape[3:]], axis=0)


class LowResolution(Degradation):
    """Loses resolution: shrinks by a factor of its own for each sample, and enlarges again.

    Args:
        factor: Size in between as a share of the size, in `(0, 1]`. Defaults to `(0.5, 1.0)`.
        down: Interpolation that shrinks. Defaults to `"area"`.
        up: Interpolation that enlarges. Defaults to `"bicubic"`.
        probability: Chance that a sample is degraded. Defaults to 1.

    Example:

    ```python
    coarse = pipelines.degradations.LowResolution(factor=0.5)(images, seed=(0, 0))
    ```
    """

    def __init__(self, factor=(0.5, 1.0), down="area", up="bicubic", probability=1.0):
        super().__init__(probability)
        self.factor = as_range("factor", factor, 0.01, 1)
        self.down = as_choice("down", down, INTERPOLATIONS)
        self.up = as_choice("up", up, INTERPOLATIONS)

    def sample(self, draws):
        """Draw the factor."""
        return {"factor": draws.uniform(self.factor)}

    def transform(self, images, params):
        """Multiply each axis by one matrix that goes down and up."""
        matrices = [self._down_up(tf.shape(images)[axis], params["factor"]) for axis in (1, 2)]
        return tf.ensure_shape(apply_matrices(images, *matrices), images.shape)

    def _down_up(self, side, factor):
        small = tf.maximum(tf.round(factor * tf.cast(side, tf.float32)), 1.0)
        most = tf.cast(tf.reduce_max(small), tf.int32)
        down = resize_matrix(side, small, self.down, rows=most)
        return tf.matmul(resize_matrix(small, side, self.up, columns=most), down)

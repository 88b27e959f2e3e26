"""Random transformations of images, each sample by itself, with exact gradients.

`tf.raw_ops.ImageProjectiveTransformV3` gives the gradient of another function (it transforms the
gradient back instead of taking the adjoint), so images are resampled by gathering pixels.
"""

import math

import numpy as np
import tensorflow as tf

from zoo.core import randomness

# Deviations and largest values of appendix B, table 3.
_SHIFT, _SCALE, _FRACTION = 0.125, 0.2, 0.125
_BRIGHTNESS, _CONTRAST, _SATURATION = 0.2, 0.5, 1.0


#: What is drawn for each sample: names of uniform numbers, and of normal ones.
_APPLIED = (
    *("flip", "turn", "whole shift", "size", "rotation before", "aspect", "rotation after"),
    *("shift", "brightness", "contrast", "sign", "hue", "saturation"),
)
_UNIFORM = (
    *("flip", "turn", "whole shift x", "whole shift y", "rotation before", "rotation after"),
    *("sign", "hue"),
)
_NORMAL = ("size", "aspect", "shift x", "shift y", "brightness", "contrast", "saturation")


class Draws:
    """Numbers for each sample, and whether a transformation is applied to it.

    All are drawn at once: dozens of small draws would cost more than the transformations.

    Args:
        probability: Scalar tensor p in [0, 1], of each transformation.
        seed: int32 tensor `(2,)`, as of `zoo.core.randomness.step_seed`.
        stream: String that names the draws.
        count: Integer or scalar tensor, samples on this replica.
    """

    def __init__(self, probability, seed, stream, count):
        self.probability, self.count = probability, count

        def columns(draw, names):
            values = draw(seed, f"{stream}/{draw.__name__}", count, (len(names),))
            return dict(zip(names, tf.unstack(values, axis=1), strict=True))

        names = [*(f"{name} applied" for name in _APPLIED), *_UNIFORM]
        self._uniform = columns(randomness.uniform, names)
        self._normal = columns(randomness.normal, _NORMAL)

    def uniform(self, name):
        """Uniform in [0, 1), `(count,)`."""
        return self._uniform[name]

    def normal(self, name):
        """Standard normal, `(count,)`."""
        return self._normal[name]

    def applied(self, name, value, neutral, probability=None):
        """`value` with the probability p, else `neutral`, `(count,)`."""
        probability = self.probability if probability is None else probability
        return tf.where(self._uniform[f"{name} applied"] < probability, value, neutral)


def placement(draws, sides, blits=True, geometry=True):
    """Draw where each pixel of a transformed image comes from.

    Args:
        draws: `Draws`.
        sides: `(height, width)`.
        blits: Bool, flip, rotate by 90 degrees, shift by whole pixels.
        geometry: Bool, scale, rotate, scale anisotropically, rotate, shift by any distance.

    Returns:
        float32 `(count, 3, 3)`, for points `(x, y, 1)` in px from the image's centre.

    Reference:
        Karras et al. 2020, https://arxiv.org/abs/2006.06676, appendix B, figure 20.
    """
    matrix = tf.eye(3, batch_shape=[draws.count])
    steps = _blits(draws, sides) if blits else ()
    for step in (*steps, *(_geometry(draws, sides) if geometry else ())):
        matrix = tf.matmul(matrix, step)
    return matrix


def _blits(draws, sides):
    one = tf.ones([draws.count])
    flip = draws.applied("flip", tf.floor(2.0 * draws.uniform("flip")), 0.0)
    turns = draws.applied("turn", tf.floor(4.0 * draws.uniform("turn")), 0.0)
    # Cosine and sine of quarter turns, without a rounding error.
    cosine = tf.gather([1.0, 0.0, -1.0, 0.0], tf.cast(turns, tf.int32))
    sine = tf.gather([0.0, 1.0, 0.0, -1.0], tf.cast(turns, tf.int32))
    shifts = [
        tf.round(side * _SHIFT * (2.0 * draws.uniform(f"whole shift {axis}") - 1.0))
        for axis, side in _axes(sides)
    ]
    return (
        _linear(1.0 - 2.0 * flip, 0.0 * one, 0.0 * one, one),
        _linear(cosine, -sine, sine, cosine),
        _shift(draws, "whole shift", shifts),
    )


def _geometry(draws, sides):
    size = draws.applied("size", 2.0 ** (_SCALE * draws.normal("size")), 1.0)
    aspect = draws.applied("aspect", 2.0 ** (_SCALE * draws.normal("aspect")), 1.0)
    zero = tf.zeros([draws.count])
    shifts = [side * _FRACTION * draws.normal(f"shift {axis}") for axis, side in _axes(sides)]
    return (
        _linear(size, zero, zero, size),
        _rotation(draws, "rotation before"),
        _linear(aspect, zero, zero, 1.0 / aspect),
        _rotation(draws, "rotation after"),
        _shift(draws, "shift", shifts),
    )


def _axes(sides):
    height, width = sides
    return ("x", width), ("y", height)


def _rotation(draws, name):
    # There are two: at least one of them is applied with probability p.
    probability = 1.0 - tf.sqrt(1.0 - draws.probability)
    angle = math.pi * (2.0 * draws.uniform(name) - 1.0)
    angle = draws.applied(name, angle, 0.0, probability)
    return _linear(tf.cos(angle), -tf.sin(angle), tf.sin(angle), tf.cos(angle))


def _shift(draws, name, shifts):
    applied = draws.applied(name, tf.ones([draws.count]), 0.0)
    one, zero = tf.ones([draws.count]), tf.zeros([draws.count])
    return _rows((one, zero, applied * shifts[0]), (zero, one, applied * shifts[1]))


def _linear(a, b, c, d):
    zero = tf.zeros_like(a)
    return _rows((a, b, zero), (c, d, zero))


def _rows(first, second):
    last = (tf.zeros_like(first[0]), tf.zeros_like(first[0]), tf.ones_like(first[0]))
    return tf.stack([tf.stack(row, axis=-1) for row in (first, second, last)], axis=-2)


def resampled(images, matrices):
    """Take each pixel from another place: bilinear, mirrored at the borders.

    Args:
        images: float32 `(N, H, W, C)`, H and W known.
        matrices: float32 `(N, 3, 3)`, as of `placement`.

    Returns:
        float32 `(N, H, W, C)`; for whole shifts the very same numbers.

    Example:

    >>> flip = tf.constant([[[-1.0, 0, 0], [0, 1, 0], [0, 0, 1]]])
    >>> resampled(tf.reshape(tf.constant([1.0, 2, 3, 4]), (1, 2, 2, 1)), flip)[0, :, :, 0].numpy()
    array([[2., 1.],
           [4., 3.]], dtype=float32)
    """
    count, (height, width, channels) = tf.shape(images)[0], images.shape[1:]
    centre = np.array([(width - 1) / 2.0, (height - 1) / 2.0], "float32")
    y, x = np.mgrid[:height, :width].astype("float32")
    points = np.stack([x - centre[0], y - centre[1], np.ones_like(x)]).reshape(3, -1)
    places = tf.matmul(matrices[:, :2], points[None]) + centre[None, :, None]
    (left, right, along), (top, bottom, down) = (
        _neighbours(places[:, axis], side) for axis, side in ((0, width), (1, height))
    )
    pixels = tf.reshape(images, (-1, channels))
    first = tf.range(count)[:, None] * (height * width)

    def row(y):
        start = first + y * width
        one, other = tf.gather(pixels, start + left), tf.gather(pixels, start + right)
        return one + along * (other - one)

    upper = row(top)
    return tf.reshape(upper + down * (row(bottom) - upper), tf.shape(images))


def _neighbours(places, side):
    """Indices of the pixels on both sides of each place, and how far it is to the second."""
    last = float(side - 1)
    # A mirror at the outermost pixels repeats after twice the distance between them.
    inside = last - tf.abs(tf.math.floormod(places, 2.0 * last) - last)
    before = tf.floor(inside)
    index = tf.cast(before, tf.int32)
    return index, tf.minimum(index + 1, side - 1), (inside - before)[..., None]


def recoloured(images, draws):
    """Change brightness, contrast, sign, hue and saturation, each with the probability p.

    Args:
        images: float32 `(N, H, W, C)`, C = 1 or 3; one channel has neither hue nor saturation.
        draws: `Draws`.

    Returns:
        float32 `(N, H, W, C)`; the very same numbers for samples to which nothing is applied.

    Reference:
        Karras et al. 2020, https://arxiv.org/abs/2006.06676, appendix B, figure 21.
    """
    brightness = draws.applied("brightness", _BRIGHTNESS * draws.normal("brightness"), 0.0)
    contrast = draws.applied("contrast", 2.0 ** (_CONTRAST * draws.normal("contrast")), 1.0)
    sign = 1.0 - 2.0 * draws.applied("sign", tf.floor(2.0 * draws.uniform("sign")), 0.0)
    offset = (brightness * contrast * sign)[:, None, None]
    shape = tf.shape(images)
    pixels = tf.reshape(images, (shape[0], -1, images.shape[-1]))
    if images.shape[-1] == 1:
        return tf.reshape(pixels * (contrast * sign)[:, None, None] + offset, shape)
    angle = math.pi * (2.0 * draws.uniform("hue") - 1.0)
    hue = draws.applied("hue", angle, 0.0)
    saturation = 2.0 ** (_SATURATION * draws.normal("saturation"))
    saturation = draws.applied("saturation", saturation, 1.0)
    matrix = contrast[:, None, None] * _colour_matrix(sign, hue, saturation)
    return tf.reshape(tf.matmul(pixels, matrix, transpose_b=True) + offset, shape)


def _colour_matrix(sign, hue, saturation):
    """`(N, 3, 3)`: the gray axis changes its sign, what is across it turns and stretches."""
    sign, hue, saturation = (each[:, None, None] for each in (sign, hue, saturation))
    gray = np.full((3, 3), 1.0 / 3.0, "float32")
    across = np.eye(3, dtype="float32") - gray
    turn = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]], "float32") / np.sqrt(np.float32(3))
    turned = tf.cos(hue) * across + tf.sin(hue) * turn
    changed = (sign != 1.0) | (hue != 0.0) | (saturation != 1.0)
    return tf.where(changed, sign * gray + saturation * turned, tf.eye(3))

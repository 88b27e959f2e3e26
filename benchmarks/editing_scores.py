"""Measures of edited images that need no model of the zoo."""

import numpy as np
from scipy import ndimage

from pipelines import to_uint8

_WINDOW = 13  # side in px of the kernels that are looked for; odd
_PIXELS = 6000  # of which each kernel is estimated


def psnr(one, other, where=None):
    """PSNR in dB of 8-bit rounded images, of all pixels or of those of a mask."""
    gap = to_uint8(one).astype(np.float64) - to_uint8(other)
    gap = gap if where is None else gap[np.broadcast_to(where, gap.shape)]
    return 10 * np.log10(255**2 / max(np.mean(gap**2), 1e-10))


def mean_psnr(ones, others, where=None):
    """PSNR of the mean squared error of all images, to which one that is unchanged adds 0."""
    return float(psnr(np.asarray(ones), np.asarray(others), where))


def background(side):
    """Mask `(side, side, 1)` of what lies outside of an ellipse that holds an aligned face."""
    y, x = np.mgrid[:side, :side] / (side - 1) * 2 - 1
    return ((x / 0.85) ** 2 + y**2 > 1)[..., None]


def recognised(before, after):
    """Share of images after an edit that are nearest to what they were, of all images before it.

    Args:
        before: Float `(N, D)`, what a network sees in the images.
        after: Float `(N, D)`, what it sees in the edited ones.

    Returns:
        Float in [0, 1], by the angle between vectors.
    """
    before, after = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (before, after))
    return float(np.mean((after @ before.T).argmax(axis=1) == np.arange(len(before))))


def kernel(before, after):
    """The kernel that blurs one image into the other, by least squares.

    Args:
        before: Float `(H, W, C)`.
        after: Float `(H, W, C)`.

    Returns:
        Float `(13, 13)`, without negative values, of sum 1.
    """
    before, after = (np.asarray(each, np.float64).mean(axis=-1) for each in (before, after))
    windows = np.lib.stride_tricks.sliding_window_view(before, (_WINDOW, _WINDOW))
    margin = _WINDOW // 2
    wanted = after[margin:-margin, margin:-margin].ravel()
    chosen = np.random.default_rng(0).permutation(wanted.size)[:_PIXELS]
    samples = windows.reshape(wanted.size, -1)[chosen]
    # What cannot be told, because the image lacks such frequencies, is left at nothing.
    normal = samples.T @ samples
    normal += 1e-4 * np.trace(normal) / len(normal) * np.eye(len(normal))
    found = np.linalg.solve(normal, samples.T @ wanted[chosen]).reshape(_WINDOW, _WINDOW)
    found = np.where(found > 0.15 * found.max(), found, 0.0)
    return found / found.sum()


def motion(before, after):
    """Length in px and direction in degrees, [0, 180), of the motion blur between two images."""
    weights = kernel(before, after)
    y, x = np.mgrid[:_WINDOW, :_WINDOW] - (_WINDOW - 1) / 2
    x, y = x - (weights * x).sum(), y - (weights * y).sum()
    spread = np.array([[(weights * a * b).sum() for a in (x, y)] for b in (x, y)])
    values, vectors = np.linalg.eigh(spread)
    # The variance of a line of length L is that of a uniform distribution over L pixels.
    length = np.sqrt(12 * max(values[1] - values[0], 0) + 1)
    angle = np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1])) % 180
    return length, angle


def blur_errors(before, after, length, angle):
    """How well lengths and directions of blur are found in images `(N, H, W, C)`.

    Args:
        before: Images.
        after: The same, blurred.
        length: Float `(N,)` in px, at least 4.
        angle: Float `(N,)` in degrees.

    Returns:
        Dict of the mean error of the length, the median error of the direction, and the share of
        images whose length is found within 2 px and whose direction within 15 degrees.
    """
    found = np.array([motion(*pair) for pair in zip(before, after, strict=True)])
    length_error = np.abs(found[:, 0] - length)
    angle_error = np.array([angle_between(*pair) for pair in zip(found[:, 1], angle, strict=True)])
    return {
        "length_error_px": float(length_error.mean()),
        "angle_error_degrees": float(np.median(angle_error)),
        "recovered": float(((length_error < 2) & (angle_error < 15)).mean()),
    }


def light_error(before, after, places):
    """Mean distance of the brightest places of images from `(N, 2)`, in sides of the image."""
    found = [brightest_place(*pair) for pair in zip(before, after, strict=True)]
    return float(np.hypot(*(np.array(found) - places).T).mean() / 2)


def angle_between(one, other):
    """Difference of two directions in degrees, [0, 90]."""
    gap = abs(one - other) % 180
    return min(gap, 180 - gap)


def brightest_place(before, after):
    """Where an image was made brightest, `(x, y)` from -1 to 1."""
    unit = [(np.asarray(each).mean(axis=-1) + 1) / 2 for each in (before, after)]
    blurred = [ndimage.gaussian_filter(each, each.shape[0] / 12) for each in unit]
    gain = blurred[1] / (blurred[0] + 0.05)
    y, x = np.unravel_index(gain.argmax(), gain.shape)
    return 2 * x / (gain.shape[1] - 1) - 1, 2 * y / (gain.shape[0] - 1) - 1

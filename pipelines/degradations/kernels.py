"""Blur kernels, one per sample, as functions of tensors of parameters."""

import math

import tensorflow as tf


def grid(size):
    """Return the coordinates of a kernel's taps, `(size, size)` each, zero in the centre.

    Args:
        size: Odd int.
    """
    axis = tf.range(size, dtype=tf.float32) - (size - 1) / 2.0
    return axis[:, None] * tf.ones([1, size]), axis[None, :] * tf.ones([size, 1])


def _wide(values):
    return tf.reshape(values, (-1, 1, 1))


def squared_radius(size, sigma_px, angle):
    """Return the squared distance to the centre in units of an ellipse's axes.

    Args:
        size: Odd int.
        sigma_px: float32 tensor `(N, 2)`, the two half axes in pixels.
        angle: float32 tensor `(N,)`, of the first axis against the rows, radians.

    Returns:
        float32 tensor `(N, size, size)`.
    """
    y, x = grid(size)
    cos, sin = _wide(tf.cos(angle)), _wide(tf.sin(angle))
    # A deviation of zero is the identity: every tap but the centre is far away.
    first, second = (_wide(tf.maximum(sigma_px[:, axis], 1e-3)) for axis in (0, 1))
    return ((x * cos + y * sin) / first) ** 2 + ((y * cos - x * sin) / second) ** 2


def generalized_gaussian(squared, beta):
    """Return `exp(-q ** beta / 2)`; a beta of one is the Gaussian.

    Args:
        squared: What `squared_radius` returned, q.
        beta: float32 tensor `(N,)`; below one peaked, above one flat.

    Returns:
        float32 tensor of the same shape, not normalised.
    """
    return tf.exp(-0.5 * tf.pow(squared, _wide(beta)))


def plateau(squared, beta):
    """Return `1 / (1 + q ** beta)`.

    Args:
        squared: What `squared_radius` returned, q.
        beta: float32 tensor `(N,)`; the larger, the steeper the border of the plateau.

    Returns:
        float32 tensor of the same shape, not normalised.
    """
    return 1.0 / (1.0 + tf.pow(squared, _wide(beta)))


def sinc(size, cutoff):
    """Return the circular low-pass filter, which rings.

    With r the distance to the centre, `cutoff * J1(cutoff * r) / (2 * pi * r)`.

    Args:
        size: Odd int.
        cutoff: float32 tensor `(N,)` in radians per pixel, up to pi.

    Returns:
        float32 tensor `(N, size, size)`, not normalised.

    Reference:
        Wang et al., Real-ESRGAN, https://arxiv.org/abs/2107.10833, equation 6.
    """
    y, x = grid(size)
    radius = tf.sqrt(y * y + x * x)
    cutoff = _wide(cutoff)
    # J1(z) tends to z / 2 at the centre, where the quotient is not defined.
    safe = tf.maximum(radius, 1e-3)
    rings = cutoff * tf.math.special.bessel_j1(cutoff * safe) / (2.0 * math.pi * safe)
    return tf.where(radius > 0, rings, cutoff**2 / (4.0 * math.pi))


def motion(size, length_px, angle):
    """Return the path of a point that moves straight during the exposure.

    Args:
        size: Odd int.
        length_px: float32 tensor `(N,)`, length of the path.
        angle: float32 tensor `(N,)`, against the rows, radians.

    Returns:
        float32 tensor `(N, size, size)`, not normalised.
    """
    y, x = grid(size)
    cos, sin = _wide(tf.cos(angle)), _wide(tf.sin(angle))
    on, off = tf.abs(x * cos + y * sin), tf.abs(y * cos - x * sin)
    covered = tf.clip_by_value(_wide(length_px) / 2.0 + 0.5 - on, 0.0, 1.0)
    return covered * tf.maximum(1.0 - off, 0.0)


def normalise(kernels, size_px=None):
    """Cut kernels to a size of their own and scale them to the sum one.

    Args:
        kernels: float32 tensor `(N, size, size)`.
        size_px: int32 tensor `(N,)`, odd; `None` keeps all taps.

    Returns:
        float32 tensor of the same shape; each sums to one.
    """
    if size_px is not None:
        y, x = grid(kernels.shape[-1])
        reach = _wide(tf.cast(size_px, tf.float32)) / 2.0
        kernels = tf.where(tf.maximum(tf.abs(y), tf.abs(x)) < reach, kernels, 0.0)
    return kernels / tf.reduce_sum(kernels, axis=(1, 2), keepdims=True)

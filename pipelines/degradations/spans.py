"""Filling convex shapes row by row: two updates for each row instead of one for each pixel."""

import tensorflow as tf

_FAR = 1e9


def capsule_spans(start, end, radius, height):
    """Return where thick line segments with round ends cross each row.

    Args:
        start: float32 tensor `(M, 2)`, row and column.
        end: float32 tensor `(M, 2)`.
        radius: float32 tensor `(M,)`, half the thickness in pixels.
        height: Number of rows, scalar int32.

    Returns:
        Left and right ends, float32 `(M, height)`; left exceeds right where there is nothing.
    """
    row = (tf.cast(tf.range(height), tf.float32) + 0.5)[None, :]
    lefts, rights = [], []
    for centre in (start, end):
        down = row - centre[:, :1]
        half = tf.sqrt(tf.maximum(radius[:, None] ** 2 - down**2, 0.0))
        touched = tf.abs(down) <= radius[:, None]
        lefts.append(tf.where(touched, centre[:, 1:] - half, _FAR))
        rights.append(tf.where(touched, centre[:, 1:] + half, -_FAR))
    way = end - start
    normal = tf.stack([-way[:, 1], way[:, 0]], axis=1) * radius[:, None]
    normal = tf.math.divide_no_nan(normal, tf.norm(way, axis=1, keepdims=True))
    corners = [start + normal, end + normal, end - normal, start - normal]
    for first, second in zip(corners, corners[1:] + corners[:1], strict=True):
        rise = second[:, :1] - first[:, :1]
        share = tf.math.divide_no_nan(row - first[:, :1], rise)
        crossed = (share >= 0.0) & (share <= 1.0) & (tf.abs(rise) > 1e-6)
        column = first[:, 1:] + share * (second - first)[:, 1:]
        lefts.append(tf.where(crossed, column, _FAR))
        rights.append(tf.where(crossed, column, -_FAR))
    return tf.reduce_min(tf.stack(lefts), axis=0), tf.reduce_max(tf.stack(rights), axis=0)


def fill_spans(shape, samples, left, right):
    """Fill the pixels whose centres lie between the ends.

    Args:
        shape: Shape `(N, H, W, C)` of the images, int32 tensor.
        samples: int32 tensor `(M,)`, to which image each shape belongs.
        left: float32 tensor `(M, H)`.
        right: float32 tensor `(M, H)`.

    Returns:
        float32 tensor `(N, H, W, 1)` of zeros and ones.
    """
    count, height, width = shape[0], shape[1], shape[2]
    limit = tf.cast(width, tf.float32)
    first = tf.cast(tf.math.ceil(tf.clip_by_value(left, 0.0, limit + 1.0) - 0.5), tf.int32)
    stop = tf.cast(tf.math.ceil(tf.clip_by_value(right, 0.0, limit) - 0.5), tf.int32)
    filled = tf.where(stop > first)
    sample = tf.gather(samples, filled[:, 0])
    base = (sample * height + tf.cast(filled[:, 1], tf.int32)) * (width + 1)
    index = tf.concat(
        [base + tf.gather_nd(first, filled), base + tf.gather_nd(stop, filled)], axis=0
    )
    ones = tf.ones_like(base, tf.float32)
    changes = tf.scatter_nd(
        index[:, None], tf.concat([ones, -ones], axis=0), [count * height * (width + 1)]
    )
    depth = tf.cumsum(tf.reshape(changes, (count, height, width + 1)), axis=2)
    return tf.cast(depth[:, :, :-1, None] > 0.5, tf.float32)

"""Drawing lines, specks and smooth fields into batches, with work that follows what is drawn."""

import tensorflow as tf

from pipelines.degradations.draws import normal_fields
from pipelines.degradations.resampling import apply_matrices, resize_matrix

#: Side in pixels of the square for which counts of damage are given.
REFERENCE_SIDE = 128.0

#: Up to this side, details keep their size in pixels; larger images are sharper scans.
DETAIL_SIDE = 512.0


def image_side(shape):
    """Return the side of the square with the area of an image of shape `(N, H, W, C)`."""
    return tf.sqrt(tf.cast(shape[1], tf.float32) * tf.cast(shape[2], tf.float32))


def detail_scale(shape):
    """Return how much thicker a detail is drawn than in an image of ordinary size."""
    return tf.maximum(1.0, image_side(shape) / DETAIL_SIDE)


def scaled_count(draws, limits, power):
    """Draw how many things each sample gets, growing with the image.

    Args:
        draws: A `Draws`.
        limits: Pair of ints, both inclusive, for an image of `REFERENCE_SIDE` squared.
        power: Growth with the side of the image: 2 keeps the number per area, 1 the length per
            area of lines that span the image.

    Returns:
        The counts, int32 `(N,)`, and the largest count possible, scalar int32.
    """
    growth = tf.pow(image_side(draws.batch_shape) / REFERENCE_SIDE, power)
    growth = growth / tf.pow(detail_scale(draws.batch_shape), power)
    count = tf.cast(draws.integer(limits), tf.float32)
    # A small image still shows what was asked for.
    scaled = tf.where(count > 0, tf.maximum(tf.round(count * growth), 1.0), 0.0)
    most = tf.maximum(tf.math.ceil(limits[1] * growth), 1.0)
    return tf.cast(scaled, tf.int32), tf.cast(most, tf.int32)


def along(values, length):
    """Interpolate random values smoothly along lines.

    Args:
        values: float32 tensor `(N, K, G)`, G values at equal steps.
        length: Number of pixels along the line, scalar.

    Returns:
        float32 tensor `(N, K, length)`.
    """
    weights = resize_matrix(tf.shape(values)[-1], length, "bicubic")
    return tf.einsum("nkg,tg->nkt", values, weights)


def smooth_field(seeds, height, width, cell):
    """Draw one smooth random field per sample.

    Args:
        seeds: int32 tensor `(N, 2)`.
        height: Pixels, scalar.
        width: Pixels, scalar.
        cell: Distance in pixels between independent values, scalar float.

    Returns:
        float32 tensor `(N, height, width, 1)` of about unit variance.
    """
    cells = [
        tf.cast(tf.math.ceil(tf.cast(side, tf.float32) / cell), tf.int32) + 1
        for side in (height, width)
    ]
    grid = normal_fields(seeds, (cells[0], cells[1], 1))
    vertical = resize_matrix(cells[0], height, "bicubic")
    horizontal = resize_matrix(cells[1], width, "bicubic")
    return apply_matrices(grid, vertical, horizontal)


def coverage(distance, width):
    """Return how much of a pixel a line of the given width covers.

    Args:
        distance: From the centre of the pixel to the middle of the line, pixels.
        width: Of the line, pixels; below one it is fainter instead of thinner.

    Returns:
        float32 tensor in `[0, 1]`.
    """
    return tf.clip_by_value(0.5 + width / 2.0 - tf.abs(distance), 0.0, tf.minimum(width, 1.0))


def line_paths(shape, params, jitters):
    """Return where lines run that cross an image along its height or its width.

    Args:
        shape: Shape `(N, H, W, C)` of the images, int32 tensor.
        params: Dict with `count` `(N,)` and, of shape `(N, K)`: `vertical`; `position`, across, in
            the middle of the image, and `middle` and `length`, along, as shares of the sides;
            `slope`; and `bend` `(N, K, G)`, a share of the side across.
        jitters: Names of parameters `(N, K, G)` that displace the line by pixels.

    Returns:
        Positions across at each step along, float32 `(N, K, T)` with T the longer side, and the
        visibility of the same shape in `[0, 1]`.
    """
    height, width = tf.cast(shape[1], tf.float32), tf.cast(shape[2], tf.float32)
    steps = tf.maximum(shape[1], shape[2])
    upright = params["vertical"][..., None]
    span, across = tf.where(upright, height, width), tf.where(upright, width, height)
    progress = tf.cast(tf.range(steps), tf.float32) / span
    centres = params["position"][..., None] * across
    centres += params["slope"][..., None] * (progress - 0.5) * span
    centres += along(params["bend"], steps) * across
    for jitter in jitters:
        centres += along(params[jitter], steps) * detail_scale(shape)
    inside = params["length"][..., None] / 2.0 - tf.abs(progress - params["middle"][..., None])
    drawn = tf.sequence_mask(params["count"], tf.shape(upright)[1], tf.float32)
    return centres, tf.clip_by_value(inside * 12.0, 0.0, 1.0) * drawn[..., None]


def line_pixels(centres, params, reach):
    """Return the pixels near lines, and how far away they are.

    Args:
        centres: What `line_paths` returned.
        params: Dict with `vertical` and `slope`, `(N, K)`.
        reach: How many pixels to each side, scalar int.

    Returns:
        Rows and columns, int32 `(N, K, T, 2 * reach + 1)`, and the signed distance in pixels.
    """
    nearest = tf.round(centres)
    across = nearest[..., None] + tf.cast(tf.range(-reach, reach + 1), tf.float32)
    # A slanted line is nearer than the distance along one axis says.
    distance = across - centres[..., None]
    distance *= tf.math.rsqrt(1.0 + params["slope"] ** 2)[..., None, None]
    step = tf.broadcast_to(tf.range(tf.shape(centres)[2])[:, None], tf.shape(across))
    across = tf.cast(across, tf.int32)
    upright = params["vertical"][..., None, None]
    return tf.where(upright, step, across), tf.where(upright, across, step), distance


def paint(shape, rows, columns, values):
    """Draw pixels on empty canvases; the largest value wins where they meet.

    Args:
        shape: Shape `(N, H, W, C)` of the images.
        rows: int32 tensor `(N, ...)`; pixels outside are dropped.
        columns: int32 tensor `(N, ...)`.
        values: float32 tensor `(N, ...)`, at least zero.

    Returns:
        float32 tensor `(N, H, W, 1)`.
    """
    count, height, width = shape[0], shape[1], shape[2]
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width) & (values > 0)
    sample = tf.range(count) * height * width
    sample = tf.reshape(sample, tf.concat([[-1], tf.ones([tf.rank(rows) - 1], tf.int32)], 0))
    index = tf.boolean_mask(sample + rows * width + columns, inside)
    canvas = tf.tensor_scatter_nd_max(
        tf.zeros([count * height * width]), index[:, None], tf.boolean_mask(values, inside)
    )
    return tf.reshape(canvas, (count, height, width, 1))

"""Restore large images tile by tile inside a graph, as `zoo.restore` does outside of one.

The tiles are those of `zoo.core.tile_grid.TileGrid`, computed by the graph for the size that comes.
"""

import tensorflow as tf

from zoo.core import tile_grid


def tile_by_tile(run, pixels, field, channels):
    """Run a network on an image, of which it sees one window at a time.

    Memory is that of the image, of what becomes of it, and of one window.

    Args:
        run: Function of a window `(h, w, C)` to uint8 `(h scale, w scale, C')`. Sides of windows
            are multiples of `field.multiple`.
        pixels: Tensor `(H, W, C)` of any type, of any size.
        field: `zoo.core.receptive_field.ReceptiveField` of the network.
        channels: Integer, C'.

    Returns:
        uint8 tensor `(H scale, W scale, channels)`.
    """
    grid = _Grid(tf.shape(pixels)[:2], field)

    def tile(top, left):
        start = grid.window_start(tf.stack([top, left]))
        window = pixels
        for axis in (0, 1):
            positions = start[axis] + tf.range(grid.window[axis])
            window = tf.gather(window, _reflected(positions, grid.size[axis]), axis=axis)
        begin = (tf.stack([top, left]) - start) * field.scale
        end = begin + tf.minimum(grid.tile, grid.size - [top, left]) * field.scale
        return run(window)[begin[0] : end[0], begin[1] : end[1]]

    def row(top):
        # Parts are joined along their first axis.
        parts = _each(grid.starts(1), lambda left: tf.transpose(tile(top, left), (1, 0, 2)))
        return tf.transpose(parts, (1, 0, 2))

    return tf.ensure_shape(_each(grid.starts(0), row), (None, None, channels))


class _Grid:
    """Where tiles lie: `TileGrid` with sizes that are tensors."""

    def __init__(self, size, field):
        multiple = field.multiple
        overlap = field.radius if field.is_finite else tile_grid.DEFAULT_OVERLAP
        self._overlap = _up(overlap, multiple)
        side = tile_grid.default_side(field.scale, self._overlap)
        is_whole = tf.reduce_max(size) <= tile_grid.WHOLE_SIDE
        if not field.is_finite:
            is_whole |= tf.reduce_prod(tf.cast(size, tf.int64)) <= tile_grid.WHOLE_AREA
        side = tf.where(is_whole, tf.reduce_max(size), side)
        self.size = size
        self._padded = _up(size, multiple)
        count = _ceil(size, side)
        self.tile = tf.where(
            side + 2 * self._overlap >= self._padded,
            self._padded,
            _ceil(size, count * multiple) * multiple,
        )
        self.window = tf.minimum(self.tile + 2 * self._overlap, self._padded)

    def starts(self, axis):
        """Where tiles begin along an axis."""
        return tf.range(0, self.size[axis], self.tile[axis])

    def window_start(self, start):
        """Where the window of a tile begins."""
        return tf.clip_by_value(start - self._overlap, 0, self._padded - self.window)


def _each(numbers, function):
    """What a function makes of numbers, one after the other, joined along the first axis."""

    def step(index, parts):
        return index + 1, parts.write(index, function(numbers[index]))

    parts = tf.TensorArray(tf.uint8, tf.size(numbers), infer_shape=False)
    count = tf.size(numbers)
    _, parts = tf.while_loop(
        lambda index, _: index < count, step, (0, parts), parallel_iterations=1
    )
    return parts.concat()


def _reflected(positions, length):
    """Indices that walk back and forth between the first and the last pixel."""
    period = tf.maximum(2 * (length - 1), 1)
    positions = positions % period
    return tf.minimum(positions, period - positions)


def _ceil(value, divisor):
    return -(-value // divisor)


def _up(value, multiple):
    return _ceil(value, multiple) * multiple

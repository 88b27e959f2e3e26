"""Regions of images: where they lie, and layers that cut them out, place and assemble them.

Regions travel as samples: `(N R, ...)`, the R regions of the first image first, so that one network
can work on all of them at once.
"""

import math

import keras
import numpy as np
import tensorflow as tf


def region_boxes(image_size, regions=(2, 2), overlap=0):
    """Cover a square image with a grid of regions of one size.

    Args:
        image_size: Integer, side of the image in px.
        regions: `(rows, columns)`, integers from 1 on. Defaults to `(2, 2)`.
        overlap: Float, px that neighbours share at least, less than the side of a region that
            shares none; or a pair, for rows and for columns. Defaults to 0.

    Returns:
        Tuple of `(top, left, height, width)` in px, row by row.

    Raises:
        ValueError: If there is no such grid.

    Example:

    >>> region_boxes(8, (1, 2), overlap=2)
    ((0, 0, 8, 5), (0, 3, 8, 5))
    """
    regions = regions if isinstance(regions, list | tuple) else (regions,)
    if len(regions) != 2 or not all(_is_count(count, image_size) for count in regions):
        raise ValueError(
            "`regions` must be (rows, columns), integers from 1 to the side of the image in px. "
            f"Received: regions={regions!r} for {image_size} px"
        )
    overlaps = overlap if isinstance(overlap, list | tuple) else (overlap, overlap)
    for count, shared in zip(regions, overlaps, strict=True):
        if not 0 <= shared < image_size / count:
            raise ValueError(
                "`overlap` must be 0 or more, and less than the side of a region without it: "
                f"{image_size / count:g} px. Received: overlap={overlap!r}"
            )
    rows, columns = (_spans(image_size, *axis) for axis in zip(regions, overlaps, strict=True))
    return tuple((top, left, height, width) for top, height in rows for left, width in columns)


def _is_count(count, limit):
    return isinstance(count, int) and not isinstance(count, bool) and 1 <= count <= limit


def _spans(size, count, overlap):
    """Start and length of `count` equal spans, evenly spread from end to end."""
    length = math.ceil((size + (count - 1) * overlap) / count)
    step = (size - length) / max(count - 1, 1)
    return [(math.floor(index * step + 0.5), length) for index in range(count)]


class BoxLayer(keras.layers.Layer):
    """Base of the layers without weights that know where regions lie.

    Args:
        boxes: Sequence of `(top, left, height, width)` in px, as of `region_boxes`.
    """

    def __init__(self, boxes, **kwargs):
        super().__init__(**kwargs)
        self.boxes = tuple(tuple(int(side) for side in box) for box in boxes)
        if len({box[2:] for box in self.boxes}) != 1:
            raise ValueError(
                "`boxes` must hold regions (top, left, height, width) of one height and width. "
                f"Received: boxes={boxes!r}"
            )
        self.region_size = self.boxes[0][2:]
        self.image_size = tuple(
            max(box[axis] + box[axis + 2] for box in self.boxes) for axis in (0, 1)
        )

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "boxes": self.boxes}


@keras.saving.register_keras_serializable(package="zoo")
class CropRegions(BoxLayer):
    """Cut the regions out of images: `(N, H, W, C)` to `(N R, height, width, C)`.

    Args:
        boxes: Sequence of `(top, left, height, width)` in px, as of `region_boxes`.

    Example:

    >>> CropRegions(region_boxes(8, (2, 2)))(keras.ops.ones((3, 8, 8, 1))).shape
    TensorShape([12, 4, 4, 1])
    """

    def call(self, inputs):
        """Cut regions out of `inputs`, float `(N, H, W, C)`."""
        parts = [
            inputs[:, top : top + height, left : left + width]
            for top, left, height, width in self.boxes
        ]
        return tf.reshape(tf.stack(parts, axis=1), (-1, *self.region_size, inputs.shape[-1]))

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        count = None if input_shape[0] is None else input_shape[0] * len(self.boxes)
        return (count, *self.region_size, input_shape[-1])


@keras.saving.register_keras_serializable(package="zoo")
class AssembleRegions(BoxLayer):
    """Put regions together to images: `(N R, height, width, C)` to `(N, H, W, C)`.

    Where regions overlap, one fades into the other along a raised cosine: the weights and their
    slopes are continuous, and they sum to 1 at each pixel. A region's own border, where its
    network sees zeros beyond it, has a weight of next to nothing.

    Args:
        boxes: Sequence of `(top, left, height, width)` in px, as of `region_boxes`.

    Example:

    >>> boxes = region_boxes(8, (2, 2), overlap=2)
    >>> AssembleRegions(boxes)(CropRegions(boxes)(keras.ops.ones((3, 8, 8, 1)))).shape
    TensorShape([3, 8, 8, 1])
    """

    def windows(self):
        """Weight of each pixel of each region, float32 `(R, height, width)`."""
        rows, columns = (
            _fades({box[axis] for box in self.boxes}, self.region_size[axis]) for axis in (0, 1)
        )
        return np.stack([np.outer(rows[top], columns[left]) for top, left, *_ in self.boxes])

    def call(self, inputs):
        """Blend the regions `inputs`, float `(N R, height, width, C)`."""
        height, width = self.image_size
        count, channels = len(self.boxes), inputs.shape[-1]
        parts = tf.unstack(tf.reshape(inputs, (-1, count, *self.region_size, channels)), axis=1)
        padded = []
        for (top, left, high, wide), part, window in zip(
            self.boxes, parts, self.windows(), strict=True
        ):
            beyond = [[0, 0], [top, height - top - high], [left, width - left - wide], [0, 0]]
            padded.append(tf.pad(part * tf.constant(window[..., None], part.dtype), beyond))
        return tf.add_n(padded)

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        count = None if input_shape[0] is None else input_shape[0] // len(self.boxes)
        return (count, *self.image_size, input_shape[-1])


def _fades(starts, length):
    """Weights along one axis of spans of one length: dict of start to float32 `(length,)`."""
    starts = sorted(starts)
    weights = {}
    for start in starts:
        place = start + np.arange(length) + 0.5
        weights[start] = np.ones(length)
        for other in starts:
            first, last = max(start, other), min(start, other) + length
            if other == start or first >= last:
                continue
            share = np.clip((place - first) / (last - first), 0.0, 1.0)
            weights[start] *= np.sin(0.5 * np.pi * (share if other < start else 1.0 - share)) ** 2
    total = np.zeros(starts[-1] + length)
    for start, weight in weights.items():
        total[start : start + length] += weight
    return {
        start: (weight / total[start : start + length]).astype("float32")
        for start, weight in weights.items()
    }


@keras.saving.register_keras_serializable(package="zoo")
class RegionLatents(keras.layers.Layer):
    """Give each region the noise that all share and some of its own: `(N, D)` to `(N R, S + L)`.

    The last `count * local` numbers of the latents are the regions' own, the S before are shared.

    Args:
        count: Integer, number of regions R.
        local: Integer, numbers L of each region's own noise. Defaults to 0: all are shared.

    Example:

    >>> RegionLatents(2, local=1)(np.array([[5.0, 6.0, 7.0]])).numpy()
    array([[5., 6.],
           [5., 7.]], dtype=float32)
    """

    def __init__(self, count, local=0, **kwargs):
        super().__init__(**kwargs)
        if not (isinstance(count, int) and isinstance(local, int) and count >= 1 and local >= 0):
            raise ValueError(
                "`count` must be an integer of at least 1 and `local` one of at least 0. "
                f"Received: count={count!r}, local={local!r}"
            )
        self.count = count
        self.local = local

    def call(self, inputs):
        """Share out `inputs`, float `(N, D)`."""
        shared = inputs.shape[-1] - self.count * self.local
        common = tf.tile(inputs[:, None, :shared], (1, self.count, 1))
        own = tf.reshape(inputs[:, shared:], (-1, self.count, self.local))
        parts = tf.concat([common, own], axis=-1) if self.local else common
        return tf.reshape(parts, (-1, shared + self.local))

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        samples, size = input_shape
        shared = size - self.count * self.local
        if shared < 1:
            raise ValueError(
                "`local` numbers for each region must leave some that all share. Received: "
                f"local={self.local} for {self.count} regions, of {size} latents"
            )
        return (None if samples is None else samples * self.count, shared + self.local)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "count": self.count, "local": self.local}


@keras.saving.register_keras_serializable(package="zoo")
class SplitRegions(keras.layers.Layer):
    """Separate the regions: `(N R, ...)` to a list of R tensors `(N, ...)`.

    Args:
        count: Integer, number of regions R.
    """

    def __init__(self, count, **kwargs):
        super().__init__(**kwargs)
        self.count = count

    def call(self, inputs):
        """Separate the regions of `inputs`."""
        return tf.unstack(tf.reshape(inputs, (-1, self.count, *inputs.shape[1:])), axis=1)

    def compute_output_shape(self, input_shape):
        """Shapes of the outputs."""
        samples = None if input_shape[0] is None else input_shape[0] // self.count
        return [(samples, *input_shape[1:])] * self.count

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "count": self.count}


@keras.saving.register_keras_serializable(package="zoo")
class StackRegions(keras.layers.Layer):
    """Join the regions: a list of R tensors `(N, ...)` to `(N R, ...)`."""

    def call(self, inputs):
        """Join a list of tensors of one shape."""
        return tf.reshape(tf.stack(inputs, axis=1), (-1, *inputs[0].shape[1:]))

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        samples = input_shape[0][0]
        return (None if samples is None else samples * len(input_shape), *input_shape[0][1:])

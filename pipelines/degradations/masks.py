"""Masks for inpainting: holes are cut out and marked in one more channel."""

import math

import tensorflow as tf

from pipelines.degradations import strokes
from pipelines.degradations.base import Degradation, from_json, transform_where
from pipelines.degradations.checks import (
    as_count_range,
    as_probability,
    as_range,
    as_weights,
)
from pipelines.degradations.spans import capsule_spans, fill_spans

_MOST_SEGMENTS = 5


class HoleMask(Degradation):
    """Cuts holes; the output is `image * (1 - mask)` and, as last channel, the mask (1 = hole).

    A subclass implements `hole(shape, params)`.
    """

    adds_channels = 1

    def __init__(self):
        super().__init__()

    def hole(self, shape, params):
        """Return the mask; overridden by each kind.

        Args:
            shape: Shape `(N, H, W, C)` of the images, int32 tensor.
            params: What `sample` returned.

        Returns:
            float32 tensor `(N, H, W, 1)` of zeros and ones.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement `hole(shape, params)`.")

    def transform(self, images, params):
        """Set holes to zero, which is mid-gray, and append the mask."""
        mask = self.hole(tf.shape(images), params)
        mask = tf.ensure_shape(mask, (*images.shape[:3], 1))
        return tf.concat([images * (1.0 - mask), mask], axis=-1)

    def output_shape(self, shape, params):
        """Return the shape with one more channel."""
        return tf.concat([shape[:3], shape[3:] + 1], axis=0)


class _PieceMask(HoleMask):
    """A mask drawn in pieces, of which the later ones are left out if they hide too much."""

    def hole(self, shape, params):
        """Draw all pieces; halve their number where the share is too large."""

        def draw(count):
            return self.pieces(shape, params, count)

        def too_large(count, mask):
            share = tf.reduce_mean(mask, axis=(1, 2, 3))
            return (share > self.max_share) & (count > 1)

        def halve(count, mask):
            count = tf.where(too_large(count, mask), count // 2, count)
            return count, draw(count)

        loop = (params["count"], draw(params["count"]))
        if self.max_share < 1:
            # Sizes may be drawn, so that a mask's shape is not known before it is cut.
            invariants = (tf.TensorShape([None]), tf.TensorShape([None, None, None, 1]))
            loop = tf.while_loop(
                lambda *state: tf.reduce_any(too_large(*state)), halve, loop, invariants
            )
        return loop[1]


class BoxMask(_PieceMask):
    """Hides boxes.

    Args:
        count: How many boxes, an int or a pair. Defaults to `(1, 4)`.
        size_px: Height and width of a box at `reference_side`. Defaults to `(30, 150)`.
        margin_px: Distance to the border at `reference_side`. Defaults to 10.
        reference_side: Side of the square image for which pixels are given; other images are
            masked in proportion. Defaults to 256.
        max_share: Share of the image that may be hidden; boxes are left out until it holds, the
            first one is kept. Defaults to 0.5.

    Example:

    ```python
    masked = pipelines.degradations.BoxMask()(images, seed=(0, 0))  # (N, H, W, 4)
    ```

    Reference:
        Suvorov et al., LaMa, https://arxiv.org/abs/2109.07161, supplementary material.
    """

    def __init__(
        self, count=(1, 4), size_px=(30, 150), margin_px=10, reference_side=256, max_share=0.5
    ):
        super().__init__()
        self.count = as_count_range("count", count)
        self.size_px = as_range("size_px", size_px, 0)
        self.margin_px = as_range("margin_px", margin_px, 0)[0]
        self.reference_side = as_range("reference_side", reference_side, 1)[0]
        self.max_share = as_range("max_share", max_share, 0, 1)[0]

    def sample(self, draws):
        """Draw number, sizes and places; places as a share of the free distance."""
        most = max(self.count[1], 1)
        return {
            "count": draws.integer(self.count),
            "size_px": draws.uniform(self.size_px, (most, 2)),
            "place": draws.uniform((0.0, 1.0), (most, 2)),
        }

    def pieces(self, shape, params, count):
        """Draw the first `count` boxes."""
        scale = strokes.image_side(shape) / self.reference_side
        extent = tf.cast(shape[1:3], tf.float32)
        margin = self.margin_px * scale
        size = tf.minimum(params["size_px"] * scale, tf.maximum(extent - 2 * margin, 1.0))
        start = margin + params["place"] * tf.maximum(extent - size - 2 * margin, 0.0)
        row = (tf.cast(tf.range(shape[1]), tf.float32) + 0.5)[None, None, :]
        inside = (row >= start[..., :1]) & (row < (start + size)[..., :1])
        left, right = start[..., 1:], (start + size)[..., 1:]
        drawn = tf.sequence_mask(count, tf.shape(size)[1])[..., None] & inside
        samples = tf.broadcast_to(tf.range(shape[0])[:, None], tf.shape(size)[:2])
        merge = [-1, shape[1]]
        return fill_spans(
            shape,
            tf.reshape(samples, [-1]),
            tf.reshape(tf.where(drawn, left, 1.0), merge),
            tf.reshape(tf.where(drawn, right, -1.0), merge),
        )


class StrokeMask(_PieceMask):
    """Hides free-form strokes: chains of thick straight segments that turn at random.

    Args:
        count: How many strokes, each of 1 to 5 segments. Defaults to `(1, 5)`.
        max_length_px: A segment is 10 px to this much longer. Defaults to 200.
        max_width_px: A segment is 5 px to this much wider. Defaults to 100.
        max_angle: Directions are drawn from 0.01, 1.01, ... radians, this many of them. Defaults
            to 4.
        reference_side: Side of the square image for which pixels are given; other images are
            masked in proportion. Defaults to 256.
        max_share: Share of the image that may be hidden; segments are left out until it holds,
            the first one is kept. Defaults to 0.5.

    Example:

    ```python
    masked = pipelines.degradations.StrokeMask()(images, seed=(0, 0))  # (N, H, W, 4)
    ```

    Reference:
        Suvorov et al., LaMa, https://arxiv.org/abs/2109.07161, supplementary material.
    """

    def __init__(
        self,
        count=(1, 5),
        max_length_px=200,
        max_width_px=100,
        max_angle=4,
        reference_side=256,
        max_share=0.5,
    ):
        super().__init__()
        self.count = as_count_range("count", count)
        self.max_length_px = as_range("max_length_px", max_length_px, 1)[0]
        self.max_width_px = as_range("max_width_px", max_width_px, 1)[0]
        self.max_angle = as_count_range("max_angle", max_angle, 1)[0]
        self.reference_side = as_range("reference_side", reference_side, 1)[0]
        self.max_share = as_range("max_share", max_share, 0, 1)[0]

    def sample(self, draws):
        """Draw starts, directions, lengths and widths of all strokes."""
        most = max(self.count[1], 1)
        each = (most, _MOST_SEGMENTS)
        angle = 0.01 + tf.cast(draws.integer((0, self.max_angle - 1), each), tf.float32)
        backwards = (tf.range(most) % 2 == 0)[None, :, None]
        segments = draws.integer((1, _MOST_SEGMENTS), (most,))
        strokes_drawn = tf.sequence_mask(draws.integer(self.count), most)
        return {
            "used": tf.sequence_mask(segments, _MOST_SEGMENTS) & strokes_drawn[..., None],
            "count": tf.reduce_sum(tf.where(strokes_drawn, segments, 0), axis=1),
            "start": draws.uniform((0.0, 1.0), (most, 2)),
            "angle": tf.where(backwards, 2.0 * math.pi - angle, angle),
            "length_px": 10.0 + draws.uniform((0.0, self.max_length_px), each),
            "width_px": 5.0 + draws.uniform((0.0, self.max_width_px), each),
        }

    def pieces(self, shape, params, count):
        """Draw the first `count` segments."""
        scale = strokes.image_side(shape) / self.reference_side
        extent = tf.cast(shape[1:3], tf.float32)
        point, starts, ends = params["start"] * extent, [], []
        for index in range(_MOST_SEGMENTS):
            angle = params["angle"][..., index]
            way = tf.stack([tf.cos(angle), tf.sin(angle)], axis=-1)
            starts.append(point)
            point = point + way * params["length_px"][..., index, None] * scale
            point = tf.clip_by_value(point, 0.0, extent)
            ends.append(point)
        used = tf.reshape(params["used"], (shape[0], -1))
        order = tf.cumsum(tf.cast(used, tf.int32), axis=1)
        chosen = tf.where(used & (order <= count[:, None]))
        start, end = (
            tf.gather_nd(tf.reshape(tf.stack(points, axis=2), (shape[0], -1, 2)), chosen)
            for points in (starts, ends)
        )
        width = tf.gather_nd(tf.reshape(params["width_px"], (shape[0], -1)), chosen) * scale
        left, right = capsule_spans(start, end, width / 2.0, shape[1])
        return fill_spans(shape, tf.cast(chosen[:, 0], tf.int32), left, right)


class BorderMask(HoleMask):
    """Hides bands along the borders, for painting beyond an image.

    Args:
        share: Width of a band as a share of the image's side. Defaults to `(0.1, 0.4)`.
        side_probability: Chance of a band at each border; there is always one. Defaults to 0.3.

    Example:

    ```python
    masked = pipelines.degradations.BorderMask()(images, seed=(0, 0))  # (N, H, W, 4)
    ```
    """

    def __init__(self, share=(0.1, 0.4), side_probability=0.3):
        super().__init__()
        self.share = as_range("share", share, 0, 1)
        self.side_probability = as_probability("side_probability", side_probability)

    def sample(self, draws):
        """Draw the widths of four bands, zero where there is none."""
        always = tf.one_hot(draws.integer((0, 3)), 4, True, False, dtype=tf.bool)
        drawn = draws.coin(self.side_probability, (4,)) | always
        return {"share": tf.where(drawn, draws.uniform(self.share, (4,)), 0.0)}

    def hole(self, shape, params):
        """Compare each pixel's place with the four widths."""
        y, x = (
            (tf.cast(tf.range(side), tf.float32) + 0.5) / tf.cast(side, tf.float32)
            for side in (shape[1], shape[2])
        )
        top, bottom, left, right = tf.unstack(params["share"][..., None], axis=1)
        rows = (y < top) | (1.0 - y < bottom)
        columns = (x < left) | (1.0 - x < right)
        return tf.cast(rows[:, :, None] | columns[:, None, :], tf.float32)[..., None]


class MixedMask(HoleMask):
    """Cuts the holes of one of several masks, chosen for each sample.

    Args:
        masks: Sequence of `HoleMask`, or of their JSON dicts.
        weights: How often each is chosen; `None` means equally. Defaults to `None`.

    Example:

    ```python
    from pipelines import degradations as ops
    masked = ops.MixedMask([ops.StrokeMask(), ops.BoxMask()], [1, 0.3])(images, seed=(0, 0))
    ```
    """

    def __init__(self, masks, weights=None):
        super().__init__()
        self.masks = tuple(from_json(mask) for mask in masks)
        if not self.masks or not all(isinstance(mask, HoleMask) for mask in self.masks):
            raise ValueError(
                "Argument `masks` must hold at least one mask, and nothing else. "
                f"Received: {self.masks!r}. Use `Sequence` for other degradations."
            )
        self.weights = as_weights("weights", weights, len(self.masks))

    def sample(self, draws):
        """Draw which one, and the parameters of all."""
        params = {"chosen": draws.choice(self.weights)}
        for index, mask in enumerate(self.masks):
            params[f"{index:02d}"] = mask.draw(draws.seed(), draws.batch_shape, draws.clean_shape)
        return params

    def hole(self, shape, params):
        """Draw each mask into the samples that chose it."""
        hole = tf.zeros([shape[0], shape[1], shape[2], 1])
        for index, mask in enumerate(self.masks):

            def cut(canvas, drawn, mask=mask):
                return mask.hole(tf.shape(canvas), drawn)

            chosen = tf.equal(params["chosen"], index)
            hole = transform_where(chosen, cut, hole, params[f"{index:02d}"])
        return hole

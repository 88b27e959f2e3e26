"""Masks: exact areas, limits and the fourth channel."""

import math

import numpy as np
import pytest
import tensorflow as tf

from pipelines import degradations as ops
from pipelines.degradations.spans import capsule_spans, fill_spans


def masks_of(op, count=16, side=32, seed=(0, 1)):
    images = tf.fill((count, side, side, 3), 0.5)
    masked = op(images, seed).numpy()
    mask = masked[..., 3:]
    assert set(np.unique(mask)) <= {0.0, 1.0}
    np.testing.assert_array_equal(masked[..., :3], 0.5 * (1 - mask) * np.ones(3))
    return mask[..., 0]


def test_spans_fill_pixels_whose_centres_lie_inside():
    left = tf.constant([[0.5, -3.0, 2.6], [1.0, 2.0, 3.0]])
    right = tf.constant([[2.5, 9.0, 2.4], [2.0, 2.4, 3.6]])
    filled = fill_spans((2, 3, 4, 3), tf.constant([0, 1]), left, right)[..., 0]
    np.testing.assert_array_equal(filled[0], [[1, 1, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]])
    np.testing.assert_array_equal(filled[1], [[0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]])


def test_overlapping_spans_are_still_ones():
    spans = tf.constant([[0.0], [1.0]]), tf.constant([[3.0], [4.0]])
    filled = fill_spans((1, 1, 5, 3), tf.constant([0, 0]), *spans)[0, 0, :, 0]
    np.testing.assert_array_equal(filled, [1, 1, 1, 1, 0])


@pytest.mark.parametrize("angle", [0.0, 0.4, math.pi / 2, 2.5])
def test_capsule_equals_the_distance_to_a_segment(angle):
    start = np.float32([30.3, 28.7])
    end = start + 15 * np.float32([math.sin(angle), math.cos(angle)])
    left, right = capsule_spans(start[None], end[None], tf.constant([6.0]), 64)
    filled = fill_spans((1, 64, 64, 3), tf.constant([0]), left, right).numpy()[0, ..., 0]
    pixels = np.stack(np.mgrid[0:64, 0:64], -1) + 0.5
    way = (end - start) / 15
    along = np.clip((pixels - start) @ way, 0, 15)
    distance = np.linalg.norm(pixels - start - along[..., None] * way, axis=-1)
    np.testing.assert_array_equal(filled[distance < 5.99], 1)
    np.testing.assert_array_equal(filled[distance > 6.01], 0)


def test_a_dot_is_a_disc():
    point = tf.constant([[16.0, 16.0]])
    left, right = capsule_spans(point, point, tf.constant([8.0]), 32)
    area = tf.reduce_sum(fill_spans((1, 32, 32, 3), tf.constant([0]), left, right))
    assert float(area) == pytest.approx(math.pi * 64, rel=0.04)


def test_box_area_margin_and_scale():
    op = ops.BoxMask(count=1, size_px=128, margin_px=64, reference_side=512)
    mask = masks_of(op)  # 8 x 8 px with a margin of 4 px
    np.testing.assert_array_equal(mask.sum((1, 2)), 64)
    assert mask[:, :4].sum() + mask[:, -4:].sum() == 0
    assert len({sample.tobytes() for sample in mask}) > 4


def test_box_count():
    assert masks_of(ops.BoxMask(count=0)).sum() == 0
    small = ops.BoxMask(count=(1, 4), size_px=4, margin_px=0, reference_side=32)
    areas = masks_of(small, count=64).sum((1, 2))
    assert areas.min() == 16
    assert 48 < areas.max() <= 64


def test_shares_stay_below_the_limit():
    strokes = {"count": 10, "max_length_px": 100, "max_width_px": 60}
    free = masks_of(ops.StrokeMask(**strokes, max_share=1.0)).mean((1, 2))
    limited = masks_of(ops.StrokeMask(**strokes, max_share=0.5)).mean((1, 2))
    assert free.max() > 0.6
    assert limited.max() <= 0.5
    assert limited.min() > 0
    np.testing.assert_array_equal(limited[free <= 0.5], free[free <= 0.5])


def test_thin_strokes_hide_less_than_thick_ones():
    thin = masks_of(ops.StrokeMask(max_width_px=5, max_length_px=50)).mean()
    thick = masks_of(ops.StrokeMask(max_width_px=100, max_length_px=50)).mean()
    assert 0.005 < thin < thick / 2


def test_border_bands():
    op = ops.BorderMask()
    share = tf.constant([[0.25, 0.0, 0.0, 0.0], [0.0, 0.25, 0.0, 0.5], [0.0, 0.0, 0.125, 0.0]])
    masks = op.hole((3, 8, 8, 3), {"share": share}).numpy()[..., 0]
    np.testing.assert_array_equal(masks[0], np.arange(8)[:, None] * np.ones(8) < 2)
    expected = (np.arange(8)[:, None] >= 6) | (np.arange(8)[None] >= 4)
    np.testing.assert_array_equal(masks[1], expected)
    assert masks[2].sum() == 8
    drawn = masks_of(ops.BorderMask(side_probability=0.0))
    assert (drawn.mean((1, 2)) > 0.05).all(), "there is always one band"


def test_mixed_mask_follows_its_weights():
    box = ops.BoxMask(count=1, size_px=10, margin_px=0, reference_side=32)
    mixed = ops.MixedMask([box, ops.BorderMask(share=0.25, side_probability=0)], [0, 1])
    np.testing.assert_array_equal(masks_of(mixed).sum((1, 2)), 256)
    both = ops.MixedMask([box, ops.BorderMask(share=0.25, side_probability=0)])
    assert set(masks_of(both).sum((1, 2))) == {100.0, 256.0}


def test_masks_refuse_a_probability():
    with pytest.raises(TypeError, match="probability"):
        ops.BoxMask(probability=0.5)

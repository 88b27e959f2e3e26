"""Scratches, dust, creases, abrasion, stains and torn edges."""

import numpy as np
import pytest
import tensorflow as tf

from pipelines import degradations as ops
from pipelines.degradations import strokes


def gray(count=8, height=64, width=64):
    return tf.zeros((count, height, width, 3))


def change_of(op, images=None, seed=(0, 1)):
    images = gray() if images is None else images
    return (op(images, seed) - images).numpy()


def touched(change):
    return (np.abs(change).max(-1) > 0.05).mean()


def test_coverage_by_hand():
    distance = tf.constant([0.0, 0.5, 1.0, 1.5, 2.0])
    np.testing.assert_allclose(strokes.coverage(distance, 2.0), [1, 1, 0.5, 0, 0])
    # Thinner than a pixel: fainter, not narrower.
    np.testing.assert_allclose(strokes.coverage(distance, 0.4), [0.4, 0.2, 0, 0, 0], atol=1e-6)


def test_paint_keeps_the_largest_and_drops_what_is_outside():
    rows, columns = tf.constant([[0, 0, -1, 1, 0]]), tf.constant([[1, 1, 0, 3, 2]])
    canvas = strokes.paint((1, 2, 3, 3), rows, columns, tf.constant([[0.3, 0.8, 1.0, 1.0, 0.0]]))
    np.testing.assert_allclose(canvas[0, ..., 0], [[0, 0.8, 0], [0, 0, 0]])


def test_paint_keeps_samples_apart():
    canvas = strokes.paint(
        (2, 1, 2, 3), tf.constant([[0], [0]]), tf.constant([[0], [1]]), tf.constant([[0.1], [0.2]])
    )
    np.testing.assert_allclose(canvas[..., 0], [[[0.1, 0]], [[0, 0.2]]])


def straight_scratch(**changes):
    zeros = tf.zeros([1, 1])
    params = {
        "count": tf.constant([1]),
        "vertical": tf.constant([[True]]),
        "dark": tf.constant([[False]]),
        "position": zeros + 0.25,
        "slope": zeros,
        "middle": zeros + 0.5,
        "length": zeros + 4.0,
        "bend": tf.zeros([1, 1, 4]),
        "jitter": tf.zeros([1, 1, 4]),
        "strength": tf.zeros([1, 1, 9]) + 1.0,
        "width_px": zeros + 1.0,
        "opacity": zeros + 0.5,
        "paper": tf.constant([[1.0, 0.8, 0.6]]),
    }
    return ops.Scratches().apply(gray(1, 8, 16), params | changes).numpy()[0]


def test_a_straight_scratch_by_hand():
    scratched = straight_scratch()
    expected = np.zeros((8, 16, 3))
    expected[:, 4] = [0.5, 0.4, 0.3]  # half way from gray to paper
    np.testing.assert_allclose(scratched, expected, atol=1e-5)


def test_a_level_dark_scratch_by_hand():
    changes = {"vertical": tf.constant([[False]]), "dark": tf.constant([[True]])}
    scratched = straight_scratch(**changes)
    assert (scratched[2] < -0.2).all()
    np.testing.assert_allclose(np.delete(scratched, 2, axis=0), 0, atol=1e-6)


def test_a_scratch_ends():
    short = straight_scratch(length=tf.constant([[0.5]]))[:, 4, 0]
    assert short[4] == pytest.approx(0.5)
    np.testing.assert_allclose(short[[0, 1, 7]], 0, atol=1e-6)


def test_damage_is_thin_and_count_zero_is_none():
    for op in (ops.Scratches(), ops.Dust(), ops.Creases(relief=0.0)):
        change = change_of(op)
        assert 0.001 < touched(change) < 0.15
        nothing = type(op)(count=0)
        np.testing.assert_array_equal(change_of(nothing), 0)


def test_dark_probability():
    for op_class in (ops.Scratches, ops.Dust):
        light = change_of(op_class(dark_probability=0.0))
        assert light.min() >= 0
        assert light.max() > 0.3
        dark = change_of(op_class(dark_probability=1.0))
        assert dark.max() <= 0
        assert dark.min() < -0.3


def test_more_opacity_shows_more():
    faint, strong = (np.abs(change_of(ops.Scratches(opacity=value))).sum() for value in (0.2, 0.8))
    assert strong == pytest.approx(4 * faint, rel=1e-3)


@pytest.mark.parametrize("op", [ops.Scratches(count=4), ops.Dust(count=20)])
def test_a_large_photograph_is_as_damaged_as_a_crop(op):
    crops = np.mean([touched(change_of(op, gray(16, 128, 128), (0, s))) for s in range(2)])
    whole = np.mean([touched(change_of(op, gray(4, 384, 384), (1, s))) for s in range(2)])
    assert 0.5 < whole / crops < 2.0


def test_details_of_a_sharp_scan_are_thicker():
    assert strokes.detail_scale((1, 300, 400, 3)) == 1.0
    assert strokes.detail_scale((1, 1024, 1024, 3)) == 2.0


def test_a_speck_has_its_place_and_size():
    params = {
        "count": tf.constant([1]),
        "dark": tf.constant([[False]]),
        "place": tf.constant([[[0.25, 0.75]]]),
        "radius_px": tf.constant([[1.5]]),
        "stretch": tf.constant([[1.0]]),
        "angle": tf.constant([[0.0]]),
        "outline": tf.zeros([1, 1, 2]),
        "opacity": tf.constant([[1.0]]),
        "paper": tf.constant([[1.0, 1.0, 1.0]]),
    }
    speck = ops.Dust().apply(gray(1, 16, 16), params).numpy()[0, ..., 0]
    assert speck[3:5, 11:13].min() > 0.9
    rows, columns = np.nonzero(speck > 0)
    assert 2 <= rows.min() <= rows.max() <= 5
    assert 10 <= columns.min() <= columns.max() <= 13


def test_crease_flanks_are_light_and_dark():
    change = change_of(ops.Creases(count=1, opacity=0.0, relief=0.3))
    assert change.max() > 0.2
    assert change.min() < -0.2


def test_abrasion_lightens_a_share_of_the_pixels():
    little, much = (touched(change_of(ops.Abrasion(amount=value))) for value in (0.02, 0.5))
    assert 0 <= little < much
    assert 0.02 < much < 0.6
    assert change_of(ops.Abrasion()).min() >= -0.01


def test_stains_absorb_blue_most_or_bleach():
    stain = change_of(ops.Stains(count=1, strength=0.4, bleach_probability=0.0))
    assert stain.max() <= 1e-6
    assert (stain[..., 2] <= stain[..., 0] + 1e-6).all()
    assert stain.min() < -0.1
    bleached = change_of(ops.Stains(count=1, strength=0.4, bleach_probability=1.0))
    assert bleached.min() >= -1e-6
    assert bleached.max() > 0.05


def test_torn_corners_leave_the_middle():
    torn = ops.TornEdges(corner=0.25, edge=0.0, corner_probability=1.0)
    change = np.abs(change_of(torn)).max(-1)
    assert (change[:, 0, 0] > 0.3).all()
    assert (change[:, -1, -1] > 0.3).all()
    np.testing.assert_array_equal(change[:, 28:36, 28:36], 0)
    whole = ops.TornEdges(edge=0.0, corner_probability=0.0, rim_px=1.0)
    np.testing.assert_array_equal(change_of(whole), 0)


def test_frayed_edges():
    change = np.abs(change_of(ops.TornEdges(edge=0.06, corner_probability=0.0))).max(-1)
    assert (change[:, 0].mean(-1) > 0.3).all()
    np.testing.assert_array_equal(change[:, 24:40, 24:40], 0)


def test_smooth_fields_are_smooth_and_have_unit_variance():
    seeds = tf.constant([[index, 7] for index in range(16)])
    field = strokes.smooth_field(seeds, 64, 48, 8.0).numpy()
    assert field.shape == (16, 64, 48, 1)
    assert field.std() == pytest.approx(0.85, abs=0.2)
    assert np.abs(np.diff(field, axis=1)).max() < 1.5 * field.std()
    assert np.abs(np.corrcoef(field[0].ravel(), field[1].ravel())[0, 1]) < 0.5


def test_gray_images_can_be_damaged():
    images = tf.zeros((2, 32, 32, 1))
    for op in (ops.Scratches(), ops.Stains(), ops.TornEdges(), ops.Abrasion(0.5)):
        assert op(images, (0, 1)).shape == (2, 32, 32, 1)

"""Layers of regions: where regions lie, how they blend, and what they are told of their place."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.layers import (
    AssembleRegions,
    CropRegions,
    PixelPositions,
    PositionEncoding,
    RegionLatents,
    SplitRegions,
    StackRegions,
    region_boxes,
)

GRIDS = [(8, (2, 2), 0), (28, (2, 2), 3.5), (28, (1, 3), 4), (13, (3, 2), 2.5), (64, (4, 4), 8)]


def images(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def test_boxes_by_hand():
    assert region_boxes(8, (2, 2)) == ((0, 0, 4, 4), (0, 4, 4, 4), (4, 0, 4, 4), (4, 4, 4, 4))
    assert region_boxes(10, (1, 3), (0, 2)) == ((0, 0, 10, 5), (0, 3, 10, 5), (0, 5, 10, 5))
    assert region_boxes(9, (1, 1)) == ((0, 0, 9, 9),)


@pytest.mark.parametrize(("size", "regions", "overlap"), GRIDS)
def test_boxes_cover_the_image_and_overlap(size, regions, overlap):
    boxes = region_boxes(size, regions, overlap)
    covered = np.zeros((size, size))
    for top, left, height, width in boxes:
        covered[top : top + height, left : left + width] += 1
    assert len(boxes) == regions[0] * regions[1]
    assert covered.min() == 1
    lefts = sorted({box[1] for box in boxes})
    shared = [left + boxes[0][3] - right for left, right in itertools.pairwise(lefts)]
    assert all(np.floor(overlap) <= each <= overlap + 2 for each in shared)


@pytest.mark.parametrize(("size", "regions", "overlap"), GRIDS)
def test_windows_sum_to_one_everywhere(size, regions, overlap):
    boxes = region_boxes(size, regions, overlap)
    total = np.zeros((size, size))
    for (top, left, height, width), window in zip(
        boxes, AssembleRegions(boxes).windows(), strict=True
    ):
        assert window.min() >= 0
        total[top : top + height, left : left + width] += window
    np.testing.assert_allclose(total, 1.0, atol=1e-6)


def test_windows_are_raised_cosines():
    windows = AssembleRegions(region_boxes(6, (1, 2), 2)).windows()
    fade = np.sin(np.pi / 8) ** 2  # a quarter of the way from 0 to 1, at the middle of the pixel
    np.testing.assert_allclose(windows[0, 3], [1, 1, 1 - fade, fade], atol=1e-6)
    np.testing.assert_allclose(windows[1, 3], [fade, 1 - fade, 1, 1], atol=1e-6)


@pytest.mark.parametrize(("size", "regions", "overlap"), GRIDS)
def test_regions_of_one_image_assemble_to_it(size, regions, overlap):
    boxes = region_boxes(size, regions, overlap)
    inputs = images(2, size, size, 3)
    outputs = AssembleRegions(boxes)(CropRegions(boxes)(inputs))
    np.testing.assert_allclose(outputs, inputs, atol=1e-6)


def test_overlap_turns_a_step_into_a_slope():
    """A dark region beside a bright one."""
    steps = {}
    for overlap in (0, 6):
        boxes = region_boxes(16, (1, 2), overlap)
        flat = np.ones((2, *boxes[0][2:], 1), "float32") * np.array([-1, 1.0]).reshape(2, 1, 1, 1)
        steps[overlap] = np.abs(np.diff(AssembleRegions(boxes)(flat)[0, 0, :, 0])).max()
    assert steps[0] == 2
    assert steps[6] <= np.pi / 6 + 1e-6  # the steepest slope of a cosine from -1 to 1 over 6 px


def test_crops_of_one_image_stay_together():
    inputs = images(3, 8, 8, 2)
    boxes = region_boxes(8, (2, 2), 2)
    outputs = CropRegions(boxes)(inputs).numpy().reshape(3, 4, 5, 5, 2)
    for index, (top, left, height, width) in enumerate(boxes):
        expected = inputs[:, top : top + height, left : left + width]
        np.testing.assert_array_equal(outputs[:, index], expected)


def test_split_and_stack():
    inputs = images(6, 5, 2)
    parts = SplitRegions(3)(inputs)
    np.testing.assert_array_equal(parts[1], inputs[1::3])
    np.testing.assert_array_equal(StackRegions()(parts), inputs)


def test_latents_are_shared_but_for_a_few():
    outputs = RegionLatents(2, local=2)(np.arange(14.0, dtype="float32").reshape(2, 7)).numpy()
    np.testing.assert_array_equal(outputs[:2], [[0, 1, 2, 3, 4], [0, 1, 2, 5, 6]])
    np.testing.assert_array_equal(outputs[2:], [[7, 8, 9, 10, 11], [7, 8, 9, 12, 13]])
    np.testing.assert_array_equal(RegionLatents(2)(np.ones((1, 3))), np.ones((2, 3)))


def test_positions_by_hand():
    boxes = region_boxes(8, (1, 2))
    outputs = PositionEncoding(boxes, frequencies=1)(np.zeros((4, 1), "float32")).numpy()
    left, right = [0, -0.5, 0, -1, 1, 0], [0, 0.5, 0, 1, 1, 0]  # y, x, two sines, two cosines
    np.testing.assert_allclose(outputs, [left, right] * 2, atol=1e-6)
    assert len(np.unique(PositionEncoding(region_boxes(64, (4, 4), 8)).encodings(), axis=0)) == 16


def test_pixel_positions_are_those_of_the_whole_image():
    boxes = region_boxes(8, (2, 3), 1)
    y, x = np.meshgrid(*[np.linspace(-0.875, 0.875, 8, dtype="float32")] * 2, indexing="ij")
    whole = np.tile(np.stack([y, x], -1), (2, 1, 1, 1))
    crop = CropRegions(boxes)
    outputs = PixelPositions(boxes)(crop(images(2, 8, 8, 1)))
    np.testing.assert_allclose(outputs[..., 1:], crop(whole), atol=1e-6)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (CropRegions(region_boxes(8, (2, 2), 2)), (8, 8, 3)),
        (AssembleRegions(region_boxes(8, (2, 2), 2)), (5, 5, 3)),
        (PixelPositions(region_boxes(8, (2, 2), 2)), (5, 5, 3)),
        (PositionEncoding(region_boxes(8, (2, 2), 2)), (6,)),
        (RegionLatents(4, 1), (6,)),
    ],
)
def test_any_batch_types_and_config(layer, shape):
    network = keras.Sequential([keras.Input(shape), layer])
    assert network.output_shape[0] is None
    inputs = images(8, *shape)
    assert network(inputs).shape == layer.compute_output_shape((8, *shape))
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    low = type(layer).from_config({**layer.get_config(), "dtype": "mixed_bfloat16"})
    assert low(inputs).dtype == tf.bfloat16


@pytest.mark.parametrize("regions", [(0, 2), (2, 2.0), (2,), 4, (9, 1)])
def test_refuses_what_is_no_grid(regions):
    with pytest.raises(ValueError, match=r"`regions` must be \(rows, columns\).*for 8 px"):
        region_boxes(8, regions)


def test_errors():
    with pytest.raises(ValueError, match=r"`overlap` must be .*4 px. Received: overlap=4"):
        region_boxes(8, (2, 2), 4)
    with pytest.raises(ValueError, match=r"`overlap` must be .*Received: overlap=-1"):
        region_boxes(8, (2, 2), -1)
    with pytest.raises(ValueError, match=r"`boxes` must hold regions .* of one height"):
        CropRegions([(0, 0, 4, 4), (4, 0, 3, 4)])
    with pytest.raises(ValueError, match=r"`frequencies` must be .*Received: -1"):
        PositionEncoding(region_boxes(8), frequencies=-1)
    with pytest.raises(ValueError, match=r"`count` must be .*Received: count=4, local=-1"):
        RegionLatents(4, -1)
    with pytest.raises(ValueError, match=r"leave some that all share.*local=2 for 4 regions, of 8"):
        RegionLatents(4, 2)(keras.KerasTensor((None, 8)))

"""Resizing against Pillow and by hand."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from pipelines import degradations as ops
from pipelines.degradations.resampling import apply_matrices, resize_matrix, to_eight_bit

PILLOW = {
    "bilinear": Image.BILINEAR,
    "bicubic": Image.BICUBIC,
    "lanczos3": Image.LANCZOS,
}


def random_levels(kind):
    rng = np.random.default_rng(0)
    levels = rng.integers(0, 256, (48, 60, 3))
    if kind == "black and white":  # the hardest for ringing and clipping
        levels = 255 * (levels > 127)
    if kind == "edge":
        levels[:, :30] = 0
        levels[:, 30:] = 255
    return levels.astype(np.uint8)


@pytest.mark.parametrize("kind", ["noise", "black and white", "edge"])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_downsample_equals_pillow_within_one_level(kind, scale):
    levels = random_levels(kind)
    small = ops.Downsample(scale=scale)(levels[None] / np.float32(127.5) - 1, (0, 0))
    ours = np.rint((small[0].numpy() + 1) * 127.5)
    pillow = Image.fromarray(levels).resize((60 // scale, 48 // scale), Image.BICUBIC)
    difference = np.abs(ours - np.asarray(pillow, np.float64))
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.01


@pytest.mark.parametrize("interpolation", sorted(PILLOW))
@pytest.mark.parametrize("size", [(17, 23), (48, 31), (70, 100)])
def test_resize_equals_pillow_in_floating_point(interpolation, size):
    plane = np.random.default_rng(1).uniform(-1, 1, (48, 60)).astype(np.float32)
    ours = ops.resize(plane[None, ..., None], size, interpolation)[0, ..., 0]
    pillow = Image.fromarray(plane).resize(size[::-1], PILLOW[interpolation])
    np.testing.assert_allclose(ours, np.asarray(pillow), atol=2e-5)


def test_area_by_hand():
    matrix = resize_matrix(3, 2, "area")
    np.testing.assert_allclose(matrix, [[2 / 3, 1 / 3, 0], [0, 1 / 3, 2 / 3]], atol=1e-6)
    image = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1) / 16
    halves = ops.resize(image, (2, 2), "area")[0, ..., 0]
    np.testing.assert_allclose(halves, np.float32([[2.5, 4.5], [10.5, 12.5]]) / 16, atol=1e-6)


def test_nearest_by_hand():
    image = np.float32([[0.1, 0.2]])[None, ..., None]
    np.testing.assert_allclose(
        ops.resize(image, (2, 4), "nearest")[0, ..., 0], [[0.1, 0.1, 0.2, 0.2]] * 2
    )


def test_without_antialiasing_a_cubic_samples_four_neighbours():
    row = resize_matrix(32, 8, "bicubic", antialias=False).numpy()[4]
    # The centre lies halfway between pixels 17 and 18.
    np.testing.assert_allclose(row[16:20], [-0.0625, 0.5625, 0.5625, -0.0625], atol=1e-6)
    assert np.count_nonzero(np.abs(row) > 1e-6) == 4


@pytest.mark.parametrize("size", [(9, 20), (40, 31), (70, 64)])
@pytest.mark.parametrize("name", ["nearest", "area", "bilinear", "bicubic"])
def test_the_fast_kernels_have_the_weights_of_the_matrices(name, size):
    images = tf.random.stateless_uniform((2, 40, 31, 3), (1, 1), -1, 1)
    expected = apply_matrices(
        images,
        resize_matrix(40, size[0], name, antialias=False),
        resize_matrix(31, size[1], name, antialias=False),
    )
    result = ops.resize(images, size, name, antialias=False)
    # A quarter of an 8-bit level, for the table in which the cubic weights are looked up.
    np.testing.assert_allclose(result, expected, atol=2e-3 if name == "bicubic" else 1e-4)


def test_one_matrix_per_sample():
    both = resize_matrix(8, tf.constant([4, 8]), "bilinear", rows=8)
    np.testing.assert_allclose(both[0, :4], resize_matrix(8, 4, "bilinear"), atol=1e-6)
    np.testing.assert_allclose(both[1], np.eye(8), atol=1e-6)


def test_eight_bit_levels():
    images = tf.constant([[-2.0, -1.0, -0.9999, 0.0019, 0.999, 1.0, 3.0]])
    levels = (to_eight_bit(images).numpy() + 1) * 127.5
    np.testing.assert_allclose(levels, [[0, 0, 0, 128, 255, 255, 255]], atol=1e-5)
    assert to_eight_bit(images).numpy().max() == 1.0


def test_low_resolution_by_hand():
    images = tf.random.stateless_uniform((2, 8, 8, 3), (1, 1), -1, 1)
    np.testing.assert_allclose(ops.LowResolution(factor=1.0)(images, (0, 0)), images, atol=1e-5)
    blocks = ops.LowResolution(factor=0.5, up="nearest")(images, (0, 0)).numpy()
    means = images.numpy().reshape(2, 4, 2, 4, 2, 3).mean((2, 4))
    np.testing.assert_allclose(blocks, means.repeat(2, 1).repeat(2, 2), atol=1e-5)


def test_low_resolution_of_each_sample():
    images = tf.random.stateless_uniform((2, 12, 9, 3), (1, 1), -1, 1)
    op = ops.LowResolution()
    both = op.apply(images, {"factor": tf.constant([0.4, 0.8])})
    for index, (height, width) in enumerate([(5, 4), (10, 7)]):
        small = ops.resize(images[index : index + 1], (height, width), "area")
        expected = ops.resize(small, (12, 9), "bicubic")
        np.testing.assert_allclose(both[index], expected[0], atol=1e-5)


def test_resize_sizes():
    images = tf.zeros((2, 40, 20, 3))
    assert ops.Resize(factor=0.5)(images, (0, 0)).shape == (2, 20, 10, 3)
    back = ops.Sequence([ops.Resize(factor=0.3), ops.Resize(1.0, clean_scale=4)])
    assert back(images, (0, 0)).shape == (2, 10, 5, 3)


@pytest.mark.parametrize(
    ("weights", "low", "high"), [((1, 0, 0), 1.0, 1.5), ((0, 1, 0), 0.2, 1.0), ((0, 0, 1), 1, 1)]
)
def test_resize_enlarges_shrinks_and_keeps(weights, low, high):
    op = ops.Resize(factor=(0.2, 1.5), weights=weights)
    sizes = [op.draw((0, seed), (1, 1000, 1000, 3))["size"][0, 0].numpy() for seed in range(20)]
    assert min(sizes) >= 1000 * low
    assert max(sizes) <= 1000 * high
    assert len(set(sizes)) > 10 or weights == (0, 0, 1)


def test_reciprocal_factors():
    op = ops.Resize((1 / 8, 1 / 0.8), weights=(0, 1, 0), reciprocal=True)
    drawn = [op.draw((1, seed), (1, 8000, 8000, 3))["size"][0, 0].numpy() for seed in range(60)]
    divisors = 8000 / np.array(drawn)
    assert 1 <= divisors.min() < 1.5
    assert 7.5 < divisors.max() <= 8.01
    assert divisors.mean() == pytest.approx(4.5, abs=0.8)


def test_all_samples_share_the_size_and_the_interpolation():
    params = ops.Resize().draw((0, 3), (5, 32, 32, 3))
    for value in params.values():
        assert (value.numpy() == value.numpy()[:1]).all()

"""Kernels against their definitions, and filtering against SciPy."""

import math

import numpy as np
import pytest
import tensorflow as tf
from scipy import ndimage, special

from pipelines import degradations as ops
from pipelines.degradations import blur, filtering, kernels

KERNEL_OPS = [
    ops.AnisotropicBlur(size_px=9),
    ops.GeneralizedBlur(size_px=9),
    ops.PlateauBlur(size_px=9),
    ops.SincBlur(size_px=9),
    ops.MixedBlur(size_px=(3, 9), sinc_probability=0.5),
    ops.MotionBlur(length_px=(3, 8)),
    ops.GaussianBlur(sigma_px=(0.5, 1.4)),
]


def impulse(count=1, size=15):
    """Images of zeros with a one in the middle."""
    image = np.zeros((count, size, size, 1), np.float32)
    image[:, size // 2, size // 2] = 1
    return tf.constant(image)


def response(op, count=1):
    return op.apply(impulse(count), op.draw((0, 1), (count, 15, 15, 1)))[..., 0].numpy()


@pytest.mark.parametrize("op", KERNEL_OPS, ids=lambda op: type(op).__name__)
def test_kernels_sum_to_one_and_are_symmetric(op):
    kernel = response(op, count=8)
    np.testing.assert_allclose(kernel.sum((1, 2)), 1.0, atol=1e-5)
    np.testing.assert_allclose(kernel, kernel[:, ::-1, ::-1], atol=1e-6)


@pytest.mark.parametrize("op", KERNEL_OPS, ids=lambda op: type(op).__name__)
def test_flat_images_stay_flat(op):
    flat = tf.fill((2, 8, 8, 3), 0.3)
    np.testing.assert_allclose(op(flat, (0, 0)), flat, atol=1e-5)


def test_gaussian_by_hand():
    taps = np.exp(-0.5 * np.array([-3, -2, -1, 0, 1, 2, 3]) ** 2)
    taps /= taps.sum()
    expected = np.zeros((15, 15))
    expected[4:11, 4:11] = np.outer(taps, taps)
    np.testing.assert_allclose(response(ops.GaussianBlur(sigma_px=1.0))[0], expected, atol=1e-6)


def test_sigma_of_zero_is_the_identity():
    for op in (ops.GaussianBlur(0), ops.AnisotropicBlur(0), ops.MixedBlur(sigma_px=0)):
        images = tf.random.stateless_uniform((2, 9, 9, 3), (1, 1), -1, 1)
        kept = op(images, (0, 0)) if op.get_config().get("sinc_probability", 0) == 0 else images
        np.testing.assert_allclose(kept, images, atol=1e-6)


def test_anisotropic_axes():
    sigma = tf.constant([[3.0, 1.0]])
    squared = kernels.squared_radius(7, sigma, tf.zeros([1]))[0].numpy()
    # Three to the right is one half axis; one down is one half axis.
    assert squared[3, 6] == pytest.approx(1.0)
    assert squared[4, 3] == pytest.approx(1.0)
    quarter = kernels.squared_radius(7, sigma, tf.constant([math.pi / 2]))[0].numpy()
    assert quarter[6, 3] == pytest.approx(1.0)
    assert quarter[3, 4] == pytest.approx(1.0)


def test_generalized_and_plateau_by_hand():
    squared = tf.constant([[[0.0, 4.0]]])
    beta = tf.constant([0.5])
    general = kernels.generalized_gaussian(squared, beta)[0, 0]
    np.testing.assert_allclose(general, [1.0, math.exp(-0.5 * 2.0)], rtol=1e-6)
    flat = kernels.plateau(squared, tf.constant([2.0]))[0, 0]
    np.testing.assert_allclose(flat, [1.0, 1.0 / 17.0], rtol=1e-6)


def test_beta_of_one_is_the_gaussian():
    general = ops.GeneralizedBlur(sigma_px=1.3, beta=1.0, round_probability=1.0, size_px=11)
    gaussian = ops.AnisotropicBlur(sigma_px=1.3, size_px=11)
    np.testing.assert_allclose(response(general), response(gaussian), atol=1e-6)


def test_sinc_equals_scipy():
    cutoff, size = 1.7, 9
    y, x = np.mgrid[-4:5, -4:5]
    radius = np.hypot(y, x)
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = cutoff * special.j1(cutoff * radius) / (2 * np.pi * radius)
    expected[4, 4] = cutoff**2 / (4 * np.pi)
    np.testing.assert_allclose(kernels.sinc(size, tf.constant([cutoff]))[0], expected, atol=1e-6)


def test_motion_along_a_row_and_a_column():
    third = np.zeros((15, 15))
    third[7, 6:9] = 1 / 3
    along_row = response(ops.MotionBlur(length_px=3.0, angle_degrees=0.0))[0]
    np.testing.assert_allclose(along_row, third, atol=1e-6)
    along_column = response(ops.MotionBlur(length_px=3.0, angle_degrees=90.0))[0]
    np.testing.assert_allclose(along_column, third.T, atol=1e-6)


def test_mixed_blur_cuts_to_its_size_and_rounds_the_round_kinds():
    op = ops.MixedBlur(size_px=(3, 9), sigma_px=(2.0, 3.0), sinc_probability=0.0)
    params = op.draw((0, 5), (32, 15, 15, 1))
    kernel = op.apply(impulse(32), params)[..., 0].numpy()
    for sample, size in zip(kernel, params["size_px"].numpy(), strict=True):
        assert size in (3, 5, 7, 9)
        outside = sample.copy()
        outside[7 - size // 2 : 8 + size // 2, 7 - size // 2 : 8 + size // 2] = 0
        np.testing.assert_allclose(outside, 0, atol=1e-7)
        assert sample[7 - size // 2, 7] > 0
    sigma, kind = params["sigma_px"].numpy(), params["kind"].numpy()
    assert set(kind) > {0, 1}
    np.testing.assert_array_equal(sigma[:, 0] == sigma[:, 1], kind % 2 == 0)


def test_weights_choose_the_kind():
    op = ops.MixedBlur(weights=(0, 0, 0, 1, 0, 0))
    assert set(op.draw((0, 0), (16, 8, 8, 3))["kind"].numpy()) == {3}


@pytest.mark.parametrize("size", [(9, 7), (3, 2)])
def test_borders_are_mirrored_as_scipy_does(size):
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, (2, *size, 3)).astype(np.float32)
    weights = rng.uniform(0, 1, (2, 7, 5)).astype(np.float32)
    expected = np.stack(
        [
            np.stack(
                [ndimage.correlate(image[..., c], kernel, mode="mirror") for c in range(3)], -1
            )
            for image, kernel in zip(images, weights, strict=True)
        ]
    )
    filtered = filtering.filter_each(tf.constant(images), tf.constant(weights))
    np.testing.assert_allclose(filtered, expected, atol=1e-4)


def test_separable_equals_the_outer_product():
    images = tf.random.stateless_uniform((2, 9, 8, 3), (1, 1), -1, 1)
    lines = filtering.gaussian_line(tf.constant([0.7, 1.9]), 7)
    both = filtering.filter_each(images, lines[:, :, None] * lines[:, None, :])
    np.testing.assert_allclose(filtering.filter_separable(images, lines), both, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 3, 16])
@pytest.mark.parametrize("count", [1, 5, 16])
def test_filters_do_not_depend_on_the_rest_of_the_batch(count, channels):
    images = tf.random.stateless_uniform((count, 9, 8, channels), (1, 1), -1, 1)
    weights = tf.random.stateless_uniform((count, 5, 5), (2, 2))
    together = filtering.filter_each(images, weights)
    alone = filtering.filter_each(images[-1:], weights[-1:])
    np.testing.assert_allclose(together[-1:], alone, atol=1e-5)


@pytest.mark.parametrize("size", [(70, 53), (9, 4)])
def test_wide_gaussians_equal_the_direct_filter(size):
    images = tf.random.stateless_uniform((3, *size, 3), (1, 1), -1, 1)
    images = tf.concat([images[:2], tf.sign(images[2:] + 0.9)], axis=0)
    sigma = tf.constant([4.0, 5.7, 8.0])
    direct = filtering.filter_separable(images, filtering.gaussian_line(sigma, 81))
    wide = filtering.filter_wide(images, sigma, limits=(4.0, 8.0))
    np.testing.assert_allclose(wide, direct, atol=0.04 * 2 / 255)


def test_unsharp_mask_on_a_coarse_grid_equals_the_direct_one(monkeypatch):
    rows, columns = np.mgrid[0:96, 0:80] / 11.0
    waves = np.sin(rows + np.sin(columns)) * np.sign(np.sin(columns * 0.7))
    images = tf.constant(0.8 * waves[None, ..., None] * np.ones(3), tf.float32)
    coarse = ops.UnsharpMask()(images, (0, 0))
    monkeypatch.setattr(blur, "_WIDE_PX", 100.0)
    direct = ops.UnsharpMask()(images, (0, 0))
    # The direct filter ends after three deviations, which is most of the difference.
    np.testing.assert_allclose(coarse, direct, atol=0.7 * 2 / 255)


def test_unsharp_mask_leaves_faint_detail_and_strengthens_edges():
    faint = np.tile(np.float32([0.0, 0.02]), (1, 8, 8))[..., None] * np.ones(3, np.float32)
    np.testing.assert_array_equal(ops.UnsharpMask()(faint, (0, 0)), faint)
    edge = np.full((1, 16, 16, 3), -0.4, np.float32)
    edge[:, :, 8:] = 0.4
    sharp = ops.UnsharpMask(sigma_px=2.0)(edge, (0, 0)).numpy()[0, 8, :, 0]
    assert sharp[7] < -0.45
    assert sharp[8] > 0.45

"""Noise: mean, deviation and what the channels share, on flat images."""

import numpy as np
import pytest
import tensorflow as tf

from pipelines import degradations as ops
from pipelines.degradations.draws import normal_fields


def flat(value=0.0, count=2, size=64):
    return tf.fill((count, size, size, 3), float(value))


def noise_of(op, value=0.0, **kwargs):
    """The unclipped noise on a flat image, in 8-bit levels."""
    images = flat(value, **kwargs)
    return (op.apply(images, op.draw((0, 1), tf.shape(images))) - images).numpy() * 127.5


def test_gaussian_deviation_in_levels():
    noise = noise_of(ops.GaussianNoise(sigma_levels=25))
    assert noise.std() == pytest.approx(25, rel=0.02)
    assert noise.mean() == pytest.approx(0, abs=0.6)
    # Channels, samples and neighbours are independent.
    assert abs(np.corrcoef(noise[..., 0].ravel(), noise[..., 1].ravel())[0, 1]) < 0.05
    assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.05
    assert abs(np.corrcoef(noise[:, 1:].ravel(), noise[:, :-1].ravel())[0, 1]) < 0.05


def test_gaussian_sigma_is_drawn_from_the_whole_range():
    op = ops.GaussianNoise(sigma_levels=(10, 50))
    sigma = op.draw((0, 0), (256, 4, 4, 3))["sigma_levels"].numpy()
    assert 10 <= sigma.min() < 13
    assert 47 < sigma.max() <= 50
    assert sigma.mean() == pytest.approx(30, abs=3)


@pytest.mark.parametrize(
    "op_class", [ops.GaussianNoise, ops.PoissonNoise, ops.SpeckleNoise, ops.SaltAndPepper]
)
def test_gray_noise_is_the_same_in_all_channels(op_class):
    gray = noise_of(op_class(gray_probability=1.0), 0.2, size=16)
    np.testing.assert_allclose(gray[..., 0], gray[..., 2], atol=1e-4)
    colour = noise_of(op_class(gray_probability=0.0), 0.2, size=32)
    assert np.abs(colour[..., 0] - colour[..., 2]).max() > 1


@pytest.mark.parametrize("exact", [False, True])
def test_poisson_variance_follows_the_light(exact):
    for value in (-0.5, 0.5):
        light = (value + 1) / 2
        noise = noise_of(ops.PoissonNoise(scale=2.0, exact=exact), value) / 255
        # Poisson(256 x) / 256 has variance x / 256.
        assert noise.std() == pytest.approx(2 * np.sqrt(light / 256), rel=0.03)
        assert noise.mean() == pytest.approx(0, abs=0.003)


def test_exact_poisson_counts_whole_photons():
    noise = noise_of(ops.PoissonNoise(scale=1.0, exact=True), 0.0, size=8) / 255
    counts = (noise + 0.5) * 256
    np.testing.assert_allclose(counts, np.round(counts), atol=1e-3)


def test_gray_poisson_depends_on_the_brightness_only():
    red = tf.constant([1.0, -1.0, -1.0]) * tf.ones((1, 64, 64, 1))
    op = ops.PoissonNoise(scale=1.0, gray_probability=1.0)
    noise = (op.apply(red, op.draw((0, 1), tf.shape(red))) - red).numpy() / 2
    assert noise[..., 1].std() == pytest.approx(np.sqrt(0.299 / 256), rel=0.05)


def test_speckle_is_proportional_to_the_light():
    op = ops.SpeckleNoise(sigma_levels=20)
    dark, light = noise_of(op, -0.5), noise_of(op, 0.5)
    assert light.std() == pytest.approx(0.75 * 20, rel=0.03)
    np.testing.assert_allclose(light, 3 * dark, atol=1e-3)
    np.testing.assert_allclose(noise_of(op, -1.0), 0, atol=1e-4)


def test_salt_and_pepper_shares():
    noisy = ops.SaltAndPepper(amount=0.2, salt=0.25)(flat(count=8), (0, 0)).numpy()
    assert set(np.unique(noisy)) == {-1.0, 0.0, 1.0}
    assert (noisy == 1).mean() == pytest.approx(0.05, abs=0.005)
    assert (noisy == -1).mean() == pytest.approx(0.15, abs=0.01)


def test_film_grain_deviation_size_and_tone():
    fine = noise_of(ops.FilmGrain(sigma_levels=10, size_px=0))
    coarse = noise_of(ops.FilmGrain(sigma_levels=10, size_px=1.0))
    assert fine.std() == pytest.approx(10, rel=0.03)
    assert coarse.std() == pytest.approx(10, rel=0.08)

    def neighbours(noise):
        return np.corrcoef(noise[:, 1:].ravel(), noise[:, :-1].ravel())[0, 1]

    assert abs(neighbours(fine)) < 0.05
    # Convolving with a Gaussian of sigma s correlates neighbours by exp(-1 / (4 s^2)).
    assert neighbours(coarse) == pytest.approx(np.exp(-0.25), abs=0.05)
    shadows = noise_of(ops.FilmGrain(sigma_levels=10, size_px=0), -0.9)
    assert shadows.std() == pytest.approx(10 * (1 - 0.6 * 0.81), rel=0.03)
    np.testing.assert_allclose(fine[..., 0], fine[..., 1], atol=1e-4)


def test_noise_is_clipped_by_the_call_only():
    op = ops.GaussianNoise(sigma_levels=100)
    images = flat(0.9, size=8)
    params = op.draw((0, 0), tf.shape(images))
    assert op.apply(images, params).numpy().max() > 1
    assert op(images, (0, 0)).numpy().max() == 1
    np.testing.assert_array_equal(
        ops.Clip().apply(op.apply(images, params), {}), op(images, (0, 0))
    )


def test_normal_fields_are_normal():
    field = normal_fields(tf.constant([[1, 2], [3, 4]]), (500, 500, 3)).numpy()
    standard = field.astype(np.float64)
    np.testing.assert_allclose([standard.mean(), standard.var()], [0, 1], atol=5e-3)
    np.testing.assert_allclose((standard**3).mean(), 0, atol=1e-2)
    np.testing.assert_allclose((standard**4).mean(), 3, atol=3e-2)
    # Normal tails: 2.7e-3 beyond three deviations, 6.3e-5 beyond four.
    assert (abs(standard) > 3).mean() == pytest.approx(2.70e-3, rel=0.1)
    assert (abs(standard) > 4).mean() == pytest.approx(6.33e-5, rel=0.4)
    # The two numbers of a Box-Muller pair lie half a field apart.
    first, second = standard.reshape(2, 2, -1).swapaxes(0, 1)
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 5e-3
    assert abs(np.corrcoef(first.ravel() ** 2, second.ravel() ** 2)[0, 1]) < 5e-3


def test_normal_fields_of_any_count_depend_on_their_seed_only():
    seeds = tf.constant([[1, 2], [3, 4], [5, 6]])
    for shape in [(1, 1, 1), (3, 5, 1), (4, 2, 3)]:
        fields = normal_fields(seeds, shape)
        assert fields.shape == (3, *shape)
        np.testing.assert_allclose(fields[1:2], normal_fields(seeds[1:2], shape), atol=1e-6)
        assert len(np.unique(fields)) == fields.numpy().size

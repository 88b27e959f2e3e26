import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo import latents
from zoo.core import randomness

SEED = randomness.step_seed(0, 0)
ALL = [
    latents.Normal(3),
    latents.Uniform(3),
    latents.TruncatedNormal(3, limit=1.5),
    latents.Mixture(3, components=4, spread=5.0, deviation=0.1, centres_seed=7),
]


def draws(distribution, count=20_000, seed=SEED):
    return distribution.sample(seed, count).numpy()


@pytest.mark.parametrize("distribution", ALL, ids=lambda each: type(each).__name__)
def test_draws_follow_from_the_seed_and_configs_remake(distribution):
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(distribution))
    first = draws(distribution, 5)
    assert first.shape == (5, 3)
    assert first.dtype == np.float32
    np.testing.assert_array_equal(draws(copy, 5), first)
    assert np.abs(draws(distribution, 5, randomness.step_seed(0, 1)) - first).min() > 0


def test_normal_moments():
    values = draws(latents.Normal(3))
    np.testing.assert_allclose(values.mean(0), 0, atol=0.03)
    np.testing.assert_allclose(values.std(0), 1, atol=0.03)


def test_uniform_fills_its_range():
    values = draws(latents.Uniform(3))
    assert values.min() >= -1
    assert values.max() <= 1
    np.testing.assert_allclose(values.std(0), 3**-0.5, atol=0.01)


def test_truncated_normal_is_a_normal_without_tails():
    values = draws(latents.TruncatedNormal(3, limit=1.0))
    assert np.abs(values).max() <= 1
    # Standard deviation of a normal cut at one: sqrt(1 - 2 phi(1) / (2 Phi(1) - 1)).
    np.testing.assert_allclose(values.std(0), 0.5396, atol=0.01)
    inside = np.abs(values[:, 0]) < 0.5
    assert abs(inside.mean() - 0.3829 / 0.6827) < 0.02


def test_mixture_draws_each_component_equally_often_around_its_centre():
    mixture = ALL[3]
    values, centres = draws(mixture), mixture.centres().numpy()
    distances = np.linalg.norm(values[:, None] - centres[None], axis=2)
    nearest = distances.argmin(axis=1)
    np.testing.assert_allclose(np.bincount(nearest) / len(values), 0.25, atol=0.02)
    for index in range(4):
        spread = (values[nearest == index] - centres[index]).std()
        assert abs(spread - 0.1) < 0.01


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: latents.Normal(0), "size"),
        (lambda: latents.Uniform(2.0), "size"),
        (lambda: latents.TruncatedNormal(2, limit=0), "limit"),
        (lambda: latents.Mixture(2, components=0), "components"),
        (lambda: latents.Mixture(2, deviation=-1), "deviation"),
    ],
)
def test_errors_name_the_argument(make, named):
    with pytest.raises(ValueError, match=rf"`{named}`.*Received"):
        make()


def test_replicas_draw_the_parts_of_the_global_batch(mirrored):
    whole = draws(latents.Normal(2), 4)
    parts = mirrored.run(lambda: latents.Normal(2).sample(SEED, 2))
    np.testing.assert_array_equal(tf.concat(mirrored.experimental_local_results(parts), 0), whole)


@pytest.mark.parametrize("distribution", [latents.Normal(512), latents.Uniform(512)])
def test_the_way_between_two_latents_has_both_ends_and_their_length(distribution):
    seed = randomness.step_seed(0, 0)
    first, second = (distribution.sample(seed, 4, stream) for stream in ("first", "second"))
    way = distribution.between(first, second, [0.0, 0.5, 1.0])
    np.testing.assert_allclose(way[:, 0], first, atol=1e-5)
    np.testing.assert_allclose(way[:, 2], second, atol=1e-5)
    lengths = np.linalg.norm(way, axis=-1) / np.linalg.norm(first, axis=-1).mean()
    expected = 1.0 if isinstance(distribution, latents.Normal) else 0.5**0.5
    np.testing.assert_allclose(lengths[:, 1], expected, atol=0.1)


def test_the_way_from_a_latent_to_itself_stays_there():
    first = tf.constant([[3.0, 4.0]])
    np.testing.assert_allclose(
        latents.Normal(2).between(first, first, [0.0, 0.5]), [[[3, 4], [3, 4]]], atol=1e-3
    )


def test_typical_latents_stay_and_others_become_typical():
    for distribution in ALL:
        drawn = distribution.sample(SEED, 200)
        once = distribution.project(10.0 * drawn)
        np.testing.assert_allclose(distribution.project(once), once, atol=1e-5)
    uniform = latents.Uniform(3)
    np.testing.assert_array_equal(uniform.project(uniform.sample(SEED, 9)), uniform.sample(SEED, 9))
    assert np.abs(uniform.project(tf.constant([[3.0, -2.0, 0.5]]))).max() == 1.0
    lengths = np.linalg.norm(latents.Normal(9).project(tf.ones((2, 9)) * 5), axis=1)
    np.testing.assert_allclose(lengths, 3.0, rtol=1e-6)

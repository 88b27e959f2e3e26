"""Sequences and choices."""

import numpy as np
import pytest
import tensorflow as tf

from pipelines import degradations as ops
from pipelines.degradations.base import transform_each, transform_where


@pytest.fixture
def images():
    return tf.random.stateless_uniform((6, 12, 12, 3), (1, 2), -0.9, 0.9)


def test_sequence_equals_its_steps(images):
    both = ops.Sequence([ops.GaussianBlur(), ops.Downsample(2), ops.Scratches()])
    degraded, params = both(images, (0, 1), return_params=True)
    assert list(params) == ["00_GaussianBlur", "01_Downsample", "02_Scratches"]
    by_hand = images
    for step, drawn in zip(both.steps, params.values(), strict=True):
        by_hand = step.apply(by_hand, drawn)
    np.testing.assert_array_equal(tf.clip_by_value(by_hand, -1, 1), degraded)
    assert both.changes_size


def test_equal_steps_draw_different_parameters(images):
    params = ops.Sequence([ops.GaussianBlur(), ops.GaussianBlur()]).draw((0, 1), (6, 8, 8, 3))
    first, second = (params[key]["sigma_px"] for key in ("00_GaussianBlur", "01_GaussianBlur"))
    assert np.abs(first - second).max() > 0.1


def test_later_steps_see_the_size_that_earlier_ones_left():
    both = ops.Sequence([ops.Resize(0.5), ops.Dust(count=20)])
    small = both.draw((0, 0), (1, 512, 512, 3))["01_Dust"]["count"]
    assert small.numpy() == 20 * (256 / 128) ** 2


def test_one_of_sends_each_sample_its_way(images):
    op = ops.OneOf([ops.Fading(black=0.3, white=0.9), ops.Grayscale(), ops.Clip()])
    degraded, params = op(images, (0, 3), return_params=True)
    chosen = params["chosen"].numpy()
    assert set(chosen) == {0, 1, 2}
    for index, choice in enumerate(chosen):
        step, key = op.steps[choice], list(params)[choice + 1]
        drawn = tf.nest.map_structure(lambda v, i=index: v[i : i + 1], params[key])
        alone = step.apply(images[index : index + 1], drawn)
        np.testing.assert_allclose(degraded[index : index + 1], alone, atol=1e-6)


def test_weights():
    op = ops.OneOf([ops.Clip(), ops.Grayscale()], weights=[3, 1])
    chosen = op.draw((0, 0), (400, 4, 4, 3))["chosen"].numpy()
    assert chosen.mean() == pytest.approx(0.25, abs=0.06)
    never = ops.OneOf([ops.Clip(), ops.Grayscale()], weights=[1, 0])
    assert never.draw((0, 0), (64, 4, 4, 3))["chosen"].numpy().max() == 0


def test_common_choice_may_change_the_size(images):
    op = ops.OneOf([ops.Resize(0.5), ops.Sequence([ops.Resize(0.25), ops.JPEG()])], common=True)
    sizes = set()
    for seed in range(8):
        degraded, params = op(images, (0, seed), return_params=True)
        assert len(set(params["chosen"].numpy())) == 1
        np.testing.assert_array_equal(op.output_shape(tf.shape(images), params), degraded.shape)
        sizes.add(degraded.shape[1])
    assert sizes == {3, 6}


def test_transform_where_touches_the_chosen_only(images):
    chosen = tf.constant([True, False, False, True, False, False])
    seen = []

    def negate(subset, params):
        seen.append((subset.shape[0], params["k"].numpy().tolist()))
        return -subset

    result = transform_where(chosen, negate, images, {"k": tf.range(6)})
    assert seen == [(2, [0, 3])]
    np.testing.assert_array_equal(result, tf.where(chosen[:, None, None, None], -images, images))
    transform_where(tf.zeros([6], tf.bool), negate, images, {"k": tf.range(6)})
    assert len(seen) == 1, "nothing to do for an empty choice"


def test_transform_each_sends_every_sample_one_way(images):
    factors = [
        lambda images, params, factor=factor: images * factor * params["k"][:, None, None, None]
        for factor in (1.0, 10.0, 100.0)
    ]
    chosen = tf.constant([2, 0, 0, 2, 2, 0])
    scale = tf.range(1.0, 7.0)
    result = transform_each(chosen, factors, images[:6], {"k": scale})
    expected = images[:6] * tf.reshape(tf.gather([1.0, 10.0, 100.0], chosen) * scale, (6, 1, 1, 1))
    np.testing.assert_allclose(result, expected, rtol=1e-6)


def test_damage_is_marked_where_it_is_and_nothing_that_comes_later(images):
    images = tf.zeros((3, 32, 32, 3))
    wear = ops.Scratches(probability=1.0)
    later = ops.GaussianNoise(sigma_levels=60)
    marked = ops.MarkDamage([wear], then=[later])
    plain = ops.MarkDamage([wear])
    damaged, mask = np.split(marked(images, (1, 2)).numpy(), [3], axis=-1)
    worn, same = np.split(plain(images, (1, 2)).numpy(), [3], axis=-1)
    np.testing.assert_array_equal(mask, same)
    change = np.abs(worn).max(axis=-1, keepdims=True)
    np.testing.assert_array_equal(mask, change > 20 / 127.5)
    assert 0 < mask.mean() < 0.5
    assert damaged.std() > 2 * worn.std()
    with pytest.raises(ValueError, match="keep the shape"):
        ops.MarkDamage([wear], then=[ops.Downsample(2)])

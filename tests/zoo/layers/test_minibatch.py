import numpy as np
import pytest
import tensorflow as tf

from zoo.layers import MinibatchDeviation


def channel(images, group_size=4):
    outputs = MinibatchDeviation(group_size)(tf.constant(images, tf.float32)).numpy()
    np.testing.assert_array_equal(outputs[..., :-1], images)
    return outputs[..., -1]


def test_deviation_of_each_group_by_hand():
    images = np.zeros((4, 1, 1, 2), "float32")
    images[:, 0, 0, 0] = [0, 2, 5, 5]  # deviations of the two groups: 1 and 0
    images[:, 0, 0, 1] = [0, 6, 1, 3]  # 3 and 1
    np.testing.assert_allclose(channel(images, 2)[:, 0, 0], [2, 2, 0.5, 0.5], atol=1e-3)


def test_alike_samples_give_next_to_nothing():
    images = np.ones((4, 3, 3, 2), "float32")
    np.testing.assert_allclose(channel(images), 0, atol=1e-3)


@pytest.mark.parametrize("count", [1, 3, 5, 6])
def test_group_is_the_largest_that_divides_the_batch(count):
    images = np.random.default_rng(0).standard_normal((count, 2, 2, 1)).astype("float32")
    group = {1: 1, 3: 3, 5: 1, 6: 3}[count]
    groups = images.reshape(count // group, group, 2, 2, 1)
    expected = np.repeat(groups.std(axis=1).mean(axis=(1, 2, 3)), group)
    np.testing.assert_allclose(channel(images)[:, 0, 0], expected, atol=1e-3)


def test_replicas_that_take_whole_groups_see_what_one_sees():
    images = np.random.default_rng(0).standard_normal((8, 2, 2, 3)).astype("float32")
    whole = channel(images)
    np.testing.assert_allclose(np.concatenate([channel(images[:4]), channel(images[4:])]), whole)


def test_gradient_is_finite_where_samples_are_alike():
    images = tf.ones((4, 2, 2, 1))
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(MinibatchDeviation()(images))
    assert np.isfinite(tape.gradient(total, images)).all()


@pytest.mark.parametrize("size", [1, 2.0, True])
def test_refuses_other_sizes(size):
    with pytest.raises(ValueError, match=r"`group_size`.*Received"):
        MinibatchDeviation(size)

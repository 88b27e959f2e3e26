import numpy as np
import pytest
import tensorflow as tf

from zoo.core import randomness
from zoo.core.replay import ReplayPool


def images(*numbers):
    return tf.reshape(tf.constant(numbers, tf.float32), (-1, 1, 1, 1))


def run(steps, size=4, batch=2):
    """Numbers that a pool shows for images with the numbers 0, 1, 2, ..."""
    pool = ReplayPool(size, (1, 1, 1))
    shown = []
    for step in range(steps):
        given = images(*range(step * batch, (step + 1) * batch))
        shown.append(pool(given, randomness.step_seed(0, step)).numpy().ravel())
    return np.array(shown), pool


def test_images_pass_while_the_pool_fills():
    shown, pool = run(2)
    np.testing.assert_array_equal(shown, [[0, 1], [2, 3]])
    np.testing.assert_array_equal(np.ravel(pool.images), [0, 1, 2, 3])


def test_half_of_the_images_are_exchanged_for_earlier_ones():
    shown, pool = run(400)
    given = np.arange(800).reshape(400, 2)
    exchanged = (shown != given)[2:]
    assert 0.45 < exchanged.mean() < 0.55
    assert (shown <= given).all()
    # The first ones pass and stay; each other one is shown once, or is still in the pool.
    values, counts = np.unique(shown, return_counts=True)
    assert set(values[counts > 1]) <= {0, 1, 2, 3}
    assert set(range(800)) == set(values.astype(int)) | set(np.ravel(pool.images).astype(int))


def test_a_pool_of_nothing_exchanges_nothing():
    shown, _ = run(5, size=0)
    np.testing.assert_array_equal(shown.ravel(), np.arange(10))


def test_the_state_is_saved_with_the_weights():
    _, pool = run(7)
    copy = ReplayPool.from_config(pool.get_config())
    copy.set_weights(pool.get_weights())
    seed = randomness.step_seed(0, 7)
    np.testing.assert_array_equal(copy(images(14, 15), seed), pool(images(14, 15), seed))


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="`size` must be at least 0"):
        ReplayPool(-1, (1, 1, 1))
    with pytest.raises(ValueError, match="holds 2 images of shape"):
        ReplayPool(2, (1, 1, 1))(images(1, 2, 3), seed=tf.zeros(2, tf.int32))

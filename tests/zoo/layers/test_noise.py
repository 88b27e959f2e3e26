"""Noise of layers."""

import numpy as np
import pytest
import tensorflow as tf

from zoo.core import randomness
from zoo.layers import Dropout, GaussianNoise


def masks(layer, step, calls=1):
    with randomness.scope(randomness.step_seed(0, step)):
        return [layer(tf.ones((4, 100)), training=True).numpy() for _ in range(calls)]


def test_dropout_keeps_the_mean_and_drops_the_share():
    kept = masks(Dropout(0.25), 0)[0]
    assert set(np.unique(kept)) == {0.0, np.float32(1 / 0.75)}
    assert abs((kept == 0).mean() - 0.25) < 0.07
    np.testing.assert_array_equal(Dropout(0.25)(tf.ones((2, 3)), training=False), 1)


def test_masks_follow_from_step_call_and_sample():
    layer = Dropout(0.5, name="drop")
    first, second = masks(layer, 0, calls=2)
    assert (first != second).any()
    assert (first[0] != first[1]).any()
    np.testing.assert_array_equal(masks(Dropout(0.5, name="drop"), 0, calls=2)[1], second)
    assert (masks(layer, 1)[0] != first).any()
    assert (masks(Dropout(0.5, name="other"), 0)[0] != first).any()


def test_scopes_nest_and_close():
    layer = Dropout(0.5, name="drop")
    with randomness.scope(randomness.step_seed(0, 0)):
        with randomness.scope(randomness.step_seed(0, 1)):
            inner = layer(tf.ones((4, 100)), training=True)
        outer = layer(tf.ones((4, 100)), training=True)
    assert not randomness.in_scope()
    np.testing.assert_array_equal(inner, masks(layer, 1)[0])
    np.testing.assert_array_equal(outer, masks(layer, 0)[0])


def test_gaussian_noise_has_its_deviation_and_is_off_in_inference():
    noise = masks(GaussianNoise(0.5), 0)[0] - 1
    assert abs(noise.std() - 0.5) < 0.05
    assert abs(noise.mean()) < 0.1
    assert np.abs(noise[0] - noise[1]).max() > 0.1
    np.testing.assert_array_equal(GaussianNoise(0.5)(tf.ones((2, 3)), training=False), 1)
    with pytest.raises(ValueError, match=r"`deviation` must be 0 or more. Received: deviation=-1"):
        GaussianNoise(-1)

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo.losses import PathLength, path_lengths


def test_length_is_that_of_the_jacobian():
    """For a linear map the lengths are those of J^T y, in NumPy."""
    rng = np.random.default_rng(0)
    jacobian = rng.normal(size=(2, 3, 4, 5, 1)).astype("float32")  # layers, S, H, W, C
    styles = tf.constant(rng.normal(size=(6, 2, 3)), tf.float32)
    noise = rng.normal(size=(6, 4, 5, 1)).astype("float32")
    lengths = path_lengths(lambda w: tf.einsum("nls,lshwc->nhwc", w, jacobian), styles, noise)
    moved = np.einsum("lshwc,nhwc->nls", jacobian, noise) / np.sqrt(4 * 5)
    np.testing.assert_allclose(lengths, np.sqrt((moved**2).sum(2).mean(1)), rtol=1e-5)


def test_gradient_reaches_the_generator():
    weight = tf.Variable([[2.0, 0.0], [0.0, 1.0]])
    styles, noise = tf.ones((1, 1, 2)), tf.ones((1, 1, 1, 2))
    with tf.GradientTape() as tape:
        length = path_lengths(lambda w: tf.matmul(w, weight)[:, None], styles, noise)
    # |W y| for y = (1, 1): its derivative is (W y) y^T / |W y|.
    expected = np.array([[2.0, 2.0], [1.0, 1.0]]) / 5**0.5
    np.testing.assert_allclose(length, [5**0.5], rtol=1e-5)
    np.testing.assert_allclose(tape.gradient(length, weight), expected, rtol=1e-5)


def test_mean_moves_only_when_due():
    penalty = PathLength(decay=0.1)
    lengths = tf.constant([1.0, 3.0])
    assert float(penalty(lengths, due=tf.constant(False))) == 0
    assert penalty.mean.numpy() == 0
    # The mean moves first, to 0.2.
    assert float(penalty(lengths, due=True)) == pytest.approx((0.8**2 + 2.8**2) / 2)
    assert penalty.mean.numpy() == pytest.approx(0.2)
    assert float(penalty(lengths, due=False)) == 0
    assert penalty.mean.numpy() == pytest.approx(0.2)


def test_mean_is_the_same_on_all_replicas(mirrored):
    with mirrored.scope():
        penalty = PathLength(decay=0.5)
    lengths = tf.constant([2.0, 6.0])

    def step():
        index = tf.distribute.get_replica_context().replica_id_in_sync_group
        return penalty(lengths[index, None], due=True, share=0.5)

    values = mirrored.experimental_local_results(mirrored.run(step))
    # The mean of 2 and 6, halfway from 0, is 2.
    assert [each.numpy() for each in penalty.mean.value.values] == [2.0, 2.0]
    assert [float(value) for value in values] == [0.0, 16.0]


def test_config():
    penalty = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(zoo.losses.PathLength(0.2))
    )
    assert penalty.decay == 0.2
    with pytest.raises(ValueError, match=r"`decay` must be .* Received: decay=0"):
        PathLength(0)

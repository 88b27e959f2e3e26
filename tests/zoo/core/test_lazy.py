"""What is computed in a branch has the values and gradients that it has without one."""

import numpy as np
import tensorflow as tf

from zoo.core import lazy
from zoo.losses import r1_penalty


def test_is_due():
    assert [bool(lazy.is_due(3, step)) for step in range(7)] == [True, False, False] * 2 + [True]


def test_gradient_of_a_gradient_through_the_branch():
    weight = tf.Variable(tf.random.normal((4, 2), seed=0))
    images = tf.random.normal((3, 4), seed=1)

    def penalty():
        return tf.reduce_mean(r1_penalty(lambda x: tf.tanh(tf.matmul(x, weight)), images))

    def step(number, interval):
        with tf.GradientTape() as tape:
            loss = lazy.every(interval, number, penalty, tf.zeros(()))
        gradient = tape.gradient(loss, weight)
        return loss, tf.zeros_like(weight) if gradient is None else gradient

    expected = step(0, 1)
    assert np.abs(expected[1]).max() > 0.01
    for run in (step, tf.function(step, autograph=False)):
        for number, share in ((0, 1.0), (3, 0.0), (4, 1.0)):
            for actual, wanted in zip(run(tf.constant(number), 4), expected, strict=True):
                np.testing.assert_allclose(actual, share * wanted, rtol=1e-5)


def test_computes_only_when_due():
    count = tf.Variable(0)

    @tf.function(autograph=False)
    def step(number):
        def compute():
            count.assign_add(1)
            return tf.ones(())

        return lazy.every(4, number, compute, tf.zeros(()))

    results = [float(step(tf.constant(number))) for number in range(8)]
    assert results == [1, 0, 0, 0] * 2
    assert count.numpy() == 2

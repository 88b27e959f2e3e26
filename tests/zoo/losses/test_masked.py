import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.losses import CharbonnierLoss, SSIMLoss, feature_matching, masked_mean

L1 = keras.losses.MeanAbsoluteError()


def test_each_image_counts_alike_whatever_the_size_of_its_hole():
    target = tf.zeros((3, 2, 2, 2))
    output = tf.reshape(tf.range(24.0), (3, 2, 2, 2))
    mask = np.zeros((3, 2, 2, 1), "float32")
    mask[0, 0, 0] = 1  # values 0 and 1: mean 0.5
    mask[1] = 1  # values 8 to 15: mean 11.5; image 2 has no hole
    assert float(masked_mean(L1, target, output, mask)) == pytest.approx((0.5 + 11.5) / 3)


def test_only_marked_pixels_get_a_gradient():
    output = tf.Variable(tf.ones((1, 2, 2, 1)))
    mask = tf.constant([[[[1.0], [0.0]], [[0.0], [1.0]]]])
    with tf.GradientTape() as tape:
        loss = masked_mean(CharbonnierLoss(), tf.zeros((1, 2, 2, 1)), output, mask)
    gradient = tape.gradient(loss, output)
    np.testing.assert_allclose(gradient, 0.5 * mask, atol=1e-4)


def test_a_loss_of_whole_images_is_refused():
    with pytest.raises(ValueError, match=r"one value a pixel.*SSIMLoss"):
        masked_mean(SSIMLoss(), tf.zeros((1, 16, 16, 1)), tf.zeros((1, 16, 16, 1)),
                    tf.ones((1, 16, 16, 1)))  # fmt: skip


def test_feature_matching_pulls_the_made_images_alone():
    real, fake = tf.Variable([[1.0, 2.0]]), tf.Variable([[2.0, 5.0]])
    with tf.GradientTape() as tape:
        loss = feature_matching([real, 2.0 * real], [fake, 2.0 * fake])
    assert float(loss) == pytest.approx((2.0 + 4.0) / 2)
    to_real, to_fake = tape.gradient(loss, [real, fake])
    assert to_real is None
    np.testing.assert_allclose(to_fake, [[0.75, 0.75]])
    with pytest.raises(ValueError, match=r"same layers, at least one\. Received: 0 and 1"):
        feature_matching([], [fake])

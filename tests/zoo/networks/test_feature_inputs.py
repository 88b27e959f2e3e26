import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.networks.feature_inputs import CaffeBGR, Scaled, Standardized


def _pixel(red, green, blue):
    """One pixel of 0..255 levels in the library's [-1, 1]."""
    return tf.constant([red, green, blue], tf.float32)[None, None, None] / 127.5 - 1.0


def test_caffe_exchanges_red_and_blue_and_subtracts_means():
    # RGB (10, 20, 30) -> BGR (30, 20, 10) - (1, 2, 4).
    value = CaffeBGR((1, 2, 4))(_pixel(10, 20, 30))
    np.testing.assert_allclose(value[0, 0, 0], [29, 18, 6], atol=1e-4)


def test_caffe_equals_keras_applications():
    levels = np.random.default_rng(0).uniform(0, 255, (1, 4, 4, 3)).astype("float32")
    expected = keras.applications.vgg19.preprocess_input(levels.copy())
    np.testing.assert_allclose(CaffeBGR()(levels / 127.5 - 1), expected, atol=1e-3)


def test_scaled():
    # EfficientNet-Lite: (x - 127) / 128.
    value = Scaled(127, 128)(_pixel(255, 127, 0))
    np.testing.assert_allclose(value[0, 0, 0], [1.0, 0.0, -127 / 128], atol=1e-5)
    np.testing.assert_allclose(Scaled()(_pixel(255, 127.5, 0))[0, 0, 0], [1, 0, -1], atol=1e-5)


def test_standardized():
    # (1 - 0.5) / 0.25, (0.5 - 0.5) / 0.5, (0 - 0.1) / 0.2.
    value = Standardized((0.5, 0.5, 0.1), (0.25, 0.5, 0.2))(_pixel(255, 127.5, 0))
    np.testing.assert_allclose(value[0, 0, 0], [2.0, 0.0, -0.5], atol=1e-5)


@pytest.mark.parametrize("inputs", [CaffeBGR((1, 2, 3)), Scaled(3, 4), Standardized((1, 2, 3))])
def test_config_round_trip(inputs):
    back = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(inputs))
    np.testing.assert_array_equal(back(_pixel(1, 2, 3)), inputs(_pixel(1, 2, 3)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: CaffeBGR((1, 2)), "`means` must hold 3"),
        (lambda: Scaled(0, 0), "`scale` must be more than 0"),
        (lambda: Standardized(std=(1, 0, 1)), "`std` must be more than 0"),
    ],
)
def test_errors_name_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()

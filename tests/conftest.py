"""Every test runs with two logical CPU devices, set before TensorFlow initialises them."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import pytest
import tensorflow as tf

_CPU = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(_CPU, [tf.config.LogicalDeviceConfiguration()] * 2)


@pytest.fixture(autouse=True)
def clean_keras():
    """Give each test the same seed and the float32 policy, whatever ran before it."""
    keras.utils.set_random_seed(0)
    yield
    keras.config.set_dtype_policy("float32")
    keras.utils.clear_session(free_memory=False)  # collecting garbage costs half a second a test


@pytest.fixture(scope="session")
def mirrored():
    """The one MirroredStrategy of this process, over the two logical CPU devices.

    A second strategy would number its collective operations anew, and TensorFlow would take them
    for those of the first.
    """
    return tf.distribute.MirroredStrategy(["/cpu:0", "/cpu:1"])

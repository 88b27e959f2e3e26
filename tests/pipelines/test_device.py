import numpy as np
import pytest
import tensorflow as tf

import pipelines
from pipelines.device import map_on_device


def device_at_run_time():
    """A string that holds the name of the device on which the operation really runs."""
    handle = tf.raw_ops.AnonymousIteratorV3(
        output_types=[tf.float32], output_shapes=[tf.TensorShape([])]
    )
    return tf.raw_ops.IteratorToStringHandle(resource_handle=handle)


def source():
    images = np.random.default_rng(0).integers(0, 256, (6, 12, 12, 3)).astype(np.uint8)
    return pipelines.from_arrays(images, image_size=8)


@pytest.mark.parametrize(
    ("device", "name"),
    [(None, b"CPU:0"), ("/CPU:0", b"CPU:0"), ("/CPU:1", b"CPU:1"), ("cpu:1", b"CPU:1")],
)
def test_the_recipe_runs_on_the_device(device, name):
    dataset = pipelines.paired(
        source(), lambda images, seed: device_at_run_time(), 2, device=device
    )
    places = [place for place, _ in dataset.as_numpy_iterator()]
    assert len(places) == 3
    assert all(b"/device:" + name in place for place in places)


@pytest.mark.parametrize("options", [{}, {"start_step": 2}, {"shuffle": False}])
def test_results_do_not_depend_on_the_device(options):
    def jpeg_and_noise(images, seed):
        levels = tf.cast(tf.round((images + 1) * 127.5), tf.uint8)
        coded = tf.map_fn(lambda x: tf.io.decode_jpeg(tf.io.encode_jpeg(x), channels=3), levels)
        noise = tf.random.stateless_normal(tf.shape(images), seed, alg="philox")
        return tf.cast(coded, tf.float32) / 127.5 - 1 + 0.1 * noise

    host, device = (
        pipelines.paired(source(), jpeg_and_noise, 2, device=name, **options)
        for name in (None, "/CPU:1")
    )
    assert host.cardinality() == device.cardinality()
    for pair, moved in zip(host.take(3), device.take(3), strict=True):
        for one, other in zip(pair, moved, strict=True):
            np.testing.assert_array_equal(one, other)


def test_elements_with_several_parts_keep_their_order():
    pairs = tf.data.Dataset.range(5).map(lambda x: (x, -x))
    mapped = map_on_device(pairs, lambda a, b: (2 * a, b), "CPU:1")
    assert [(int(a), int(b)) for a, b in mapped] == [(0, 0), (2, -1), (4, -2), (6, -3), (8, -4)]


@pytest.mark.parametrize("device", ["/TPU:0", "/CPU:2", "", "a device", 3])
def test_devices_that_are_not_there(device):
    with pytest.raises(ValueError, match=r"`device` must be None.*device:CPU:1.*Received: "):
        map_on_device(tf.data.Dataset.range(1), lambda x: x, device)

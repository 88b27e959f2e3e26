import json
from dataclasses import asdict

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.metrics import PSNR, SSIM, Score, compare


def _images(seed, images=4):
    return tf.constant(np.random.default_rng(seed).uniform(-1, 1, (images, 12, 12, 3)), tf.float32)


def test_result_is_the_mean_over_images_not_over_batches():
    metric = PSNR("rgb")
    target, output = _images(0), _images(1)
    metric.update_state(target[:3], output[:3])
    metric.update_state(target[3:], output[3:])
    expected = np.mean(metric.per_image(target, output))
    assert float(metric.result()) == pytest.approx(expected, rel=1e-6)
    metric.reset_state()
    assert float(metric.result()) == 0.0


def test_sample_weight():
    metric = PSNR("rgb")
    target, output = _images(0), _images(1)
    metric.update_state(target, output, sample_weight=[1, 0, 0, 2])
    first, _, _, last = metric.per_image(target, output)
    assert float(metric.result()) == pytest.approx((float(first) + 2 * float(last)) / 3, rel=1e-6)


def test_replicas_see_one_mean(mirrored):
    target, output = _images(0), _images(1)
    with mirrored.scope():
        metric = PSNR("rgb")
    data = tf.data.Dataset.from_tensor_slices((target, output)).batch(4)

    @tf.function
    def step(batch):
        mirrored.run(metric.update_state, args=batch)

    for batch in mirrored.experimental_distribute_dataset(data):
        step(batch)
    expected = np.mean(PSNR("rgb").per_image(target, output))
    assert float(metric.result()) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("metric", "protocol"),
    [
        (PSNR(border=4), "Y channel, border 4, 8-bit rounded"),
        (PSNR("rgb", rounded=False), "RGB, border 0, not rounded"),
        (
            SSIM("gray", border=2),
            "gray, border 2, 8-bit rounded, 11x11 Gaussian (sigma 1.5), valid windows",
        ),
    ],
)
def test_protocol_is_stated_and_printed(metric, protocol):
    assert metric.protocol == protocol
    assert protocol in repr(metric)
    assert protocol in str(metric.score())


@pytest.mark.parametrize(
    "metric",
    [PSNR("rgb", border=3, rounded=False, name="db"), SSIM("gray", value_range=(0, 1))],
)
def test_config_round_trip_keeps_the_protocol(metric):
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(metric)))
    back = keras.saving.deserialize_keras_object(config)
    assert type(back) is type(metric)
    assert back.get_config() == metric.get_config()
    assert (back.protocol, back.name) == (metric.protocol, metric.name)


def test_scores_of_one_protocol_compare():
    after, before = PSNR("rgb"), PSNR("rgb")
    target = _images(0)
    after.update_state(target, 0.5 * target)
    before.update_state(target, 0.0 * target)
    # Half of the error is a quarter of the MSE: 20 log10(2) dB, up to the rounding to 8 bits.
    assert compare(after, before) == pytest.approx(20 * np.log10(2), abs=0.05)
    stored = Score(**json.loads(json.dumps(asdict(before.score()))))
    assert compare(after.score(), stored) == compare(after, before)


@pytest.mark.parametrize(
    "other",
    [PSNR("y"), PSNR("rgb", border=1), PSNR("rgb", rounded=False), SSIM("rgb")],
    ids=repr,
)
def test_other_protocols_are_refused(other):
    metric = PSNR("rgb")
    for each in (metric, other):
        each.update_state(_images(0), _images(1))
    with pytest.raises(ValueError, match="can be compared only when"):
        compare(metric, other)


def test_other_numbers_of_images_are_refused():
    a, b = PSNR("rgb"), PSNR("rgb")
    a.update_state(_images(0), _images(1))
    b.update_state(_images(0, 3), _images(1, 3))
    with pytest.raises(ValueError, match=r"images is the same.*Received: 4 and 3"):
        compare(a, b)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: PSNR(border=-1), "`border`.*Received: border=-1"),
        (lambda x: PSNR(border=1.5), "`border`.*Received: border=1.5"),
        (lambda x: PSNR(value_range=(1, -1)), "`value_range`"),
        (lambda x: PSNR(border=8).per_image(x, x), "`border=8` leaves nothing"),
        (lambda x: PSNR().per_image(x, x[:, :8]), r"\(1, 16, 16, 3\), output \(1, 8, 16, 3\)"),
        (lambda x: PSNR().per_image(x[0], x[0]), "add a batch axis"),
    ],
)
def test_errors_name_the_argument(call, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        call(tf.zeros((1, 16, 16, 3)))

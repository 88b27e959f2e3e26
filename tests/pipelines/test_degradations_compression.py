"""JPEG: equal to the codec, per sample."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from pipelines import degradations as ops


@pytest.fixture
def levels():
    y, x = np.mgrid[0:24, 0:32]
    red, green, blue = 8 * x % 256, 10 * y % 256, 5 * (x + y) % 256
    first = np.stack([red, green, blue], -1).astype(np.uint8)
    return np.stack([first, first[::-1, ::-1]])


@pytest.mark.parametrize("quality", [10, 75])
def test_equals_the_codec(levels, quality):
    images = levels / np.float32(127.5) - 1
    degraded = ops.JPEG(quality=quality)(images, (0, 0))
    encoded = tf.io.encode_jpeg(levels[1], quality=quality, chroma_downsampling=True)
    expected = tf.io.decode_jpeg(encoded, dct_method="INTEGER_ACCURATE")
    np.testing.assert_allclose((degraded[1] + 1) * 127.5, expected, atol=1e-3)


def test_close_to_pillow(levels):
    images = levels / np.float32(127.5) - 1
    degraded = (ops.JPEG(quality=50)(images, (0, 0)) + 1) * 127.5
    buffer = io.BytesIO()
    Image.fromarray(levels[0]).save(buffer, "JPEG", quality=50)
    expected = np.asarray(Image.open(buffer)).astype(np.float32)
    assert np.abs(degraded[0] - expected).mean() < 1.0


def test_each_sample_has_its_own_quality(levels):
    images = np.repeat(levels[:1] / np.float32(127.5) - 1, 3, axis=0)
    op = ops.JPEG()
    degraded = op.apply(images, {"quality": tf.constant([5, 50, 95])}).numpy()
    errors = np.abs(degraded - images).mean((1, 2, 3))
    assert errors[0] > errors[1] > errors[2] > 0


def test_quality_covers_both_limits():
    drawn = ops.JPEG(quality=(30, 32)).draw((0, 0), (64, 8, 8, 3))["quality"].numpy()
    assert set(drawn) == {30, 31, 32}


def test_gray_images_and_wrong_channels(levels):
    gray = tf.constant(levels[..., :1] / np.float32(127.5) - 1)
    assert ops.JPEG()(gray, (0, 0)).shape == gray.shape
    with pytest.raises(ValueError, match=r"1 or 3 channels.*\(2, 8, 8, 4\)"):
        ops.JPEG()(tf.zeros((2, 8, 8, 4)), (0, 0))

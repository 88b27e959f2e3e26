"""Every degradation inside tf.data with unknown sizes, and on a chosen device."""

import numpy as np
import pytest
import tensorflow as tf

from pipelines import degradations as ops

ALL = [
    ops.AnisotropicBlur(size_px=5),
    ops.Abrasion(amount=0.3),
    ops.BorderMask(),
    ops.BoxMask(max_share=1.0),
    ops.ColorCast(),
    ops.ColorJitter(),
    ops.Creases(),
    ops.Downsample(scale=2),
    ops.Dust(count=10),
    ops.FilmGrain(),
    ops.GaussianBlur(sigma_px=1.0),
    ops.GeneralizedBlur(size_px=5),
    ops.JPEG(),
    ops.LowLight(),
    ops.LowResolution(),
    ops.MixedBlur(size_px=(3, 5)),
    ops.MixedMask([ops.StrokeMask(count=(4, 5), max_share=0.2), ops.BorderMask()]),
    ops.MotionBlur(length_px=5.0),
    ops.OneOf([ops.GaussianNoise(), ops.Fading()], probability=0.8),
    ops.OneOf([ops.Sequence([ops.Resize(0.5), ops.JPEG()]), ops.Resize(0.7)], common=True),
    ops.PoissonNoise(exact=True),
    ops.Resize(factor=(0.3, 1.5)),
    ops.SaltAndPepper(amount=0.1),
    ops.Scratches(),
    ops.Sepia(),
    ops.SincBlur(size_px=5),
    ops.SpeckleNoise(gray_probability=0.5),
    ops.Stains(count=1),
    ops.TornEdges(),
    ops.UnevenLight(),
    ops.UnsharpMask(sigma_px=1.0),
    ops.Vignette(),
]


def name_of(op):
    return type(op).__name__


@pytest.fixture(scope="module")
def images():
    return tf.random.stateless_uniform((4, 20, 16, 3), (1, 2), -1.0, 1.0)


@pytest.mark.parametrize("op", ALL, ids=name_of)
def test_tf_data_with_unknown_sizes_equals_eager(op, images):
    def pairs():
        yield images.numpy()

    spec = tf.TensorSpec((None, None, None, 3), tf.float32)
    dataset = tf.data.Dataset.from_generator(pairs, output_signature=spec)
    dataset = dataset.map(lambda batch: op(batch, (3, 4)), num_parallel_calls=2)
    np.testing.assert_allclose(next(iter(dataset)), op(images, (3, 4)), atol=1e-5)
    assert dataset.element_spec.shape[-1] == 3 + op.adds_channels


def test_static_sizes_survive(images):
    for op in (ops.Downsample(scale=2), ops.GaussianBlur(0.5), ops.JPEG(), ops.BorderMask()):
        dataset = tf.data.Dataset.from_tensors(images).map(lambda batch, op=op: op(batch, (0, 0)))
        assert dataset.element_spec.shape == op(images, (0, 0)).shape


def test_a_new_seed_needs_no_new_trace(images):
    traces = []

    @tf.function
    def degrade(seed):
        traces.append(1)
        return ops.GaussianNoise()(images, seed)

    first, second = (degrade(tf.constant([0, index])) for index in range(2))
    assert len(traces) == 1
    assert np.abs(first - second).max() > 0.01


@pytest.mark.parametrize(
    "op",
    [ops.Creases(), ops.JPEG(), ops.MixedBlur(), ops.GaussianNoise(), ops.StrokeMask()],
    ids=name_of,
)
def test_second_device_gives_the_same(op, images):
    expected = op(images, (3, 4))
    with tf.device("/CPU:1"):
        degraded = op(images, (3, 4))
    assert degraded.device.endswith("CPU:1")
    np.testing.assert_array_equal(degraded, expected)

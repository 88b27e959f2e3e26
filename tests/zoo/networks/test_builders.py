"""The networks: shapes, sizes, precision, and the papers' numbers of weights."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.networks.discriminators import (
    patch_discriminator,
    unet_discriminator,
    vgg_discriminator,
)
from zoo.networks.encoder_decoder import restoration_unet
from zoo.networks.super_resolution import compact_srresnet, rrdbnet, srresnet

UPSCALERS = {
    "srresnet": lambda scale=2, **options: srresnet(scale, filters=4, blocks=1, **options),
    "compact": lambda scale=2, **options: compact_srresnet(scale, filters=4, blocks=1, **options),
    "rrdbnet": lambda scale=2, **options: rrdbnet(scale, filters=4, blocks=1, growth=2, **options),
}


def image(height, width, channels=3, seed=0):
    rng = np.random.default_rng(seed)
    return tf.constant(rng.uniform(-1, 1, (1, height, width, channels)).astype("float32"))


@pytest.mark.parametrize("name", UPSCALERS)
@pytest.mark.parametrize("scale", [1, 2, 3, 4, 8])
def test_upscalers(name, scale):
    network = UPSCALERS[name](scale)
    assert network.input_shape == network.output_shape == (None, None, None, 3)
    outputs = network(image(3, 5), training=False)
    assert outputs.shape == (1, 3 * scale, 5 * scale, 3)
    assert np.isfinite(outputs).all()


@pytest.mark.parametrize("name", UPSCALERS)
def test_gray_upscalers(name):
    assert UPSCALERS[name](channels=1)(image(3, 5, 1)).shape == (1, 6, 10, 1)


@pytest.mark.parametrize("build", [srresnet, compact_srresnet, rrdbnet])
def test_scale_is_checked(build):
    with pytest.raises(ValueError, match=r"`scale` must be 1, 2, 3, 4 or 8 .*Received: scale=5"):
        build(5)


def test_number_of_weights_of_the_papers():
    """SRResNet: 1.5 million (Ledig et al.); RRDBNet: 16.7 million, the ESRGAN that is published."""
    first, last = 9 * 9 * 3 * 64 + 64 + 64, 9 * 9 * 64 * 3 + 3
    convolution, norm, prelu = 3 * 3 * 64 * 64 + 64, 4 * 64, 64
    blocks = 16 * (2 * convolution + 2 * norm + prelu) + convolution + norm
    upsampling = 2 * (3 * 3 * 64 * 256 + 256 + prelu)
    total = first + blocks + upsampling + last
    assert total == 1_554_883
    assert srresnet().count_params() == total
    assert rrdbnet().count_params() == 16_697_987


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("name", [*UPSCALERS, "unet"])
def test_8_bit_levels_survive_mixed_policies(name, policy):
    """The last layer computes in float32: an offset of 1.001 arrives, which bfloat16 rounds."""
    keras.config.set_dtype_policy(policy)
    network = {**UPSCALERS, "unet": lambda: restoration_unet(filters=(4, 4), blocks=1)}[name]()
    last = [layer for layer in network.layers if layer.weights][-1]
    kernel, bias = last.get_weights()
    last.set_weights([kernel * 0, bias * 0 + 1.001])
    outputs = network(tf.zeros((1, 8, 8, 3)), training=False)
    assert outputs.dtype == tf.float32
    np.testing.assert_allclose(outputs, np.full(outputs.shape, 1.001), atol=1e-6)


@pytest.mark.parametrize("size", [(16, 8), (8, 24)])
def test_unet_starts_as_the_identity(size):
    inputs = image(*size)
    outputs = restoration_unet(filters=(4, 4, 4), blocks=1)(inputs, training=False)
    np.testing.assert_array_equal(outputs, inputs)


def test_unet_guided_by_a_mask():
    network = restoration_unet(4, filters=(4, 4), blocks=1, output_channels=3)
    assert network.output_shape == (None, None, None, 3)
    inputs = image(8, 8, 4)
    np.testing.assert_array_equal(network(inputs), inputs[..., :3])


@pytest.mark.parametrize("size", [16, 20, 33])
def test_vgg_discriminator_takes_any_crop(size):
    network = vgg_discriminator(filters=2)
    assert network(image(size, size + 1), training=False).shape == (1, 1)


def test_vgg_discriminator_without_batch_norm_judges_samples_alone():
    """As a gradient penalty needs: the logit of an image does not depend on the others."""
    both = tf.concat([image(16, 16), image(16, 16, seed=1)], 0)
    for batch_norm, alone in ((True, False), (False, True)):
        network = vgg_discriminator(filters=2, batch_norm=batch_norm)
        together = network(both, training=True)[:1]
        assert np.allclose(together, network(both[:1], training=True), atol=1e-6) == alone


def test_patch_discriminator():
    network = patch_discriminator(filters=2)
    assert network.output_shape == (None, None, None, 1)
    assert network(image(32, 48), training=False).shape == (1, 32 // 8 - 2, 48 // 8 - 2, 1)
    names = [layer.name for layer in network.layers]
    assert sum("spectral" in name for name in names) == 5
    plain = patch_discriminator(filters=2, spectral_norm=False)
    assert not any("spectral" in layer.name for layer in plain.layers)


def test_patch_of_the_discriminator_is_70_pixels():
    network = patch_discriminator(filters=2, spectral_norm=False)
    inputs = tf.Variable(image(96, 96))
    with tf.GradientTape() as tape:
        logit = network(inputs, training=False)[0, 5, 5, 0]
    rows = np.flatnonzero(np.abs(tape.gradient(logit, inputs)).sum((0, 2, 3)))
    assert rows[-1] - rows[0] + 1 == 70


def test_unet_discriminator_judges_each_pixel_by_64_around_it():
    network = unet_discriminator(filters=2)
    for size in ((16, 24), (13, 22)):
        assert network(image(*size), training=False).shape == (1, *size, 1)
    assert sum("spectral" in layer.name for layer in network.layers) == 8
    inputs = tf.Variable(image(96, 96))
    with tf.GradientTape() as tape:
        logit = network(inputs, training=False)[0, 48, 48, 0]
    seen = np.flatnonzero(np.abs(tape.gradient(logit, inputs)).sum((0, 2, 3)))
    assert 56 <= seen[-1] - seen[0] + 1 <= 64


def test_unet_discriminator_of_the_paper():
    """Real-ESRGAN's: 4,376,897 weights in PyTorch, without the vectors of the normalisation."""
    assert sum(np.prod(w.shape) for w in unet_discriminator().trainable_weights) == 4_376_897


@pytest.mark.parametrize("build", [patch_discriminator, unet_discriminator])
def test_spectral_normalisation_keeps_the_digits_of_float32(build):
    """Rounded to bfloat16 at each pass, a kernel would lose what an optimizer adds."""
    keras.config.set_dtype_policy("mixed_bfloat16")
    network = build(filters=4)
    network(image(32, 32), training=True)
    kernels = [w for w in network.trainable_weights if w.path.endswith("/kernel")]
    assert all(kernel.dtype == "float32" for kernel in kernels)
    bounded = [kernel for kernel in kernels if "spectral" in kernel.path]
    for kernel in bounded:
        value = tf.convert_to_tensor(kernel)
        assert not np.array_equal(value, tf.cast(tf.cast(value, tf.bfloat16), tf.float32))
    assert len(bounded) >= 5


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_logits_are_float32(policy):
    keras.config.set_dtype_policy(policy)
    for build in (vgg_discriminator, patch_discriminator, unet_discriminator):
        network = build(filters=2)
        assert network(image(32, 32), training=False).dtype == tf.float32

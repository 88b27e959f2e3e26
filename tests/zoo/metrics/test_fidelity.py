import keras
import numpy as np
import pytest
import skimage.color
import skimage.metrics
import tensorflow as tf
from scipy.signal import convolve2d

from zoo.metrics import PSNR, SSIM


def _photo(seed=0, shape=(2, 24, 28, 3)):
    """Smooth 8-bit images, so that SSIM sees structure."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0, 255, (shape[0], shape[1] // 4, shape[2] // 4, shape[3]))
    return np.round(np.kron(coarse, np.ones((1, 4, 4, 1)))).astype("uint8")


def _pair():
    target = _photo()
    noise = np.random.default_rng(1).normal(0, 15, target.shape)
    return target, np.clip(np.round(target + noise), 0, 255).astype("uint8")


def _signed(levels):
    return tf.constant(levels / 127.5 - 1, tf.float32)


def _matlab_luma(levels):
    """Y of MATLAB's rgb2ycbcr: 16 + (65.481 R + 128.553 G + 24.966 B) / 255, in double."""
    return 16 + levels.astype("float64") @ np.array([65.481, 128.553, 24.966]) / 255


def _matlab_ssim_index(a, b):
    """ssim_index.m: fspecial('gaussian', 11, 1.5), filter2(..., 'valid'), K = [0.01 0.03]."""
    y, x = np.mgrid[-5:6, -5:6]
    window = np.exp(-(x**2 + y**2) / (2 * 1.5**2))
    window /= window.sum()

    def mean(z):
        return convolve2d(z, window, mode="valid")

    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mu_a, mu_b = mean(a), mean(b)
    var_a, var_b = mean(a * a) - mu_a**2, mean(b * b) - mu_b**2
    cov = mean(a * b) - mu_a * mu_b
    top = (2 * mu_a * mu_b + c1) * (2 * cov + c2)
    return np.mean(top / ((mu_a**2 + mu_b**2 + c1) * (var_a + var_b + c2)))


def test_psnr_golden():
    # One level off everywhere: MSE 1, 20 log10(255) = 48.1308 dB.
    target = np.full((1, 4, 4, 3), 100, "uint8")
    value = PSNR("rgb").per_image(_signed(target), _signed(target + 1))
    np.testing.assert_allclose(value, [48.1308], atol=1e-3)
    # One value of 48 off by 4: MSE 16 / 48, 10 log10(65025 * 3) = 52.9020 dB.
    output = target.copy()
    output[0, 1, 2, 0] += 4
    value = PSNR("rgb").per_image(_signed(target), _signed(output))
    np.testing.assert_allclose(value, [52.9020], atol=1e-3)
    # On Y the red step of 4 weighs 4 * 65.481 / 255 = 1.02715 in one of 16 pixels:
    # MSE 1.05503 / 16 = 0.0659394, 10 log10(65025 / 0.0659394) = 59.9394 dB.
    value = PSNR("y").per_image(_signed(target), _signed(output))
    np.testing.assert_allclose(value, [59.9394], atol=1e-2)


def test_equal_images():
    images = _signed(_photo())
    np.testing.assert_array_equal(PSNR().per_image(images, images), [np.inf, np.inf])
    np.testing.assert_allclose(SSIM().per_image(images, images), [1, 1], atol=1e-6)


@pytest.mark.parametrize("border", [0, 3])
def test_rgb_equals_skimage(border):
    target, output = _pair()
    inner = np.s_[:, border : 24 - border, border : 28 - border]
    psnr = PSNR("rgb", border=border).per_image(_signed(target), _signed(output))
    ssim = SSIM("rgb", border=border).per_image(_signed(target), _signed(output))
    for i, (a, b) in enumerate(zip(target[inner], output[inner], strict=True)):
        expected = skimage.metrics.peak_signal_noise_ratio(a, b, data_range=255)
        assert float(psnr[i]) == pytest.approx(expected, abs=1e-4)
        assert float(ssim[i]) == pytest.approx(_skimage_ssim(a, b, channel_axis=-1), abs=1e-5)


@pytest.mark.parametrize("border", [0, 3])
def test_y_equals_skimage_and_matlab(border):
    target, output = _pair()
    inner = np.s_[:, border : 24 - border, border : 28 - border]
    psnr = PSNR("y", border=border).per_image(_signed(target), _signed(output))
    ssim = SSIM("y", border=border).per_image(_signed(target), _signed(output))
    for i, (a, b) in enumerate(zip(target[inner], output[inner], strict=True)):
        luma_a, luma_b = _matlab_luma(a), _matlab_luma(b)
        np.testing.assert_allclose(luma_a, skimage.color.rgb2ycbcr(a)[..., 0], atol=1e-9)
        expected = 10 * np.log10(255**2 / np.mean((luma_a - luma_b) ** 2))
        assert float(psnr[i]) == pytest.approx(expected, abs=1e-3)
        assert float(ssim[i]) == pytest.approx(_skimage_ssim(luma_a, luma_b), abs=1e-5)
        assert float(ssim[i]) == pytest.approx(_matlab_ssim_index(luma_a, luma_b), abs=1e-5)


def test_ssim_keeps_its_digits_on_bright_flat_images():
    # Nearly constant at 250: E[x^2] - E[x]^2 in float32 would be rounding noise next to C2.
    rng = np.random.default_rng(0)
    target = 250 + rng.integers(0, 2, (1, 16, 16, 1))
    output = 250 + rng.integers(0, 2, (1, 16, 16, 1))
    value = SSIM("gray").per_image(_signed(target), _signed(output))
    expected = _matlab_ssim_index(target[0, ..., 0] * 1.0, output[0, ..., 0] * 1.0)
    assert float(value[0]) == pytest.approx(expected, abs=1e-6)


def test_gray_images():
    target, output = (x[..., :1] for x in _pair())
    value = PSNR("gray").per_image(_signed(target), _signed(output))
    expected = skimage.metrics.peak_signal_noise_ratio(target[0], output[0], data_range=255)
    assert float(value[0]) == pytest.approx(expected, abs=1e-4)


def test_rounding_is_that_of_a_png_file():
    # 10.4 -> 10, 10.5 -> 11 (half up, as MATLAB), 300 -> 255: differences 0, 1, 0 from 10, 10, 255.
    target = np.array([10, 10, 255.0]).reshape(1, 1, 3, 1)
    output = np.array([10.4, 10.5, 300]).reshape(1, 1, 3, 1)
    value = PSNR("gray", value_range=(0, 255)).per_image(target, output)
    assert float(value[0]) == pytest.approx(10 * np.log10(65025 * 3), abs=1e-4)
    # Not rounded: 0.4^2 + 0.5^2 + 45^2.
    value = PSNR("gray", rounded=False, value_range=(0, 255)).per_image(target, output)
    expected = 10 * np.log10(65025 * 3 / (0.16 + 0.25 + 2025))
    assert float(value[0]) == pytest.approx(expected, abs=1e-3)


def test_value_range():
    target, output = _pair()
    signed = PSNR().per_image(_signed(target), _signed(output))
    unit = PSNR(value_range=(0, 1)).per_image(target / 255.0, output / 255.0)
    levels = PSNR(value_range=(0, 255)).per_image(target, output)
    np.testing.assert_allclose(unit, signed, rtol=1e-6)
    np.testing.assert_allclose(levels, signed, rtol=1e-6)


@pytest.mark.parametrize("cls", [PSNR, SSIM])
def test_half_precision_outputs_are_scored_in_float32(cls):
    target, output = (tf.cast(_signed(x), tf.bfloat16) for x in _pair())
    value = cls().per_image(target, output)
    assert value.dtype == tf.float32
    expected = cls().per_image(tf.cast(target, tf.float32), tf.cast(output, tf.float32))
    np.testing.assert_array_equal(value, expected)


@pytest.mark.parametrize("cls", [PSNR, SSIM])
def test_graph_with_dynamic_shape(cls):
    target, output = (_signed(x) for x in _pair())
    spec = tf.TensorSpec((None, None, None, 3))
    metric = cls(border=2)
    traced = tf.function(metric.per_image, input_signature=[spec, spec])
    np.testing.assert_allclose(traced(target, output), metric.per_image(target, output), rtol=1e-5)


def test_ssim_refuses_a_dynamic_image_smaller_than_its_window():
    spec = tf.TensorSpec((None, None, None, 3))
    traced = tf.function(SSIM(border=2).per_image, input_signature=[spec, spec])
    with pytest.raises(tf.errors.InvalidArgumentError, match="11x11"):
        traced(tf.zeros((1, 14, 20, 3)), tf.zeros((1, 14, 20, 3)))


def test_keras_evaluates_the_mean_over_images():
    target, output = (_signed(x) for x in _pair())
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, keras.layers.Identity()(inputs))
    model.compile(loss="mse", metrics=[PSNR("rgb"), SSIM()])
    logs = model.evaluate(output, target, batch_size=1, verbose=0, return_dict=True)
    expected = np.mean(PSNR("rgb").per_image(target, output))
    assert logs["psnr"] == pytest.approx(expected, rel=1e-5)
    assert logs["ssim"] == pytest.approx(np.mean(SSIM().per_image(target, output)), rel=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: PSNR(channel="Y"), "`channel`.*Received: channel='Y'"),
        (lambda x: PSNR("rgb").per_image(x[..., :1], x[..., :1]), "channel='gray'"),
        (lambda x: PSNR("gray").per_image(x, x), "'y' or 'rgb'"),
        (lambda x: SSIM(border=3).per_image(x, x), "11x11"),
    ],
)
def test_errors_name_the_argument(call, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        call(tf.zeros((1, 16, 16, 3)))


def _skimage_ssim(a, b, **kwargs):
    return skimage.metrics.structural_similarity(
        a,
        b,
        data_range=255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        **kwargs,
    )

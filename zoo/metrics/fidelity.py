"""Fidelity to a reference image: PSNR and SSIM, each with its protocol.

A PSNR without its protocol is not a number that can be compared: the Y channel gives about 2 dB
more than RGB, and a border or a rounding step moves it again. So both state their protocol, and
`zoo.metrics.compare` refuses to subtract scores whose protocols differ.
"""

import keras
import tensorflow as tf

from zoo.metrics.image_metric import ImageMetric

_PEAK = 255.0
_CHANNELS = {"y": "Y channel", "rgb": "RGB", "gray": "gray"}
# ITU-R BT.601 luma as MATLAB's rgb2ycbcr defines it, for R, G, B in 0..255.
_LUMA = (65.481 / 255.0, 128.553 / 255.0, 24.966 / 255.0)
_LUMA_OFFSET = 16.0
_SSIM_WINDOW = 11
_SSIM_SIGMA = 1.5


class _ChannelMetric(ImageMetric):
    """An `ImageMetric` on luma, on RGB, or on gray images."""

    def __init__(self, channel="y", border=0, rounded=True, name=None, **kwargs):
        super().__init__(border=border, rounded=rounded, name=name, **kwargs)
        if channel not in _CHANNELS:
            raise ValueError(
                f"`channel` must be one of {sorted(_CHANNELS)}. Received: channel={channel!r}"
            )
        self.channel = channel

    @property
    def protocol(self):
        return f"{_CHANNELS[self.channel]}, {super().protocol}"

    def get_config(self):
        return {**super().get_config(), "channel": self.channel}

    def _levels(self, images):
        expected = 1 if self.channel == "gray" else 3
        if images.shape[-1] not in (None, expected):
            raise ValueError(
                f"`channel={self.channel!r}` needs images with {expected} channel(s); choose "
                f"channel='gray' for one channel and 'y' or 'rgb' for three. "
                f"Received: images of shape {tuple(images.shape)}"
            )
        levels = super()._levels(images)
        if self.channel != "y":
            return levels
        return tf.reduce_sum(levels * tf.constant(_LUMA), axis=-1, keepdims=True) + _LUMA_OFFSET


@keras.saving.register_keras_serializable(package="zoo")
class PSNR(_ChannelMetric):
    """Peak signal-to-noise ratio in dB, averaged over images; infinite for equal images.

    `10 log10(255^2 / MSE)` with the mean squared error over all pixels and channels of one image.
    `channel="y"` converts to luma as MATLAB's `rgb2ycbcr` does (BT.601, 16..235, not rounded
    again) and keeps 255 as the peak, the custom in super-resolution papers.

    Args:
        channel: `"y"` (luma), `"rgb"`, or `"gray"` (images with one channel). Defaults to `"y"`.
        border: Pixels cut from each side. Defaults to `0`.
        rounded: Whether to clip and round to 8-bit levels first. Defaults to `True`.
        name: Name in the logs. Defaults to `"psnr"`.
        **kwargs: `value_range` and `dtype`, see `ImageMetric`.

    Example:

    >>> target = tf.zeros((1, 8, 8, 3)) - 1
    >>> psnr = PSNR(channel="rgb")
    >>> psnr.update_state(target, target + 2 / 255)  # every pixel is one level off
    >>> round(float(psnr.result()), 3)  # 20 log10(255)
    48.131
    >>> psnr
    PSNR(RGB, border 0, 8-bit rounded)
    """

    def __init__(self, channel="y", border=0, rounded=True, name="psnr", **kwargs):
        super().__init__(channel=channel, border=border, rounded=rounded, name=name, **kwargs)

    def per_image_levels(self, target, output):
        """PSNR of each image."""
        error = tf.reduce_mean(tf.square(target - output), axis=(1, 2, 3))
        return 10.0 * tf.math.log(_PEAK**2 / error) / tf.math.log(10.0)


@keras.saving.register_keras_serializable(package="zoo")
class SSIM(_ChannelMetric):
    """Structural similarity, averaged over images; 1 for equal images.

    MATLAB's `ssim_index`: 11x11 Gaussian window of sigma 1.5, K1 = 0.01, K2 = 0.03, peak 255,
    biased (not sample) covariance, and only windows that lie wholly inside the image. Equal to
    `skimage.metrics.structural_similarity(gaussian_weights=True, sigma=1.5,
    use_sample_covariance=False, data_range=255)`; RGB is the mean over channels.

    Args:
        channel: `"y"` (luma), `"rgb"`, or `"gray"` (images with one channel). Defaults to `"y"`.
        border: Pixels cut from each side. Defaults to `0`.
        rounded: Whether to clip and round to 8-bit levels first. Defaults to `True`.
        name: Name in the logs. Defaults to `"ssim"`.
        **kwargs: `value_range` and `dtype`, see `ImageMetric`.

    Reference:
        - [Wang et al., 2004](https://doi.org/10.1109/TIP.2003.819861), equation 13
    """

    def __init__(self, channel="y", border=0, rounded=True, name="ssim", **kwargs):
        super().__init__(channel=channel, border=border, rounded=rounded, name=name, **kwargs)

    @property
    def protocol(self):
        """Text that states how the score is computed."""
        return f"{super().protocol}, 11x11 Gaussian (sigma 1.5), valid windows"

    def per_image_levels(self, target, output):
        """SSIM of each image."""
        return structural_similarity(target, output, peak=_PEAK)


def structural_similarity(a, b, peak):
    """Mean SSIM of each image (MATLAB `ssim_index`, see `SSIM`).

    Args:
        a: Float32 images of shape `(N, H, W, C)`, H and W at least 11 px.
        b: Images of the same shape.
        peak: Width of the value range: 255 for 0..255, 2 for [-1, 1].

    Returns:
        A float32 tensor of shape `(N,)`, the mean over windows and channels.

    Raises:
        ValueError: If a side is shorter than the window.
    """
    _check_window(a)
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    # Variances do not depend on a shift, but E[x^2] - E[x]^2 loses digits far from 0: centre each
    # image on its own mean first.
    shift_a = tf.reduce_mean(a, axis=(1, 2), keepdims=True)
    shift_b = tf.reduce_mean(b, axis=(1, 2), keepdims=True)
    a, b = a - shift_a, b - shift_b
    moments = _gaussian_means(tf.concat([a, b, a * a, b * b, a * b], axis=-1))
    mean_a, mean_b, aa, bb, ab = tf.split(moments, 5, axis=-1)
    variances = aa - mean_a**2 + bb - mean_b**2
    covariance = ab - mean_a * mean_b
    mean_a, mean_b = mean_a + shift_a, mean_b + shift_b
    luminance = (2.0 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    return tf.reduce_mean(luminance * (2.0 * covariance + c2) / (variances + c2), axis=(1, 2, 3))


def _gaussian_means(x):
    """Gaussian-weighted means over every 11x11 window inside the image, as two 1-D passes."""
    offsets = tf.range(_SSIM_WINDOW, dtype=tf.float32) - (_SSIM_WINDOW - 1) / 2
    window = tf.exp(-0.5 * tf.square(offsets / _SSIM_SIGMA))
    window /= tf.reduce_sum(window)
    channels = tf.shape(x)[-1]
    rows = tf.tile(tf.reshape(window, (-1, 1, 1, 1)), (1, 1, channels, 1))
    columns = tf.tile(tf.reshape(window, (1, -1, 1, 1)), (1, 1, channels, 1))
    for kernel in (rows, columns):
        x = tf.nn.depthwise_conv2d(x, kernel, strides=(1, 1, 1, 1), padding="VALID")
    return x


def _check_window(images):
    height, width = images.shape[1:3]
    if height is None or width is None:
        smallest = tf.reduce_min(tf.shape(images)[1:3])
        message = "SSIM needs images of at least 11x11 px after the border is cut."
        tf.debugging.assert_greater_equal(smallest, _SSIM_WINDOW, message)
    elif min(height, width) < _SSIM_WINDOW:
        raise ValueError(
            "SSIM needs images of at least 11x11 px after the border is cut; use a larger image "
            f"or a smaller border. Received: images of shape {tuple(images.shape)}"
        )

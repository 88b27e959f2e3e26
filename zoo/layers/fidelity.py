"""Layers that keep a restored image near the one that it was made from."""

import keras
import numpy as np
import tensorflow as tf


def gaussian_blur(images, deviation_px):
    """Blur each channel up to three deviations; outside of the image there is zero.

    Args:
        images: float32 `(N, H, W, C)`.
        deviation_px: Float above 0.

    Returns:
        float32 tensor of the same shape.
    """
    reach = round(3 * deviation_px)
    line = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation_px) ** 2)
    line = np.tile((line / line.sum())[:, None], (1, images.shape[-1])).astype("float32")
    for kernel in (line[:, None, :, None], line[None, :, :, None]):
        images = tf.nn.depthwise_conv2d(images, kernel, (1, 1, 1, 1), "SAME")
    return images


@keras.saving.register_keras_serializable(package="zoo")
class Blend(keras.layers.Layer):
    """Mix an image with its restored version.

    Args:
        strength: Float in [0, 1], share of the restored one.

    Example:

    >>> Blend(0.25)([tf.zeros((1, 1, 1, 1)), tf.ones((1, 1, 1, 1))]).numpy().item()
    0.25
    """

    def __init__(self, strength, **kwargs):
        super().__init__(**kwargs)
        self.strength = float(strength)

    def call(self, inputs):
        """An image and its restored version, both `(N, H, W, C)`, to the mixed one."""
        image, restored = inputs
        return image + self.strength * (restored - image)

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        return tuple(input_shape[1])

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "strength": self.strength}


@keras.saving.register_keras_serializable(package="zoo")
class KeepColor(keras.layers.Layer):
    """Give a restored image the colours and the light of the original, but not its detail.

    What a Gaussian blur leaves of the original replaces what it leaves of the restored image.

    Args:
        deviation_px: Float above 0, of the blur.

    Example:

    >>> darker = KeepColor(2.0)([tf.fill((1, 16, 16, 3), -0.5), tf.zeros((1, 16, 16, 3))])
    >>> darker.numpy().mean().round(3).item()
    -0.5
    """

    def __init__(self, deviation_px, **kwargs):
        super().__init__(**kwargs)
        self.deviation_px = float(deviation_px)

    def call(self, inputs):
        """The original and the restored image, both `(N, H, W, C)`, to the latter corrected."""
        image, restored = inputs
        difference = gaussian_blur(image - restored, self.deviation_px)
        # Divided by the share of the blur's weight that lies inside of the image.
        return restored + difference / gaussian_blur(
            tf.ones_like(image[:1, :, :, :1]), self.deviation_px
        )

    def compute_output_shape(self, input_shape):
        """Shape of the output."""
        return tuple(input_shape[1])

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "deviation_px": self.deviation_px}

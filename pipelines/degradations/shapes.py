"""Shapes and brightness of batches of images, shared by the degradations."""

import tensorflow as tf

#: Weights of red, green and blue in brightness, ITU-R BT.601.
LUMA = (0.299, 0.587, 0.114)


def image_shape(images):
    """Return the shape of `images` as ints where known and scalar tensors elsewhere.

    Args:
        images: Tensor `(N, H, W, C)`.
    """
    dynamic = tf.shape(images)
    return [dynamic[axis] if side is None else side for axis, side in enumerate(images.shape)]


def per_sample(values):
    """Return parameters `(N,)` as `(N, 1, 1, 1)`, to be multiplied with images.

    Args:
        values: Tensor `(N,)`.
    """
    return tf.reshape(values, (-1, 1, 1, 1))


def luma(images):
    """Return the brightness of RGB images, or the mean of any other channels.

    Args:
        images: float32 tensor `(N, H, W, C)`.

    Returns:
        float32 tensor `(N, H, W, 1)`.
    """
    if images.shape[-1] != 3:
        return tf.reduce_mean(images, axis=-1, keepdims=True)
    return tf.reduce_sum(images * tf.constant(LUMA), axis=-1, keepdims=True)


def require_rgb(images, op):
    """Raise unless images have three channels.

    Args:
        images: Tensor `(N, H, W, C)`.
        op: The degradation that needs them.

    Raises:
        ValueError: If C is not 3.
    """
    if images.shape[-1] != 3:
        raise ValueError(
            f"{type(op).__name__} needs images with 3 channels. "
            f"Received shape: {tuple(images.shape)}. Repeat the gray channel three times."
        )

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


def per_channel(values, images):
    """Return parameters `(N, C)` as `(N, 1, W, C)`, to be multiplied with images.

    They are repeated along a row, because broadcasting vectors as short as a pixel is slow.

    Args:
        values: Tensor `(N, C)`.
        images: Tensor `(N, H, W, C)`, for its width.
    """
    return tf.repeat(values[:, None, None, :], tf.shape(images)[2], axis=2)


def in_colors(maps, colors):
    """Return one-channel maps times a colour of each sample.

    Args:
        maps: float32 tensor `(N, H, W, 1)`.
        colors: float32 tensor `(N, C)`.

    Returns:
        float32 tensor `(N, H, W, C)`.
    """
    count, height, width, _ = image_shape(maps)
    # As a product of matrices, which is four times faster than broadcasting both.
    pixels = tf.matmul(tf.reshape(maps, (count, height * width, 1)), colors[:, None, :])
    return tf.reshape(pixels, (count, height, width, colors.shape[-1]))


def in_channels(maps, images):
    """Repeat one-channel maps in every channel of images.

    Args:
        maps: float32 tensor `(N, H, W, 1)`.
        images: Tensor `(N, H, W, C)`.

    Returns:
        float32 tensor `(N, H, W, C)`.
    """
    return in_colors(maps, tf.ones([tf.shape(images)[0], images.shape[-1]]))


def power(base, exponent):
    """Return `base ** exponent` several times faster than `tf.pow`, which is not vectorised.

    Args:
        base: float32 tensor of numbers of at least zero.
        exponent: Number or tensor above zero.

    Returns:
        float32 tensor.
    """
    # The logarithm of zero is -inf, whose exponential is zero again.
    return tf.exp(exponent * tf.math.log(base))


def channel_mean(images):
    """Return the mean over the channels.

    Args:
        images: float32 tensor `(N, H, W, C)`.

    Returns:
        float32 tensor `(N, H, W, 1)`.
    """
    channels = images.shape[-1]
    return tf.matmul(images, tf.fill((channels, 1), 1.0 / channels))


def luma(images):
    """Return the brightness of RGB images, or the mean of any other channels.

    Args:
        images: float32 tensor `(N, H, W, C)`.

    Returns:
        float32 tensor `(N, H, W, 1)`.
    """
    if images.shape[-1] != 3:
        return channel_mean(images)
    return tf.matmul(images, tf.constant(LUMA)[:, None])


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

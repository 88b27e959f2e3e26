"""Sequences made of single images: the camera shakes more and more, a light moves across."""

import math

import tensorflow as tf

from pipelines.batching import check_source, finished
from pipelines.degradations import kernels
from pipelines.degradations.filtering import filter_each
from pipelines.labelled import numbered_images

#: What describes a frame: blur along the rows and across, as twice the angle has it; how strong the
#: light is; and where, from -1 (left, top) to 1.
EFFECTS = ("blur_cos", "blur_sin", "light", "light_x", "light_y")
# Keeps the draws of effects apart from others that use the same user seed.
_EFFECT_STREAM = 0x66726D73
_AMBIENT, _LIGHT_RADIUS = 0.35, 0.5


def effects(length_px, angle_degrees, light, start, end, count, max_blur_px=9.0):
    """Describe the frames of sequences.

    Args:
        length_px: Float `(N,)`, length of the blur in the last frame; it grows evenly from 0.
        angle_degrees: Float `(N,)`, direction of the blur against the rows.
        light: Float `(N,)` in [0, 1], strength of the light: 0 leaves images as they are.
        start: Float `(N, 2)`, place `(x, y)` of the light in the first frame, from -1 to 1.
        end: Float `(N, 2)`, its place in the last frame.
        count: Integer of at least 2, frames.
        max_blur_px: Float, the length that is 1. Defaults to 9.

    Returns:
        float32 tensor `(N, count, 5)`, see `EFFECTS`.

    Example:

    >>> made = effects([9.0], [0.0], [1.0], [[-1.0, 0.0]], [[1.0, 0.0]], count=3)
    >>> made[0].numpy().tolist()
    [[0.0, 0.0, 1.0, -1.0, 0.0], [0.5, 0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 1.0, 1.0, 0.0]]
    """
    length, angle, light, start, end = (
        tf.convert_to_tensor(each, tf.float32)
        for each in (length_px, angle_degrees, light, start, end)
    )
    time = tf.linspace(0.0, 1.0, count)
    doubled = angle * (2.0 * math.pi / 180.0)  # a blur to the left is one to the right
    direction = tf.stack([tf.cos(doubled), tf.sin(doubled)], axis=-1)
    blur = (length / max_blur_px)[:, None, None] * time[None, :, None] * direction[:, None]
    place = start[:, None] + time[None, :, None] * (end - start)[:, None]
    strength = tf.repeat(light[:, None, None], count, axis=1)
    return tf.concat([blur, strength, place], axis=-1)


def apply_effects(images, described, max_blur_px=9.0):
    """Make frames.

    Args:
        images: float32 `(N, H, W, C)` in [-1, 1].
        described: float32 `(N, 5)`, see `EFFECTS`, or `(N, T, 5)` for sequences.
        max_blur_px: Float, as of `effects`. Defaults to 9.

    Returns:
        float32 tensor `(N, H, W, C)`, or `(N, T, H, W, C)`, in [-1, 1].
    """
    images, described = (tf.convert_to_tensor(each, tf.float32) for each in (images, described))
    if described.shape.rank == 3:
        count, shape = described.shape[1], tf.shape(images)
        repeated = tf.repeat(images, count, axis=0)
        frames = apply_effects(repeated, tf.reshape(described, (-1, len(EFFECTS))), max_blur_px)
        made = tf.reshape(frames, tf.concat([shape[:1], [count], shape[1:]], axis=0))
        return tf.ensure_shape(made, (images.shape[0], count, *images.shape[1:]))
    cos, sin, light, x, y = tf.unstack(described, axis=-1)
    length = tf.sqrt(cos**2 + sin**2 + 1e-12) * max_blur_px
    size = 2 * math.ceil(max_blur_px / 2) + 1
    path = kernels.motion(size, tf.maximum(length, 1.0), tf.atan2(sin, cos) / 2.0)
    blurred = filter_each(images, kernels.normalise(path))
    # Below a pixel there is no blur: the path of one pixel is the image.
    height, width = tf.unstack(tf.shape(images)[1:3])
    rows, columns = tf.linspace(-1.0, 1.0, height), tf.linspace(-1.0, 1.0, width)
    squared = (rows[None, :, None] - y[:, None, None]) ** 2
    squared += (columns[None, None, :] - x[:, None, None]) ** 2
    spot = tf.exp(-squared / (2.0 * _LIGHT_RADIUS**2))
    strength = light[:, None, None]
    gain = 1.0 + strength * (_AMBIENT - 1.0 + (2.0 - _AMBIENT) * spot)
    lit = (blurred + 1.0) * gain[..., None] - 1.0
    return tf.clip_by_value(lit, -1.0, 1.0)


def frames(
    source,
    batch_size=8,
    *,
    count=6,
    max_blur_px=9.0,
    seed=0,
    shuffle=True,
    start_step=None,
    image_size=None,
):
    """Makes `((images, effects), frames)` batches for `model.fit()`.

    In each sequence the blur grows from none to a length and in a direction that are drawn, and a
    light that is drawn too moves from one place to another. Half of the sequences have one of both.

    Args:
        source: an `ImageSource`, made with `augment=False` where up must stay up.
        batch_size: sequences in a batch.
        count: frames in a sequence, at least 2.
        max_blur_px: longest blur.
        seed: int in [0, 2**31) that all draws depend on.
        shuffle: see `unlabelled`, like the rest.
        start_step: see `unlabelled`.
        image_size: see `unlabelled`.

    Returns:
        A `tf.data.Dataset` of `((images, effects), frames)`: float32 `(N, H, W, C)` in [-1, 1],
        `(N, count, 5)` as `EFFECTS` says, and `(N, count, H, W, C)`.

    Raises:
        ValueError: for arguments that do not fit each other.

    Example:

    >>> import pipelines
    >>> photos = pipelines.sample(augment=False)
    >>> (images, described), made = next(iter(frames(photos, 2, count=3, image_size=32)))
    >>> described.shape, made.shape
    (TensorShape([2, 3, 5]), TensorShape([2, 3, 32, 32, 3]))
    """
    check_source(source)
    if count < 2 or max_blur_px < 1:
        raise ValueError(
            "`count` must be at least 2 and `max_blur_px` at least 1. "
            f"Received: count={count!r}, max_blur_px={max_blur_px!r}"
        )
    numbered = numbered_images(source, batch_size, seed, shuffle, start_step, image_size, False)
    batches = numbered.map(lambda index, images: images).enumerate(start_step or 0)
    stream = tf.constant([seed, _EFFECT_STREAM], tf.int64)

    def animate(step, images):
        draw_seed = tf.random.experimental.stateless_fold_in(stream, step, "philox")
        draws = tf.random.stateless_uniform([tf.shape(images)[0], 8], draw_seed, alg="philox")
        kind = draws[:, 0]  # a quarter each: blur alone, light alone; else both
        length = tf.where(kind < 0.25, 0.0, draws[:, 1] * max_blur_px)
        light = tf.where(kind > 0.75, 0.0, draws[:, 2])
        places = 2.0 * draws[:, 4:] - 1.0
        described = effects(
            length, 180.0 * draws[:, 3], light, places[:, :2], places[:, 2:], count, max_blur_px
        )
        return (images, described), apply_effects(images, described, max_blur_px)

    made = batches.map(animate, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return finished(made, source, batch_size, shuffle, start_step)

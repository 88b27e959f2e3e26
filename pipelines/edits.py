"""Edits of photographs that words ask for, and pairs of before and after with those words."""

import dataclasses
from collections.abc import Callable

import tensorflow as tf

from pipelines.batching import check_source, finished
from pipelines.degradations.filtering import filter_separable, gaussian_line
from pipelines.labelled import numbered_images

# Keeps the draws of edits apart from others that use the same user seed.
_EDIT_STREAM = 0x65646974
_LUMA = (0.299, 0.587, 0.114)  # Rec. 601


@dataclasses.dataclass(frozen=True)
class Edit:
    """A change of photographs.

    Args:
        texts: Tuple of strings that ask for it.
        change: Function of float32 images `(N, H, W, 3)` in [0, 1] and an int64 seed `(2,)` to
            images, which are clipped.
        undone: Bool, whether the texts ask for the reverse: the changed image is the input.
            Defaults to `False`.
    """

    texts: tuple
    change: Callable
    undone: bool = False


def _gains(*gains):
    return lambda images, seed: images * tf.constant(gains, tf.float32)


def _saturated(amount):
    def change(images, seed):
        luma = tf.reduce_sum(images * tf.constant(_LUMA), axis=-1, keepdims=True)
        return luma + amount * (images - luma)

    return change


def _blurred(sigma_px):
    size = 2 * round(3 * sigma_px) + 1

    def change(images, seed):
        line = gaussian_line(tf.fill([tf.shape(images)[0]], sigma_px), size)
        return filter_separable(images, line)

    return change


def _noisy(sigma):
    def change(images, seed):
        noise = tf.random.stateless_normal(tf.shape(images), seed, stddev=sigma, alg="philox")
        return images + noise

    return change


#: The edits of `edited`, by name. Their amounts are fixed: a text asks for one result.
EDITS = {
    "darken": Edit(
        ("make it darker", "a darker photo", "less light please", "darken the picture"),
        _gains(0.5, 0.5, 0.5),
    ),
    "brighten": Edit(
        ("make it brighter", "a brighter photo", "more light please", "brighten the picture"),
        lambda images, seed: 1.0 - tf.square(1.0 - images),
    ),
    "warm": Edit(
        ("make it warmer", "a warmer photo", "like in the evening sun"), _gains(1.15, 1.0, 0.7)
    ),
    "cool": Edit(("make it cooler", "a colder photo", "more blue light"), _gains(0.75, 1.0, 1.2)),
    "gray": Edit(
        ("make it black and white", "a photo without colors", "remove the colors"), _saturated(0.0)
    ),
    "vivid": Edit(("more vivid colors", "a colorful photo", "stronger colors"), _saturated(1.8)),
    "fade": Edit(
        ("an old faded photo", "lower the contrast", "let it fade"),
        lambda images, seed: 0.3 + 0.5 * images,
    ),
    "blur": Edit(("blur the picture", "a photo out of focus", "make it soft"), _blurred(2.0)),
    "sharpen": Edit(
        ("sharpen the picture", "a sharp photo", "remove the blur"), _blurred(1.2), undone=True
    ),
    "denoise": Edit(
        ("remove the noise", "a clean photo", "repair the grain"), _noisy(0.1), undone=True
    ),
}


def apply_edit(name, images, seed=(0, 0)):
    """Make the pair of an edit.

    Args:
        name: Key of `EDITS`.
        images: float32 `(N, H, W, 3)` in [-1, 1].
        seed: Two integers, of the edit's noise, if it has any. Defaults to `(0, 0)`.

    Returns:
        `(before, after)`, float32 `(N, H, W, 3)` in [-1, 1]; one of both is `images`.

    Raises:
        ValueError: If there is no such edit.

    Example:

    >>> before, after = apply_edit("darken", tf.ones((1, 1, 1, 3)))
    >>> before.numpy().max(), after.numpy().max()
    (np.float32(1.0), np.float32(0.0))
    """
    if name not in EDITS:
        raise ValueError(f"`name` must be one of {', '.join(EDITS)}. Received: {name!r}")
    edit = EDITS[name]
    changed = edit.change((images + 1.0) * 0.5, tf.cast(seed, tf.int64))
    changed = tf.clip_by_value(changed * 2.0 - 1.0, -1.0, 1.0)
    return (changed, images) if edit.undone else (images, changed)


def edited(
    source,
    batch_size=8,
    *,
    read=None,
    seed=0,
    shuffle=True,
    start_step=None,
    image_size=None,
    mirror=False,
):
    """Makes `((images, texts), targets)` batches of photographs that a text asks to be edited.

    For each image an edit of `EDITS` is drawn, and one of the texts that ask for it.

    Args:
        source: a colour `ImageSource`, made with `augment=False` where up must stay up.
        batch_size: images in a batch.
        read: function of a string tensor `(N,)` that makes of texts what a model takes, such as
            `zoo.MultimodalGAN.read`. `None`: texts are strings.
        seed: int in [0, 2**31) that all draws depend on.
        shuffle: see `unlabelled`, like the rest.
        start_step: see `unlabelled`.
        image_size: see `unlabelled`.
        mirror: see `unlabelled`.

    Returns:
        A `tf.data.Dataset` of `((images, texts), targets)`: float32 `(N, H, W, 3)` in [-1, 1],
        `(N,)` strings or what `read` makes of them, and float32 `(N, H, W, 3)`.

    Raises:
        ValueError: for arguments that do not fit each other.

    Example:

    >>> import pipelines
    >>> photos = pipelines.sample(augment=False)
    >>> (images, texts), targets = next(iter(edited(photos, 2, image_size=32)))
    >>> texts.dtype, targets.shape
    (tf.string, TensorShape([2, 32, 32, 3]))
    """
    check_source(source)
    if source.image_shape[-1] != 3:
        raise ValueError(
            f"`source` must have images in colour. Received: {source.image_shape[-1]} channel(s)"
        )
    numbered = numbered_images(source, batch_size, seed, shuffle, start_step, image_size, mirror)
    batches = numbered.map(lambda index, images: images).enumerate(start_step or 0)
    stream = tf.constant([seed, _EDIT_STREAM], tf.int64)
    width = max(len(edit.texts) for edit in EDITS.values())
    counts = tf.constant([len(edit.texts) for edit in EDITS.values()])
    table = tf.constant([(edit.texts * width)[:width] for edit in EDITS.values()])

    def edit_batch(step, images):
        draw_seed = tf.random.experimental.stateless_fold_in(stream, step, "philox")
        draws = tf.random.stateless_uniform([2, tf.shape(images)[0]], draw_seed, alg="philox")
        number = tf.cast(draws[0] * len(EDITS), tf.int32)
        which = tf.cast(draws[1] * tf.cast(tf.gather(counts, number), tf.float32), tf.int32)
        texts = tf.gather_nd(table, tf.stack([number, which], axis=-1))
        noise_seed = tf.random.experimental.stateless_fold_in(draw_seed, 1, "philox")
        pairs = [apply_edit(name, images, noise_seed) for name in EDITS]
        rows = tf.stack([number, tf.range(tf.shape(images)[0])], axis=-1)
        before, after = (tf.gather_nd(tf.stack(each), rows) for each in zip(*pairs, strict=True))
        before, after = (tf.ensure_shape(each, images.shape) for each in (before, after))
        return (before, texts if read is None else read(texts)), after

    made = batches.map(edit_batch, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return finished(made, source, batch_size, shuffle, start_step)

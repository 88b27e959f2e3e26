"""Batches of degraded and clean images, made on the fly."""

import tensorflow as tf

from pipelines.batching import check_batches, finished, numbered_batches
from pipelines.device import map_on_device
from pipelines.recipes import Recipe
from pipelines.recipes import recipe as load_recipe


def paired(source, recipe, batch_size=16, *, seed=0, shuffle=True, start_step=None, device=None):
    """Makes `(degraded, clean)` batches for `model.fit()`.

    Clean images are cut to multiples of `recipe.scale` (at the bottom and at the right); degraded
    ones are smaller by that factor. There are three modes:

    * `shuffle=True`, the default: one pass over the source, `len(source) // batch_size` batches,
      with a new order, new crops and new damage each time it is iterated.
    * `shuffle=True, start_step=s`: endless; batch `k` depends on `seed` and `k` alone, so that
      training that was stopped after `s` steps goes on with the batches that it would have seen.
    * `shuffle=False`, for validation: the order of the source, centre crops or whole images, all
      of them, with the same damage each time.

    Args:
        source: an `ImageSource`, e.g. `pipelines.from_folder(...)`.
        recipe: the damage: the name of a recipe (`pipelines.list_recipes()`), the path of one
            saved as JSON, a `pipelines.Recipe`, or any function `(images, seed) -> degraded` of
            float32 NHWC images in [-1, 1] and an int32 seed of shape `(2,)`; a function may have
            an attribute `scale`, 1 if absent.
        batch_size: images in a batch; must be 1 if whole images of several sizes are read.
        seed: int in [0, 2**31) that all draws depend on.
        shuffle: see above.
        start_step: `None`, or number of the first batch of an endless dataset.
        device: where the recipe runs: `None` for the host, or a device name such as `"/GPU:0"`.

    Returns:
        A `tf.data.Dataset` of `(degraded, clean)`, float32 NHWC in [-1, 1].

    Raises:
        ValueError: for arguments that do not fit each other.

    Example:

    >>> import pipelines
    >>> photos = pipelines.sample(image_size=64)
    >>> pairs = pipelines.paired(photos, recipe="bicubic-x2", batch_size=2)
    >>> degraded, clean = next(iter(pairs))
    >>> degraded.shape, clean.shape
    (TensorShape([2, 32, 32, 3]), TensorShape([2, 64, 64, 3]))
    """
    check_batches(source, batch_size, seed, shuffle, start_step)
    degrade = _resolve(recipe)
    scale = int(getattr(degrade, "scale", 1))
    _check_scale(source, scale)
    batches = numbered_batches(source, batch_size, seed, shuffle, start_step)

    def pair(step, images):
        clean = _cut_to_multiple(images[1], scale)
        step_seed = tf.stack([seed, tf.cast(step, tf.int32)])
        if isinstance(degrade, Recipe):
            return degrade.pair(clean, step_seed)
        return degrade(clean, step_seed), clean

    pairs = map_on_device(batches, pair, device)
    return finished(pairs, source, batch_size, shuffle, start_step)


def _cut_to_multiple(images, scale):
    if scale == 1:
        return images
    height, width = images.shape[1], images.shape[2]
    if height is not None and width is not None:
        return images[:, : height - height % scale, : width - width % scale]
    height, width = tf.shape(images)[1], tf.shape(images)[2]
    return images[:, : height - height % scale, : width - width % scale]


def _resolve(recipe):
    if callable(recipe):
        return recipe
    return load_recipe(recipe)


def _check_scale(source, scale):
    sides = [side for side in source.image_shape[:2] if side is not None]
    if sides and min(sides) < scale:
        raise ValueError(
            f"`recipe` reduces images by {scale} and needs at least {scale} px. "
            f"Received: images of {source.image_shape[0]} x {source.image_shape[1]} px."
        )

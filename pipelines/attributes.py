"""Batches of images with numbers that describe them: age, gender, how much somebody smiles."""

import numpy as np
import tensorflow as tf

from pipelines.batching import finished
from pipelines.labelled import numbered_images
from pipelines.tables import lines_of_images


def read_attributes(path, source, attributes):
    """Reads attributes of a folder's images from a CSV file.

    Args:
        path: the file. Its first line names the columns; one is called `file` and holds the names
            of the images without their folders.
        source: a source of `pipelines.from_folder`.
        attributes: dict of the name of a column to `(low, high)`, the values that become 0 and 1;
            values beyond are cut.

    Returns:
        A float32 array `(len(source), len(attributes))` in [0, 1].

    Raises:
        ValueError: if a column or an image is missing, or a value is no number.

    Example:

    >>> import pipelines
    >>> faces = pipelines.from_folder("faces/", augment=False)  # doctest: +SKIP
    >>> ages = read_attributes("attributes.csv", faces, {"age": (20, 60)})  # doctest: +SKIP
    """
    lines = [each[-1] for each in lines_of_images(path, source, tuple(attributes))]
    try:
        values = np.array([[float(line[key]) for key in attributes] for line in lines])
    except ValueError as error:
        raise ValueError(f"`path`: a value in '{path}' is no number: {error}") from error
    low, high = np.array(list(attributes.values()), float).T
    return np.clip((values - low) / (high - low), 0, 1).astype("float32")


def attributed(
    source,
    attributes,
    batch_size=16,
    *,
    seed=0,
    shuffle=True,
    start_step=None,
    image_size=None,
    mirror=False,
):
    """Makes `(images, attributes)` batches for `model.fit()`.

    Args:
        source: an `ImageSource`, made with `augment=False`.
        attributes: float array `(len(source), K)`, as of `read_attributes`.
        batch_size: as of `unlabelled`, like all that follows.
        seed: see `unlabelled`.
        shuffle: see `unlabelled`.
        start_step: see `unlabelled`.
        image_size: see `unlabelled`.
        mirror: see `unlabelled`.

    Returns:
        A `tf.data.Dataset` of float32 NHWC images in [-1, 1] and float32 attributes `(N, K)`.

    Raises:
        ValueError: for arguments that do not fit each other.

    Example:

    >>> import pipelines
    >>> photos = pipelines.sample(augment=False)
    >>> brightness = np.linspace(0, 1, len(photos))[:, None]
    >>> images, values = next(iter(attributed(photos, brightness, 2, image_size=64)))
    >>> images.shape, values.shape
    (TensorShape([2, 64, 64, 3]), TensorShape([2, 1]))
    """
    values = np.asarray(attributes, np.float32)
    if values.ndim != 2 or len(values) != len(source) or not np.isfinite(values).all():
        raise ValueError(
            f"`attributes` must be finite numbers of shape ({len(source)}, K). "
            f"Received: shape {values.shape}"
        )
    batches = numbered_images(source, batch_size, seed, shuffle, start_step, image_size, mirror)
    table = tf.constant(values)
    pairs = batches.map(lambda index, images: (images, tf.gather(table, index)))
    return finished(pairs, source, batch_size, shuffle, start_step)

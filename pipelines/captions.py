"""Batches of images with texts that describe them."""

import keras
import numpy as np
import tensorflow as tf

from pipelines.batching import finished
from pipelines.edits import EDITS
from pipelines.labelled import numbered_images
from pipelines.tables import lines_of_images

# Keeps the draws of captions apart from others that use the same user seed.
_CAPTION_STREAM = 0x63617074


def words(texts=None):
    """Returns the words of texts, for the vocabulary of a model.

    Args:
        texts: iterable of strings; `None` for all texts of `EDITS`.

    Returns:
        A sorted list of lower-case words, each once, without punctuation.

    Raises:
        ValueError: if there is none.

    Example:

    >>> words(["An older face.", "a younger face"])
    ['a', 'an', 'face', 'older', 'younger']
    """
    if texts is None:
        texts = [text for edit in EDITS.values() for text in edit.texts]
    texts = list(texts)
    if not any(text.strip() for text in texts):
        raise ValueError("`texts` must hold words. Received: none")
    reader = keras.layers.TextVectorization()
    reader.adapt(tf.constant(texts))
    return sorted(map(str, reader.get_vocabulary(include_special_tokens=False)))


def read_captions(path, source):
    """Reads the texts that describe a folder's images from a CSV file.

    Args:
        path: the file, with the columns `file` (names of the images without their folders) and
            `caption`. An image may have several lines.
        source: a source of `pipelines.from_folder`.

    Returns:
        A list with a tuple of texts for each image of the source.

    Raises:
        ValueError: if a column, an image or a text is missing.

    Example:

    >>> import pipelines
    >>> faces = pipelines.from_folder("faces/", augment=False)  # doctest: +SKIP
    >>> captions = read_captions("captions.csv", faces)  # doctest: +SKIP
    """
    lines = lines_of_images(path, source, ("caption",))
    empty = [line["file"] for each in lines for line in each if not (line["caption"] or "").strip()]
    if empty:
        raise ValueError(f"`path`: '{path}' has an empty caption for {empty[0]}")
    return [tuple(line["caption"].strip() for line in each) for each in lines]


def captioned(
    source,
    captions,
    batch_size=16,
    *,
    read=None,
    seed=0,
    shuffle=True,
    start_step=None,
    image_size=None,
    mirror=False,
):
    """Makes `((images, texts), targets)` batches of images that are to become like others.

    The targets are images of the source, and the texts describe them; the images are those of the
    same batch, each moved on by one, so that an image and its target show different things (but for
    a last batch of a single image).

    Args:
        source: an `ImageSource`, made with `augment=False`.
        captions: sequence with a tuple of texts for each image, as of `read_captions`; of several
            one is drawn each time.
        batch_size: images in a batch, at least 2.
        read: as of `edited`.
        seed: see `unlabelled`, like all that follows.
        shuffle: see `unlabelled`.
        start_step: see `unlabelled`.
        image_size: see `unlabelled`.
        mirror: see `unlabelled`.

    Returns:
        A `tf.data.Dataset` as of `edited`.

    Raises:
        ValueError: for arguments that do not fit each other.

    Example:

    >>> import pipelines
    >>> photos = pipelines.sample(augment=False)
    >>> captions = [(f"photo number {number}",) for number in range(len(photos))]
    >>> (images, texts), targets = next(iter(captioned(photos, captions, 2, image_size=32)))
    >>> texts.shape, targets.shape
    (TensorShape([2]), TensorShape([2, 32, 32, 3]))
    """
    captions = [(each,) if isinstance(each, str) else tuple(each) for each in captions]
    if len(captions) != len(source) or not all(text for each in captions for text in each or [""]):
        raise ValueError(
            f"`captions` must hold at least one text for each of {len(source)} images. "
            f"Received: {len(captions)}, or one that is empty"
        )
    if batch_size < 2:
        raise ValueError(
            "`batch_size` must be at least 2: images become like others of their batch. "
            f"Received: batch_size={batch_size!r}"
        )
    counts = np.array([len(each) for each in captions])
    starts = tf.constant(np.cumsum(counts) - counts, tf.int64)
    texts, counts = tf.constant([text for each in captions for text in each]), tf.constant(counts)
    numbered = numbered_images(source, batch_size, seed, shuffle, start_step, image_size, mirror)
    stream = tf.constant([seed, _CAPTION_STREAM], tf.int64)

    def describe(step, batch):
        index, targets = batch
        draw_seed = tf.random.experimental.stateless_fold_in(stream, step, "philox")
        draws = tf.random.stateless_uniform(tf.shape(index), draw_seed, alg="philox")
        which = tf.cast(draws * tf.cast(tf.gather(counts, index), tf.float32), tf.int64)
        chosen = tf.gather(texts, tf.gather(starts, index) + which)
        return (tf.roll(targets, 1, 0), chosen if read is None else read(chosen)), targets

    numbered = numbered.enumerate(start_step or 0)
    made = numbered.map(describe, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return finished(made, source, batch_size, shuffle, start_step)

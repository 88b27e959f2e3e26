"""Batches of pairs that exist: photographs and their label maps, scans and their masks."""

import tensorflow as tf

from pipelines.batching import check_batches, check_source, finished, numbered_batches
from pipelines.images import check_image_size

# Keeps the draws of the common crops apart from others that use the same user seed.
_CROP_STREAM = 0x616C676E
# Images are scaled to 286 px for crops of 256, as in pix2pix.
_ENLARGEMENT = 286 / 256


def aligned(
    inputs,
    targets=None,
    batch_size=1,
    *,
    image_size=256,
    reverse=False,
    seed=0,
    shuffle=True,
    start_step=None,
):
    """Makes `(input, target)` batches for `model.fit()` of images that belong together.

    Both images of a pair are scaled to squares. In training they are scaled a little larger first,
    cut at the same random place, and both or neither flipped left-right. The three modes are those
    of `paired`.

    Make sources of whole images: `pipelines.from_folder(path, augment=False)`.

    Args:
        inputs: an `ImageSource`. Without `targets`, its images hold both halves of a pair side by
            side, the input on the left.
        targets: `None`, or an `ImageSource` of as many images in the same order.
        batch_size: pairs in a batch.
        image_size: side of the squares in px.
        reverse: whether targets become inputs and inputs targets.
        seed: int in [0, 2**31) that all draws depend on.
        shuffle: see `paired`.
        start_step: see `paired`.

    Returns:
        A `tf.data.Dataset` of `(input, target)`, float32 NHWC in [-1, 1].

    Raises:
        ValueError: for arguments that do not fit each other.

    Example:

    >>> import pipelines
    >>> photos = pipelines.sample(augment=False)
    >>> left, right = next(iter(pipelines.aligned(photos, batch_size=2, image_size=64)))
    >>> left.shape, right.shape
    (TensorShape([2, 64, 64, 3]), TensorShape([2, 64, 64, 3]))

    Reference:
        Isola et al., https://arxiv.org/abs/1611.07004, section 6.2 (jitter).
    """
    check_image_size(image_size)
    pairs = _Pairs(inputs, targets, image_size, reverse)
    check_batches(pairs, batch_size, seed, shuffle, start_step)
    batches = numbered_batches(pairs, batch_size, seed, shuffle, start_step)
    batches = batches.map(lambda step, element: element[1])
    return finished(batches, pairs, batch_size, shuffle, start_step)


class _Pairs:
    """What batches are made of: `(index, (input, target))`, both square."""

    def __init__(self, inputs, targets, side, reverse):
        for source in (inputs, *([] if targets is None else [targets])):
            check_source(source)
        if targets is not None and len(inputs) != len(targets):
            raise ValueError(
                "`targets` must hold as many images as `inputs`, in the same order. "
                f"Received: {len(inputs)} inputs and {len(targets)} targets"
            )
        self._inputs, self._targets = inputs, targets
        self._side, self._reverse = side, reverse
        self.image_shape = (side, side, inputs.image_shape[-1])

    def __len__(self):
        return len(self._inputs)

    def stream(self, seed, start=0):
        # The order depends on the seed and the number of images, so that both have the same one.
        pairs = self._together(lambda source: source.stream(seed, start))
        stream = tf.constant([seed, _CROP_STREAM], tf.int64)

        def load(position, element):
            draw_seed = tf.random.experimental.stateless_fold_in(stream, position, "philox")
            draws = tf.random.stateless_uniform([3], draw_seed, alg="philox")
            return self._squares(*element, draws)

        numbered = pairs.enumerate(tf.cast(start, tf.int64))
        return numbered.map(load, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)

    def ordered(self):
        pairs = self._together(lambda source: source.ordered())
        squares = pairs.map(self._squares, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        return squares.apply(tf.data.experimental.assert_cardinality(len(self)))

    def _together(self, visit):
        if self._targets is None:
            return visit(self._inputs).map(lambda index, image: (index, _halves(image)))
        zipped = tf.data.Dataset.zip((visit(self._inputs), visit(self._targets)))
        return zipped.map(lambda one, other: (one[0], (one[1], other[1])))

    def _squares(self, index, pair, draws=None):
        pair = tuple(self._scaled(image, draws) for image in pair)
        return index, pair[::-1] if self._reverse else pair

    def _scaled(self, image, draws):
        side = self._side if draws is None else round(self._side * _ENLARGEMENT)
        image = tf.image.resize(image, (side, side), "bicubic", antialias=True)
        image = tf.clip_by_value(image, -1.0, 1.0)
        if draws is not None:
            top, left = tf.unstack(tf.cast(draws[:2] * (side - self._side + 1), tf.int32))
            image = image[top : top + self._side, left : left + self._side]
            image = tf.where(draws[2] < 0.5, image[:, ::-1], image)
        return tf.ensure_shape(image, (self._side, self._side, image.shape[-1]))


def _halves(image):
    half = tf.shape(image)[1] // 2
    return image[:, :half], image[:, half : 2 * half]

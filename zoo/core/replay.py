"""A pool of made images: a discriminator that forgets nothing a generator once did."""

import keras
import tensorflow as tf

from zoo.core import randomness


@keras.saving.register_keras_serializable(package="zoo")
class ReplayPool(keras.layers.Layer):
    """Exchange made images for earlier ones, with a probability of one half each.

    While the pool fills up, images come back as they are. It is a weight, so that a resumed run
    goes on with it, and holds the images of all replicas in the same order on each.

    Args:
        size: Integer of at least 0, images in the pool; 0 exchanges nothing. At least as many as
            there are in a batch.
        image_shape: `(H, W, C)` of the images.

    Example:

    >>> pool = ReplayPool(2, (1, 1, 1))
    >>> pool(tf.ones((2, 1, 1, 1)), seed=(0, 0)).shape
    TensorShape([2, 1, 1, 1])

    Reference:
        Shrivastava et al. 2016, https://arxiv.org/abs/1612.07828, section 2.3; Zhu et al. 2017,
        https://arxiv.org/abs/1703.10593, section 4 (50 images).
    """

    def __init__(self, size, image_shape, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        if size < 0:
            raise ValueError(f"`size` must be at least 0. Received: size={size}")
        self.size, self.image_shape = int(size), tuple(image_shape)
        if size:
            options = {"initializer": "zeros", "trainable": False, "autocast": False}
            self.images = self.add_weight((size, *image_shape), name="images", **options)
            self.count = self.add_weight((), name="count", dtype="int32", **options)

    def call(self, images, seed, stream="pool"):
        """Show images to the pool and return what it shows in their place.

        Args:
            images: Float `(N, H, W, C)`, of this replica.
            seed: int32 tensor `(2,)`, as of `zoo.core.randomness.step_seed`.
            stream: String that tells several pools apart. Defaults to `"pool"`.

        Returns:
            float32 tensor `(N, H, W, C)`.
        """
        images = tf.cast(images, tf.float32)
        if not self.size:
            return images
        self._check(images.shape)
        first, everything = _gathered(images)
        count = tf.shape(everything)[0]
        seed = tf.convert_to_tensor(seed, tf.int32)
        full = self.count >= self.size
        # Places that differ, so that no image of a batch takes the place of another one.
        order = randomness.of_everyone(seed, f"{stream}/place", [self.size])
        places = tf.where(
            full, tf.argsort(order)[:count], (self.count + tf.range(count)) % self.size
        )
        draws = randomness.of_everyone(seed, f"{stream}/exchange", [count])
        exchanged = tf.reshape(full & (draws < 0.5), [-1, 1, 1, 1])
        old = tf.gather(self.images, places)
        shown = tf.where(exchanged, old, everything)
        stored = tf.where(exchanged | ~full, everything, old)
        self.images.assign(
            tf.tensor_scatter_nd_update(tf.convert_to_tensor(self.images), places[:, None], stored)
        )
        self.count.assign(tf.minimum(self.count + count, self.size))
        return shown[first : first + tf.shape(images)[0]]

    def _check(self, shape):
        fits = shape[1:].is_compatible_with(self.image_shape)
        if not fits or (shape[0] or 0) > self.size:
            raise ValueError(
                f"The pool holds {self.size} images of shape {self.image_shape}. Received: a batch "
                f"of shape {tuple(shape)}. Say how large training images are with `image_size`."
            )

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "size": self.size, "image_shape": self.image_shape}


def _gathered(images):
    """Where this replica's images begin among those of all replicas, and all of them."""
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return 0, images
    everything = context.all_gather(images, axis=0)
    counts = context.all_gather(tf.shape(images)[:1], axis=0)
    return tf.reduce_sum(counts[: context.replica_id_in_sync_group]), everything

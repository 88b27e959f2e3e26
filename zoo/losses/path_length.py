"""Path-length regularisation: a step in style space moves the image equally far everywhere."""

import keras
import tensorflow as tf

from zoo.core import replicas

# Of a half-precision generator, as in `zoo.losses.penalties`.
_FLOAT16_SCALE = 256.0


def path_lengths(synthesis, styles, noise):
    """How far images move along random pixel noise when styles move.

    `|J^T y|` of equation 4: the gradient of the product of image and noise with respect to the
    styles; the mean square over layers, summed over the numbers of a style.

    Args:
        synthesis: Callable, styles `(N, layers, S)` -> images `(N, H, W, C)`.
        styles: Float `(N, layers, S)`. Gradients flow through to what made them.
        noise: Standard normal `(N, H, W, C)`.

    Returns:
        A float32 tensor `(N,)`.

    Example:

    >>> styles = tf.reshape(tf.constant([3.0, 4.0]), (1, 1, 2))
    >>> path_lengths(lambda w: w[:, None] ** 2 / 2, styles, tf.ones((1, 1, 1, 2))).numpy()
    array([5.], dtype=float32)

    Reference:
        Karras et al. 2020, https://arxiv.org/abs/1912.04958, equation 4 and appendix B.
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(styles)
        images = synthesis(styles)
        scale = _FLOAT16_SCALE if styles.dtype == tf.float16 else 1.0
        pixels = tf.cast(tf.reduce_prod(tf.shape(images)[1:3]), tf.float32)
        product = tf.reduce_sum(tf.cast(images, tf.float32) * noise) * scale * tf.math.rsqrt(pixels)
    gradient = tf.cast(tape.gradient(product, styles), tf.float32) / scale
    square = tf.reduce_mean(tf.reduce_sum(tf.square(gradient), axis=2), axis=1)
    # The square root has no derivative at 0.
    return tf.sqrt(square + 1e-12)


@keras.saving.register_keras_serializable(package="zoo")
class PathLength(keras.layers.Layer):
    """The squared distance of path lengths from their moving mean, which is a weight.

    Args:
        decay: Float in (0, 1], share of the newest lengths in the mean. Defaults to `0.01`.

    Example:

    >>> penalty = PathLength(decay=0.5)
    >>> penalty(tf.constant([1.0, 3.0]), due=True).numpy()  # mean 0.5 * 2: 0 and 4 away
    np.float32(2.0)

    Reference:
        Karras et al. 2020, https://arxiv.org/abs/1912.04958, equation 4 and appendix B.
    """

    def __init__(self, decay=0.01, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})  # whatever the networks compute in
        if not 0 < decay <= 1:
            raise ValueError(f"`decay` must be above 0 and at most 1. Received: decay={decay!r}")
        self.decay = float(decay)
        self.mean = self.add_weight((), "zeros", trainable=False, name="mean", autocast=False)

    def call(self, lengths, due, share=1.0):
        """Move the mean and penalise.

        Args:
            lengths: float32 `(N,)`; any numbers if not `due`.
            due: Bool, or bool scalar tensor: `False` gives 0 and leaves the mean alone.
            share: Scalar, this replica's part of the global batch. Defaults to 1.

        Returns:
            Scalar float32: the mean penalty over this replica's samples.
        """
        due = tf.cast(due, tf.float32)
        newest = replicas.summed(tf.stop_gradient(tf.reduce_mean(lengths)) * share)
        old = tf.convert_to_tensor(self.mean)
        mean = old + due * self.decay * (newest - old)
        self.mean.assign(mean)
        return due * tf.reduce_mean(tf.square(lengths - mean))

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "decay": self.decay}

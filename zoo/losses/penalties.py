"""Gradient penalties: how steep the discriminator is, one number per sample.

Each function takes any callable `images -> logits`, so a variant passes
`lambda x: discriminator(x, training=True)` and keeps `training` in sight. Each returns a float32
tensor of shape `(N,)` *without* a weight: the variant multiplies it and takes the mean.

The gradient is that of each sample's own logits, which assumes that the discriminator judges
samples independently: no batch normalisation in it. Several logits of one sample (a patch
discriminator, several scales) are summed before the gradient is taken.
"""

import tensorflow as tf

# Image gradients of a half-precision discriminator are often below float16's smallest normal
# number (6e-5); they are computed this much larger and divided again in float32.
_FLOAT16_SCALE = 256.0


def gradient_penalty(discriminator, real, fake, mixing, target=1.0):
    """Squared distance of the gradient's norm from `target`, between real and fake images.

    `(||grad D(x)|| - target)^2` at `x = mixing * real + (1 - mixing) * fake`. The norm runs over
    all pixels and channels of a sample.

    Args:
        discriminator: Callable, images `(N, H, W, C)` -> logits: a tensor whose first dimension
            is N, or a list of them.
        real: Float images `(N, H, W, C)`.
        fake: Float images of the same shape. No gradient flows into them.
        mixing: Shape `(N,)`: how much of the real image each sample keeps, drawn *uniformly* from
            [0, 1]. It is an argument so that the caller owns the randomness.
        target: Norm that costs nothing, in logits per unit of image distance. Defaults to `1.0`.

    Returns:
        A float32 tensor of shape `(N,)`.

    Raises:
        ValueError: If `real` and `fake` differ in shape, or `mixing` is not one number a sample.
        tf.errors.InvalidArgumentError: If `mixing` leaves [0, 1].

    Example:

    >>> real, fake = tf.ones((2, 1, 1, 1)), tf.zeros((2, 1, 1, 1))
    >>> gradient_penalty(lambda x: 3 * x, real, fake, mixing=[0.2, 0.9]).numpy()  # (3 - 1)^2
    array([4., 4.], dtype=float32)

    Reference:
        - [Gulrajani et al., 2017 (WGAN-GP)](https://arxiv.org/abs/1704.00028), equation 3
    """
    real, fake = tf.cast(real, tf.float32), tf.cast(fake, tf.float32)
    if not real.shape.is_compatible_with(fake.shape):
        raise ValueError(
            "`real` and `fake` must have one shape, since they are mixed sample by sample. "
            f"Received: real {tuple(real.shape)}, fake {tuple(fake.shape)}"
        )
    mixing = tf.cast(mixing, tf.float32)
    if mixing.shape.rank != 1 or not mixing.shape.is_compatible_with(real.shape[:1]):
        raise ValueError(
            "`mixing` must have shape (N,): one uniform number in [0, 1] a sample. "
            f"Received: mixing {tuple(mixing.shape)} for images {tuple(real.shape)}"
        )
    # Weights drawn from a normal distribution leave the line between the two images.
    message = "`mixing` must lie in [0, 1]: draw it uniformly."
    tf.debugging.assert_non_negative(mixing, message=message)
    tf.debugging.assert_less_equal(mixing, 1.0, message=message)
    mixing = tf.reshape(mixing, [-1] + [1] * (real.shape.rank - 1))
    squared = _squared_gradient(discriminator, mixing * real + (1.0 - mixing) * fake)
    # The square root has no derivative at 0; the offset is far below what float32 resolves at 1.
    return tf.square(tf.sqrt(squared + 1e-12) - target)


def r1_penalty(discriminator, real):
    """Squared gradient norm at real images.

    The paper's regulariser is `gamma / 2` times the mean of this.

    Args:
        discriminator: Callable, images `(N, H, W, C)` -> logits: a tensor whose first dimension
            is N, or a list of them.
        real: Float images `(N, H, W, C)`.

    Returns:
        A float32 tensor of shape `(N,)`.

    Reference:
        - [Mescheder et al., 2018](https://arxiv.org/abs/1801.04406), equation 9
    """
    return _squared_gradient(discriminator, real)


def r2_penalty(discriminator, fake):
    """Squared gradient norm at generated images.

    The paper's regulariser is `gamma / 2` times the mean of this.

    Args:
        discriminator: Callable, images `(N, H, W, C)` -> logits: a tensor whose first dimension
            is N, or a list of them.
        fake: Float images `(N, H, W, C)`. No gradient flows into them.

    Returns:
        A float32 tensor of shape `(N,)`.

    Reference:
        - [Mescheder et al., 2018](https://arxiv.org/abs/1801.04406), equation 10
    """
    return _squared_gradient(discriminator, fake)


def _squared_gradient(discriminator, images):
    """Squared L2 norm, per sample, of the gradient of its summed logits: float32 (N,)."""
    # The penalty trains the discriminator only: cut the path to whoever made the images.
    images = tf.stop_gradient(tf.cast(images, tf.float32))
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(images)
        maps = tf.nest.flatten(discriminator(images))
        scale = _FLOAT16_SCALE if any(x.dtype == tf.float16 for x in maps) else 1.0
        total = scale * tf.add_n([tf.reduce_sum(tf.cast(x, tf.float32)) for x in maps])
    gradient = tape.gradient(total, images)
    if gradient is None:
        raise ValueError(
            "`discriminator` must return logits that depend on its images, or there is no "
            "gradient to penalise. Received: logits without a gradient"
        )
    return tf.reduce_sum(tf.square(gradient / scale), axis=list(range(1, images.shape.rank)))

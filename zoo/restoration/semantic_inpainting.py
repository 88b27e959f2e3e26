"""SemanticInpainting: fill holes with what a generator knows, by searching for its latents."""

import keras
import numpy as np
import tensorflow as tf

from zoo.core import blending, randomness
from zoo.core.latent import LatentGAN


class SemanticInpainting:
    """Fill holes by the image of a latent GAN that fits what is visible best.

    Nothing is trained: for each image, latents are moved by gradients until the made image agrees
    with the visible pixels (context loss) and looks real (prior loss). Visible pixels near a hole
    weigh more. Latents stay where the model's distribution draws them from. The best of several
    starts is blended into the image; visible pixels come through unchanged.

    Args:
        model: `zoo.LatentGAN` without labels, trained on images of the size to be filled, such as
            `zoo.from_preset("dcgan_faces_32")`.
        steps: Integer, moves of the latents. Defaults to 300.
        starts: Integer, searches for each image. Defaults to 4.
        learning_rate: Float, of Adam. Defaults to 0.05.
        prior_weight: Float, weight of the prior loss, which asks the discriminator. Defaults to
            `None`: the paper's 0.003 if the model is compiled or was saved with its training state,
            and 0 if not, for then the discriminator is untrained.
        window: Integer, odd side in px of the neighbourhood in which holes make a visible pixel
            weigh more. Defaults to the paper's 7.

    Raises:
        ValueError: If the model does not fit, or a number is out of its range.

    Example:

    >>> inpaint = SemanticInpainting(zoo.DCGAN(28, channels=1, filters=4), steps=2, starts=1)
    >>> images, masks = np.zeros((2, 28, 28, 1), "float32"), np.zeros((2, 28, 28, 1), "float32")
    >>> masks[:, 8:20, 8:20] = 1
    >>> inpaint(images, masks).shape
    (2, 28, 28, 1)

    Reference:
        Yeh et al. 2017, https://arxiv.org/abs/1607.07539, equations 2 to 7.
    """

    task = "inpainting from what a generator knows"

    def __init__(self, model, steps=300, starts=4, learning_rate=0.05, prior_weight=None, window=7):
        if not isinstance(model, LatentGAN) or model.reads_labels:
            raise ValueError(
                "`model` must be a zoo.LatentGAN that makes images from latents alone. "
                f"Received: {type(model).__name__}"
            )
        if prior_weight is None:
            prior_weight = 0.003 if model.compiled else 0.0
        if steps < 1 or starts < 1 or window < 1 or window % 2 == 0 or prior_weight < 0:
            raise ValueError(
                "`steps` and `starts` must be at least 1, `window` odd and `prior_weight` at least "
                f"0. Received: steps={steps}, starts={starts}, window={window}, "
                f"prior_weight={prior_weight}"
            )
        self.model, self.steps, self.starts = model, steps, starts
        self.learning_rate, self.prior_weight = learning_rate, float(prior_weight)
        self.window = window

    def __call__(self, images, masks, *, seed=0, blend=True):
        """Fill holes.

        Args:
            images: Float array `(N, H, W, C)` in [-1, 1], of the size that the model makes; what is
                in the holes does not matter.
            masks: Float array `(N, H, W, 1)` of zeros and ones, 1 in holes.
            seed: Integer, of the first latents. Defaults to 0.
            blend: Bool, whether holes take the gradients of the made image, on the colours at their
                rim (Poisson); `False` for its pixels. Defaults to `True`.

        Returns:
            float32 array `(N, H, W, C)` in [-1, 1].

        Raises:
            ValueError: If shapes or values are others.
        """
        images, masks = self._checked(images, masks)
        filled = self.search(images, masks, seed=seed)
        if blend:
            triples = zip(images, filled, masks[..., 0], strict=True)
            filled = np.stack([blending.poisson(*each) for each in triples])
        return np.where(masks > 0, np.clip(filled, -1.0, 1.0), images)

    def search(self, images, masks, *, seed=0):
        """Find the made image that fits each image best.

        Args:
            images: As of calling.
            masks: As of calling.
            seed: Integer. Defaults to 0.

        Returns:
            float32 array `(N, H, W, C)`, about in [-1, 1]: whole made images.
        """
        images, masks = self._checked(images, masks)
        count, starts = len(images), self.starts
        weights = np.repeat(context_weights(masks, self.window), starts, axis=0)
        distribution, total = self.model.latents, count * starts
        drawn = distribution.sample(randomness.step_seed(seed, 0), total, "inpainting")
        latents = keras.Variable(drawn, name="latents")
        losses = self._move(latents, tf.repeat(tf.constant(images), starts, axis=0), weights)
        best = losses.reshape(count, starts).argmin(axis=1) + starts * np.arange(count)
        return np.asarray(self.model(tf.gather(latents.value, best), training=False))

    def _move(self, latents, targets, weights):
        """Move latents downhill; return the last losses, `(N,)`."""
        optimizer = keras.optimizers.Adam(self.learning_rate)
        optimizer.build([latents])

        @tf.function(autograph=False)
        def move():
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(latents.value)
                losses = self._losses(self.model(latents.value, training=False), targets, weights)
                total = tf.reduce_sum(losses)
            optimizer.apply([tape.gradient(total, latents.value)], [latents])
            latents.assign(self.model.latents.project(latents.value))
            return losses

        for _ in range(self.steps):
            losses = move()
        return np.asarray(losses)

    def _losses(self, made, targets, weights):
        """Context loss (equation 4) and prior loss (equation 5) of each image, `(N,)`."""
        losses = tf.reduce_sum(weights * tf.abs(made - targets), axis=(1, 2, 3))
        if not self.prior_weight:
            return losses
        logits = self.model.discriminator(made, training=False)
        looks_made = -tf.nn.softplus(tf.reshape(logits, (len(targets), -1)))  # log(1 - D(G(z)))
        return losses + self.prior_weight * tf.reduce_mean(looks_made, axis=1)

    def _checked(self, images, masks):
        images, masks = np.asarray(images, "float32"), np.asarray(masks, "float32")
        shape = self.model.image_shape
        if images.shape[1:] != shape or masks.shape != (*images.shape[:-1], 1) or not len(images):
            raise ValueError(
                f"`images` must have shape (N, {', '.join(map(str, shape))}), as "
                f"{type(self.model).__name__} makes them, and `masks` (N, {shape[0]}, {shape[1]}, "
                f"1). Received: {images.shape} and {masks.shape}"
            )
        if not np.isin(masks, (0, 1)).all():
            raise ValueError("`masks` must hold zeros and, in holes, ones; nothing between.")
        visible = images[np.broadcast_to(masks == 0, images.shape)]
        if not (np.abs(visible) <= 1).all():
            raise ValueError(
                "`images` must hold values in [-1, 1] where `masks` is 0. "
                f"Received: values from {visible.min()} to {visible.max()}"
            )
        return np.where(masks > 0, 0.0, images).astype("float32"), masks


def context_weights(masks, window=7):
    """How much each visible pixel counts: the share of hole in its neighbourhood (equation 3).

    Args:
        masks: Float array `(N, H, W, 1)`, 1 in holes.
        window: Integer, odd side of the neighbourhood in px. Defaults to 7.

    Returns:
        float32 array `(N, H, W, 1)`, 0 in holes. Where no hole is near any visible pixel, all
        weigh 1.

    Example:

    >>> mask = np.zeros((1, 1, 5, 1), "float32")
    >>> mask[0, 0, 0] = 1
    >>> [round(float(x), 3) for x in context_weights(mask, window=3)[0, 0, :, 0]]
    [0.0, 0.333, 0.0, 0.0, 0.0]
    """
    # SAME average pooling leaves what is outside of the image out of the mean.
    share = np.asarray(tf.nn.avg_pool2d(masks, window, 1, "SAME"))
    weights = share * (1.0 - masks)
    nothing = weights.max(axis=(1, 2, 3), keepdims=True) == 0
    return np.where(nothing, 1.0 - masks, weights).astype("float32")

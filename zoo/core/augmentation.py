"""Adaptive discriminator augmentation: training with few images."""

import keras
import tensorflow as tf

from zoo.core import replicas, transformations


@keras.saving.register_keras_serializable(package="zoo")
class AdaptiveAugmentation(keras.layers.Layer):
    """Show the discriminator real and made images through the same random transformations.

    A discriminator that sees few images learns them by heart. Here each transformation is
    applied to a sample with probability p, to real and made images alike and with gradients to
    the generator; p rises while the discriminator is too sure of the real images and falls
    otherwise. Because each is skipped often enough (p stays under `limit`), the generator still
    learns the images as they are: nothing leaks.

    Pass it to any `zoo.LatentGAN` as `augmentation=`; the probability is a weight that is saved
    with the model, `model.augmentation.probability`. Images are resampled bilinearly with mirrored
    borders; the authors' code filters more sharply.

    Args:
        target: Float in [-1, 1], mean sign of the real images' logits to aim at. Defaults to 0.6.
        images: Integer, number of training images over which p moves by 1. Defaults to the
            paper's 500,000; a tenth suits runs of some 100,000 images.
        limit: Float in [0, 1), largest p. Defaults to 0.8, the paper's safety limit.
        initial: Float in [0, limit], p to start from. Defaults to 0.
        blits: Bool, flip, rotate by 90 degrees and shift by whole pixels. Defaults to `True`.
        geometry: Bool, scale, rotate and shift by fractions of pixels. Defaults to `True`.
        colour: Bool, change brightness and contrast, invert, and, with three channels, change
            hue and saturation. Defaults to `True`.

    Raises:
        ValueError: If a number is out of its range, or images have neither 1 nor 3 channels.

    Example:

    >>> augmentation = AdaptiveAugmentation(images=50_000)
    >>> model = zoo.DCGAN(image_size=28, channels=1, filters=8, augmentation=augmentation)
    >>> model.augmentation.probability.numpy()
    np.float32(0.0)

    Reference:
        Karras et al. 2020, https://arxiv.org/abs/2006.06676, sections 2.2 and 3, appendix B.
    """

    def __init__(
        self,
        target=0.6,
        images=500_000,
        limit=0.8,
        initial=0.0,
        blits=True,
        geometry=True,
        colour=True,
        **kwargs,
    ):
        super().__init__(**{**kwargs, "dtype": "float32"})  # whatever the networks compute in
        _check("target", target, -1 <= target <= 1, "in [-1, 1]")
        _check("images", images, images > 0, "above 0")
        _check("limit", limit, 0 <= limit < 1, "at least 0 and less than 1")
        _check("initial", initial, 0 <= initial <= limit, f"from 0 to `limit`, {limit}")
        self.target, self.images, self.limit, self.initial = target, images, limit, initial
        self.blits, self.geometry, self.colour = blits, geometry, colour
        self.probability = None

    def prepare(self, image_shape):
        """Make the weight, in the scope of the model that is augmented.

        Args:
            image_shape: `(N, H, W, C)`.
        """
        if image_shape[-1] not in (1, 3):
            raise ValueError(
                "`augmentation` needs images of 1 or 3 channels. "
                f"Received: images of shape {tuple(image_shape)}"
            )
        if not self.built:
            self.build(image_shape)

    def build(self, input_shape):
        """Make the weight."""
        start = keras.initializers.Constant(self.initial)
        self.probability = self.add_weight(
            (), start, trainable=False, name="probability", dtype="float32", autocast=False
        )

    def get_build_config(self):
        """Nothing: the model that is augmented builds it, under its strategy."""
        return None

    def call(self, images, seed, stream="augmentation"):
        """Transform each image with a draw of its own.

        Args:
            images: float32 `(N, H, W, C)` in [-1, 1], C = 1 or 3.
            seed: int32 tensor `(2,)`, as of `zoo.core.randomness.step_seed`.
            stream: String that tells several draws of one step apart.

        Returns:
            float32 `(N, H, W, C)`; the very same numbers where nothing is applied.
        """
        probability = tf.convert_to_tensor(self.probability)
        draws = transformations.Draws(probability, seed, stream, tf.shape(images)[0])
        if self.blits or self.geometry:
            sides = images.shape[1:3]
            matrices = transformations.placement(draws, sides, self.blits, self.geometry)
            images = transformations.resampled(images, matrices)
        return transformations.recoloured(images, draws) if self.colour else images

    def observe(self, real_logits, count):
        """Move the probability by one step towards the target.

        Args:
            real_logits: Logits of real images as they were shown, a tensor or a list of them.
            count: float32 scalar, number of samples of this replica.
        """
        logits = tf.concat([tf.reshape(each, [-1]) for each in tf.nest.flatten(real_logits)], 0)
        sign = tf.reduce_mean(tf.sign(tf.cast(tf.stop_gradient(logits), tf.float32)))
        total = replicas.summed(tf.stack([sign * count, count]))
        direction = tf.sign(total[0] / total[1] - self.target)
        moved = self.probability + direction * total[1] / float(self.images)
        self.probability.assign(tf.clip_by_value(moved, 0.0, float(self.limit)))

    def get_config(self):
        """The constructor's arguments."""
        names = ("target", "images", "limit", "initial", "blits", "geometry", "colour")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _check(name, value, is_right, expected):
    if not is_right:
        raise ValueError(f"`{name}` must be {expected}. Received: {name}={value!r}")

"""Reconstruction losses: how far an output is from its target, as `keras.losses.Loss`.

For L1 and L2 use `keras.losses.MeanAbsoluteError` and `MeanSquaredError`. All of them compute in
float32 whatever the global policy, and expect images in [-1, 1].

`keras.losses.Loss.__call__` divides by the number of replicas of a `tf.distribute` strategy. A
model that scales the sum of its terms itself takes `replica_mean` instead.
"""

import math

import keras
import tensorflow as tf

from zoo.metrics.fidelity import structural_similarity


def replica_mean(loss, target, output):
    """Mean of a Keras loss over this replica's elements, without Keras' scaling by replicas.

    Args:
        loss: A `keras.losses.Loss`; its `reduction` is not used.
        target: What the output should be.
        output: What the model made.

    Returns:
        A float32 scalar.

    Example:

    >>> float(replica_mean(keras.losses.MeanAbsoluteError(), tf.zeros((2, 4)), tf.ones((2, 4))))
    1.0
    """
    target, output = tf.cast(target, tf.float32), tf.cast(output, tf.float32)
    return tf.reduce_mean(tf.cast(loss.call(target, output), tf.float32))


class ImageLoss(keras.losses.Loss):
    """A loss that always computes in float32, and whose `None` name becomes the class's own."""

    def __init__(self, reduction="sum_over_batch_size", name=None):
        super().__init__(name=name, reduction=reduction, dtype="float32")


@keras.saving.register_keras_serializable(package="zoo")
class CharbonnierLoss(ImageLoss):
    """A smooth L1: `sqrt(d^2 + epsilon^2)` of each value, averaged over channels.

    Returns one loss a pixel, so `sample_weight` may be a mask of shape `(N, H, W)`.

    Args:
        epsilon: Distance below which the loss is round rather than straight, in units of the
            images, more than 0. Defaults to `1e-3`.
        reduction: As in `keras.losses.Loss`. Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `None`.

    Example:

    >>> loss = CharbonnierLoss(epsilon=0.3)
    >>> round(float(loss(tf.zeros((1, 2, 2, 1)), tf.fill((1, 2, 2, 1), 0.4))), 6)
    0.5

    Reference:
        - [Lai et al., 2017 (LapSRN)](https://arxiv.org/abs/1704.03915), equation 2
    """

    def __init__(self, epsilon=1e-3, reduction="sum_over_batch_size", name=None):
        super().__init__(reduction=reduction, name=name)
        self.epsilon = positive("epsilon", epsilon)

    def call(self, y_true, y_pred):
        """Loss of each pixel: the mean over channels."""
        return tf.reduce_mean(_charbonnier(y_pred - y_true, self.epsilon), axis=-1)

    def get_config(self):
        """Arguments that remake this loss."""
        return {**super().get_config(), "epsilon": self.epsilon}


@keras.saving.register_keras_serializable(package="zoo")
class PSNRLoss(ImageLoss):
    """Minus the PSNR of each image in dB, for images in [-1, 1].

    A mean squared error in which every image counts alike, however damaged it is: one photograph
    whose contrast can only be guessed does not drown the noise and the scratches of the others.

    Args:
        floor: Mean squared error that is added, more than 0: below it an image hardly counts.
            Defaults to `1e-5`, 0.4 levels of 255, which bounds the loss at -56 dB.
        reduction: As in `keras.losses.Loss`; the unreduced loss has shape `(N,)`. Defaults to
            `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `None`.

    Example:

    >>> loss = PSNRLoss()
    >>> round(float(loss(tf.zeros((1, 4, 4, 3)), tf.fill((1, 4, 4, 3), 0.2))), 2)
    -20.0

    Reference:
        - [Chen et al., 2021 (HINet)](https://arxiv.org/abs/2105.06086), section 3.3
    """

    def __init__(self, floor=1e-5, reduction="sum_over_batch_size", name=None):
        super().__init__(reduction=reduction, name=name)
        self.floor = positive("floor", floor)

    def call(self, y_true, y_pred):
        """Loss of each image."""
        difference = tf.cast(y_pred, tf.float32) - tf.cast(y_true, tf.float32)
        squared = tf.reduce_mean(tf.square(difference), axis=(1, 2, 3))
        return 10.0 * tf.math.log((squared + self.floor) / 4.0) / math.log(10.0)

    def get_config(self):
        """Arguments that remake this loss."""
        return {**super().get_config(), "floor": self.floor}


@keras.saving.register_keras_serializable(package="zoo")
class SSIMLoss(ImageLoss):
    """`1 - SSIM`, in [0, 2]: structure rather than exact values.

    The SSIM of `zoo.metrics.SSIM`, over all channels and without rounding, on images in [-1, 1]
    of at least 11x11 px. It hardly sees a colour shift: add a pixel loss.

    Args:
        reduction: As in `keras.losses.Loss`; the unreduced loss has shape `(N,)`. Defaults to
            `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `None`.

    Reference:
        - [Zhao et al., 2015](https://arxiv.org/abs/1511.08861), equation 6
    """

    def call(self, y_true, y_pred):
        """Loss of each image."""
        # Images are shifted to 0..2: SSIM compares means by their ratio, which needs values >= 0.
        return 1.0 - structural_similarity(y_true + 1.0, y_pred + 1.0, peak=2.0)


@keras.saving.register_keras_serializable(package="zoo")
class TotalVariationLoss(ImageLoss):
    """Mean absolute difference of neighbours of the *output*; the target is not read.

    The mean over vertical neighbours plus the mean over horizontal ones, so that the value does
    not depend on the size of the image. It smooths; use a small weight.

    Args:
        reduction: As in `keras.losses.Loss`; the unreduced loss has shape `(N,)`. Defaults to
            `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `None`.

    Reference:
        - [Mahendran and Vedaldi, 2014](https://arxiv.org/abs/1412.0035), section 3 (beta = 1)
    """

    def call(self, y_true, y_pred):
        """Loss of each image."""
        vertical = tf.abs(y_pred[:, 1:] - y_pred[:, :-1])
        horizontal = tf.abs(y_pred[:, :, 1:] - y_pred[:, :, :-1])
        return tf.reduce_mean(vertical, axis=(1, 2, 3)) + tf.reduce_mean(horizontal, axis=(1, 2, 3))


@keras.saving.register_keras_serializable(package="zoo")
class EdgeLoss(ImageLoss):
    """Charbonnier distance between Laplacians: blurred edges cost, flat offsets do not.

    The Laplacian is the sum of the four neighbours less four times the pixel, at pixels that have
    all four.

    Args:
        epsilon: As in `CharbonnierLoss`. Defaults to `1e-3`.
        reduction: As in `keras.losses.Loss`; the unreduced loss has shape `(N, H - 2, W - 2)`.
            Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `None`.

    Reference:
        - [Zamir et al., 2021 (MPRNet)](https://arxiv.org/abs/2102.02808), equation 3
    """

    def __init__(self, epsilon=1e-3, reduction="sum_over_batch_size", name=None):
        super().__init__(reduction=reduction, name=name)
        self.epsilon = positive("epsilon", epsilon)

    def call(self, y_true, y_pred):
        """Loss of each inner pixel: the mean over channels."""
        # The Laplacian is linear: that of the difference is the difference of Laplacians.
        x = y_pred - y_true
        rows = x[:, :-2, 1:-1] + x[:, 2:, 1:-1]
        columns = x[:, 1:-1, :-2] + x[:, 1:-1, 2:]
        laplacian = rows + columns - 4.0 * x[:, 1:-1, 1:-1]
        return tf.reduce_mean(_charbonnier(laplacian, self.epsilon), axis=-1)

    def get_config(self):
        """Arguments that remake this loss."""
        return {**super().get_config(), "epsilon": self.epsilon}


@keras.saving.register_keras_serializable(package="zoo")
class BoundedSimilarityLoss(ImageLoss):
    """A distance that saturates, in [0, 1): `1 - 2 e / (1 + e)` with `e = exp(-d / (2 s^2))`.

    `d` is the mean squared difference of an image. An image far from its target (a wrong pair, an
    outlier) stops pulling. The article behind this project minimises `e / (1 + e)`, which *falls*
    as images move apart; this form has its minimum, 0, at equality.

    Args:
        scale: The `s` above: root-mean-square difference around which the loss bends, in units
            of the images, more than 0. Defaults to `1.0`.
        reduction: As in `keras.losses.Loss`; the unreduced loss has shape `(N,)`. Defaults to
            `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `None`.
    """

    def __init__(self, scale=1.0, reduction="sum_over_batch_size", name=None):
        super().__init__(reduction=reduction, name=name)
        self.scale = positive("scale", scale)

    def call(self, y_true, y_pred):
        """Loss of each image."""
        axes = list(range(1, y_pred.shape.rank))
        distance = tf.reduce_mean(tf.square(y_pred - y_true), axis=axes)
        # 1 - 2e / (1 + e) = (1 - e) / (1 + e) = tanh(d / (4 s^2)), which loses no digits near 0.
        return tf.tanh(distance / (4.0 * self.scale**2))

    def get_config(self):
        """Arguments that remake this loss."""
        return {**super().get_config(), "scale": self.scale}


@keras.saving.register_keras_serializable(package="zoo")
class PhaseConsistencyLoss(ImageLoss):
    """What a regular pattern of dots or a shift of colour costs, and fine texture hardly.

    A network that ends in a sub-pixel convolution computes each of the `factor ** 2` phases of its
    output with other weights. Perceptual and adversarial losses reward it for a pattern that
    repeats every `factor` px, where texture is missing. Here the error is averaged, for each
    phase alone, over `window` x `window` pixels of the network's input: texture with the wrong
    detail averages out, a dot that returns every `factor` px does not.

    This form is ours. It is zero for every output whose local means, phase by phase, are those of
    the target. White noise costs 0.27 of what dots of the same strength cost, wrong texture
    coarser than `factor * window` px costs as much. Add a pixel loss.

    Args:
        factor: Integer, period of the pattern in px: the scale of the network.
        window: Integer, periods over which a phase is averaged, along each side. Defaults to 3.
        reduction: As in `keras.losses.Loss`; the unreduced loss has shape `(N,)`. Defaults to
            `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `None`.

    Raises:
        ValueError: If `factor` or `window` is no integer of at least 1; on call, if an image is
            smaller than `factor * window` px or its sides are no multiples of `factor`.

    Example:

    >>> loss = PhaseConsistencyLoss(factor=2, window=2)
    >>> stripes = tf.tile([[[[0.5], [0.0]]]], [1, 4, 2, 1])
    >>> float(loss(tf.zeros_like(stripes), stripes))
    0.25

    Reference:
        [Odena et al., 2016](https://distill.pub/2016/deconv-checkerboard/), on the pattern;
        [Sugawara et al., 2018](https://arxiv.org/abs/1806.02658), on sub-pixel convolutions.
    """

    def __init__(self, factor, window=3, reduction="sum_over_batch_size", name=None):
        super().__init__(reduction=reduction, name=name)
        self.factor = count_of("factor", factor)
        self.window = count_of("window", window)

    def call(self, y_true, y_pred):
        """Loss of each image."""
        sides = y_pred.shape[1:3]
        least = self.factor * self.window
        if any(side is not None and (side % self.factor or side < least) for side in sides):
            raise ValueError(
                f"PhaseConsistencyLoss(factor={self.factor}, window={self.window}) needs images "
                f"of at least {least} px whose sides are multiples of {self.factor}. "
                f"Received: shape={tuple(y_pred.shape)}"
            )
        phases = y_pred - y_true
        if self.factor > 1:
            phases = tf.nn.space_to_depth(phases, self.factor)
        means = tf.nn.avg_pool2d(phases, self.window, 1, "VALID")
        return tf.reduce_mean(tf.abs(means), axis=(1, 2, 3))

    def get_config(self):
        """Arguments that remake this loss."""
        return {**super().get_config(), "factor": self.factor, "window": self.window}


@keras.saving.register_keras_serializable(package="zoo")
class WeightedSum(ImageLoss):
    """Several losses as one: the sum of their means over each image, times their weights.

    Args:
        losses: Sequence of `keras.losses.Loss`, of images.
        weights: Sequence of floats of 0 or more, one for each.
        reduction: As in `keras.losses.Loss`; the unreduced loss has shape `(N,)`. Defaults to
            `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `None`.

    Raises:
        ValueError: If there is no loss, or weights are missing or negative.

    Example:

    >>> loss = WeightedSum([keras.losses.MeanAbsoluteError(), SSIMLoss()], [1.0, 0.5])
    >>> round(float(loss(tf.zeros((1, 16, 16, 3)), tf.zeros((1, 16, 16, 3)))), 6)
    0.0
    """

    def __init__(self, losses, weights, reduction="sum_over_batch_size", name=None):
        super().__init__(reduction=reduction, name=name)
        self.losses = list(losses)
        self.weights = [float(weight) for weight in weights]
        fits = 0 < len(self.losses) == len(self.weights)
        if not fits or min(self.weights) < 0 or not any(self.weights):
            raise ValueError(
                "`weights` must hold a number of 0 or more for each of `losses`, and one above 0. "
                f"Received: losses={losses!r}, weights={weights!r}"
            )
        for loss in self.losses:
            if not isinstance(loss, keras.losses.Loss):
                raise ValueError(
                    f"`losses` must be keras.losses.Loss objects. Received: {loss!r} in `losses`"
                )

    def call(self, y_true, y_pred):
        """Loss of each image."""
        terms = [
            weight * _mean_of_each(loss.call(y_true, y_pred))
            for loss, weight in zip(self.losses, self.weights, strict=True)
        ]
        return tf.add_n(terms)

    def get_config(self):
        """Arguments that remake this loss."""
        serialize = keras.saving.serialize_keras_object
        losses = [serialize(loss) for loss in self.losses]
        return {**super().get_config(), "losses": losses, "weights": self.weights}

    @classmethod
    def from_config(cls, config):
        """Remakes the losses from `get_config()`."""
        losses = [keras.saving.deserialize_keras_object(loss) for loss in config["losses"]]
        return cls(**{**config, "losses": losses})


def _mean_of_each(values):
    return tf.reduce_mean(values, axis=list(range(1, values.shape.rank)))


def _charbonnier(difference, epsilon):
    return tf.sqrt(tf.square(difference) + epsilon**2)


def count_of(name, value, least=1):
    """Return `value` if it is an integer of at least `least`; raise a `ValueError` if not."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(
            f"`{name}` must be an integer of at least {least}. Received: {name}={value!r}"
        )
    return value


def positive(name, value):
    """Return `value` as a float if it is more than 0; raise a `ValueError` if not."""
    if not value > 0:
        raise ValueError(f"`{name}` must be more than 0. Received: {name}={value}")
    return float(value)

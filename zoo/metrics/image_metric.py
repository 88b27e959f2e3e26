"""The base of metrics that compare an output image with its target, and carry their protocol."""

import dataclasses

import keras
import tensorflow as tf

_PEAK = 255.0


@dataclasses.dataclass(frozen=True)
class Score:
    """A result that knows how it was obtained.

    Args:
        name: Name of the metric, such as `"psnr"`.
        value: Mean over images.
        protocol: How it was computed; equal text means comparable numbers.
        images: Number of images in the mean.
    """

    name: str
    value: float
    protocol: str
    images: int

    def __str__(self):
        return f"{self.name} {self.value:.4f} ({self.protocol}, {self.images} images)"


def compare(a, b):
    """Difference `a - b` of two scores, refused when they were not obtained in the same way.

    Args:
        a: A `Score`, or an `ImageMetric` that has seen images.
        b: What to subtract; same types.

    Returns:
        A Python float.

    Raises:
        ValueError: If the metric, the protocol or the number of images differs.

    Example:

    >>> compare(Score("psnr", 31.0, "RGB", 5), Score("psnr", 28.5, "RGB", 5))
    2.5
    """
    a, b = (x.score() if isinstance(x, ImageMetric) else x for x in (a, b))
    for field in ("name", "protocol", "images"):
        left, right = getattr(a, field), getattr(b, field)
        if left != right:
            raise ValueError(
                f"Scores can be compared only when their {field} is the same; evaluate both with "
                f"one metric object's config on the same images. Received: {left!r} and {right!r}"
            )
    return a.value - b.value


class ImageMetric(keras.metrics.Metric):
    """Mean over images of a score that compares an output with its target.

    A subclass defines `per_image_levels(target, output)` on float32 images in 0..255 whose border
    is already cut, and may extend `protocol`. Works in `compile(metrics=...)`, in a loop, and under
    `tf.distribute`.

    Args:
        border: Pixels cut from each side before scoring; 0 or more. The custom in
            super-resolution is the scale. Defaults to `0`.
        rounded: Whether to clip and round both images to 8-bit levels first, as if they had been
            written to a PNG file. Defaults to `True`.
        value_range: `(low, high)` of the images passed in. Defaults to `(-1, 1)`.
        name: Name in the logs. Defaults to `None`: the class's own.
        dtype: Type of the running sum. Defaults to `None`: float32.
    """

    higher_is_better = True

    def __init__(self, border=0, rounded=True, value_range=(-1.0, 1.0), name=None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        if not isinstance(border, int) or border < 0:
            raise ValueError(
                f"`border` must be a whole number of pixels, 0 or more. Received: border={border}"
            )
        low, high = value_range
        if not low < high:
            raise ValueError(
                "`value_range` must be (low, high) with low < high, such as (-1, 1). "
                f"Received: value_range={value_range}"
            )
        self.border = border
        self.rounded = bool(rounded)
        self.value_range = (float(low), float(high))
        self.total = self.add_variable(shape=(), initializer="zeros", name="total")
        self.count = self.add_variable(shape=(), initializer="zeros", name="count")

    @property
    def protocol(self):
        """Text that states how the score is computed; equal text means comparable numbers."""
        rounding = "8-bit rounded" if self.rounded else "not rounded"
        return f"border {self.border}, {rounding}"

    def per_image(self, target, output):
        """Scores each image.

        Args:
            target: Reference images, shape `(N, H, W, C)`, values in `value_range`.
            output: Images to score, same shape.

        Returns:
            A float32 tensor of shape `(N,)`.

        Raises:
            ValueError: If the shapes differ, are not NHWC, or are too small for the protocol.
        """
        target, output = tf.convert_to_tensor(target), tf.convert_to_tensor(output)
        _check_shapes(target, output, self.border)
        return self.per_image_levels(self._levels(target), self._levels(output))

    def per_image_levels(self, target, output):
        """Scores float32 images in 0..255 of shape (N, H, W, C): returns shape (N,)."""
        raise NotImplementedError(f"{type(self).__name__} must define `per_image_levels`.")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Adds a batch: `y_true` is the target, `y_pred` the output, one weight per image."""
        values = tf.cast(self.per_image(y_true, y_pred), self.dtype)
        weights = tf.ones_like(values)
        if sample_weight is not None:
            weights = tf.reshape(tf.cast(sample_weight, self.dtype), tf.shape(values))
        self.total.assign_add(tf.reduce_sum(values * weights))
        self.count.assign_add(tf.reduce_sum(weights))

    def result(self):
        """The mean over images so far; 0 before the first."""
        return tf.math.divide_no_nan(
            tf.convert_to_tensor(self.total), tf.convert_to_tensor(self.count)
        )

    def score(self):
        """The mean so far as a `Score`, with the protocol and the number of images."""
        count = round(float(self.count))
        return Score(self.name, float(self.result()), self.protocol, count)

    def get_config(self):
        """Arguments that remake this metric, without what it has seen."""
        return {
            "name": self.name,
            "dtype": self.dtype,
            "border": self.border,
            "rounded": self.rounded,
            "value_range": list(self.value_range),
        }

    def __repr__(self):
        return f"{type(self).__name__}({self.protocol})"

    def _levels(self, images):
        """Images of any float type in `value_range` -> float32 in 0..255 without the border."""
        low, high = self.value_range
        levels = (tf.cast(images, tf.float32) - low) * (_PEAK / (high - low))
        if self.rounded:
            # floor(x + 1/2), as MATLAB rounds; tf.round would send .5 to the even neighbour.
            levels = tf.clip_by_value(tf.floor(levels + 0.5), 0.0, _PEAK)
        edge = self.border
        return levels[:, edge:-edge, edge:-edge, :] if edge else levels


def _check_shapes(target, output, border):
    if len(target.shape) != 4 or not target.shape.is_compatible_with(output.shape):
        raise ValueError(
            "`target` and `output` must be images of one shape (N, H, W, C); add a batch axis to a "
            "single image. "
            f"Received: target {tuple(target.shape)}, output {tuple(output.shape)}"
        )
    if any(side is not None and side <= 2 * border for side in target.shape[1:3]):
        raise ValueError(
            f"`border={border}` leaves nothing of the image; use a smaller border. "
            f"Received: images of shape {tuple(target.shape)}"
        )

"""The contract of every degradation: draw parameters per sample, then apply them."""

import inspect

import tensorflow as tf

from pipelines.degradations.checks import as_probability
from pipelines.degradations.draws import Draws


class Degradation:
    """Damages a batch of images with parameters drawn for each of them.

    A subclass implements `sample(draws)`, which returns the parameters, and
    `transform(images, params)`, a pure function. Everything random is in the parameters, fields
    such as noise as a seed per sample, so that the same parameters give the same image again.
    Constructor arguments are kept under their own names: that is what `get_config` reads.

    Args:
        probability: Chance that a sample is degraded, in `[0, 1]`. Defaults to 1.

    Example:

    ```python
    blur = pipelines.degradations.GaussianBlur(sigma_px=(0.2, 3.0), probability=0.5)
    blurred, params = blur(images, seed=(0, 1), return_params=True)
    again = blur.apply(images, params)
    ```
    """

    #: Name of class -> class, for every degradation that has been defined.
    registry: dict = {}  # noqa: RUF012 - shared by all subclasses on purpose

    #: True if the output has another height or width than the input.
    changes_size = False

    #: How many channels the output has more than the input.
    adds_channels = 0

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if cls.sample is Degradation.sample:
            return  # a base for others, which cannot be built from a recipe
        known = Degradation.registry.get(cls.__name__, cls)
        if known.__module__ != cls.__module__:
            raise ValueError(
                f"A degradation must have a name of its own. Received: {cls.__name__!r}, which is "
                f"taken by {known.__module__}. Choose another class name."
            )
        Degradation.registry[cls.__name__] = cls

    def __init__(self, probability=1.0):
        self.probability = as_probability("probability", probability)
        if (self.changes_size or self.adds_channels) and self.probability < 1:
            raise ValueError(
                f"Argument `probability` must be 1 for {type(self).__name__}, which changes the "
                f"shape of images: a batch has one shape. Received: {probability!r}. "
                "Leave it out."
            )

    def sample(self, draws):
        """Return the parameters of each sample; overridden by each degradation.

        Args:
            draws: A `Draws`, which also knows the shape of the batch.

        Returns:
            Nested dict of tensors whose first dimension is the batch.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement `sample(draws)`.")

    def transform(self, images, params):
        """Return the degraded images; overridden by each degradation.

        Args:
            images: float32 tensor `(N, H, W, C)`.
            params: What `sample` returned.

        Returns:
            float32 tensor `(N, H, W, C)`.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement `transform`.")

    @tf.autograph.experimental.do_not_convert
    def draw(self, seed, batch_shape, clean_shape=None):
        """Draw the parameters for one batch.

        Args:
            seed: int32 tensor of shape `(2,)`, or a pair of ints; one for the whole batch.
            batch_shape: `tf.shape(images)`.
            clean_shape: Shape of the images that entered the recipe; defaults to `batch_shape`.

        Returns:
            Nested dict of tensors whose first dimension is the batch.
        """
        draws = Draws(as_seed(seed), batch_shape, clean_shape)
        params = {}
        if self.probability < 1:
            params["applied"] = draws.coin(self.probability)
        return params | self.sample(draws)

    def output_shape(self, shape, params):
        """Return the shape of the result; overridden where it differs from the input's.

        Args:
            shape: Shape `(N, H, W, C)` of the images, int32 tensor.
            params: What `draw` returned.

        Returns:
            int32 tensor `(4,)`.
        """
        return shape

    @tf.autograph.experimental.do_not_convert
    def apply(self, images, params):
        """Degrade `images` exactly as `params` say, without clipping.

        Args:
            images: float32 tensor `(N, H, W, C)` in `[-1, 1]`.
            params: What `draw` returned; rows may be selected together with the images.

        Returns:
            float32 tensor `(N, H, W, C)`.
        """
        if "applied" not in params:
            return self.transform(images, params)
        rest = {name: value for name, value in params.items() if name != "applied"}
        return transform_where(params["applied"], self.transform, images, rest)

    @tf.autograph.experimental.do_not_convert
    def __call__(self, images, seed, return_params=False):
        """Draw and apply.

        Args:
            images: float tensor `(N, H, W, C)` in `[-1, 1]`.
            seed: int32 tensor of shape `(2,)`, or a pair of ints.
            return_params: Whether to return the parameters too. Defaults to `False`.

        Returns:
            float32 tensor `(N, H, W, C)` clipped to `[-1, 1]`, or `(images, params)`.
        """
        images = as_images(images)
        params = self.draw(seed, tf.shape(images))
        degraded = tf.clip_by_value(self.apply(images, params), -1.0, 1.0)
        return (degraded, params) if return_params else degraded

    def get_config(self):
        """Return the constructor arguments as plain JSON values."""
        return {name: to_json(getattr(self, name)) for name in argument_names(type(self))}

    @classmethod
    def from_config(cls, config):
        """Build the degradation that `get_config` described.

        Args:
            config: Dict of constructor arguments.

        Raises:
            ValueError: If an argument does not exist.
        """
        names = argument_names(cls)
        unknown = sorted(set(config) - set(names))
        if unknown:
            raise ValueError(
                f"{cls.__name__} takes the arguments {names}. Received: {unknown}. "
                "Remove or rename them."
            )
        return cls(**config)

    def to_json(self):
        """Return `{"op": class name, **get_config()}`, which `from_json` reads."""
        return {"op": type(self).__name__, **self.get_config()}

    def __repr__(self):
        arguments = ", ".join(f"{k}={getattr(self, k)!r}" for k in argument_names(type(self)))
        return f"{type(self).__name__}({arguments})"


def from_json(record):
    """Build a degradation from `{"op": class name, ...arguments}`.

    Args:
        record: Dict as `Degradation.to_json` returns it. A `Degradation` is returned unchanged.

    Returns:
        A `Degradation`.

    Raises:
        ValueError: If `op` is missing or names no degradation.
    """
    if isinstance(record, Degradation):
        return record
    known = sorted(Degradation.registry)
    if not isinstance(record, dict) or record.get("op") not in Degradation.registry:
        raise ValueError(
            f"A step must be a degradation or a dict whose `op` is one of {known}. "
            f"Received: {record!r}. Import the module that defines it, or check the spelling."
        )
    config = {name: value for name, value in record.items() if name != "op"}
    return Degradation.registry[record["op"]].from_config(config)


def argument_names(cls):
    """Return the names of the constructor arguments of `cls`, in order."""
    return list(inspect.signature(cls).parameters)


def to_json(value):
    """Return `value` with degradations as dicts and tuples as lists."""
    if isinstance(value, Degradation):
        return value.to_json()
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    return value


def as_seed(seed):
    """Return `seed` as an int32 tensor of shape `(2,)`.

    Args:
        seed: Pair of ints, or such a tensor.

    Raises:
        ValueError: If it has another shape.
    """
    seed = tf.cast(tf.convert_to_tensor(seed), tf.int32)
    if seed.shape.rank != 1 or seed.shape[0] not in (2, None):
        raise ValueError(
            f"Argument `seed` must be two integers. Received shape: {tuple(seed.shape)}. "
            "Pass for example `seed=(0, 1)`."
        )
    return seed


def as_images(images):
    """Return `images` as a float32 tensor of rank 4.

    Args:
        images: Batch of images in `[-1, 1]`.

    Raises:
        ValueError: If they are integers or no batch.
    """
    images = tf.convert_to_tensor(images)
    if not images.dtype.is_floating:
        raise ValueError(
            f"Argument `images` must be floating point in [-1, 1]. Received: {images.dtype.name}. "
            "Divide 8-bit images by 127.5 and subtract 1."
        )
    if images.shape.rank != 4 or images.shape[-1] is None:
        raise ValueError(
            "Argument `images` must be a batch (N, H, W, C) "
            f"with a known number of channels. Received shape: {images.shape}. "
            "Add a first dimension with `images[None]`, or call `tf.ensure_shape`."
        )
    return tf.cast(images, tf.float32)


def transform_where(chosen, transform, images, params):
    """Transform the chosen samples only, so that the others cost nothing.

    Args:
        chosen: bool tensor `(N,)`.
        transform: Function of `(images, params)` that keeps the shape.
        images: float32 tensor `(N, H, W, C)`.
        params: Nested dict of tensors whose first dimension is the batch.

    Returns:
        float32 tensor `(N, H, W, C)`; samples that are not chosen are bit-identical.
    """
    rows = tf.where(chosen)

    def some():
        subset = tf.nest.map_structure(lambda value: tf.gather_nd(value, rows), (images, params))
        return tf.tensor_scatter_nd_update(images, rows, transform(*subset))

    # Several kernels refuse an empty batch.
    return tf.cond(tf.reduce_any(chosen), some, lambda: tf.identity(images))


def transform_each(chosen, transforms, images, params):
    """Send each sample through one of several transforms.

    Args:
        chosen: int32 tensor `(N,)`, which one.
        transforms: Functions of `(images, params)` that keep the shape.
        images: float32 tensor `(N, H, W, C)`.
        params: Nested dict of tensors whose first dimension is the batch.

    Returns:
        float32 tensor `(N, H, W, C)`.
    """
    rows = [tf.cast(tf.where(chosen == index)[:, 0], tf.int32) for index in range(len(transforms))]

    def result(transform, rows):
        def some():
            subset = tf.nest.map_structure(lambda value: tf.gather(value, rows), (images, params))
            return transform(*subset)

        # Several kernels refuse an empty batch.
        return tf.cond(tf.size(rows) > 0, some, lambda: images[:0])

    results = [result(*pair) for pair in zip(transforms, rows, strict=True)]
    return tf.ensure_shape(tf.dynamic_stitch(rows, results), images.shape)

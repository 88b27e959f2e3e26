"""Degradations made of others: one after the other, or one of several."""

import functools

import tensorflow as tf

from pipelines.degradations.base import Degradation, from_json, transform_each
from pipelines.degradations.checks import as_range, as_weights


class Sequence(Degradation):
    """Applies degradations one after the other.

    Args:
        steps: Sequence of `Degradation`, or of their JSON dicts.
        probability: Chance that a sample goes through them; 1 if a step changes the shape.
            Defaults to 1.

    Example:

    ```python
    from pipelines import degradations as ops
    twice = ops.Sequence([ops.GaussianBlur(1.0), ops.JPEG(50)], probability=0.5)
    degraded = twice(images, seed=(0, 0))
    ```
    """

    def __init__(self, steps, probability=1.0):
        self.steps = as_steps(steps)
        self.changes_size = any(step.changes_size for step in self.steps)
        self.adds_channels = sum(step.adds_channels for step in self.steps)
        super().__init__(probability)

    def sample(self, draws):
        """Draw the parameters of every step, for the shape that it will see."""
        params, shape = {}, draws.batch_shape
        for key, step in step_items(self.steps):
            params[key] = step.draw(draws.seed(), shape, draws.clean_shape)
            shape = step.output_shape(shape, params[key])
        return params

    def transform(self, images, params):
        """Apply every step."""
        for key, step in step_items(self.steps):
            images = step.apply(images, params[key])
        return images

    def output_shape(self, shape, params):
        """Follow the shape through every step."""
        for key, step in step_items(self.steps):
            shape = step.output_shape(shape, params[key])
        return shape


class MarkDamage(Degradation):
    """Applies degradations that damage places, marks these in one more channel, and goes on.

    The mask is 1 where the damage changes a channel by more than a threshold, else 0: what a
    network that finds damage is to say, and where one that fills holes has to fill.

    Args:
        steps: Sequence of `Degradation`, or of their JSON dicts: scratches, dust, creases.
        then: Sequence of what happens afterwards to all of the image, but not to the mask: noise,
            compression. Defaults to none.
        threshold_levels: Change of a value, in 8-bit levels, from which it is damage. Defaults to
            20.

    Example:

    ```python
    from pipelines import degradations as ops
    marked = ops.MarkDamage([ops.Scratches()], then=[ops.JPEG(70)])(images, seed=(0, 0))
    damaged, mask = marked[..., :3], marked[..., 3:]
    ```
    """

    adds_channels = 1

    def __init__(self, steps, then=(), threshold_levels=20):
        super().__init__()
        self.steps = as_steps(steps)
        self.then = as_steps(then) if then else ()
        self.threshold_levels = as_range("threshold_levels", threshold_levels, 0, 255)[0]
        if any(step.changes_size or step.adds_channels for step in (*self.steps, *self.then)):
            raise ValueError(
                "Arguments `steps` and `then` must hold degradations that keep the shape of "
                f"images. Received: {self!r}. Put others before or after."
            )

    def sample(self, draws):
        """Draw the parameters of every step."""
        return {
            key: step.draw(draws.seed(), draws.batch_shape, draws.clean_shape)
            for key, step in step_items((*self.steps, *self.then))
        }

    def transform(self, images, params):
        """Damage, compare, go on, and append the mask."""
        damaged, items = images, step_items((*self.steps, *self.then))
        for key, step in items[: len(self.steps)]:
            damaged = step.apply(damaged, params[key])
        change = tf.reduce_max(tf.abs(damaged - images), axis=-1, keepdims=True)
        mask = tf.cast(change > self.threshold_levels / 127.5, tf.float32)
        for key, step in items[len(self.steps) :]:
            damaged = step.apply(damaged, params[key])
        return tf.concat([damaged, mask], axis=-1)

    def output_shape(self, shape, params):
        """Return the shape with one more channel."""
        return tf.concat([shape[:3], shape[3:] + 1], axis=0)


class OneOf(Degradation):
    """Applies one of several degradations to each sample, or to each batch.

    Args:
        steps: Sequence of `Degradation`, or of their JSON dicts.
        weights: How often each is chosen, any positive sum; `None` means equally. Defaults to
            `None`.
        common: Whether all samples of a batch take the same one, as they must if a step changes
            the size of images. Defaults to `False`.
        probability: Chance that a sample is degraded at all. Defaults to 1.

    Example:

    ```python
    from pipelines import degradations as ops
    noise = ops.OneOf([ops.GaussianNoise(25), ops.PoissonNoise(2)], weights=[3, 1])
    noisy = noise(images, seed=(0, 0))
    ```
    """

    def __init__(self, steps, weights=None, common=False, probability=1.0):
        self.steps = as_steps(steps)
        self.common = bool(common)
        self.changes_size = any(step.changes_size for step in self.steps)
        super().__init__(probability)
        if any(step.adds_channels for step in self.steps):
            raise ValueError(
                "Argument `steps` must hold degradations that keep the channels. "
                f"Received: {self.steps!r}. Choose between masks with `MixedMask`."
            )
        if self.changes_size and not self.common:
            raise ValueError(
                "Argument `common` must be True if a step changes the size of images, because a "
                f"batch has one size. Received: {common!r}. Pass `common=True`."
            )
        self.weights = as_weights("weights", weights, len(self.steps))

    def sample(self, draws):
        """Draw which one, and the parameters of all."""
        chosen = draws.choice(self.weights)
        params = {"chosen": draws.for_batch(chosen) if self.common else chosen}
        for key, step in step_items(self.steps):
            params[key] = step.draw(draws.seed(), draws.batch_shape, draws.clean_shape)
        return params

    def transform(self, images, params):
        """Send each sample through the one that was chosen for it."""
        if self.common:
            branches = [
                functools.partial(step.apply, images, params[key])
                for key, step in step_items(self.steps)
            ]
            return tf.switch_case(params["chosen"][0], branches)

        def apply(images, params, key, step):
            return step.apply(images, params[key])

        branches = [
            functools.partial(apply, key=key, step=step) for key, step in step_items(self.steps)
        ]
        return transform_each(params["chosen"], branches, images, params)

    def output_shape(self, shape, params):
        """Return the shape of the common choice."""
        if not self.changes_size:
            return shape
        shapes = [step.output_shape(shape, params[key]) for key, step in step_items(self.steps)]
        return tf.gather(tf.stack(shapes), params["chosen"][0])


def as_steps(steps):
    """Return `steps` as a tuple of degradations.

    Args:
        steps: Sequence of `Degradation` or of their JSON dicts.

    Raises:
        ValueError: If it is empty or holds something else.
    """
    if isinstance(steps, (Degradation, dict, str)):
        raise ValueError(
            "Argument `steps` must be a sequence of degradations. "
            f"Received: {steps!r}. Put it into a list."
        )
    steps = tuple(from_json(step) for step in steps)
    if not steps:
        raise ValueError(
            "Argument `steps` must hold at least one degradation. Received: (). Add one."
        )
    return steps


def step_items(steps):
    """Return pairs of the name under which a step's parameters are kept, and the step.

    Args:
        steps: Tuple of degradations.
    """
    return [(f"{index:02d}_{type(step).__name__}", step) for index, step in enumerate(steps)]

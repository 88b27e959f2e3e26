"""Recipes: lists of degradations that are data, with a name, a file format and exact replay."""

import json
import os
import tempfile
from pathlib import Path

import tensorflow as tf

from pipelines import named_recipes
from pipelines.degradations.base import as_images, as_seed, to_json
from pipelines.degradations.composition import Sequence
from pipelines.degradations.resampling import to_eight_bit

_FORMAT = 1


class Recipe:
    """A sequence of degradations applied to batches of clean images.

    Args:
        name: What the recipe is called, a non-empty string.
        steps: Sequence of `Degradation`, or of their JSON dicts, applied in order.
        scale: How many times smaller the output is, int of at least 1. Defaults to 1.
        rounding: Whether the result is rounded to the 256 levels of an 8-bit file. Defaults to
            `False`.
        description: One line for people.
        reference: Where the recipe was published.
        scene: Sequence of steps that come first and are no damage: they say what the photograph
            was, such as black and white, and the clean image of a pair shows them too. They keep
            the shape. Defaults to none.

    Raises:
        ValueError: If an argument is not what is described here.

    Example:

    ```python
    from pipelines import degradations
    mine = Recipe("mine", [degradations.GaussianNoise(sigma_levels=(5, 25))], rounding=True)
    degraded, params = mine(images, seed=(0, 1), return_params=True)
    again = mine.replay(images, params)
    mine.save("mine.json")
    ```
    """

    def __init__(
        self, name, steps, scale=1, rounding=False, description="", reference="", scene=()
    ):
        if not isinstance(name, str) or not name:
            raise ValueError(
                f"Argument `name` must be a non-empty string. Received: {name!r}. Name the recipe."
            )
        if isinstance(scale, bool) or not isinstance(scale, int) or scale < 1:
            raise ValueError(
                "Argument `scale` must be a whole number of at least 1. "
                f"Received: {scale!r}. Pass 1 if the output has the size of the input."
            )
        self.name = name
        self._damage = Sequence(steps)
        self._scene = Sequence(scene) if scene else None
        if scene and (self._scene.changes_size or self._scene.adds_channels):
            raise ValueError(
                "Argument `scene` must hold steps that keep the shape of images. "
                f"Received: {scene!r}. Put them into `steps`."
            )
        self.scale = scale
        self.rounding = bool(rounding)
        self.description = description
        self.reference = reference

    @property
    def steps(self):
        """The degradations, in order."""
        return self._damage.steps

    @property
    def scene(self):
        """The steps that make the clean image, in order."""
        return self._scene.steps if self._scene else ()

    @property
    def output_channels(self):
        """Channels of the output for RGB input: 4 if a step adds a mask, else 3."""
        return 3 + self._damage.adds_channels

    @tf.autograph.experimental.do_not_convert
    def __call__(self, images, seed, return_params=False):
        """Degrade a batch.

        Args:
            images: float tensor `(N, H, W, C)` in `[-1, 1]`, H and W multiples of `scale`.
            seed: Pair of ints or int32 tensor `(2,)`; one seed per batch.
            return_params: Whether to return what was drawn as well. Defaults to `False`.

        Returns:
            float32 tensor `(N, H / scale, W / scale, C)` in `[-1, 1]`, or `(degraded, params)`
            where `params` is a nested dict of tensors whose first dimension is the batch.

        Raises:
            ValueError: If the images are no batch of floats, or do not divide by `scale`.
        """
        images = self._checked(images)
        params = self._draw(images, seed)
        degraded, _ = self._apply(images, params)
        return (degraded, params) if return_params else degraded

    @tf.autograph.experimental.do_not_convert
    def pair(self, images, seed):
        """Make training pairs.

        Args:
            images: As in a call.
            seed: As in a call; the degraded images are those that the call returns.

        Returns:
            `(degraded, clean)`: clean is `images`, or what the steps of `scene` made of them.
        """
        images = self._checked(images)
        return self._apply(images, self._draw(images, seed))

    @tf.autograph.experimental.do_not_convert
    def replay(self, images, params):
        """Degrade again with parameters that an earlier call returned.

        Args:
            images: The same images, or others of the same size.
            params: What `recipe(..., return_params=True)` returned.

        Returns:
            float32 tensor, equal bit for bit if the images are the same.

        Raises:
            ValueError: If `params` belong to another recipe.
        """
        images = self._checked(images)
        try:
            return self._apply(images, params)[0]
        except KeyError as error:
            raise ValueError(
                f"Argument `params` must be what the recipe {self.name!r} returned. "
                f"Received: {sorted(params)}, without {error}. Replay with the same recipe."
            ) from error

    def _draw(self, images, seed):
        seeds, shape = tf.random.split(as_seed(seed), 2), tf.shape(images)
        params = {"steps": self._damage.draw(seeds[0], shape)}
        if self._scene:
            params["scene"] = self._scene.draw(seeds[1], shape)
        return params

    def _apply(self, images, params):
        clean = images
        if self._scene:
            clean = tf.clip_by_value(self._scene.apply(images, params["scene"]), -1.0, 1.0)
        return self._finish(self._damage.apply(clean, params["steps"]), images), clean

    def _checked(self, images):
        images = as_images(images)
        sides = images.shape[1:3] if images.shape.rank else ()
        if any(side is not None and side % self.scale for side in sides):
            raise ValueError(
                f"Argument `images` must have height and width divisible by {self.scale} for the "
                f"recipe {self.name!r}. Received shape: {tuple(images.shape)}. Crop them first."
            )
        return images

    def _finish(self, degraded, images):
        if self.rounding:
            degraded = to_eight_bit(degraded)
        else:
            degraded = tf.clip_by_value(degraded, -1.0, 1.0)
        # Steps may lose what is known about the size when they draw it.
        height, width = (None if side is None else side // self.scale for side in images.shape[1:3])
        return tf.ensure_shape(degraded, (images.shape[0], height, width, None))

    def to_config(self):
        """Return the recipe as plain JSON values."""
        return {
            "format": _FORMAT,
            "name": self.name,
            "description": self.description,
            "reference": self.reference,
            "scale": self.scale,
            "rounding": self.rounding,
            "scene": [to_json(step) for step in self.scene],
            "steps": [to_json(step) for step in self.steps],
        }

    @classmethod
    def from_config(cls, config):
        """Build a recipe from what `to_config` returned.

        Args:
            config: Dict with `name`, `steps` and optionally the other constructor arguments.

        Raises:
            ValueError: If a field is missing, unknown or of a newer format.
        """
        config = dict(config) if isinstance(config, dict) else {}
        version = config.pop("format", _FORMAT)
        if version != _FORMAT:
            raise ValueError(
                f"A recipe must have format {_FORMAT}. Received: {version!r}. "
                "Upgrade keras-gan-zoo to read newer recipes."
            )
        known = {"name", "steps", "scale", "rounding", "description", "reference", "scene"}
        if not {"name", "steps"} <= set(config) <= known:
            raise ValueError(
                f"A recipe must have `name` and `steps`, and may have {sorted(known)}. "
                f"Received: {sorted(config)}. Add or remove fields."
            )
        return cls(**config)

    def save(self, path):
        """Write the recipe as JSON, atomically.

        Args:
            path: File to write, usually ending in `.json`.

        Returns:
            The path as `pathlib.Path`.
        """
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(self.to_config(), file, indent=2)
                file.write("\n")
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        return path

    @classmethod
    def load(cls, path):
        """Read a recipe that `save` wrote.

        Args:
            path: JSON file.

        Raises:
            ValueError: If the file is no recipe.
        """
        try:
            config = json.loads(Path(path).read_text(encoding="utf-8"))
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise ValueError(
                f"Argument `path` must be a JSON recipe. Received: {str(path)!r} ({error}). "
                "Write one with `Recipe.save`."
            ) from error
        return cls.from_config(config)

    def __repr__(self):
        steps = ", ".join(type(step).__name__ for step in self.steps)
        return f"Recipe({self.name!r}, scale={self.scale}, steps=[{steps}])"


def list_recipes():
    """Return the names of the built-in recipes, sorted."""
    return sorted(named_recipes.NAMED)


def recipe(source):
    """Return a recipe by name, from a JSON file, or unchanged.

    Args:
        source: A name of `list_recipes()`, a path ending in `.json`, or a `Recipe`.

    Returns:
        A `Recipe`.

    Raises:
        ValueError: If there is no such recipe.

    Example:

    ```python
    degraded = pipelines.recipe("bicubic-x4")(images, seed=(0, 0))
    ```
    """
    if isinstance(source, Recipe):
        return source
    if isinstance(source, str) and source in named_recipes.NAMED:
        return Recipe(name=source, **named_recipes.NAMED[source]())
    if isinstance(source, (str, os.PathLike)) and Path(source).is_file():
        return Recipe.load(source)
    raise ValueError(
        f"Argument `recipe` must be a Recipe, a JSON file, or one of {list_recipes()}. "
        f"Received: {source!r}. Check the spelling or the path."
    )

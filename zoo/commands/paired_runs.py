"""Runs of models that learn from degraded and clean pairs."""

import functools
import os

import keras

import pipelines
import zoo
from zoo.commands import evaluating

_CROP, _LEARNING_RATE = 128, 1e-4


class PairedRun:
    """What a run of a `zoo.PairedGAN` trains on, and how it is watched.

    Args:
        model: `zoo.PairedGAN`.
        settings: `zoo.commands.training.Settings`.
        schedule: `zoo.commands.training.Schedule`.
    """

    def __init__(self, model, settings, schedule):
        refused = {
            "unlabelled": settings.unlabelled,
            "targets": settings.targets,
            "reverse": settings.reverse,
            "attributes": settings.attributes,
            "captions": settings.captions,
            "features": schedule.features,
        }
        for name, value in refused.items():
            if value:
                raise ValueError(
                    f"`--{name}` has no meaning for a {type(model).__name__}, which learns from "
                    "images and their degraded versions."
                )
        self._model, self._settings, self._schedule = model, settings, schedule
        folder = {}
        if os.path.isdir(settings.data):
            on_error = "skip" if settings.skip_unusable else "raise"
            folder = {"cache": schedule.cache, "on_error": on_error}
        crop = settings.crop or _CROP
        # Crops are flipped and turned in all ways, unless up is not down.
        augment = "mirror" if model.upright or settings.mirror else True
        self._photos = pipelines.from_source(
            settings.data, image_size=crop, augment=augment, **folder
        )
        self._recipe = pipelines.recipe(settings.recipe or model.default_recipe)
        multiple = model.size_multiple * self._recipe.scale
        if crop % multiple:
            raise ValueError(
                f"`--crop` must be a multiple of {multiple} for this {type(model).__name__}. "
                f"Received: {crop}. Pass {max(round(crop / multiple), 1) * multiple}."
            )
        self.record = {"recipe": self._recipe.name}
        self._monitor = f"val_{evaluating.metrics_of(model)[0].name}"
        self.title = f"{len(self._photos)} images, {self._recipe.name}"

    @staticmethod
    def compile(model, settings):
        """Compile with Adam, warmed up and then lowered along a cosine, and clipped gradients."""

        def optimizer(rate):
            schedule = keras.optimizers.schedules.CosineDecay(
                rate * 0.05,
                settings.steps,
                warmup_target=rate,
                warmup_steps=min(200, settings.steps // 10),
            )
            return keras.optimizers.Adam(schedule, global_clipnorm=1.0)

        rate = settings.learning_rate or _LEARNING_RATE
        model.compile(
            optimizer(rate),
            optimizer(settings.discriminator_learning_rate or rate),
            discriminator_steps=settings.discriminator_steps,
            metrics=evaluating.metrics_of(model),
        )

    def batches(self, start_step):
        """Endless training batches from a step on."""
        settings = self._settings
        return pipelines.paired(
            self._photos,
            self._recipe,
            settings.batch_size,
            seed=settings.seed,
            start_step=start_step,
        )

    @functools.cached_property
    def held_out(self):
        """Validation pairs, or `None`."""
        if not self._schedule.validation:
            return None
        photos = pipelines.from_source(self._schedule.validation)
        return pipelines.paired(photos, self._recipe, 1, shuffle=False)

    def alarm_inputs(self):
        """Inputs on which collapse shows."""
        inputs = self._model.prepare(next(iter(self.batches(0))), None)["degraded"][:4]
        return inputs if len(inputs) > 1 else None

    def watchers(self, out, record):
        """Callbacks of this kind of run."""
        if self.held_out is None:
            return []
        return [
            zoo.callbacks.ImageGrid(out / "logs", self.held_out),
            zoo.callbacks.BestCheckpoint(out / "best", self._monitor, record=record),
        ]

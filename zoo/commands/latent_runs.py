"""Runs of models that make images from noise."""

import functools
import os

import pipelines
import zoo
from zoo.commands import embeddings
from zoo.commands.optimizers import compile_as_in_the_paper

_SCORED = 1000


class LatentRun:
    """What a run of a `zoo.LatentGAN` trains on, and how it is watched.

    Args:
        model: `zoo.LatentGAN`.
        settings: `zoo.commands.training.Settings`.
        schedule: `zoo.commands.training.Schedule`.
    """

    held_out = None

    def __init__(self, model, settings, schedule):
        for name in ("recipe", "crop", "targets", "reverse", "attributes", "captions"):
            if getattr(settings, name):
                raise ValueError(
                    f"`--{name}` is for models on images; a {type(model).__name__} trains on "
                    f"whole images, scaled to its size. Received: {getattr(settings, name)!r}"
                )
        if settings.unlabelled and not model.takes_unlabelled:
            raise ValueError(
                "`--unlabelled` is for models that learn from few labels; a "
                f"{type(model).__name__} is not one. Received: {settings.unlabelled!r}"
            )
        if bool(schedule.features) != bool(schedule.validation):
            raise ValueError(
                "`--features` and `--validation` belong together: the network, and the held-out "
                f"images to compare samples with. Received: --features {schedule.features}, "
                f"--validation {schedule.validation}"
            )
        self._model, self._settings, self._schedule = model, settings, schedule
        self._images = self._read(settings.data)
        self._make = pipelines.labelled if model.reads_labels else pipelines.unlabelled
        others = ""
        if settings.unlabelled:
            many = self._read(settings.unlabelled)
            others = f" and {len(many)} without a label"
            self._make = functools.partial(_partly_labelled, many)
        self.batches(0)  # what the data lack shows here, before anything is written
        _check_labels(self._images, model)
        self.record = {}
        self.title = f"{len(self._images)} images{others}"

    def _read(self, data):
        folder = {}
        if os.path.isdir(data):
            on_error = "skip" if self._settings.skip_unusable else "raise"
            folder = {"cache": self._schedule.cache, "on_error": on_error}
        return _source(data, self._model, **folder)

    @staticmethod
    def compile(model, settings):
        """Compile with the paper's optimizers."""
        compile_as_in_the_paper(model, settings)

    def batches(self, start_step):
        """Endless training batches from a step on; one update of a player takes `batch_size`."""
        settings = self._settings
        return self._make(
            self._images,
            settings.batch_size * self._model.discriminator_steps,
            seed=settings.seed,
            start_step=start_step,
            image_size=self._model.image_shape[0],
            mirror=settings.mirror,
        )

    def alarm_inputs(self):
        """Inputs on which collapse shows."""
        return self._model.inputs(16)

    def watchers(self, out, record):
        """Callbacks of this kind of run."""
        callbacks = []
        if self._schedule.features:
            embedding = embeddings.read(self._schedule.features)
            reference = real_images(self._schedule.validation, self._model, limit=_SCORED)
            quality = zoo.callbacks.SampleQuality(
                embedding,
                reference,
                _SCORED,
                every_epochs=self._schedule.score_every,
                path=out / "quality.json",
            )
            callbacks = [
                quality,
                zoo.callbacks.BestCheckpoint(out / "best", quality.monitor, "min", record),
            ]
        return [*callbacks, zoo.callbacks.SampleGrid(out / "logs")]


def real_images(data, model, limit):
    """The first `limit` images of `data` as a model would make them, float32 in [-1, 1].

    Args:
        data: What `pipelines.from_source` takes.
        model: `zoo.LatentGAN`.
        limit: Integer; there may be fewer.
    """
    source = _source(data, model)
    side = model.image_shape[0]
    return pipelines.unlabelled(source, 1, shuffle=False, image_size=side).take(limit)


def _source(data, model, **folder):
    return pipelines.from_source(data, channels=model.image_shape[-1], augment=False, **folder)


def _check_labels(source, model):
    """Raise if a label is of no class that the model has: on a GPU it would be read as zeros."""
    if not model.reads_labels:
        return
    low, high = source.labels.min(), source.labels.max()
    if low < (-1 if model.takes_unlabelled else 0) or high >= model.class_count:
        none = ", or -1 for none" if model.takes_unlabelled else ""
        raise ValueError(
            f"`--data` must have labels from 0 to {model.class_count - 1}{none}; "
            f"`--set class_count={high + 1}` changes how many classes there are. "
            f"Received: labels from {low} to {high}"
        )


def _partly_labelled(many, few, batch_size, **options):
    return pipelines.partly_labelled(few, many, batch_size, **options)

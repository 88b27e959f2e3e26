"""Runs of models that learn to edit: from pairs, two kinds of images, attributes, frames."""

import functools
import os

import pipelines
import zoo
from pipelines import tables
from zoo.commands import evaluating
from zoo.commands.optimizers import compile_as_in_the_paper

_SIDE = 256


class EditingRun:
    """What a run trains on, and how it is watched: the part that all kinds share.

    Args:
        model: `zoo.AdversarialModel`.
        settings: `zoo.commands.training.Settings`.
        schedule: `zoo.commands.training.Schedule`.
    """

    #: Whether validation compares with what was asked for: only then does it tell the best model.
    has_targets = True
    #: Options of `Settings` that this kind of run has no use for.
    refused = ("recipe", "unlabelled", "attributes", "captions")

    def __init__(self, model, settings, schedule):
        for name in self.refused:
            if getattr(settings, name):
                raise ValueError(
                    f"`--{name}` has no meaning for a {type(model).__name__}. "
                    f"Received: {getattr(settings, name)!r}"
                )
        if schedule.features:
            raise ValueError("`--features` is for models that make images from noise.")
        if bool(schedule.validation) < bool(schedule.validation_targets):
            raise ValueError("`--validation-targets` needs `--validation`, their inputs.")
        self._model, self._settings, self._schedule = model, settings, schedule
        self._side = settings.crop or self.default_side(model)
        if self._side % model.size_multiple:
            raise ValueError(
                f"`--crop` must be a multiple of {model.size_multiple} for this "
                f"{type(model).__name__}. Received: {self._side}"
            )
        self._data = self._sources(settings.data, settings.targets)
        self.batches(0)  # what the data lack shows here, before anything is written
        self.record = {"image_size": self._side}
        self.title = " and ".join(f"{len(source)} images" for source in self._data if source)

    def default_side(self, model):
        """Side of training images in px, where `--crop` does not say."""
        return _SIDE

    def channels(self):
        """Channels of inputs and of targets."""
        return 3, 3

    @staticmethod
    def compile(model, settings):
        """Compile with the paper's optimizers, and PSNR and SSIM of `evaluation_pair`."""
        compile_as_in_the_paper(model, settings, evaluating.metrics_of(model))

    def _sources(self, inputs, targets):
        return [
            data and _source(data, channels, self._settings, self._schedule)
            for data, channels in zip((inputs, targets), self.channels(), strict=True)
        ]

    #: Examples in a validation batch.
    held_out_batch = 1

    def make(self, sources, batch_size, **options):
        """Batches of sources of inputs and of targets (`None` if there are none).

        Args:
            sources: As `_sources` returns them.
            batch_size: Integer.
            **options: `seed` and `start_step`, or `shuffle=False`.
        """
        raise NotImplementedError(f"{type(self).__name__} must define `make`.")

    def batches(self, start_step):
        """Endless training batches from a step on."""
        settings = self._settings
        return self.make(self._data, settings.batch_size, seed=settings.seed, start_step=start_step)

    @functools.cached_property
    def held_out(self):
        """Validation batches, or `None`."""
        schedule = self._schedule
        if not schedule.validation:
            return None
        sources = self._sources(schedule.validation, schedule.validation_targets)
        return self.make(sources, self.held_out_batch, shuffle=False)

    def alarm_inputs(self):
        """Inputs of the generator on which collapse shows."""
        inputs = [images[:4] for images in next(iter(self.batches(0)))]
        inputs = inputs[: len(self._model.generator.inputs)]
        if len(inputs[0]) < 2:
            return None
        return inputs if len(inputs) > 1 else inputs[0]

    def watchers(self, out, record):
        """Callbacks of this kind of run."""
        if self.held_out is None:
            return []
        watchers = [zoo.callbacks.ImageGrid(out / "logs", self.held_out)]
        if self.has_targets:
            watchers.append(zoo.callbacks.BestCheckpoint(out / "best", record=record))
        return watchers


class AlignedRun(EditingRun):
    """A run of `zoo.Pix2Pix`: images side by side, or inputs and `--targets`."""

    refused = (*EditingRun.refused, "mirror")  # pairs are flipped anyway

    def __init__(self, model, settings, schedule):
        if schedule.validation and bool(settings.targets) != bool(schedule.validation_targets):
            raise ValueError(
                "`--targets` and `--validation-targets` go together: without them, images have "
                "inputs and targets side by side."
            )
        super().__init__(model, settings, schedule)

    def channels(self):
        """Channels of `--data` and of `--targets`."""
        return evaluating.aligned_channels(
            self._model, self._settings.targets, self._settings.reverse
        )

    def make(self, sources, batch_size, **options):
        """Batches of pairs."""
        return pipelines.aligned(
            *sources, batch_size, image_size=self._side, reverse=self._settings.reverse, **options
        )


class UnpairedRun(EditingRun):
    """A run of `zoo.CycleGAN` or `StyleTransferGAN`: `--data`, and `--targets` of another kind."""

    has_targets = False  # a model that changes nothing would score best
    refused = (*EditingRun.refused, "reverse")

    def __init__(self, model, settings, schedule):
        if not settings.targets:
            raise ValueError(
                f"A {type(model).__name__} needs `--targets`: the images of the other kind."
            )
        if bool(schedule.validation) > bool(schedule.validation_targets):
            raise ValueError("`--validation` needs `--validation-targets`: the other kind.")
        super().__init__(model, settings, schedule)

    def default_side(self, model):
        """The side that the model was made for."""
        return model.get_config().get("image_size", _SIDE)

    def channels(self):
        """Channels of both kinds."""
        return tuple(each.shape[-1] for each in self._model.generator.inputs)

    def make(self, sources, batch_size, shuffle=True, **options):
        """Batches of both kinds; without `shuffle` as many as the smaller source has, unflipped."""
        if shuffle:
            options["mirror"] = self._settings.mirror
            return pipelines.unpaired(*sources, batch_size, image_size=self._side, **options)
        count = min(len(source) for source in sources) // batch_size
        both = pipelines.unpaired(*sources, batch_size, start_step=0, image_size=self._side)
        return both.take(count)


class AttributeRun(EditingRun):
    """A run of `zoo.FaceAttributeGAN`: images and what `--attributes` says of them."""

    has_targets = False  # a model that changes nothing would score best
    refused = ("recipe", "unlabelled", "targets", "reverse", "captions")
    held_out_batch = 8

    def __init__(self, model, settings, schedule):
        if not settings.attributes:
            raise ValueError(
                f"A {type(model).__name__} needs `--attributes`: a CSV file with the columns file, "
                f"{', '.join(model.attributes)}."
            )
        super().__init__(model, settings, schedule)

    def make(self, sources, batch_size, shuffle=True, **options):
        """Batches of images and their attributes."""
        values = pipelines.read_attributes(
            self._settings.attributes, sources[0], self._model.attributes
        )
        return pipelines.attributed(
            sources[0],
            values,
            batch_size,
            image_size=self._side,
            shuffle=shuffle,
            mirror=shuffle and self._settings.mirror,
            **options,
        )

    def alarm_inputs(self):
        """Inputs of the generator on which collapse shows."""
        images, attributes = next(iter(self.batches(0)))
        return [images[:4], 1.0 - 2.0 * attributes[:4]] if len(images) > 1 else None


class DynamicRun(EditingRun):
    """A run of `zoo.DynamicGAN`: images, of which frames are made."""

    refused = (*EditingRun.refused, "targets", "reverse", "mirror")
    held_out_batch = 4

    def make(self, sources, batch_size, **options):
        """Batches of images, what describes their frames, and these."""
        count = self._model.get_config()["frame_count"]
        return pipelines.frames(
            sources[0], batch_size, count=count, image_size=self._side, **options
        )

    def alarm_inputs(self):
        """Inputs of the generator on which collapse shows."""
        images, described = next(iter(self.batches(0)))[0]
        return [images[:4], described[:4, -1]] if len(images) > 1 else None


class TextRun(EditingRun):
    """A run of `zoo.MultimodalGAN`: photographs to edit, or images and their `--captions`."""

    refused = ("recipe", "unlabelled", "attributes", "targets", "reverse")
    held_out_batch = 8

    def __init__(self, model, settings, schedule):
        if settings.captions and schedule.validation:
            raise ValueError(
                "`--validation` needs targets; images that captions describe have none."
            )
        if settings.captions and model.objective.pixel_weight:
            raise ValueError(
                "`--objective` must have a pixel_weight of 0 with `--captions`: what they describe "
                f"is another image. Received: {model.objective.pixel_weight}"
            )
        super().__init__(model, settings, schedule)

    @staticmethod
    def defaults(settings):
        """Vocabulary of a new model, the words of its texts; its objective, `None` for its own."""
        if settings.captions is None:
            return pipelines.words(), None
        lines = tables.read_table(settings.captions, ("file", "caption"))
        objective = {"pixel_weight": 0, "keep_weight": 1, "reconstruction_weight": 1}
        return pipelines.words(line["caption"] or "" for line in lines), objective

    def make(self, sources, batch_size, shuffle=True, **options):
        """Batches of images with texts, and their targets."""
        settings, source = self._settings, sources[0]
        options = {"read": self._model.read, "image_size": self._side, **options}
        mirror = shuffle and settings.mirror
        if settings.captions is None:
            return pipelines.edited(source, batch_size, shuffle=shuffle, mirror=mirror, **options)
        captions = pipelines.read_captions(settings.captions, source)
        self._model.read(sorted({text for each in captions for text in each}))  # raises
        return pipelines.captioned(
            source, captions, batch_size, shuffle=shuffle, mirror=mirror, **options
        )

    def alarm_inputs(self):
        """Inputs of the generator on which collapse shows."""
        images, texts = next(iter(self.batches(0)))[0]
        return [images[:4], texts[:4]] if len(images) > 1 else None


def _source(data, channels, settings, schedule):
    folder = {}
    if os.path.isdir(data):
        on_error = "skip" if settings.skip_unusable else "raise"
        folder = {"cache": schedule.cache, "on_error": on_error}
    return pipelines.from_source(data, channels=channels, augment=False, **folder)

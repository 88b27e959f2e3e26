"""`zoo train`: a run that can be killed at any time and started again."""

import dataclasses
import json
import os
import time
from pathlib import Path

import keras

import zoo
from zoo.commands import variants
from zoo.commands.editing_runs import (
    AlignedRun,
    AttributeRun,
    DynamicRun,
    TextRun,
    UnpairedRun,
)
from zoo.commands.latent_runs import LatentRun
from zoo.commands.paired_runs import PairedRun
from zoo.core import checkpoints, distribution, hardware


@dataclasses.dataclass
class Settings:
    """What defines a run; a run is resumed only with the settings that it was started with."""

    model: str
    data: str
    recipe: str | None = None
    options: dict = dataclasses.field(default_factory=dict)
    objective: str | dict | None = None
    steps: int = 10_000
    batch_size: int = 16
    crop: int | None = None
    learning_rate: float | None = None
    discriminator_learning_rate: float | None = None
    discriminator_steps: int | None = None
    ema_halflife_images: float = 0.0
    policy: str = "auto"
    seed: int = 0
    skip_unusable: bool = False
    mirror: bool = False
    unlabelled: str | None = None
    warm_start: str | None = None
    targets: str | None = None
    reverse: bool = False
    attributes: str | None = None
    captions: str | None = None

    def __post_init__(self):
        for name in ("steps", "batch_size", "crop", "learning_rate", "discriminator_learning_rate"):
            if getattr(self, name) is not None and getattr(self, name) <= 0:
                flag = "--" + name.replace("_", "-")
                raise ValueError(f"`{flag}` must be positive. Received: {getattr(self, name)}")


@dataclasses.dataclass
class Schedule:
    """How a run is watched; may change from one start to the next."""

    validation: str | None = None
    steps_per_epoch: int = 500
    save_every: int = 250
    strategy: str = "none"
    cache: bool = False
    features: str | None = None
    score_every: int = 1
    validation_targets: str | None = None


def train(settings, schedule, out):
    """Train until `settings.steps` updates have been made; continue if `out` holds a checkpoint.

    Args:
        settings: `Settings`.
        schedule: `Schedule`.
        out: Path of the run: `settings.json`, `checkpoints/`, `logs/`, `preset/`, and with
            `schedule.validation` `best/`, the preset that scored best, unless what is wanted has no
            score (translation without pairs, styles, attributes).

    Returns:
        The path of the finished preset.
    """
    out = Path(out)
    strategy = distribution.strategy(schedule.strategy)
    policy = hardware.fast_policy() if settings.policy == "auto" else settings.policy
    keras.config.set_dtype_policy(policy)
    keras.utils.set_random_seed(settings.seed)
    with strategy.scope():
        model = build(settings)
    run = _kind(model)(model, settings, schedule)
    _claim(out, settings)  # after what may fail: a mistyped option leaves no folder behind
    start = checkpoints.restore_latest(model, out / "checkpoints")
    distribution.require_agreement(
        strategy, start, f"`--out` {out} must be one folder that all workers share, from which "
        "each of them loads the same step.",
    )  # fmt: skip
    print(f"{type(model).__name__}, {run.title}, {policy}, step {start}")
    stopwatch = _Stopwatch(out / "seconds.json", schedule.save_every)
    record = {**run.record, "training": {**_plain(settings), "policy": policy}}
    if start < settings.steps:
        try:
            _fit(model, run, settings, schedule, out, record, stopwatch)
        except zoo.callbacks.TrainingAlarm as alarm:
            raise SystemExit(f"zoo: {alarm}") from None
    if distribution.is_chief():
        record["training"]["seconds"] = round(stopwatch.keep())
        model.save_to_preset(out / "preset", **record)
    # Workers leave together: one that leaves early takes the others down.
    distribution.require_agreement(strategy, model.step, "The workers have fallen apart.")
    return out / "preset"


def build(settings):
    """Make and compile the model of a run."""
    options, objective = settings.options, settings.objective
    if variants.variant(settings.model) is zoo.MultimodalGAN:
        vocabulary, suited = TextRun.defaults(settings)
        options, objective = {"vocabulary": vocabulary, **options}, objective or suited
    model = variants.make(settings.model, options, objective,
                          settings.ema_halflife_images, settings.seed)  # fmt: skip
    if settings.warm_start:
        print(f"{settings.warm_start}: {zoo.warm_start(model, settings.warm_start)}")
    _kind(model).compile(model, settings)
    return model


def _kind(model):
    """The class that knows what such a model trains on."""
    kinds = {
        zoo.LatentGAN: LatentRun,
        zoo.Pix2Pix: AlignedRun,
        zoo.CycleGAN: UnpairedRun,
        zoo.StyleTransferGAN: UnpairedRun,
        zoo.FaceAttributeGAN: AttributeRun,
        zoo.DynamicGAN: DynamicRun,
        zoo.MultimodalGAN: TextRun,
        zoo.PairedGAN: PairedRun,  # last, as the others may be of its kind
    }
    return next(run for kind, run in kinds.items() if isinstance(model, kind))


def _fit(model, run, settings, schedule, out, record, stopwatch):
    """Finish the interrupted epoch, then do the others."""
    callbacks = [*watchers(run, schedule, out, record, _plain(settings)), stopwatch]
    per_epoch = schedule.steps_per_epoch
    epochs = -(-settings.steps // per_epoch)
    while model.step < settings.steps:
        epoch, done = divmod(model.step, per_epoch)
        last = settings.steps // per_epoch
        # An interrupted first epoch and a shorter last one are calls of their own.
        until = last if not done and epoch < last else epoch + 1
        model.fit(
            run.batches(model.step),
            initial_epoch=epoch,
            epochs=min(until, epochs),
            steps_per_epoch=min(per_epoch - done, settings.steps - model.step),
            validation_data=run.held_out,
            callbacks=callbacks,
            verbose=2 if not os.isatty(1) else 1,
        )


def watchers(run, schedule, out, record, hyperparameters=None):
    """Return the callbacks of a run.

    Args:
        run: `PairedRun` or `LatentRun`.
        schedule: `Schedule`.
        out: Path of the run.
        record: Dict, what a preset says about how it was made.
        hyperparameters: Dict for TensorBoard. Defaults to `None`: what the model states.
    """
    return [
        zoo.callbacks.Alarm(run.alarm_inputs()),
        zoo.callbacks.Checkpoints(out / "checkpoints", every_steps=schedule.save_every),
        *run.watchers(out, record),
        zoo.callbacks.TensorBoard(out / "logs", hyperparameters),
    ]


def _claim(out, settings):
    """Record the settings of a new run; refuse to continue another one."""
    path = out / "settings.json"
    mine = _plain(settings)
    if path.is_file():
        theirs = json.loads(path.read_text())
        keys = sorted({*mine, *theirs})
        changed = [key for key in keys if mine.get(key) != theirs.get(key)]
        if changed:
            lines = [f"{key}: {theirs.get(key)!r} then, {mine.get(key)!r} now" for key in changed]
            raise ValueError(
                f"`--out` {out} holds a run with other settings ({'; '.join(lines)}). "
                "Use the same settings to resume it, or another folder."
            )
    elif distribution.is_chief():
        _write(path, mine)


def _plain(settings):
    """The settings as JSON gives them back: lists, no tuples."""
    return json.loads(json.dumps(dataclasses.asdict(settings)))


def _write(path, contents):
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(contents, indent=2) + "\n")
    os.replace(unfinished, path)


class _Stopwatch(keras.callbacks.Callback):
    """Keeps with each checkpoint how long the run has taken, over all its starts.

    What a killed run did after its newest checkpoint is done anew, and so does not count.
    """

    chief_only = True

    def __init__(self, path, every_steps):
        super().__init__()
        self._path, self._every_steps = path, every_steps
        self._began = time.time() - (json.loads(path.read_text()) if path.is_file() else 0)

    def on_train_batch_end(self, batch, logs=None):
        if self.model.step % self._every_steps == 0:
            self.keep()

    def keep(self):
        """Write the seconds so far, and return them."""
        seconds = time.time() - self._began
        _write(self._path, seconds)
        return seconds

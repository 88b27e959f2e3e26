"""`zoo train`: a run that can be killed at any time and started again."""

import dataclasses
import json
import os
import time
from pathlib import Path

import keras

import pipelines
import zoo
from zoo.commands import evaluating, variants
from zoo.core import checkpoints, distribution, hardware


@dataclasses.dataclass
class Settings:
    """What defines a run; a run is resumed only with the settings that it was started with."""

    model: str
    data: str
    recipe: str | None = None
    options: dict = dataclasses.field(default_factory=dict)
    pixel_only: bool = False
    steps: int = 10_000
    batch_size: int = 16
    crop: int = 128
    learning_rate: float = 1e-4
    ema_halflife_images: float = 0.0
    policy: str = "auto"
    seed: int = 0

    def __post_init__(self):
        for name in ("steps", "batch_size", "crop", "learning_rate"):
            if getattr(self, name) <= 0:
                flag = "--" + name.replace("_", "-")
                raise ValueError(f"`{flag}` must be positive. Received: {getattr(self, name)}")


@dataclasses.dataclass
class Schedule:
    """How a run is watched; may change from one start to the next."""

    validation: str | None = None
    steps_per_epoch: int = 500
    save_every: int = 250
    strategy: str = "none"
    cache: bool = True


def train(settings, schedule, out):
    """Train until `settings.steps` updates have been made; continue if `out` holds a checkpoint.

    Args:
        settings: `Settings`.
        schedule: `Schedule`.
        out: Path of the run: `settings.json`, `checkpoints/`, `logs/`, `preset/`.

    Returns:
        The path of the finished preset.
    """
    out = Path(out)
    _claim(out, settings)
    policy = hardware.fast_policy() if settings.policy == "auto" else settings.policy
    keras.config.set_dtype_policy(policy)
    keras.utils.set_random_seed(settings.seed)
    with distribution.strategy(schedule.strategy).scope():
        model = build(settings)
    start = checkpoints.restore_latest(model, out / "checkpoints")
    photos = pipelines.from_source(settings.data, image_size=settings.crop, cache=schedule.cache)
    recipe = pipelines.recipe(settings.recipe or model.default_recipe)
    print(f"{type(model).__name__}, {len(photos)} images, {recipe.name}, {policy}, step {start}")
    began = time.time()
    if start < settings.steps:
        _fit(model, photos, recipe, settings, schedule, out)
    if not distribution.is_chief():
        return out / "preset"
    seconds = _add_seconds(out, time.time() - began)
    return model.save_to_preset(
        out / "preset",
        recipe=recipe.name,
        training={**dataclasses.asdict(settings), "policy": policy, "seconds": round(seconds)},
    )


def build(settings):
    """Make and compile the model of a run."""
    model = variants.make(settings.model, settings.options, settings.pixel_only,
                          settings.ema_halflife_images, settings.seed)  # fmt: skip

    def optimizer():
        schedule = keras.optimizers.schedules.CosineDecay(
            settings.learning_rate * 0.05,
            settings.steps,
            warmup_target=settings.learning_rate,
            warmup_steps=min(200, settings.steps // 10),
        )
        return keras.optimizers.Adam(schedule, global_clipnorm=1.0)

    model.compile(optimizer(), optimizer(), metrics=evaluating.metrics_of(model))
    return model


def _fit(model, photos, recipe, settings, schedule, out):
    """Finish the interrupted epoch, then do the others."""
    held_out = None
    if schedule.validation:
        held_out = pipelines.paired(
            pipelines.from_source(schedule.validation), recipe, 1, shuffle=False
        )
    callbacks = watchers(model, schedule, out)
    per_epoch = schedule.steps_per_epoch
    epochs = -(-settings.steps // per_epoch)
    while model.step < settings.steps:
        epoch, done = divmod(model.step, per_epoch)
        last = settings.steps // per_epoch
        # An interrupted first epoch and a shorter last one are calls of their own.
        until = last if not done and epoch < last else epoch + 1
        pairs = pipelines.paired(
            photos, recipe, settings.batch_size, seed=settings.seed, start_step=model.step
        )
        model.fit(
            pairs,
            initial_epoch=epoch,
            epochs=min(until, epochs),
            steps_per_epoch=min(per_epoch - done, settings.steps - model.step),
            validation_data=held_out,
            callbacks=callbacks,
            verbose=2 if not os.isatty(1) else 1,
        )


def watchers(model, schedule, out):
    """Return the callbacks of a run."""
    return [
        zoo.callbacks.Checkpoints(out / "checkpoints", every_steps=schedule.save_every),
        keras.callbacks.TensorBoard(out / "logs", write_graph=False),
        keras.callbacks.TerminateOnNaN(),
    ]


def _claim(out, settings):
    """Record the settings of a new run; refuse to continue another one."""
    path = out / "settings.json"
    mine = dataclasses.asdict(settings)
    if path.is_file():
        theirs = json.loads(path.read_text())
        changed = sorted(key for key in mine if mine[key] != theirs.get(key))
        if changed:
            lines = [f"{key}: {theirs.get(key)!r} then, {mine[key]!r} now" for key in changed]
            raise ValueError(
                f"`--out` {out} holds a run with other settings ({'; '.join(lines)}). "
                "Use the same settings to resume it, or another folder."
            )
        return
    out.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}")
    unfinished.write_text(json.dumps(mine, indent=2) + "\n")
    os.replace(unfinished, path)


def _add_seconds(out, seconds):
    """Add to the time that the run has taken so far, over all its starts."""
    path = out / "seconds.json"
    total = seconds + (json.loads(path.read_text()) if path.is_file() else 0)
    path.write_text(json.dumps(total))
    return total

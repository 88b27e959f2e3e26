"""The command line: `zoo list|train|evaluate|restore|degrade|export`."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import ast
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)


@app.callback()
def _root():
    pass


def _options(pairs):
    """`["filters=64", "compact=True"]` -> `{"filters": 64, "compact": True}`."""
    options = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise ValueError(f"`--set` takes NAME=VALUE, such as filters=64. Received: {pair!r}")
        try:
            options[key] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            raise ValueError(
                f"`--set {key}` takes a Python value: a number, True, False or a tuple. "
                f"Received: {value!r}"
            ) from None
    return options


@app.command()
def train(
    model: Annotated[str, typer.Argument(help="Variant, preset name or preset folder.")],
    data: Annotated[str, typer.Option(help="Folder, tfds:NAME[:SPLIT], *.tfrecord or sample.")],
    out: Annotated[Path, typer.Option(help="Folder of the run; resumed if it holds one.")],
    recipe: Annotated[str, typer.Option(help="Recipe name or JSON file.")] = None,
    validation: Annotated[str, typer.Option(help="Held-out images, as --data.")] = None,
    set_: Annotated[list[str], typer.Option("--set", help="Option NAME=VALUE.")] = (),
    pixel_only: Annotated[bool, typer.Option(help="Train without adversary.")] = False,
    steps: Annotated[int, typer.Option(help="Generator updates in all.")] = 10_000,
    batch_size: Annotated[int, typer.Option(help="Pairs an update, over all replicas.")] = 16,
    crop: Annotated[int, typer.Option(help="Side of the clean crops, px.")] = 128,
    learning_rate: Annotated[float, typer.Option(help="Highest; warmed up, then cosine.")] = 1e-4,
    ema_halflife_images: Annotated[float, typer.Option(help="0: no average.")] = 0.0,
    policy: Annotated[str, typer.Option(help="auto, float32, mixed_bfloat16, mixed_float16.")] = "auto",
    seed: Annotated[int, typer.Option(help="Of weights, order and damage.")] = 0,
    steps_per_epoch: Annotated[int, typer.Option(help="Validate and log this often.")] = 500,
    save_every: Annotated[int, typer.Option(help="Steps from checkpoint to checkpoint.")] = 250,
    strategy: Annotated[str, typer.Option(help="none, mirrored or multiworker.")] = "none",
):
    """Train a variant, or train on from a preset."""
    from zoo.commands import training

    settings = training.Settings(
        model, data, recipe, _options(set_), pixel_only, steps, batch_size, crop, learning_rate,
        ema_halflife_images, policy, seed,
    )
    schedule = training.Schedule(validation, steps_per_epoch, save_every, strategy)
    print(f"Preset: {training.train(settings, schedule, out)}")


def main():
    """Run the command line; expected errors end with one line and exit code 2."""
    try:
        app()
    except (ValueError, OSError) as error:
        print(f"zoo: {error}", file=sys.stderr)
        sys.exit(2)

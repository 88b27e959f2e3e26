"""The command line: `zoo list|train|evaluate|restore|generate|degrade|export|serve|demo`."""

import ast
import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from zoo import cli_serving

app = typer.Typer(
    help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)


_DATA = "Folder, tfds:NAME[:SPLIT], *.tfrecord, *.npz, *-images-idx3-ubyte[.gz] or sample."


@app.callback()
def _root():
    pass


def _options(pairs, flag="--set", example="filters=64"):
    """`["filters=64", "compact=True"]` -> `{"filters": 64, "compact": True}`."""
    options = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise ValueError(f"`{flag}` takes NAME=VALUE, such as {example}. Received: {pair!r}")
        try:
            options[key] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            raise ValueError(
                f"`{flag} {key}` takes a Python value: a number, True, False or a tuple. "
                f"Received: {value!r}"
            ) from None
    return options


@app.command()
def train(
    model: Annotated[str, typer.Argument(help="Variant, preset name or preset folder.")],
    data: Annotated[str, typer.Option(help=_DATA)],
    out: Annotated[Path, typer.Option(help="Folder of the run; resumed if it holds one.")],
    targets: Annotated[
        str | None,
        typer.Option(help="Editing: what --data is to become. Pix2Pix: default, right halves."),
    ] = None,
    reverse: Annotated[bool, typer.Option("--reverse", help="Pix2Pix: swap the roles.")] = False,
    attributes: Annotated[
        str | None, typer.Option(help="Faces: CSV file with columns file, age, gender, ...")
    ] = None,
    recipe: Annotated[str | None, typer.Option(help="Recipe name or JSON file.")] = None,
    validation: Annotated[str | None, typer.Option(help="Held-out images, as --data.")] = None,
    validation_targets: Annotated[
        str | None, typer.Option(help="Held-out images, as --targets.")
    ] = None,
    captions: Annotated[
        str | None, typer.Option(help="Editing by text: CSV file with columns file, caption.")
    ] = None,
    set_: Annotated[list[str], typer.Option("--set", help="Option NAME=VALUE.")] = (),
    objective: Annotated[
        str | None,
        typer.Option(help="l1, l2, psnr or charbonnier: that loss alone; JSON; or a JSON file."),
    ] = None,
    steps: Annotated[int, typer.Option(help="Generator updates in all.")] = 10_000,
    batch_size: Annotated[int, typer.Option(help="Pairs an update, over all replicas.")] = 16,
    crop: Annotated[
        int | None,
        typer.Option(help="Side of training images, px. Restoration: 128, editing: 256."),
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(help="Restoration: highest, warmed up, then cosine (1e-4). Else the paper's."),
    ] = None,
    discriminator_learning_rate: Annotated[
        float | None, typer.Option(help="If it differs from --learning-rate (TTUR).")
    ] = None,
    discriminator_steps: Annotated[
        int | None, typer.Option(help="Discriminator updates a generator update.")
    ] = None,
    ema_halflife_images: Annotated[float, typer.Option(help="0: no average.")] = 0.0,
    policy: Annotated[str, typer.Option(help="auto, float32, mixed_bfloat16, ...")] = "auto",
    seed: Annotated[int, typer.Option(help="Of weights, order and damage.")] = 0,
    skip_unusable: Annotated[
        bool, typer.Option(help="Leave out damaged images and ones smaller than the crop.")
    ] = False,
    mirror: Annotated[
        bool,
        typer.Option(
            help="Flip images left-right at random (faces, rooms). Restoration: and not turn them."
        ),
    ] = False,
    unlabelled: Annotated[
        str | None,
        typer.Option(help="Weakly supervised: images without labels, 4 of 5 of a batch."),
    ] = None,
    warm_start: Annotated[
        str | None, typer.Option(help="Preset, or folder of a run: both players begin with its.")
    ] = None,
    steps_per_epoch: Annotated[int, typer.Option(help="Validate and log this often.")] = 500,
    save_every: Annotated[int, typer.Option(help="Steps from checkpoint to checkpoint.")] = 250,
    strategy: Annotated[str, typer.Option(help="none, mirrored or multiworker.")] = "none",
    cache: Annotated[bool, typer.Option(help="Keep a folder's decoded images in memory.")] = False,
    features: Annotated[
        str | None,
        typer.Option(help="From noise: as of evaluate; scores epochs against --validation."),
    ] = None,
    score_every: Annotated[int, typer.Option(help="Epochs from one such score to the next.")] = 1,
):
    """Train a variant, or train on from a preset."""
    from zoo.commands import objectives, training

    settings = training.Settings(
        model,
        data,
        recipe,
        _options(set_),
        objectives.read(objective),
        steps,
        batch_size,
        crop,
        learning_rate,
        discriminator_learning_rate,
        discriminator_steps,
        ema_halflife_images,
        policy,
        seed,
        skip_unusable,
        mirror,
        unlabelled,
        warm_start,
        targets,
        reverse,
        attributes,
        captions,
    )
    schedule = training.Schedule(
        validation,
        steps_per_epoch,
        save_every,
        strategy,
        cache,
        features,
        score_every,
        validation_targets,
    )
    print(f"Preset: {training.train(settings, schedule, out)}")


@app.command("list")
def list_(json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False):
    """List variants, presets and recipes."""
    from zoo.commands import listing

    contents = listing.listing()
    _show(contents, listing.as_lines(contents), json_)


@app.command()
def evaluate(
    preset: Annotated[str, typer.Argument(help="Preset name, or folder such as RUN/preset.")],
    data: Annotated[str, typer.Option(help=_DATA)],
    recipe: Annotated[str | None, typer.Option(help="Recipe name or JSON file.")] = None,
    seed: Annotated[int, typer.Option(help="Of the damage, or of the latents.")] = 0,
    features: Annotated[
        str | None,
        typer.Option(
            help="efficientnet_lite0.keras: adds the perceptual distance. A model that makes "
            "images from noise is scored on it alone, or on 'inception'."
        ),
    ] = None,
    count: Annotated[int, typer.Option(help="Images made and compared, from noise.")] = 1000,
    targets: Annotated[
        str | None, typer.Option(help="Pix2Pix: targets of --data; default: its right halves.")
    ] = None,
    reverse: Annotated[bool, typer.Option("--reverse", help="Pix2Pix: swap the roles.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
):
    """Score a preset: fidelity of what it restores, or distances of what it makes from noise."""
    import zoo
    from zoo.commands import evaluating, evaluating_samples

    model = zoo.from_preset(preset)
    if isinstance(model, zoo.LatentGAN):
        report = evaluating_samples.evaluate(model, data, features, count, seed, recipe)
        lines = evaluating_samples.as_lines(report)
    elif isinstance(model, zoo.Pix2Pix):
        side = zoo.preset_record(preset).get("image_size", 256)
        report = evaluating.evaluate_aligned(
            model, data, targets, reverse, side, features, not json_
        )
        lines = evaluating.as_lines(report)
    elif isinstance(model, zoo.PairedGAN):
        report = evaluating.evaluate(model, data, recipe, seed, features, progress=not json_)
        lines = evaluating.as_lines(report)
    else:
        raise ValueError(
            f"`preset` {preset!r} is a {type(model).__name__}, for which `zoo evaluate` has no "
            "target to compare with. Train with --validation to follow its scores."
        )
    _show({"preset": preset, **report}, lines, json_)


@app.command()
def restore(
    inputs: Annotated[list[str], typer.Argument(metavar="IN...", help="Files, folders, patterns.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File for one input, or folder.")],
    preset: Annotated[
        str | None, typer.Option(help="Preset name, or folder such as RUN/preset.")
    ] = None,
    server: Annotated[
        str | None,
        typer.Option(
            help="In its place: http://HOST:8501/v1/models/NAME or grpc://HOST:8500/NAME."
        ),
    ] = None,
    tflite: Annotated[str | None, typer.Option(help="In its place: file of `zoo export`.")] = None,
    mask: Annotated[
        str | None, typer.Option(help="To fill holes: gray image of one input's size, white there.")
    ] = None,
    strength: Annotated[
        float,
        typer.Option(help="Share of the restored image in the result; the rest is the input."),
    ] = 1.0,
    keep_color: Annotated[
        float, typer.Option(help="Keep colour and light of the input beyond a blur of so many px.")
    ] = 0.0,
    style: Annotated[
        list[str], typer.Option(help="Style transfer: picture to paint like; several are mixed.")
    ] = (),
    change: Annotated[
        list[str], typer.Option(help="Attributes of faces: NAME=AMOUNT, such as age=0.5.")
    ] = (),
    text: Annotated[
        str | None, typer.Option(help="Editing by text: what to do, such as 'a darker photo'.")
    ] = None,
    show_steps: Annotated[
        Path | None, typer.Option(help="Of stages: a PNG of what each makes of one input.")
    ] = None,
    tile: Annotated[int | None, typer.Option(help="Side of a tile in px; default: chosen.")] = None,
    precision: Annotated[
        str, typer.Option(help="float32, bfloat16, or auto: what this machine computes fast.")
    ] = "auto",
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
):
    """Restore image files. An input is never overwritten."""
    import zoo
    from zoo.commands import files, restoring

    files.inputs(inputs)  # a mistyped name is found before a model is loaded
    model, preset = restoring.model_of({"--preset": preset, "--server": server, "--tflite": tflite})
    one_model = {"--mask": mask, "--strength": strength != 1.0, "--keep-color": keep_color}
    if isinstance(model, zoo.TwoStageRestorer):
        for flag, value in one_model.items():
            if value:
                raise ValueError(f"`{flag}` is for one model; {preset!r} is a restorer of stages.")
        report = restoring.restore_in_stages(inputs, out, model, tile, precision, show_steps)
    elif show_steps is not None:
        raise ValueError(f"`--show-steps` is for restorers of stages; {preset!r} is one model.")
    else:
        asked = {
            "--style": list(style),
            "--change": _options(change, "--change", "age=0.5"),
            "--text": text,
        }
        network = restoring.remote_of if server is not None else restoring.network_of
        model = network(model, asked, strength, keep_color)
        report = restoring.restore(inputs, out, model, tile, precision, not json_, mask)
    lines = [
        f"{row['output']}  {row['width']}x{row['height']}  {row['precision']}  "
        f"{row['seconds']:.1f} s"
        for row in report
    ]
    _show(report, lines, json_)


@app.command()
def generate(
    preset: Annotated[str, typer.Argument(help="Preset name, or folder such as RUN/preset.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Picture of a grid, or folder.")],
    count: Annotated[int, typer.Option("--count", "-n", help="Number of images.")] = 64,
    seed: Annotated[int, typer.Option(help="Of the latents.")] = 0,
    labels: Annotated[
        str | None, typer.Option(help="Classes, such as 0,3,3: as many images, or rows.")
    ] = None,
    truncation: Annotated[
        float | None, typer.Option(help="StyleGAN2: 1 for all variety, 0 for the mean image.")
    ] = None,
    interpolate: Annotated[
        bool, typer.Option("--interpolate", help="Rows of 8 from one image to another.")
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
):
    """Make images from noise."""
    from zoo.commands import generating

    options = {} if truncation is None else {"truncation": truncation}
    if labels is not None:
        options["labels"] = generating.as_labels(labels)
    report = generating.generate(preset, out, count, seed, options, interpolate)
    _show(report, [report["output"]], json_)


@app.command()
def degrade(
    inputs: Annotated[list[str], typer.Argument(metavar="IN...", help="Files, folders, patterns.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File for one input, or folder.")],
    recipe: Annotated[str, typer.Option(help="Recipe name or JSON file.")],
    seed: Annotated[int, typer.Option(help="Of the damage.")] = 0,
    sheet: Annotated[bool, typer.Option(help="Write one contact sheet, before and after.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
):
    """Degrade image files by a recipe, or show it on a contact sheet."""
    from zoo.commands import degrading

    if sheet:
        path = str(degrading.contact_sheet(inputs, out, recipe, seed))
        _show({"output": path, "recipe": recipe, "seed": seed}, [path], json_)
        return
    report = degrading.degrade(inputs, out, recipe, seed, progress=not json_)
    _show(report, [row["output"] for row in report], json_)


@app.command()
def quickstart(
    out: Annotated[Path, typer.Option(help="Folder for the pictures, logs and exports.")],
):
    """Age, restore, enlarge, fine-tune and export sample photographs, in a few minutes."""
    from zoo.commands import quickstart as tour

    tour.run(out)


app.add_typer(cli_serving.app)


def _show(contents, lines, as_json):
    print(json.dumps(contents, indent=2) if as_json else "\n".join(lines))


def main():
    """Run the command line; expected errors end with one line and exit code 2."""
    try:
        app()
    except (ValueError, OSError, FloatingPointError) as error:
        if os.environ.get("ZOO_TRACEBACK"):
            raise
        print(f"zoo: {error}", file=sys.stderr)
        sys.exit(2)

"""Publish the preset of a training run into `zoo/presets`, with measured scores and a card.

Run it after `zoo train`; it evaluates the weights that it publishes (float16 storage included).
Pictures come from `sample` photographs, which may be shown; the training data may not be.

    python benchmarks/publish_preset.py runs/srresnet_x4 srresnet_x4 \
        --evaluate Set5=data/set5 --evaluate CBSD68=data/cbsd68 \
        --facts benchmarks/presets/srresnet_x4.json
"""

import argparse
import json
import shlex
import tempfile
from pathlib import Path

import numpy as np
import skimage
import tensorflow as tf
from PIL import Image

import pipelines
import zoo
from zoo.commands import evaluating

PRESETS = Path(zoo.__file__).parent / "presets"
_PHOTOGRAPHS = Path(skimage.__file__).parent / "data"
#: Left, top, right, bottom in px of the face in "astronaut.png", as those of UTKFace are aligned.
FACE = (165, 60, 275, 170)
#: Metric, its title and digits.
METRICS = (
    ("psnr", "PSNR", 2),
    ("ssim", "SSIM", 4),
    ("feature_distance", "feature distance", 4),
    ("iou", "IoU", 3),
)


def main():
    """Parse arguments, publish, evaluate, write the card."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="folder of the run")
    parser.add_argument("name", help="name of the preset")
    parser.add_argument("--evaluate", action="append", default=[], metavar="SET=SOURCE")
    parser.add_argument("--recipes", nargs="+", metavar="RECIPE", help="default: the preset's own")
    parser.add_argument("--features", help="efficientnet_lite0.keras: add the feature distance")
    parser.add_argument("--facts", type=Path, required=True, help="JSON: about, data, licence, ...")
    arguments = parser.parse_args()
    facts = json.loads(arguments.facts.read_text())
    folder = PRESETS / arguments.name
    record = zoo.preset_record(arguments.run / "preset")
    training = {**record["training"], "data": facts["data_name"]}
    model = zoo.from_preset(arguments.run / "preset")
    publish = {"half": True, "recipe": record["recipe"], "training": training}
    # The folder in the package is replaced when all is measured, not before.
    with tempfile.TemporaryDirectory() as stored:
        model.save_to_preset(Path(stored) / "preset", **publish)
        model = zoo.from_preset(Path(stored) / "preset")
    scores = {}
    for recipe in arguments.recipes or [model.default_recipe]:
        for entry in arguments.evaluate:
            data, _, source = entry.partition("=")
            report = evaluating.evaluate(model, source, recipe, features=arguments.features)
            print("\n".join(evaluating.as_lines(report)), flush=True)
            name = f"{data}, {recipe}" if arguments.recipes else data
            scores[name] = {**report, "data": data}
    headline = [f"{name} {headline_of(score)}" for name, score in scores.items()]
    model.save_to_preset(folder, **publish, scores=scores, headline=headline)
    before_after(model, folder / "before_after.jpg", facts.get("photographs"))
    (folder / "card.md").write_text(card(arguments.name, model, training, facts, scores))
    print(folder)


def headline_of(score):
    """The score that `zoo list` shows."""
    if "iou" in score:
        return f"IoU {score['iou']['restored']:.3f}"
    return f"{score['psnr']['restored']:.2f} dB (input {score['psnr']['input']:.2f})"


def before_after(model, path, wanted=None):
    """Write input and output of three sample photographs side by side.

    Args:
        model: What is published.
        path: Path of the picture.
        wanted: `None`, or `"faces"` for one aligned face of 96 px with three kinds of damage.
    """
    rows = []
    # What is known by its place is shown with all that is around it.
    photographs = pipelines.sample(None if model.upright else 288)
    if wanted == "faces":
        photographs = pipelines.from_arrays(
            np.stack([photograph("astronaut.png", 96, FACE)] * 3), augment=False
        )
    for index, (_, image) in enumerate(photographs.ordered().take(3)):
        if model.upright and wanted is None:
            image = tf.image.resize_with_crop_or_pad(image, *[min(image.shape[:2])] * 2)
            image = tf.image.resize(image, (288, 288), "area")
        degraded, _ = pipelines.recipe(model.default_recipe).pair(image[None], (3, index))
        shown = pipelines.to_uint8(evaluating.enlarge(degraded, model.scale)[0])
        if degraded.shape[-1] == model.generator.input_shape[-1] == 3:
            restored = zoo.restore(model, pipelines.to_uint8(degraded[0]))
        else:  # the last channel is a mask, which is given, or is to be found
            shown, mask = shown[..., :3], np.asarray(degraded[0, ..., 3:]) > 0.5
            if model.generator.output_shape[-1] == 1:
                found = zoo.restore(model, shown)
                restored = np.repeat(found.reshape(*found.shape[:2], 1), 3, axis=-1)
            else:
                restored = zoo.inpaint(model, shown, mask[..., 0])
                shown = np.where(mask, 255, shown).astype(np.uint8)
        rows.append(np.concatenate([shown, restored], axis=1))
    picture = np.concatenate(rows, axis=0)
    if wanted == "faces":
        picture = picture.repeat(2, axis=0).repeat(2, axis=1)
    Image.fromarray(picture).save(path, quality=92)


def photograph(name, width=None, box=None):
    """One of scikit-image's photographs, uint8."""
    picture = Image.open(_PHOTOGRAPHS / name).convert("RGB")
    picture = picture if box is None else picture.crop(box)
    if width is not None:
        size = (width, round(picture.height * width / picture.width))
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    return np.asarray(picture)


def card(name, model, training, facts, scores):
    """Return the card as Markdown."""
    rows = []
    for score in scores.values():
        data = f"{score['data']} ({score['images']} images)"
        for metric, title, digits in METRICS:
            if metric in score:
                value = score[metric]
                before = f"{value['input']:.{digits}f}" if "input" in value else ""
                rows.append(
                    f"| {data} | `{score['recipe']}` | {title} | "
                    f"{before} | {value['restored']:.{digits}f} | "
                    f"{value['protocol']} |"
                )
    return "\n".join(
        [
            f"# {name}",
            "",
            facts["about"],
            "",
            "![before and after](before_after.jpg)",
            "",
            "Left: input (enlarged by bicubic interpolation where the model enlarges). "
            "Right: output. Photographs that scikit-image ships, which the model has not seen.",
            "",
            *origin(name, model, training, facts),
            "",
            "## Scores",
            "",
            "Seed 0, whole images, mean over images, `zoo evaluate`. The input is scored as it is"
            + (" after bicubic enlargement." if model.scale > 1 else "."),
            "",
            "| data | recipe | metric | input | output | protocol |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            "## What it does badly",
            "",
            *[f"- {weakness}" for weakness in facts["weaknesses"]],
            "",
        ]
    )


def origin(name, model, training, facts):
    """Return the lines of a card that say what was trained on what, how long and how."""
    minutes = training["seconds"] / 60
    recipe = getattr(model, "default_recipe", None)
    network = facts.get("feature_network")
    return [
        "| | |",
        "|---|---|",
        f"| model | `{type(model).__name__}`, {model.generator.count_params():,} weights, "
        "stored in float16 |",
        f"| trained on | {facts['data']} |",
        f"| licence | {facts['licence']} |",
        *([f"| recipe | `{recipe}` |"] if recipe else []),
        f"| time | {minutes:.0f} minutes, {training['steps']:,} steps in "
        f"{training['policy']}, on {facts['machine']} |",
        *([f"| feature network | {network} |"] if network else []),
        "",
        "```",
        command(name, training),
        "```",
        *objective_file(training["objective"]),
        *(["", facts["started_from"]] if "started_from" in facts else []),
    ]


def objective_file(objective):
    """Return the lines that show `objective.json`, if there is one."""
    if not isinstance(objective, dict):
        return []
    return ["", "`objective.json`:", "", "```json", json.dumps(objective, indent=2), "```"]


def command(name, training):
    """Return the command that trains these weights."""
    words = [f"zoo train {training['model']} --data {shlex.quote(training['data'])}"]
    options = (f"{key}={value}" for key, value in training["options"].items())
    words += [f"--set {shlex.quote(option)}" for option in options]
    if training["objective"]:
        is_name = isinstance(training["objective"], str)
        words.append(f"--objective {training['objective'] if is_name else 'objective.json'}")
    for key in (
        "targets",
        "attributes",
        "captions",
        "recipe",
        "steps",
        "batch_size",
        "crop",
        "learning_rate",
        "discriminator_learning_rate",
        "discriminator_steps",
        "ema_halflife_images",
        "warm_start",
    ):
        if training.get(key):
            words.append(f"--{key.replace('_', '-')} {training[key]}")
    flags = ("mirror", "reverse", "skip_unusable")
    words += [f"--{key.replace('_', '-')}" for key in flags if training.get(key)]
    words += [f"--seed {training['seed']} --out runs/{name}"]
    return " \\\n    ".join(words)


if __name__ == "__main__":
    main()

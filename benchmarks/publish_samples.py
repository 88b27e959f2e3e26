"""Publish the preset of a run that makes images from noise, with measured scores and a card.

Run it after `zoo train`; it scores the weights that it publishes (float16 storage included). The
grid of the card is not selected: seed 1.

    python benchmarks/publish_samples.py runs/fashion conditional_fashion \\
        --data t10k-images-idx3-ubyte.gz --features efficientnet_lite0.keras \\
        --facts benchmarks/presets/conditional_fashion.json
"""

import argparse
import json
import tempfile
from pathlib import Path

from PIL import Image
from publish_preset import PRESETS, origin

import zoo
from zoo.commands import evaluating_samples
from zoo.core.sampling import image_grid

_SHOWN = 80


def main():
    """Parse arguments, publish, score, write the card."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="folder of the run")
    parser.add_argument("name", help="name of the preset")
    parser.add_argument("--data", required=True, help="held-out images")
    parser.add_argument("--features", required=True, help="efficientnet_lite0.keras or inception")
    parser.add_argument("--facts", type=Path, required=True, help="JSON: about, data, licence, ...")
    arguments = parser.parse_args()
    facts = json.loads(arguments.facts.read_text())
    folder = PRESETS / arguments.name
    training = zoo.preset_record(arguments.run / "preset")["training"]
    training = {**training, "data": facts["source"]}
    model = zoo.from_preset(arguments.run / "preset")
    # The folder in the package is replaced when all is measured, not before.
    with tempfile.TemporaryDirectory() as stored:
        model.save_to_preset(Path(stored) / "preset", half=True)
        model = zoo.from_preset(Path(stored) / "preset")
    report = evaluating_samples.evaluate(model, arguments.data, arguments.features)
    scores = {name: value for name, value in report.items() if isinstance(value, dict)}
    distance = next(iter(scores))
    headline = [f"{distance} {scores[distance]['value']:.0f} on {facts['data_name']}"]
    model.save_to_preset(
        folder, half=True, training=training, samples=scores, data=facts["data_name"],
        headline=headline,
    )  # fmt: skip
    pixels = image_grid(model.sample(_SHOWN, seed=1), columns=16)
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    larger = magnification(model)
    picture = picture.resize(
        (larger * picture.width, larger * picture.height), Image.Resampling.NEAREST
    )
    picture.save(folder / "samples.png", optimize=True)
    (folder / "card.md").write_text(card(arguments.name, model, training, facts, scores))
    print(folder)


def magnification(model):
    """How many times as large samples are shown."""
    return 2 if model.image_shape[0] < 64 else 1


def card(name, model, training, facts, scores):
    """Return the card as Markdown."""
    rows = [
        f"| {score} | {value['value']:.4g} | {value['protocol']} |"
        for score, value in scores.items()
    ]
    return "\n".join(
        [
            f"# {name}",
            "",
            facts["about"],
            "",
            "![samples](samples.png)",
            "",
            "Samples of seed 1, not selected"
            + (", twice as large." if magnification(model) == 2 else "."),
            "",
            *origin(name, model, training, facts),
            "",
            "## Scores",
            "",
            f"`zoo evaluate`, seed 0, on images of {facts['data_name']} that were held out.",
            "",
            "| score | value | protocol |",
            "|---|---|---|",
            *rows,
            "",
            "## What it does badly",
            "",
            *[f"- {weakness}" for weakness in facts["weaknesses"]],
            "",
        ]
    )


if __name__ == "__main__":
    main()

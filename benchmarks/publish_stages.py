"""Publish a restorer of stages, which are presets themselves, with pictures and a card.

Scores are those that `restoration.py --stages` puts into `benchmarks/results/restoration.json`.

    python benchmarks/publish_stages.py old_photo_full --stage detector=detect_damage \
        --stage inpainter=inpaint_photo --stage repairer=old_photo \
        --facts benchmarks/presets/old_photo_full.json
"""

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image
from publish_preset import PRESETS

import pipelines
import zoo

RESULTS = Path(__file__).resolve().parent / "results" / "restoration.json"
_RECIPE = "old-photo-damage"
_METRICS = {"psnr": ("PSNR", 2), "ssim": ("SSIM", 4), "feature_distance": ("feature distance", 4),
            "iou": ("IoU of the mask", 3)}  # fmt: skip


def main():
    """Parse arguments, publish."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", help="name of the preset")
    parser.add_argument("--stage", action="append", required=True, metavar="STAGE=PRESET")
    parser.add_argument("--facts", type=Path, required=True, help="JSON: about, weaknesses")
    arguments = parser.parse_args()
    facts, folder = json.loads(arguments.facts.read_text()), PRESETS / arguments.name
    stages = dict(each.split("=") for each in arguments.stage)
    restorer = zoo.OldPhotoRestorer(**stages)
    rows = [row for row in json.loads(RESULTS.read_text())["rows"] if row["recipe"] == _RECIPE]
    zoo.save_to_preset(restorer, folder, recipe=_RECIPE, headline=headline(arguments.name, rows))
    before_after(restorer, folder / "before_after.jpg")
    (folder / "card.md").write_text(card(arguments.name, stages, facts, rows))
    print(folder)


def headline(name, rows):
    """The scores that `zoo list` shows."""
    return [
        f"{row['data']} {row['value']:.2f} dB"
        for row in rows
        if (row["method"], row["metric"]) == (name, "psnr")
    ]


def before_after(restorer, path):
    """Write two sample photographs, damaged, and what each stage makes of them."""
    rows = []
    for index, (_, image) in enumerate(pipelines.sample(image_size=288).ordered().take(2)):
        marked, _ = pipelines.recipe(_RECIPE).pair(image[None], (3, index))
        damaged = pipelines.to_uint8(marked[0, ..., :3])
        rows.append([damaged, *(picture for _, picture in restorer.steps(damaged))])
    sheet = np.concatenate([np.concatenate(row, axis=1) for row in rows])
    Image.fromarray(sheet).save(path, quality=92)


def card(name, stages, facts, rows):
    """Return the card as Markdown."""
    lines = [f"# {name}", "", facts["about"], "", "![stage by stage](before_after.jpg)", ""]
    shown = ", ".join(f"`{stages[stage]}`" for stage in stages if stage != "detector")
    lines += [
        f"From the left: damaged, {shown}. Photographs that scikit-image ships, which the "
        "models have not seen.",
        "",
        "| stage | preset |",
        "|---|---|",
        *[f"| {stage} | [`{preset}`](../{preset}/card.md) |" for stage, preset in stages.items()],
        "",
        "Licences, data and training are those of the stages.",
        "",
        "## Scores",
        "",
        f"Recipe `{_RECIPE}`, seed 0, whole images, `benchmarks/restoration.py --stages`.",
        "",
        "| data | what | metric | value | protocol |",
        "|---|---|---|---|---|",
    ]  # fmt: skip
    for row in rows:
        title, digits = _METRICS[row["metric"]]
        lines.append(f"| {row['data']} | `{row['method']}` | {title} | {row['value']:.{digits}f} | "
                     f"{row['protocol']} |")  # fmt: skip
    lines += ["", "## What it does badly", "", *[f"- {each}" for each in facts["weaknesses"]], ""]
    return "\n".join(lines)


if __name__ == "__main__":
    main()

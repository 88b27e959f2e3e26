"""Pictures of what styles do: mixing, directions found without labels, and one found with them.

    python benchmarks/style_pictures.py runs/faces/preset --out pictures/ \
        --images faces/ --labels attributes.csv --column gender

`--images` and `--labels` (CSV with a column `file`) train a small classifier of an attribute that
is 0 or 1; its verdicts on made images give the attribute's direction. How much the attribute
changes along it is written to `attribute.json`.
"""

import argparse
import csv
from pathlib import Path

import keras
import numpy as np
from generation_classifiers import train
from PIL import Image
from timing import write_json

import pipelines
import zoo
from zoo import latent_editing

_REGRESSED = 2000
_STRENGTHS = (-4.0, -2.0, 0.0, 2.0, 4.0)
_TRUNCATION = 0.7  # of the styles that are shown


def main():
    """Parse arguments, write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("preset", help="name or folder of a preset of StyleGAN2")
    parser.add_argument("--out", type=Path, required=True, help="folder")
    parser.add_argument("--images", help="folder of real images, for the attribute")
    parser.add_argument("--labels", type=Path, help="CSV with a column `file`")
    parser.add_argument("--column", help="column of the CSV: an attribute, 0 or 1")
    arguments = parser.parse_args()
    model = zoo.from_preset(arguments.preset)
    arguments.out.mkdir(parents=True, exist_ok=True)
    layers = model.synthesis.input_shape[1]
    mixed = latent_editing.mixing_sheet(
        model, model.inputs(5, seed=11), model.inputs(8, seed=12), layers // 2, _TRUNCATION
    )
    save(mixed, arguments.out / "mixing.jpg")
    save(directions(model), arguments.out / "directions.jpg")
    if arguments.images:
        sheet, report = attribute(model, arguments)
        save(sheet, arguments.out / f"{arguments.column}.jpg")
        write_json(arguments.out / "attribute.json", report)
        print(report)


def directions(model, count=4):
    """The strongest directions of the weights, one below the other, each on two images."""
    styles = model.styles_of(model.inputs(2, seed=13), _TRUNCATION)
    sheets = [
        latent_editing.direction_sheet(model, styles, direction, _STRENGTHS)
        for direction in latent_editing.closed_form_directions(model, count)
    ]
    half = len(sheets) // 2
    columns = [np.concatenate(sheets[k : k + half], axis=0) for k in range(0, len(sheets), half)]
    return np.concatenate(columns, axis=1)


def attribute(model, arguments):
    """A sweep along the direction of an attribute, and how often it is seen at each strength."""
    side = model.image_shape[0]
    images, values = labelled(arguments.images, arguments.labels, arguments.column, side)
    held_out = np.arange(len(images)) % 6 == 5
    classifier = train(images[~held_out], values[~held_out], epochs=8, class_count=2)

    def seen(pictures):
        return classifier.predict(pictures, batch_size=256, verbose=0)[:, 1]

    accuracy = ((seen(images[held_out]) > 0.5) == values[held_out]).mean()
    styles = model.styles_of(model.inputs(_REGRESSED, seed=14))
    logits = np.clip(seen(model.images_of(styles)), 1e-3, 1 - 1e-3)
    direction = latent_editing.attribute_direction(styles, np.log(logits / (1 - logits)))
    fresh = model.styles_of(model.inputs(200, seed=15))
    swept = latent_editing.edit(model, fresh, direction, _STRENGTHS)
    shares = [float((seen(swept[:, k]) > 0.5).mean()) for k in range(len(_STRENGTHS))]
    report = {
        "attribute": arguments.column,
        "classifier_accuracy": float(accuracy),
        "strengths": list(_STRENGTHS),
        "share_with_attribute": shares,
        "images": len(fresh),
    }
    shown = model.styles_of(model.inputs(6, seed=16), _TRUNCATION)
    return latent_editing.direction_sheet(model, shown, direction, _STRENGTHS), report


def labelled(folder, labels, column, side):
    """Images of a folder at `side` px, and the values of a column of the CSV."""
    with open(labels, newline="", encoding="utf-8") as file:
        values = {row["file"]: int(row[column]) for row in csv.DictReader(file)}
    source = pipelines.from_folder(folder, augment=False)
    source = source.with_labels([values[Path(path).name] for path in source.paths])
    batches = pipelines.labelled(source, 100, shuffle=False, image_size=side)
    images, found = zip(*batches.as_numpy_iterator(), strict=True)
    return np.concatenate(images), np.concatenate(found)


def save(sheet, path):
    """Write a sheet in [-1, 1]."""
    pixels = pipelines.to_uint8(sheet)
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    picture.save(path, quality=92)


if __name__ == "__main__":
    keras.utils.set_random_seed(0)
    main()

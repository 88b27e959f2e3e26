"""Measure whether models that edit do what they are asked for, and leave the rest as it is.

Each system is a run of `zoo train` or a preset; results go to `benchmarks/results/editing.json`, of
which the README's table is made. `--sheets` draws what was measured. Data as of `editing_data.py`.

    python benchmarks/editing.py --data data/editing --attributes attributes.csv \
        --photos photos/ --features efficientnet_lite0.keras \
        --system attributes=face_attributes_64 --system styles=runs/styles/preset
"""

import argparse
import functools
import json
from pathlib import Path

import editing_scores as scores
import keras
import numpy as np
import publish_preset
import tensorflow as tf
from editing_data import read
from generation_classifiers import train
from PIL import Image
from timing import record, write_json

import pipelines
import zoo
from zoo.commands import embeddings
from zoo.metrics.distribution import Moments, frechet_distance

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "editing.json"
_SHOWN = 8


def main():
    """Parse arguments, measure, draw, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="as of editing_data.py")
    parser.add_argument("--attributes", type=Path, help="CSV: file, age, gender")
    parser.add_argument("--photos", type=Path, help="folder with train and validation")
    parser.add_argument("--features", help="efficientnet_lite0.keras")
    parser.add_argument("--system", action="append", required=True, metavar="NAME=PRESET")
    parser.add_argument("--sheets", type=Path, help="folder for pictures, which show the data")
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    bench = Bench(arguments)
    result = record("editing", {"seed": 0}, ("tensorflow", "keras", "scipy"))
    rows = json.loads(arguments.output.read_text())["rows"] if arguments.output.is_file() else []
    for entry in arguments.system:
        name, _, preset = entry.partition("=")
        keras.utils.set_random_seed(0)
        training = zoo.preset_record(preset)["training"]
        begun_with = before(training)
        facts, sheet = SYSTEMS[name](bench, zoo.from_preset(preset))
        facts = {
            "system": name,
            "model": training["model"],
            "steps": training["steps"],
            "seconds": training["seconds"],
            "policy": training["policy"],
            "trained_by": publish_preset.command(name, training),
            "before": begun_with,
            "command": result["command"],
            **facts,
        }
        print(json.dumps(facts, indent=2), flush=True)
        rows = [each for each in rows if each["system"] != name] + [facts]
        rows.sort(key=lambda row: list(SYSTEMS).index(row["system"]))
        if arguments.sheets:
            save(sheet, arguments.sheets / f"{name}.jpg")
        write_json(arguments.output, {**result, "command": "in each row", "rows": rows})


def before(training):
    """Steps and seconds of the run that a run began with, or `None`; not of that one's own."""
    place = training.get("warm_start")
    if not place:
        return None
    is_run = (Path(place) / "settings.json").is_file()
    earlier = zoo.preset_record(Path(place) / "preset" if is_run else place)["training"]
    return {"steps": earlier["steps"], "seconds": earlier["seconds"]}


class Bench:
    """What the systems are measured on.

    Args:
        arguments: Of the command line.
    """

    def __init__(self, arguments):
        self.data, self.attributes = arguments.data, arguments.attributes
        self.photos, self.features = arguments.photos, arguments.features

    @functools.cached_property
    def embedding(self):
        """The network of Frechet distances."""
        if self.features is None:
            raise ValueError(
                "`--features` is needed: the network that distances are measured with."
            )
        return embeddings.read(self.features)

    def images(self, folder, side, count=None):
        """Images of a folder, squares of `side` px, in order, with the names of their files."""
        source = pipelines.from_folder(folder, augment=False)
        batches = pipelines.unlabelled(source, 50, shuffle=False, image_size=side)
        batches = batches if count is None else batches.take(-(-count // 50))
        images = np.concatenate(list(batches.as_numpy_iterator()))[:count]
        return images, [Path(path).name for path in source.paths[:count]]

    def frechet(self, real, made):
        """Frechet distance of images."""
        return float(
            frechet_distance(*(Moments.of(self.embedding(each).vectors) for each in (real, made)))
        )


def outputs(model, *inputs, batch=25):
    """What a model makes of arrays."""
    count = len(inputs[0])
    parts = [[each[k : k + batch] for each in inputs] for k in range(0, count, batch)]
    network = model.inference_network if hasattr(model, "inference_network") else model
    return np.concatenate([network(x if len(x) > 1 else x[0]).numpy() for x in parts])


def sheet_of(*columns):
    """Rows of pictures side by side, of arrays of as many images."""
    return np.concatenate([np.concatenate(row, axis=1) for row in zip(*columns, strict=True)])


def save(sheet, path):
    """Write a sheet in [-1, 1]."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pipelines.to_uint8(sheet)).save(path, quality=90)


# ---------------------------------------------------------------------- systems


def translation(bench, model, reverse=False):
    """Pix2Pix between edges and faces: distance to the right picture, and to all of its kind."""
    source = pipelines.from_folder(bench.data / "edges" / "test", augment=False)
    pairs = pipelines.aligned(source, None, 50, image_size=96, reverse=reverse, shuffle=False)
    inputs, targets = map(np.concatenate, zip(*pairs.as_numpy_iterator(), strict=True))
    made = outputs(model, inputs)
    facts = {
        "images": len(inputs),
        "l1": float(np.abs(made - targets).mean() / 2),
        "embedding": bench.embedding.protocol,
        "frechet": bench.frechet(targets, made),
        "frechet_of_inputs": bench.frechet(targets, inputs),
    }
    return facts, sheet_of(*(each[:_SHOWN] for each in (inputs, made, targets)))


def cycles(bench, model):
    """CycleGAN from young to old faces: what comes back, and how near it gets to old faces."""
    side = model.get_config()["image_size"]
    young, _ = bench.images(bench.data / "young" / "test", side)
    old, _ = bench.images(bench.data / "old" / "train", side)
    other, _ = bench.images(bench.data / "old" / "test", side)
    older = outputs(model, young)
    back = outputs(model.backward_network, older)
    facts = {
        "images": len(young),
        "cycle_psnr": scores.mean_psnr(young, back),
        "embedding": bench.embedding.protocol,
        "frechet": bench.frechet(old, older),
        "frechet_of_inputs": bench.frechet(old, young),
        "frechet_of_held_out": bench.frechet(old, other),
    }
    return facts, sheet_of(*(each[:_SHOWN] for each in (young, older, back)))


def attributes(bench, model):
    """FaceAttributeGAN: an independent classifier looks for the change that was asked for."""
    side, halfway = 64, {"age": 40, "gender": 0.5}
    parts = {name: bench.images(bench.data / "faces" / name, side) for name in ("train", "test")}
    images = parts["test"][0]
    facts, shown = {"images": len(images)}, [images[:_SHOWN]]
    outside, face = scores.background(side), slice(side // 8, -side // 8)
    before = bench.embedding(images[:, face, face]).vectors
    facts["embedding"] = bench.embedding.protocol
    for attribute in model.attributes:
        values = read(bench.attributes, attribute)
        truth = {part: np.array([values[name] for name in files]) > halfway[attribute]
                 for part, (_, files) in parts.items()}  # fmt: skip
        classifier = train(parts["train"][0], truth["train"].astype(int), 8, class_count=2)

        def says(pictures, classifier=classifier):
            return classifier.predict(pictures, batch_size=256, verbose=0).argmax(axis=1) > 0

        changes = np.zeros((len(images), len(model.attributes)), np.float32)
        changes[:, list(model.attributes).index(attribute)] = np.where(truth["test"], -1, 1)
        edited, half = (outputs(model, images, each) for each in (changes, changes / 2))
        facts[attribute] = {
            "classifier_accuracy": float((says(images) == truth["test"]).mean()),
            "seen_before": float((says(images) != truth["test"]).mean()),
            "seen": float((says(edited) != truth["test"]).mean()),
            "seen_at_half": float((says(half) != truth["test"]).mean()),
            "background_psnr": scores.mean_psnr(images, edited, outside),
            "recognised": scores.recognised(before, bench.embedding(edited[:, face, face]).vectors),
        }
        for amount in (-1, 1):
            vector = model.changes({attribute: amount})
            shown.append(outputs(model, images[:_SHOWN], np.repeat(vector[None], _SHOWN, 0)))
    same = outputs(model, images, np.zeros_like(changes))
    facts["unchanged_psnr"] = scores.mean_psnr(images, same)
    return facts, sheet_of(*shown)


def styles(bench, model, side=256, count=20):
    """StyleTransferGAN, on styles of the training and on others: like them, and still the photo."""
    photos, _ = bench.images(bench.photos / "validation", side, count)
    extractor = zoo.metrics.FeatureDistance.efficientnet_lite0(bench.features).features
    style_distance = zoo.losses.StatisticsStyleLoss(extractor, reduction=None)
    content_distance = zoo.losses.PerceptualLoss(extractor, reduction=None)
    facts, shown = {"images": count, "network": extractor.title}, [photos[:4]]
    for part in ("train", "test"):
        paintings, _ = bench.images(bench.data / "styles" / part, side, 8)
        found = {"styles": len(paintings)}
        rows = []
        for painting in paintings:
            style = np.repeat(painting[None], count, 0)
            painted = outputs(model, photos, style, batch=4)
            rows.append([
                np.mean(distance(one, other))
                for distance, one, other in (
                    (style_distance, style, painted), (style_distance, style, photos),
                    (content_distance, photos, painted), (content_distance, photos, style),
                )
            ])  # fmt: skip
            if len(shown) < 9:
                shown.append(painted[:4])
        names = ("style_distance", "style_distance_of_photo", "content_distance",
                 "content_distance_of_style")  # fmt: skip
        found |= dict(zip(names, np.mean(rows, axis=0).tolist(), strict=True))
        facts["seen" if part == "train" else "unseen"] = found
    return facts, sheet_of(*(each for each in shown))


def frames(bench, model, side=128, count=60):
    """DynamicGAN: length and direction of the blur, place of the light, changes between frames."""
    photos, _ = bench.images(bench.photos / "validation", side, count)
    rng = np.random.default_rng(0)
    length, angle = rng.uniform(4, 9, count), rng.uniform(0, 180, count)
    places = rng.uniform(-0.8, 0.8, (count, 2))
    zeros = np.zeros(count)
    blur = pipelines.effects(length, angle, zeros, places, places, 2)[:, -1].numpy()
    light = pipelines.effects(zeros, zeros, zeros + 1, places, places, 2)[:, -1].numpy()
    facts = {"images": count}
    described = {"blur": blur, "light": light}
    kinds = {
        "rendered": lambda name: outputs(model, photos, described[name]),
        "true": lambda name: pipelines.apply_effects(photos, described[name]).numpy(),
    }
    for kind, make in kinds.items():
        facts[kind] = scores.blur_errors(photos, make("blur"), length, angle)
        facts[kind]["light_error"] = scores.light_error(photos, make("light"), places)
    moving = pipelines.effects(length, angle, zeros + 0.8, places, -places, 6).numpy()
    rendered = np.stack([outputs(model, photos, moving[:, t]) for t in range(6)], axis=1)
    truth = pipelines.apply_effects(photos, moving).numpy()
    changes = [np.diff(each, axis=1) for each in (rendered, truth)]
    facts["frame_psnr"] = scores.psnr(rendered, truth)
    facts["frame_psnr_of_photo"] = scores.psnr(np.repeat(photos[:, None], 6, 1), truth)
    facts["change_error"] = float(np.abs(np.subtract(*changes)).mean() / np.abs(changes[1]).mean())
    rows = np.concatenate([np.stack([r, t]) for r, t in zip(rendered[:4], truth[:4], strict=True)])
    return facts, sheet_of(*(rows[:, k] for k in range(6)))


def texts(bench, model, side=96, crop=48):
    """MultimodalGAN: a classifier of pairs before and after says which edit was made."""
    edits = pipelines.EDITS
    middle = slice((side - crop) // 2, (side + crop) // 2)

    def pairs(photos, edit):
        return (each.numpy() for each in pipelines.apply_edit(edit, tf.constant(photos), (0, 1)))

    def seen(before, after):
        return np.concatenate([before, after], axis=-1)[:, middle, middle]

    photos, _ = bench.images(bench.photos / "train", side, 1000)
    shown = [seen(*pairs(photos, name)) for name in edits]
    labels = np.repeat(np.arange(len(edits)), len(photos))
    classifier = train(np.concatenate(shown), labels, 6, class_count=len(edits))
    del shown
    photos, _ = bench.images(bench.photos / "validation", side)
    facts, columns = {"images": len(photos), "edits": {}}, [photos[:_SHOWN]]
    for number, (name, edit) in enumerate(edits.items()):
        before, after = pairs(photos, name)
        made = [outputs(model, before, model.read([text] * len(before))) for text in edit.texts]

        def share(pictures, before=before, number=number):
            verdicts = classifier.predict(seen(before, pictures), batch_size=256, verbose=0)
            return float((verdicts.argmax(axis=1) == number).mean())

        facts["edits"][name] = {
            "seen": float(np.mean([share(each) for each in made])),
            "seen_in_truth": share(after),
            "psnr": float(np.mean([scores.psnr(after, each) for each in made])),
            "psnr_of_input": scores.psnr(after, before),
        }
        columns += [made[0][:_SHOWN]] if not edit.undone else [before[:_SHOWN], made[0][:_SHOWN]]
    for key in ("seen", "seen_in_truth"):
        facts[key] = float(np.mean([each[key] for each in facts["edits"].values()]))
    return facts, sheet_of(*columns)


SYSTEMS = {
    "pix2pix": translation,
    "pix2pix_reverse": functools.partial(translation, reverse=True),
    "cyclegan": cycles,
    "styles": styles,
    "attributes": attributes,
    "frames": frames,
    "texts": texts,
}

if __name__ == "__main__":
    main()

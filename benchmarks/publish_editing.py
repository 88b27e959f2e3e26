"""Publish the preset of a run that edits, with what `editing.py` measured and a card.

The pictures of the card are made from photographs that scikit-image ships.

    python benchmarks/publish_editing.py runs/styles style_transfer_any --system styles \\
        --facts benchmarks/presets/style_transfer_any.json
"""

import argparse
import json
from pathlib import Path

import cv2
import editing_table
import numpy as np
from editing_data import with_edges
from PIL import Image
from publish_preset import FACE, PRESETS, origin, photograph

import pipelines
import zoo

HERE = Path(__file__).resolve().parent
_HEAD = (160, 45, 280, 165)  # left, top, right, bottom in px: a face with its hair


def main():
    """Parse arguments, publish, draw, write the card."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="folder of the run")
    parser.add_argument("name", help="name of the preset")
    parser.add_argument("--system", required=True, choices=PICTURES, help="of editing.json")
    parser.add_argument("--facts", type=Path, required=True, help="JSON: about, data, licence, ...")
    arguments = parser.parse_args()
    facts = json.loads(arguments.facts.read_text())
    results = json.loads((HERE / "results" / "editing.json").read_text())
    row = next(row for row in results["rows"] if row["system"] == arguments.system)
    training = zoo.preset_record(arguments.run / "preset")["training"]
    training = {**training, "data": facts["data_name"], **facts.get("options", {})}
    folder = PRESETS / arguments.name
    model = with_default_objective(zoo.from_preset(arguments.run / "preset"))
    said = editing_table.SAID[arguments.system](row)
    model.save_to_preset(folder, half=True, training=training, headline=[facts["headline"]])
    model = zoo.from_preset(folder)
    Image.fromarray(PICTURES[arguments.system](model)).save(folder / "pictures.jpg", quality=92)
    (folder / "card.md").write_text(card(arguments.name, model, training, facts, said))
    print(folder)


def with_default_objective(model):
    """The same network without an objective that names files of this machine."""
    if not getattr(model.objective, "features", ()):
        return model
    other = type(model).from_config({**model.get_config(), "objective": None})
    other.generator.set_weights(model.kept_network.get_weights())
    if other.averaged_generator is not None:
        other.averaged_generator.set_weights(model.kept_network.get_weights())
    return other


def card(name, model, training, facts, said):
    """Return the card as Markdown."""
    return "\n".join(
        [
            f"# {name}",
            "",
            facts["about"],
            "",
            "![pictures](pictures.jpg)",
            "",
            facts["pictures"],
            "",
            *origin(name, model, training, facts),
            "",
            "## Scores",
            "",
            f"{said[0].upper()}{said[1:]}. `benchmarks/editing.py`, on held-out images.",
            "",
            "## What it does badly",
            "",
            *[f"- {weakness}" for weakness in facts["weaknesses"]],
            "",
        ]
    )


def styles(model):
    """Photographs, below each painted in the style of the first picture of the row."""
    photos = [photograph(name, 300)[:200] for name in ("chelsea.png", "coffee.png", "rocket.jpg")]
    rows = [np.concatenate([np.full((200, 200, 3), 255, "uint8"), *photos], axis=1)]
    for name in ("ihc.png", "hubble_deep_field.jpg", "retina.jpg", "color.png"):
        painting = photograph(name)
        side = min(painting.shape[:2])
        shown = np.asarray(Image.fromarray(painting[:side, :side]).resize((200, 200)))
        small = np.asarray(Image.fromarray(painting[:side, :side]).resize((256, 256)))
        rows.append(np.concatenate([shown, *(zoo.stylize(model, x, small) for x in photos)], 1))
    return np.concatenate(rows)


def attributes(model):
    """A face with each attribute lowered and raised."""
    face = photograph("astronaut.png", 64, _HEAD)
    rows = []
    for name in model.attributes:
        editors = (model.editor_of({name: amount}) for amount in (-1, -0.5, 0, 0.5, 1))
        rows.append(np.concatenate([zoo.restore(editor, face) for editor in editors], axis=1))
    return enlarged(np.concatenate(rows), 3)


def faces_of_edges(model):
    """Edges of a face, what becomes of them, and the face."""
    face = photograph("astronaut.png", 96, FACE)
    edges, face = np.split(with_edges(np.ascontiguousarray(face[..., ::-1])), 2, axis=1)
    return enlarged(np.concatenate([edges, zoo.restore(model, edges), face[..., ::-1]], axis=1), 2)


def texts(model):
    """A photograph after each text; the last ones repair what was done to it."""
    photo = photograph("coffee.png", 300)[:200]
    noise = np.random.default_rng(0).normal(0, 0.1 * 255, photo.shape)
    noisy = np.clip(photo + noise, 0, 255).astype("uint8")

    def edited(text, pixels=photo):
        return zoo.restore(model.editor_of(text), pixels)

    soft = edited("blur the picture")
    asked = ("make it darker", "a brighter photo", "like in the evening sun", "a colder photo",
             "remove the colors", "stronger colors", "an old faded photo")  # fmt: skip
    cells = [("photograph", photo), *((text, edited(text)) for text in asked)]
    cells += [("blur the picture", soft)]
    cells += [("sharpen the picture", edited("sharpen the picture", soft))]
    cells += [("noise", noisy), ("remove the noise", edited("remove the noise", noisy))]
    cells = [labelled(*cell) for cell in cells]
    return np.concatenate([np.concatenate(cells[k : k + 4], axis=1) for k in range(0, 12, 4)])


def frames(model):
    """Photographs as the camera shakes more and more and a light moves across."""
    rows = []
    for name, angle in (("coffee.png", 0.0), ("chelsea.png", 45.0), ("rocket.jpg", 90.0)):
        photo = photograph(name, 150)[:100]
        effects = pipelines.effects([8.0], [angle], [0.8], [[-0.8, 0]], [[0.8, 0]], count=6)[0]
        rows.append(np.concatenate(zoo.animate(model, photo, effects), axis=1))
    return np.concatenate(rows)


def labelled(text, pixels):
    """Pixels above a line of text."""
    line = np.full((22, pixels.shape[1], 3), 255, "uint8")
    cv2.putText(line, text, (4, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    return np.concatenate([pixels, line])


def enlarged(pixels, factor):
    """Pixels as squares."""
    return cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_NEAREST)


#: System -> function of a model that draws.
PICTURES = {
    "styles": styles,
    "attributes": attributes,
    "pix2pix": faces_of_edges,
    "frames": frames,
    "texts": texts,
}

if __name__ == "__main__":
    main()

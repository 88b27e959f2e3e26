"""Train every variant that makes images from noise for a few minutes, and score what it makes.

Each run of `generation_runs.json` is one `zoo train`; runs that are there already are continued or
only scored, so the script may be stopped at any time. Distances are Frechet distances on the
feature network that `--features` names, of 1,000 made images from 1,000 held-out ones; the floor is
that of 1,000 training images. Data:

    --data fashion=FOLDER   Fashion-MNIST as distributed (IDX files)
    --data digits=FOLDER    MNIST as distributed; for stacked digits
    --data faces=FOLDER     pictures of faces, square
    --data cifar=FILE       .npz with images and labels in parts train and test

    python benchmarks/generation.py --data fashion=/usr/share/datasets/fashion-mnist \
        --features efficientnet_lite0.keras --runs runs/generation
"""

import argparse
import json
import shlex
import subprocess
import sys
import time
from pathlib import Path

import generation_data
import keras
import numpy as np
import timing
from generation_classifiers import accuracy, classes, classifier
from generation_seams import seam_ratio
from PIL import Image

import zoo
from zoo.commands import embeddings, variants
from zoo.core.sampling import image_grid
from zoo.metrics import mode_coverage, sample_scores

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "generation.json"
_COUNT = 1000
#: Images made to count modes: 25 for each of the 1,000.
_FOR_MODES = 25_600


def main():
    """Parse arguments, train, score, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", action="append", required=True, metavar="NAME=SOURCE")
    parser.add_argument("--features", required=True, help="efficientnet_lite0.keras or inception")
    parser.add_argument("--runs", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--only", nargs="+", help="names of runs; default: all whose data is given")
    arguments = parser.parse_args()
    sources = dict(each.split("=", 1) for each in arguments.data)
    if "digits" in sources:
        sources["stacked"] = sources["digits"]
    specs = json.loads((HERE / "generation_runs.json").read_text())
    bench = Bench(sources, arguments.features, arguments.runs)
    rows = json.loads(RESULT.read_text())["rows"] if RESULT.is_file() else []
    for name, spec in specs.items():
        if generation_data.base(spec["data"]) in sources and name in (arguments.only or specs):
            row = bench.row(name, spec)
            rows = [row if each["run"] == name else each for each in rows]
            rows += [] if row in rows else [row]
            write(sorted(rows, key=lambda row: list(specs).index(row["run"])), bench)


def write(rows, bench):
    """Write the JSON of all runs so far."""
    protocol = {
        "scores": f"{_COUNT} made images against the first {_COUNT} held-out ones",
        "embedding": bench.embedding.protocol,
        "modes": f"{_FOR_MODES} made images, each channel classified",
    }
    packages = ("tensorflow", "keras")
    record = timing.record("generation", protocol, packages, rows=rows)
    names = sorted({generation_data.base(row["data"]) for row in rows})
    data = " ".join(f"--data {name}=..." for name in names)
    record["command"] = (
        f"python benchmarks/generation.py {data} --features {Path(bench.features).name} --runs ..."
    )
    timing.write_json(RESULT, record)


class Bench:
    """Trains and scores runs.

    Args:
        sources: Dict of data set to where it is.
        features: What `zoo.commands.embeddings.read` takes.
        folder: Path of the runs.
    """

    def __init__(self, sources, features, folder):
        self.sources, self.features, self.folder = sources, features, folder
        self.embedding = embeddings.read(features)
        self._real = {}

    def row(self, name, spec):
        """Train what is not trained yet, score it, and return the row of the table."""
        print(f"== {name}", flush=True)
        source = self.sources[generation_data.base(spec["data"])]
        data = generation_data.prepare(spec["data"], source, self.folder / "data")
        reference, floor = self._reference(spec["data"], data)
        if spec["model"] == "keras_io_dcgan":
            model, start, facts = self._keras_io(data, spec)
        else:
            model, start, facts = self._zoo(name, data, spec)
        row = {"run": name, "model": spec["model"], "data": spec["data"], **facts}
        row["start"], row["end"] = (self._scores(reference, each.sample(_COUNT))
                                    for each in (start, model))  # fmt: skip
        row["floor"] = floor
        for measure in spec.get("measures", ()):
            row |= getattr(self, f"_{measure}")(model, data)
        self._picture(name, model)
        print(json.dumps(row, indent=2), flush=True)
        return row

    def _zoo(self, name, data, spec):
        """Run `zoo train`; return the trained model, an untrained one and facts."""
        run = self.folder / name
        command = [sys.executable, "-m", "zoo", "train", spec["model"], "--out", str(run)]
        command += ["--data", f"{data}:train", "--validation", f"{data}:test"]
        command += ["--features", self.features, *shlex.split(spec["arguments"])]
        subprocess.run(command, check=True)
        model = zoo.from_preset(run / "preset")
        settings = zoo.preset_record(run / "preset")["training"]
        start = variants.make(settings["model"], settings["options"], settings["objective"],
                              settings["ema_halflife_images"], settings["seed"])  # fmt: skip
        curve = json.loads((run / "quality.json").read_text())
        facts = {
            "command": f"zoo train {spec['model']} --data {data.name}:train {spec['arguments']}",
            "policy": settings["policy"],
            "steps": settings["steps"],
            "seconds": curve[-1]["seconds"],
            "weights": model.generator.count_params(),
            "first_epoch": {key: curve[0][key] for key in self._scores_of(curve[0])},
            "curve": [[row["step"], row["seconds"], row[self._distance(row)]] for row in curve],
        }
        return model, start, facts

    def _keras_io(self, data, spec):
        """Train the example of keras.io for the seconds that another run took."""
        import keras_io_dcgan

        curve = json.loads((self.folder / spec["as_long_as"] / "quality.json").read_text())
        pixels, _ = generation_data.images(data, "train")
        start = keras_io_dcgan.KerasIoDCGAN(pixels.shape[1], pixels.shape[-1])
        model, steps, seconds = keras_io_dcgan.train(pixels, curve[-1]["seconds"])
        facts = {"steps": steps, "seconds": round(seconds, 1), "policy": "float32"}
        return model, start, {**facts, "weights": model.generator.count_params()}

    def _reference(self, name, data):
        """Embedded held-out images, and the scores of as many training images."""
        if name not in self._real:
            real, train = (
                generation_data.images(data, part, _COUNT)[0] for part in ("test", "train")
            )
            embedded = self.embedding(real)
            self._real[name] = embedded, self._scores(embedded, train)
        return self._real[name]

    def _scores(self, reference, images):
        scores = sample_scores(reference, self.embedding(images))
        return {name: score.value for name, score in scores.items()}

    @staticmethod
    def _scores_of(row):
        return [key for key in row if key not in ("step", "seconds", "protocol")]

    @staticmethod
    def _distance(row):
        return next(key for key in row if key.startswith(("FD-", "FID")))

    def _asked_class(self, model, data):
        """How often a classifier sees the class that was asked for."""
        network, real = classifier(data)
        labels = np.arange(_COUNT * 2) % 10
        share = accuracy(network, model.generate(labels), labels)
        return {"asked_class_recognised": share, "classifier_accuracy": real}

    def _modes(self, model, data):
        """How many of the 1,000 triples of digits are there."""
        name = data.stem.replace("stacked", "digits")  # of the same size
        digits = generation_data.prepare(name, self.sources["digits"], data.parent)
        network, real = classifier(digits)
        numbers = 0
        made = model.sample(_FOR_MODES)
        for channel, worth in enumerate((100, 10, 1)):
            numbers = numbers + worth * classes(network, made[..., channel, None])
        reached, divergence = mode_coverage(numbers, 1000)
        return {"modes": reached, "modes_kl": divergence, "classifier_accuracy": real}

    def _seams(self, model, data):
        """How much steeper images are where regions meet: 1 is no seam."""
        made, real = model.sample(_COUNT), generation_data.images(data, "test", _COUNT)[0]
        border = made.shape[1] // 2  # of two by two regions
        return {name: seam_ratio(images, border)
                for name, images in (("seam_ratio", made), ("seam_ratio_real", real))}  # fmt: skip

    def _picture(self, name, model):
        folder = HERE / "results" / "generation"
        folder.mkdir(parents=True, exist_ok=True)
        pixels = image_grid(model.sample(64, seed=1), columns=16)
        picture = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
        picture.save(folder / f"{name}.png", optimize=True)


if __name__ == "__main__":
    began = time.time()
    keras.utils.set_random_seed(0)
    main()
    print(f"{time.time() - began:.0f} s")

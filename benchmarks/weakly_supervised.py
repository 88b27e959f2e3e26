"""Classify from few labels: a weakly supervised GAN against its discriminator alone.

Both see the same labels and are trained by the same code with the same networks, noise and
optimizer; only one sees the images that have no label.

    python benchmarks/weakly_supervised.py --data train-images-idx3-ubyte.gz \\
        --test t10k-images-idx3-ubyte.gz
"""

import argparse
import shlex
import sys
import time
from pathlib import Path

import keras
import numpy as np
from rich.console import Console
from timing import record, write_json

import pipelines
import zoo
from zoo.synthesis import weakly_supervised_gan

RESULTS = Path(__file__).resolve().parent / "results" / "weakly_supervised.json"
UNITS = (500, 250, 250)
LABELLED, UNLABELLED = 20, 80
PROTOCOL = {
    "labels": "drawn for each seed, the same number of each class; all other images of the "
    "training part are used without their labels",
    "networks": f"perceptron of {UNITS} units, layer normalisation, noise of deviation 0.5 before "
    "each layer, one linear layer for the classes; generator of (500, 500) units",
    "batches": f"{LABELLED} labelled and {UNLABELLED} unlabelled images in each step",
    "optimizer": "Adam, beta_1 = 0.5, learning rate 1e-3 (generator 3e-4) that falls to 0 as a "
    "cosine",
    "weakly_supervised": "unsupervised_share = 0.5, non-saturating loss",
    "supervised": "unsupervised_share = 0, labelled images only, half as many steps, by which its "
    "loss is next to 0; with noise and without",
    "supervised_best_by_looking": "the best test accuracy that either supervised run showed at any "
    "of six moments: nobody can stop there without test labels",
    "settings": "chosen with the labels of seed 0, at last on 5,000 training images that were then "
    "held out; some of the first attempts had been compared on the test part",
    "accuracy": "on the whole test part, after the last step",
}


def main():
    """Parse arguments, compare for each seed, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="training images, labels beside them")
    parser.add_argument("--test", required=True, help="test images, labels beside them")
    parser.add_argument("--labels-per-class", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    console = Console()
    train, test = read(arguments.data), read(arguments.test)
    rows = []
    for seed in range(arguments.seeds):
        rows.append(compare(train, test, seed, arguments.labels_per_class, arguments.steps))
        console.print({name: value for name, value in rows[-1].items() if name != "indices"})
        settings = {"labels_per_class": arguments.labels_per_class, "steps": arguments.steps}
        names = [Path(path).name for path in (arguments.data, arguments.test)]
        protocol = {**PROTOCOL, "data": names, **settings}
        packages = ("tensorflow", "keras", "numpy")
        results = {"command": command(), "summary": summary(rows), "rows": rows}
        write_json(arguments.output, record("weakly_supervised", protocol, packages, **results))
    console.print(summary(rows), arguments.output)


def read(path):
    """Images `(n, H, W, C)` in [-1, 1] and labels `(n,)` of what `pipelines.from_source` reads."""
    source = pipelines.from_source(path, augment=False)
    batches = pipelines.labelled(source, 1000, shuffle=False).as_numpy_iterator()
    images, labels = zip(*batches, strict=True)
    return np.concatenate(images), np.concatenate(labels)


def compare(train, test, seed, labels_per_class=10, steps=3000):
    """Train with few labels, with and without the other images.

    Args:
        train: `(images, labels)`, float32 in [-1, 1] and integers from 0 on.
        test: The same, for the accuracies alone.
        seed: Integer, of the labels that are drawn, the weights and the batches.
        labels_per_class: Integer. Defaults to 10.
        steps: Integer, updates of the weakly supervised model. Defaults to 3000.

    Returns:
        A dict of plain values: accuracies after the last step and on the way, and seconds.
    """
    known = draw_labels(train[1], labels_per_class, seed)
    runs = {
        "weakly_supervised": {"share": 0.5, "noise": True},
        "supervised": {"share": 0.0, "noise": True},
        "supervised_without_noise": {"share": 0.0, "noise": False},
    }
    row = {"seed": seed, "indices": known.tolist()}
    for name, options in runs.items():
        count = steps if options["share"] else steps // 2
        row[name] = train_and_test(train, test, known, seed, count, **options)
    return row


def draw_labels(labels, per_class, seed):
    """Indices of the images whose label is known, `per_class` of each class."""
    rng = np.random.default_rng(seed)
    places = [np.flatnonzero(labels == each) for each in np.unique(labels)]
    return np.concatenate([rng.choice(place, per_class, replace=False) for place in places])


def train_and_test(train, test, known, seed, steps, *, share, noise, looks=6):
    """Train one model; return its test accuracies in equal intervals and the seconds it took."""
    keras.utils.set_random_seed(seed)
    shape = train[0].shape[1:]
    model = zoo.WeaklySupervisedGAN(
        class_count=int(train[1].max()) + 1,
        image_shape=shape,
        features=weakly_supervised_gan.perceptron_features(shape, UNITS, noise=noise),
        unsupervised_share=share,
        seed=seed,
    )
    rates = [keras.optimizers.schedules.CosineDecay(rate, steps) for rate in (3e-4, 1e-3)]
    model.compile(*(keras.optimizers.Adam(rate, beta_1=0.5) for rate in rates))
    unlabelled = UNLABELLED if share else 0
    seconds, accuracies = 0.0, []
    for look in range(looks):
        until = steps * (look + 1) // looks
        began = time.perf_counter()
        model.fit(batches(train, known, seed, unlabelled, model.step, until), verbose=0)
        seconds += time.perf_counter() - began
        found = model.classify(test[0], batch_size=1000).argmax(axis=1)
        accuracies.append(round(float((found == test[1]).mean()), 4))
    return {"accuracy": accuracies[-1], "on_the_way": accuracies, "seconds": round(seconds)}


def batches(train, known, seed, unlabelled, first, last):
    """Batches of labelled images, joined by `unlabelled` others of label -1, for some steps."""
    few = source(train[0][known], train[1][known])
    if unlabelled:
        count = LABELLED + unlabelled
        share = LABELLED / count
        endless = pipelines.partly_labelled(
            few, source(train[0]), count, labelled_share=share, seed=seed, start_step=first
        )
    else:
        endless = pipelines.labelled(few, LABELLED, seed=seed, start_step=first)
    return endless.take(last - first)


def source(images, labels=None):
    """An image source of arrays in [-1, 1]."""
    return pipelines.from_arrays(images, value_range=(-1, 1), augment=False, labels=labels)


def command():
    """How the script was called, with the names of files instead of where they lie."""
    words = [Path(word).name if "/" in word else word for word in sys.argv[1:]]
    return shlex.join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *words])


def summary(rows):
    """Mean accuracy of each run, and the supervised best that could be had by looking."""
    names = [name for name in rows[0] if name not in ("seed", "indices")]
    means = {name: float(np.mean([row[name]["accuracy"] for row in rows])) for name in names}
    best = [max(max(row[name]["on_the_way"]) for name in names[1:]) for row in rows]
    return {**means, "supervised_best_by_looking": float(np.mean(best)), "seeds": len(rows)}


if __name__ == "__main__":
    main()

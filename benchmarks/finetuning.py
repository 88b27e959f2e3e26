"""Few images of a new kind: from scratch, from a trained model, and with frozen lower layers.

A DCGAN is trained on all classes but one of a labelled set. Then it is trained on a few images of
the class that was left out, in as many steps as another one from scratch.

    python benchmarks/finetuning.py --data train-images-idx3-ubyte.gz \\
        --features efficientnet_lite0.keras
"""

import argparse
import shlex
import sys
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from rich.console import Console
from timing import record, write_json

import pipelines
import zoo
from zoo.core import finetuning

RESULTS = Path(__file__).resolve().parent / "results" / "finetuning.json"
BATCH_SIZE = 64
PROTOCOL = {
    "model": "DCGAN, 28 px, 32 filters, non-saturating loss, the paper's optimizers, averaged with "
    "a halflife of 10,000 images (at most 5 % of the images seen)",
    "scratch": "new weights, trained on the few images",
    "warm_start": "generator, average and discriminator copied from the model that was trained on "
    "the other classes; optimizers new",
    "freeze_N": "the same with the N lowest layers of the discriminator frozen (FreezeD)",
    "distance": "squared Frechet distance of the averaged generator's images to all other images "
    "of the class, of which none was trained on; of equal numbers of each",
}


def main():
    """Parse arguments, pre-train, fine-tune in each way, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="training images, labels beside them")
    parser.add_argument("--features", required=True, help="path of efficientnet_lite0.keras")
    parser.add_argument("--target", type=int, default=8, help="class to fine-tune on")
    parser.add_argument("--count", type=int, default=500, help="images to fine-tune on")
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--pretraining-steps", type=int, default=4000)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--frozen", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--image-size", type=int, default=96, help="side the features see")
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    console = Console()
    embedding = zoo.metrics.Embedding.efficientnet_lite0(arguments.features, arguments.image_size)
    rows = []
    for seed in range(arguments.seeds):
        rows.append(compare(arguments, seed, embedding, console))
        settings = {name: value for name, value in vars(arguments).items() if name != "output"}
        settings.update({name: Path(settings[name]).name for name in ("data", "features")})
        protocol = {**PROTOCOL, "embedding": embedding.protocol, **settings}
        packages = ("tensorflow", "keras", "numpy")
        results = {"command": command(), "summary": summary(rows), "rows": rows}
        write_json(arguments.output, record("finetuning", protocol, packages, **results))
    console.print(summary(rows), arguments.output)


def compare(arguments, seed, embedding, console):
    """Pre-train and fine-tune with one seed; return a dict of plain values."""
    others, few, rest = split(arguments.data, arguments.target, arguments.count, seed)
    reference = moments(embedding(rest[: arguments.samples]))
    trained = new_model(seed)
    trained.compile()
    began = time.perf_counter()
    fit(trained, others, arguments.pretraining_steps, seed)
    row = {"seed": seed, "pretraining_seconds": round(time.perf_counter() - began)}
    row["pretrained_only"] = distance(trained, embedding, reference, arguments.samples)
    for name, start, frozen in (
        ("scratch", None, 0),
        ("warm_start", trained, 0),
        *((f"freeze_{count}", trained, count) for count in arguments.frozen),
    ):
        row[name] = tune(few, seed, start, frozen, arguments, embedding, reference)
        console.print(seed, name, row[name])
    return row


def tune(few, seed, start, frozen, arguments, embedding, reference, looks=3):
    """Train one model on the few images; return its distances in equal intervals."""
    model = new_model(seed + 1000)
    if start is not None:
        finetuning.warm_start(model, start, strict=True)
    finetuning.freeze_lower_layers(model, frozen)
    model.compile()
    seconds, distances = 0.0, []
    for look in range(looks):
        until = arguments.steps * (look + 1) // looks
        began = time.perf_counter()
        fit(model, few, until, seed)
        seconds += time.perf_counter() - began
        distances.append(distance(model, embedding, reference, arguments.samples))
    return {"distance": distances[-1], "on_the_way": distances, "seconds": round(seconds)}


def split(path, target, count, seed):
    """Images of the other classes, `count` of class `target`, and its other images."""
    source = pipelines.from_source(path, augment=False)
    batches = pipelines.labelled(source, 1000, shuffle=False).as_numpy_iterator()
    images, labels = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    wanted = np.random.default_rng(seed).permutation(images[labels == target])
    return images[labels != target], wanted[:count], wanted[count:]


def new_model(seed):
    """An untrained model."""
    keras.utils.set_random_seed(seed)
    return zoo.DCGAN(image_size=28, channels=1, filters=32, ema_halflife_images=10_000, seed=seed)


def fit(model, images, until, seed):
    """Train until `until` updates have been made; the batches depend on seed and step alone."""
    everything = tf.constant(images)

    def batch(step):
        key = tf.stack([tf.constant(seed, tf.int64), step])
        indices = tf.random.stateless_uniform([BATCH_SIZE], key, 0, len(images), tf.int32)
        return tf.gather(everything, indices)

    model.fit(tf.data.Dataset.range(model.step, until).map(batch).prefetch(4), verbose=0)


def distance(model, embedding, reference, samples):
    """Frechet distance of the images that the averaged generator makes, four digits."""
    made = moments(embedding(model.generate(samples, seed=1, batch_size=500)))
    return float(f"{zoo.metrics.frechet_distance(made, reference):.4g}")


def moments(embedded):
    """Mean and covariance of `Embedded` images."""
    return zoo.metrics.Moments.of(embedded.vectors)


def command():
    """How the script was called, with the names of files instead of where they lie."""
    words = [Path(word).name if "/" in word else word for word in sys.argv[1:]]
    return shlex.join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *words])


def summary(rows):
    """Mean final distance of each way."""
    ways = [name for name, value in rows[0].items() if isinstance(value, dict)]
    return {way: float(np.mean([row[way]["distance"] for row in rows])) for way in ways}


if __name__ == "__main__":
    main()

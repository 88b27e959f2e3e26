"""Measure pairs per second: the zoo's recipes by `tf.data` against NumPy and OpenCV.

Both degrade random crops of the same decoded photographs by the same recipe on all cores; OpenCV
does it sample by sample in one process for each core. First it is checked that they do the same
work. They take turns. Needs OpenCV and SciPy beside the zoo.

    python benchmarks/pipeline.py --per-step
    python benchmarks/pipeline.py --rounds 1 --pairs 32 --samples 16 --output /tmp/pipeline.json
"""

import argparse
import contextlib
import functools
from pathlib import Path

from pipeline_contenders import OpenCV
from rich.console import Console
from timing import (
    Worker,
    alternate,
    cores,
    in_process,
    opencv_distribution,
    record,
    summary,
    write_json,
)

RESULTS = Path(__file__).resolve().parent / "results" / "pipeline.json"
CROPS_PX = {"real-esrgan-x4": 256, "old-photo": 128}
BATCH_SIZE = 16
PROTOCOL = {
    "unit": "pairs/s: degraded and clean images in float32, in batches, in memory",
    "data": "random crops, flipped and turned, of the four photographs that scikit-image ships, "
    "decoded in memory",
    "zoo": "pipelines.paired; a fresh iterator each round, its first 4 batches not timed",
    "opencv": "the same recipe per sample, one process a core, one thread each, handing batches "
    "over not counted; the first batch of each process not timed; sizes are drawn for each "
    "sample, in the zoo for each batch",
    "poisson": "both draw the normal approximation",
    "per_step": "ms of processor time an image, one thread, step after step on batches of 16 "
    "(OpenCV: image after image), in the sizes that the steps before made; steps that samples "
    "skip count with 0",
}


def main():
    """Parse arguments, compare the work, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipes", nargs="+", choices=list(CROPS_PX), default=list(CROPS_PX))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pairs", type=int, default=1024, help="pairs a round")
    parser.add_argument("--samples", type=int, default=256, help="images of the comparison of work")
    parser.add_argument("--per-step", action="store_true", help="profile every step as well")
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    console = Console()
    images = in_process("pipeline_contenders:photographs")
    rows = []
    for name in arguments.recipes:
        with console.status(f"{name}: is the work equal?"):
            parity = in_process(
                "recipe_parity:compare", name, images, CROPS_PX[name], arguments.samples
            )
        if not parity["agrees"]:
            console.print(parity)
            raise SystemExit(f"{name}: OpenCV's recipe does not do the zoo's work")
        with console.status(f"{name}: pairs"):
            row = {"recipe": name, "crop_px": CROPS_PX[name], "batch_size": BATCH_SIZE}
            row |= measure(name, images, arguments)
        rows.append({**row, "equality": parity})
        console.print(as_line(row))
    protocol = {
        **PROTOCOL,
        "rounds": arguments.rounds,
        "pairs_per_round": arguments.pairs,
        "cores": cores(),
    }
    packages = ("tensorflow", "numpy", "scipy", "scikit-image", opencv_distribution())
    write_json(arguments.output, record("pipeline", protocol, packages, rows=rows))
    console.print(arguments.output)


def measure(name, images, arguments):
    """Return pairs per second of both, and the times of their steps if asked for."""
    batches = max(1, arguments.pairs // BATCH_SIZE)
    shared = (name, images, CROPS_PX[name], BATCH_SIZE)
    with (
        Worker("pipeline_contenders:Zoo", *shared) as zoo,
        contextlib.closing(OpenCV(*shared, processes=cores())) as opencv,
    ):
        measures = {
            "zoo": functools.partial(zoo.call, "seconds_per_pair", batches),
            "opencv": functools.partial(opencv.seconds_per_pair, batches),
        }
        seconds = alternate(measures, arguments.rounds)
    results = {
        "pairs_per_s": {
            contender: summary([1 / each for each in times]) for contender, times in seconds.items()
        }
    }
    if arguments.per_step:
        results["per_step"] = profile(shared, min(batches, 16))
    return results


def profile(shared, batches):
    """Return the times of all steps on one core."""
    with Worker("pipeline_contenders:Zoo", *shared, threads=1) as zoo:
        ours = zoo.call("milliseconds_per_step", batches)
    with Worker("pipeline_contenders:Maker", *shared, 0, threads=1) as opencv:
        theirs = opencv.call("milliseconds_per_step", batches)
    return {"zoo": ours, "opencv": theirs}


def as_line(row):
    """Return a row for the terminal."""
    rates = [f"{name} {each['median']:g}" for name, each in row["pairs_per_s"].items()]
    return f"{row['recipe']}, {row['crop_px']} px, pairs/s: {' · '.join(rates)}"


if __name__ == "__main__":
    main()

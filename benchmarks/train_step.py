"""Measure training steps: the zoo, the style of the keras.io examples, and PyTorch.

Three GANs, each with the same networks, losses and optimizers for all contenders; each contender
lives in a process of its own, and they take turns. The rounds also measure what a convolution alone
reaches, of which each step is given as a share. Needs PyTorch beside the zoo.

    python benchmarks/train_step.py
    python benchmarks/train_step.py --models dcgan --rounds 1 --small --output /tmp/train_step.json
"""

import argparse
import contextlib
import functools
import math
from pathlib import Path

from rich.console import Console
from timing import Worker, alternate, cores, in_process, record, summary, write_json

RESULTS = Path(__file__).resolve().parent / "results" / "train_step.json"
SIZES = {
    "srgan": {"batch_size": 16, "image_px": 96, "filters": 64, "blocks": 16},
    "cyclegan": {"batch_size": 1, "image_px": 128, "filters": 64, "blocks": 6},
    "dcgan": {"batch_size": 64, "image_px": 64, "filters": 64, "blocks": 0},
}
#: For the check of equal work, and to try the script.
SMALL = {
    "srgan": {"batch_size": 2, "image_px": 32, "filters": 16, "blocks": 1},
    "cyclegan": {"batch_size": 1, "image_px": 32, "filters": 8, "blocks": 1},
    "dcgan": {"batch_size": 4, "image_px": 64, "filters": 8, "blocks": 0},
}
CONTENDERS = {
    "zoo": ("keras_contenders:Contender", {"style": "zoo"}),
    "keras.io style": ("keras_contenders:Contender", {"style": "keras.io"}),
    "pytorch": ("torch_networks:Contender", {}),
}
PROTOCOL = {
    "unit": "images/s: samples of the batch (CycleGAN: one image of each domain) over the time of "
    "a step with both updates; the batch is in memory",
    "srgan": "x4, 24 -> 96 px: SRResNet, discriminator with a global average, mean squared error "
    "+ 1e-3 x adversarial; no VGG term",
    "cyclegan": "128 px: two ResNet generators, two discriminators of 70 px patches, instance "
    "norm, least squares + 10 x cycle + 5 x identity; no pool of old fakes",
    "dcgan": "64 px, latent of 100, batch norm, non-saturating loss",
    "zoo": "AdversarialModel: the generator runs once a step; the zoo's BatchNorm and InstanceNorm",
    "keras.io style": "the generator runs once for each of two tapes, as in the GAN examples of "
    "keras.io (for CycleGAN as well, whose example has one persistent tape); Keras' "
    "BatchNormalization and GroupNormalization(groups=-1)",
    "pytorch": "eager, channels last, fused Adam, the generator runs once, discriminator frozen in "
    "the generator's update; bfloat16 by autocast",
    "bfloat16": "mixed: weights, losses and the layers that the zoo pins in float32",
    "roofline": "TensorFlow convolution 3x3, 64 -> 64, batch 16, 96 x 96 px, forward and backward, "
    "in the same rounds",
    "roofline_share": "operations of the convolutions and dense layers of a step that runs each "
    "generator pass once, over its time, over the roofline of the same round",
}


def main():
    """Parse arguments, check that the work is equal, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=_listed(SIZES), default=list(SIZES))
    parser.add_argument("--precisions", type=_listed(("float32", "bfloat16")))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds-per-round", type=float, default=10.0)
    parser.add_argument("--small", action="store_true", help="tiny networks, to try the script")
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    console = Console()
    precisions, why = choose_precisions(arguments.precisions)
    console.print(f"precisions: {', '.join(precisions)} ({why})")
    equality = {}
    for model in arguments.models:
        with console.status(f"{model}: is the work equal?"):
            equality[model] = check_equality(model)
    rows = []
    for model in arguments.models:
        for precision in precisions:
            with console.status(f"{model}, {precision}"):
                rows.append(measure(model, precision, arguments))
            console.print(as_line(rows[-1]))
    protocol = {
        **PROTOCOL,
        "rounds": arguments.rounds,
        "seconds_per_round": arguments.seconds_per_round,
        "threads": cores(),
        "precisions": why,
        "small": arguments.small,
    }
    packages = ("tensorflow", "keras", "torch", "numpy")
    results = {"equality": equality, "rows": rows}
    write_json(arguments.output, record("train_step", protocol, packages, **results))
    console.print(arguments.output)


def _listed(choices):
    def parse(text):
        names = text.split(",")
        if not set(names) <= set(choices):
            raise argparse.ArgumentTypeError(f"must be out of {', '.join(choices)}: {text}")
        return names

    return parse


def choose_precisions(asked):
    """Return the precisions to measure, and why these."""
    policy = in_process("zoo.core.hardware:fast_policy")
    fast = f"zoo.core.hardware.fast_policy() is {policy} here"
    if asked:
        return asked, f"as asked; {fast}"
    if policy == "float32":
        return ["float32"], f"no bfloat16: {fast}, the processor has no instructions for it"
    return ["float32", "bfloat16"], fast


def check_equality(model):
    """Raise unless all contenders do the same work, at a small size; return the figures."""
    sizes = SMALL[model]
    facts = in_process("keras_contenders:facts", model, sizes)
    facts["pytorch"] = in_process("torch_networks:facts", model, sizes)
    ours, theirs, torch = facts["zoo"], facts["keras.io"], facts["pytorch"]
    for player in ("discriminator_loss", "generator_loss"):
        one, other = ours["losses"][player], theirs["losses"][player]
        if not math.isclose(one, other, rel_tol=1e-3):
            raise SystemExit(f"{model}: {player} is {one} once and {other} in the two-pass step")
    for name, other in (("keras.io", theirs), ("pytorch", torch)):
        if ours["parameters"] != other["parameters"]:
            raise SystemExit(f"{model}: weights differ, {name}: {ours} against {other}")
    if ours["flop"] != torch["flop"]:
        raise SystemExit(f"{model}: operations differ: {ours['flop']} against {torch['flop']}")
    return {"sizes": sizes, **facts}


def measure(model, precision, arguments):
    """Return one row: all contenders and the roofline in alternating rounds."""
    sizes = (SMALL if arguments.small else SIZES)[model]
    with contextlib.ExitStack() as stack:
        workers = {
            name: stack.enter_context(Worker(factory, model, sizes, precision, **options))
            for name, (factory, options) in CONTENDERS.items()
        }
        flop = workers["zoo"].call("flop")
        parameters = workers["zoo"].call("parameters")
        workers["roofline"] = stack.enter_context(Worker("keras_contenders:Roofline", precision))
        roof_flop = workers["roofline"].call("flop")
        budgets = dict.fromkeys(workers, arguments.seconds_per_round)
        budgets["roofline"] = min(2.0, arguments.seconds_per_round)
        measures = {
            name: functools.partial(seconds_per_step, worker, steps_for(worker, budgets[name]))
            for name, worker in workers.items()
        }
        seconds = alternate(measures, arguments.rounds)
    roofs = [roof_flop / each for each in seconds.pop("roofline")]
    return {
        "model": model,
        "precision": precision,
        **sizes,
        "parameters": parameters,
        "gflop_per_step": round(flop / 1e9, 2),
        "roofline_gflop_per_s": summary([roof / 1e9 for roof in roofs]),
        "contenders": {
            name: {
                "images_per_s": summary([sizes["batch_size"] / each for each in times]),
                "ms_per_step": summary([1e3 * each for each in times])["median"],
                "roofline_share": summary(
                    [flop / each / roof for each, roof in zip(times, roofs, strict=True)], 3
                )["median"],
            }
            for name, times in seconds.items()
        },
    }


def steps_for(worker, seconds):
    """Warm up, and return how many steps fill a round."""
    worker.call("seconds", 2)  # traces the graph
    return max(2, math.ceil(seconds / seconds_per_step(worker, 2)))


def seconds_per_step(worker, steps):
    """Mean time of `steps` steps in a row."""
    return worker.call("seconds", steps) / steps


def as_line(row):
    """Return a row for the terminal."""
    parts = [
        f"{name} {each['images_per_s']['median']:g} ({100 * each['roofline_share']:.0f} %)"
        for name, each in row["contenders"].items()
    ]
    return f"{row['model']}, {row['precision']}, images/s (of roofline): " + " · ".join(parts)


if __name__ == "__main__":
    main()

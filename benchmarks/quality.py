"""Score every preset, the classical methods and the plain input on the same degraded images.

Published figures of other models stand beside them, each with its source. Results go to
`benchmarks/results/quality.json`, from which the README's table is made (`make tables`).

    python benchmarks/quality.py --data Set5=data/set5 --data CBSD68=data/cbsd68 \
        --features data/efficientnet_lite0.keras --upscalerjs package
"""

import argparse
import functools
from pathlib import Path

import classical
import layers_model
import tensorflow as tf
from rich.progress import track
from timing import opencv_distribution, record, write_json

import pipelines
import zoo
from zoo.commands import evaluating

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "quality.json"
#: The noise levels on which blind denoisers are compared.
_LEVELS = {"denoise-blind": ("denoise-15", "denoise-25", "denoise-50")}
#: What `restoration.py` scores, beside other methods.
_ELSEWHERE = ("low-light", "lama-medium", "grayscale", "old-photo-damage")


def main():
    """Parse arguments, score, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", action="append", required=True, metavar="SET=SOURCE")
    parser.add_argument("--features", type=Path, help="efficientnet_lite0.keras")
    parser.add_argument("--upscalerjs", type=Path, help="unpacked @upscalerjs/esrgan-slim of npm")
    parser.add_argument("--presets", nargs="*", default=zoo.list_presets())
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    if not all("=" in entry for entry in arguments.data):
        parser.error(f"--data must be NAME=SOURCE. Received: {' '.join(arguments.data)}")
    sources = dict(entry.split("=", 1) for entry in arguments.data)
    packages = ["tensorflow", "keras", opencv_distribution()]
    rows = []
    for recipe, models in by_recipe(arguments.presets).items():
        for name, source in sources.items():
            rows += score(recipe, models, name, source, arguments)
    protocol = {"seed": 0, "images": "whole", "mean": "over images"}
    write_json(arguments.output, record("quality", protocol, packages, rows=rows))
    print(arguments.output)


def by_recipe(presets):
    """Return a dict of recipe to dict of preset name to model."""
    groups = {}
    for name in presets:
        model = zoo.from_preset(name)
        if not isinstance(model, zoo.PairedGAN) or recipe_of(name, model) in _ELSEWHERE:
            continue
        for recipe in _LEVELS.get(model.default_recipe, (recipe_of(name, model),)):
            groups.setdefault(recipe, {})[name] = model
    return groups


def recipe_of(name, model):
    """The recipe that a preset was trained with."""
    return zoo.preset_record(name).get("recipe") or model.default_recipe


def upscaler_js(package, scale):
    """UpscalerJS slim of an unpacked npm package, as a function of floats in [-1, 1]."""
    network = layers_model.load(package / "models" / f"x{scale}")
    return tf.function(
        lambda images: network((images + 1) * 127.5) / 127.5 - 1, reduce_retracing=True
    )


def score(recipe, models, data, source, arguments):
    """Score all methods for one recipe on one set of images.

    Args:
        recipe: Name of a recipe.
        models: Dict of preset name to model; all of one scale.
        data: Name of the set.
        source: What `pipelines.from_source` takes.
        arguments: Of the command line: `features` and `upscalerjs`, paths or `None`.

    Returns:
        List of rows, one for each method and metric.
    """
    model = next(iter(models.values()))
    upscales = model.scale > 1
    enlarge = functools.partial(evaluating.enlarge, scale=model.scale)
    methods = {"bicubic" if upscales else "input": enlarge}
    if not upscales:
        methods |= classical.METHODS
    elif arguments.upscalerjs:
        methods["UpscalerJS slim (0.2 M)"] = upscaler_js(arguments.upscalerjs, model.scale)
    methods |= {name: evaluating.restorer(each) for name, each in models.items()}
    metrics = {name: evaluating.metrics_of(model, arguments.features) for name in methods}
    photos = pipelines.from_source(source)
    pairs = pipelines.paired(photos, recipe, 1, seed=0, shuffle=False)
    for degraded, clean in track(pairs, f"{recipe}, {data}", total=len(photos)):
        for name, method in methods.items():
            output = method(degraded)
            for metric in metrics[name]:
                metric.update_state(clean, output)
    means = {name: [(each, float(each.result())) for each in metrics[name]] for name in methods}
    return rows_of(recipe, data, len(photos), models, means)


def rows_of(recipe, data, count, models, means):
    """Return rows for the JSON, one for each method and metric.

    Args:
        recipe: Name of the recipe.
        data: Name of the set.
        count: Number of its images.
        models: Names of the methods that are presets.
        means: Dict of name of a method to list of metric (with `name` and `protocol`) and value.
    """
    return [
        {
            "recipe": recipe,
            "method": name,
            "preset": name in models,
            "data": data,
            "images": count,
            "metric": metric.name,
            "value": value,
            "protocol": metric.protocol,
        }
        for name, scores in means.items()
        for metric, value in scores
    ]


if __name__ == "__main__":
    main()

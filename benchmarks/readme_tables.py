"""Write the generated tables of README.md; `--check` only says whether they are in sync.

Each table stands between `<!-- table: NAME -->` and `<!-- end -->` and is made from the presets'
`config.json` and from the classes themselves, never by hand.
"""

import argparse
import json
import re
import sys
from pathlib import Path

import editing_table
import serving_tables

import pipelines
import zoo
from zoo.commands import variants

HERE = Path(__file__).resolve().parent
_COLAB = "https://colab.research.google.com/github/keras-gan-zoo/keras-gan-zoo/blob/main/notebooks"
README = HERE.parent / "README.md"


def presets_table():
    """One row for each preset and set of images."""
    rows = [
        "| preset | for | weights | adversary | data | PSNR, dB | SSIM | protocol |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in zoo.list_presets():
        record = zoo.preset_record(name)
        for score in record.get("scores", {}).values():
            if "psnr" not in score:
                continue
            model = zoo.from_preset(name)
            weights, adversary = model.generator.count_params(), model.objective.adversarial_weight
            gains = [
                f"{score[metric]['input']:.{_METRICS[metric][1]}f} → "
                f"**{score[metric]['restored']:.{_METRICS[metric][1]}f}**"
                for metric in ("psnr", "ssim")
            ]
            rows.append(
                f"| [`{name}`](zoo/presets/{name}/card.md) | `{score['recipe']}` | "
                f"{weights / 1e6:.2f} M | {adversary or 'none'} | {score['data']} | "
                f"{' | '.join(gains)} | {score['psnr']['protocol']} |"
            )
    return rows


def sample_presets_table():
    """One row for each preset that makes images from noise."""
    rows = [
        "| preset | model | weights | data | Frechet distance | coverage | precision |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in zoo.list_presets():
        record = zoo.preset_record(name)
        if "samples" in record:
            scores = {key: each["value"] for key, each in record["samples"].items()}
            distance = next(iter(scores))
            weights = zoo.from_preset(name).generator.count_params()
            rows.append(
                f"| [`{name}`](zoo/presets/{name}/card.md) | `{record['model']['class_name']}` | "
                f"{weights / 1e6:.2f} M | {record['data']} | {distance} {scores[distance]:.0f} | "
                f"{scores['coverage']:.2f} | {scores['precision']:.2f} |"
            )
    return rows


#: What works with models that are trained elsewhere.
_COMPOSITIONS = (zoo.OldPhotoRestorer, zoo.SemanticInpainting, zoo.TwoStageRestorer)


def tasks_table():
    """What can be done, by which variants, with which presets."""
    presets = {}
    for name in zoo.list_presets():
        presets.setdefault(zoo.preset_record(name)["model"]["class_name"], []).append(name)
    tasks = {}
    for cls in (*variants.all_variants().values(), *_COMPOSITIONS):
        tasks.setdefault(cls.task, []).append(cls.__name__)
    rows = ["| task | variants | presets |", "|---|---|---|"]
    for task, classes in sorted(tasks.items()):
        names = [name for cls in classes for name in presets.get(cls, [])]
        rows.append(
            f"| {task} | {', '.join(f'`{name}`' for name in classes)} | "
            f"{', '.join(f'[`{name}`](zoo/presets/{name}/card.md)' for name in names)} |"
        )
    return rows


def tutorials_table():
    """The notebooks, each with a link that opens it in Colab."""
    rows = ["| tutorial | |", "|---|---|"]
    for path in sorted((HERE.parent / "notebooks").glob("[0-9]*.py")):
        title = re.search(r"^# # (.+)$", path.read_text(), flags=re.MULTILINE)[1]
        link = f"{_COLAB}/{path.stem}.ipynb"
        rows.append(f"| [{path.stem[:2]} {title}](notebooks/{path.stem}.ipynb) | [Colab]({link}) |")
    return rows


def variants_table():
    """One row for each variant."""
    rows = ["| class | `zoo train` name | task | what it is |", "|---|---|---|---|"]
    for name, cls in sorted(variants.all_variants().items()):
        about = cls.__doc__.strip().splitlines()[0]
        rows.append(f"| `zoo.{cls.__name__}` | `{name}` | {cls.task} | {about} |")
    return rows


def recipes_table():
    """One row for each recipe."""
    rows = ["| recipe | what it does |", "|---|---|"]
    return rows + [
        f"| `{name}` | {pipelines.recipe(name).description} |" for name in pipelines.list_recipes()
    ]


def quality_table():
    """A table for each recipe: presets, classical methods and what others published."""
    published = json.loads((HERE / "published.json").read_text())
    return _table_of_each_recipe(_results("quality")["rows"], published)


def restoration_table():
    """A table for each recipe: presets, and what is done without a network."""
    return _table_of_each_recipe(_results("restoration")["rows"], [])


def _table_of_each_recipe(measured, published):
    lines = []
    for recipe in dict.fromkeys(row["recipe"] for row in measured):
        mine, theirs = ([row for row in rows if row["recipe"] == recipe]
                        for rows in (measured, published))  # fmt: skip
        columns = list(dict.fromkeys((row["data"], row["metric"]) for row in mine))
        rows = [row for row in [*mine, *theirs] if (row["data"], row["metric"]) in columns]
        lines += [
            f"**`{recipe}`**: {_description(recipe)}. {_protocols(mine)}",
            "",
            "| method | "
            + " | ".join(f"{data} {_METRICS[name][0]}" for data, name in columns)
            + " |",
            "|---" * (1 + len(columns)) + "|",
        ]
        for method in dict.fromkeys(row["method"] for row in rows):
            group = [row for row in rows if row["method"] == method]
            values = {(row["data"], row["metric"]): row["value"] for row in group}
            cells = [
                f"{values[column]:.{_METRICS[column[1]][1]}f}" if column in values else ""
                for column in columns
            ]
            lines.append(f"| {_title(group[0])} | " + " | ".join(cells) + " |")
        lines.append("")
    return lines[:-1]


def _description(recipe):
    if recipe in pipelines.list_recipes():
        return pipelines.recipe(recipe).description
    return "a square in the middle, filled by a search for the latents that fit best"


#: Metric -> its title and digits.
_METRICS = {
    "psnr": ("PSNR", 2),
    "ssim": ("SSIM", 4),
    "feature_distance": ("feature distance", 4),
    "hole_psnr": ("PSNR of holes", 2),
    "ciede2000": ("CIEDE2000", 2),
    "colorfulness": ("colourfulness", 1),
    "lightness_error": ("largest error of L*", 2),
    "iou": ("IoU of the mask", 3),
}


def _protocols(rows):
    protocols = {_METRICS[row["metric"]][0]: row["protocol"].split(", 11x11")[0] for row in rows}
    if protocols.get("PSNR") == protocols.get("SSIM"):
        protocols = {"PSNR and SSIM": protocols["PSNR"], **protocols}
        del protocols["PSNR"], protocols["SSIM"]
    return "; ".join(f"{name}: {protocol}" for name, protocol in protocols.items()) + "."


def _title(row):
    if row.get("preset") and row["method"] in zoo.list_presets():
        model = zoo.from_preset(row["method"])
        models = [each for each in getattr(model, "models", {"": model}).values() if each]
        weights = sum(each.generator.count_params() for each in models)
        return f"**`{row['method']}`** ({weights / 1e6:.2f} M)"
    if "source" not in row:
        return row["method"]
    link = re.match(r"https://\S+[^,\s]", row["source"])
    return f"[{row['method']}]({link[0]})*" if link else f"{row['method']}†"


def train_step_table():
    """One row for each model and precision."""
    results = _results("train_step")
    rows = [
        "| step | precision | zoo, images/s | keras.io style | PyTorch | zoo / keras.io style | "
        "zoo / PyTorch | of the convolution roofline |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in results["rows"]:
        speeds = {name: each["images_per_s"]["median"] for name, each in row["contenders"].items()}
        ours, keras_io, torch = (speeds[name] for name in ("zoo", "keras.io style", "pytorch"))
        rows.append(
            f"| {row['model']}, {row['image_px']} px, batch {row['batch_size']} | "
            f"{row['precision']} | {ours:.3g} | {keras_io:.3g} | {torch:.3g} | "
            f"**{ours / keras_io:.2f}x** | **{ours / torch:.2f}x** | "
            f"{100 * row['contenders']['zoo']['roofline_share']:.0f} % |"
        )
    return [*rows, "", _machine(results, "tensorflow", "keras", "torch")]


def pipeline_table():
    """One row for each recipe."""
    results = _results("pipeline")
    rows = [
        "| recipe | crop | zoo, pairs/s | OpenCV, one process a core | ratio |",
        "|---|---|---|---|---|",
    ]
    for row in results["rows"]:
        ours, theirs = (row["pairs_per_s"][name]["median"] for name in ("zoo", "opencv"))
        rows.append(
            f"| `{row['recipe']}` | {row['crop_px']} px | {ours:.0f} | {theirs:.0f} | "
            f"**{ours / theirs:.2f}x** |"
        )
    return [*rows, "", _machine(results, "tensorflow", "opencv-python-headless", "opencv-python")]


def inference_table():
    """One row for each way to run a network, then the large photographs."""
    results = _results("inference")
    networks = results["photographs"]
    names = list(dict.fromkeys(name for each in networks for name in each["contenders"]))
    titles = [f"{each['model']} ({each['weights'] / 1e6:.2f} M)" for each in networks]
    width, height = networks[0]["input_px"]
    rows = [
        f"| {width} x {height} px, x{networks[0]['scale']} | "
        + " | ".join(f"{title}: ms | MiB" for title in titles)
        + " |",
        "|---" * (1 + 2 * len(titles)) + "|",
    ]
    for name in names:
        measured = [each["contenders"].get(name) for each in networks]
        cells = [f"{each['ms']['median']:.0f} | {each['peak_mib']}" if each else " | "
                 for each in measured]  # fmt: skip
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    rows += ["", "| `zoo restore`, 24 megapixels | written as | seconds | peak MiB |",
             "|---|---|---|---|"]  # fmt: skip
    for each in results["large"]:
        size = " x ".join(str(side) for side in each["output_px"])
        rows.append(
            f"| `{each['preset']}` | {each['suffix'].lstrip('.').upper()} of {size} px | "
            f"{each['seconds']:.0f} | {each['peak_mib']} |"
        )
    return [*rows, "", _machine(results, "tensorflow", "onnxruntime", "openvino")]


def edited_table():
    """One row for each system: what was asked for, how often or how well it happened."""
    results = _results("editing")
    rows = ["| system | trained | measured |", "|---|---|---|"]
    for row in results["rows"]:
        name = row["system"]
        runs = [row] if row.get("before") is None else [row["before"], row]
        trained = " and ".join(
            f"{run['steps']:,} steps, {run['seconds'] / 60:.0f} min" for run in runs
        )
        rows.append(f"| `{name}` | {trained} | {editing_table.SAID[name](row)} |")
    networks = sorted({row["embedding"] for row in results["rows"] if "embedding" in row})
    return [*rows, "", *(f"Frechet distances on {network}." for network in networks)]


def generation_table():
    """One row for each run from noise, with distances before, while and after it learns."""
    results = _results("generation")
    rows = [
        "| run | data | minutes | weights | FD: untrained | first epoch | end | floor | coverage | "
        "precision | what else |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in results["rows"]:
        distance = next(name for name in row["end"] if name.startswith(("FD-", "FID")))
        first = f"{row['first_epoch'][distance]:.0f}" if "first_epoch" in row else ""
        end = row["end"]
        rows.append(
            f"| [`{row['run']}`](benchmarks/results/generation/{row['run']}.png) | {row['data']} | "
            f"{row['seconds'] / 60:.0f} | {row['weights'] / 1e6:.2f} M | "
            f"{row['start'][distance]:.0f} | {first} | **{end[distance]:.0f}** | "
            f"{row['floor'][distance]:.0f} | {end['coverage']:.2f} | {end['precision']:.2f} | "
            f"{_further(row)} |"
        )
    protocol = results["protocol"]
    about = f"FD: Frechet distance on {protocol['embedding']}; {protocol['scores']}."
    return [*rows, "", about, *_equal_time(results["rows"])]


def _equal_time(rows):
    """What the runs on faces say, which were given the same minutes."""
    runs = {row["run"]: row for row in rows}
    known = [runs.get(name) for name in ("stylegan2_faces", "dcgan_faces", "keras_io_dcgan_faces")]
    if None in known:
        return []
    style, ours, theirs = (
        next(value for name, value in row["end"].items() if name.startswith(("FD-", "FID")))
        for row in known
    )
    seconds = ", ".join(f"{row['seconds']:.0f} s" for row in known)
    steps = ", ".join(f"{row['steps']:,}" for row in known)
    return [
        "",
        f"In about the same time ({seconds}; {steps} updates), the distance of StyleGAN2 is "
        f"{style / ours:.1f} times that of DCGAN, and that of the DCGAN of keras.io "
        f"{theirs / ours:.1f} times.",
    ]


def finetuning_table():
    """One row for each way to learn from few images."""
    results = _results("finetuning")
    protocol, titles = results["protocol"], {"scratch": "from scratch", "warm_start": "fine-tuned"}
    rows = ["| 500 images of one class | Frechet distance |", "|---|---|"]
    for way, value in results["summary"].items():
        title = titles.get(way, f"fine-tuned, {way.removeprefix('freeze_')} lowest layer(s) frozen")
        rows.append(f"| {title} | {value:.0f} |")
    about = (
        f"{protocol['model']}; {protocol['steps']:,} steps on {protocol['count']} images of class "
        f"{protocol['target']} of {protocol['data']}, after {protocol['pretraining_steps']:,} on "
        f"the other classes; {len(results['rows'])} seed(s); {protocol['embedding']}."
    )
    return [*rows, "", about]


def weakly_supervised_table():
    """One row for each way to learn from few labels."""
    results = _results("weakly_supervised")
    summary, protocol = dict(results["summary"]), results["protocol"]
    seeds = summary.pop("seeds")
    rows = ["| few labels | test accuracy |", "|---|---|"]
    rows += [f"| {way.replace('_', ' ')} | {100 * value:.1f} % |" for way, value in summary.items()]
    about = (
        f"{protocol['labels_per_class']} labels a class, {seeds} draw(s) of labels, "
        f"{protocol['data'][0]}; supervised: {protocol['supervised']}."
    )
    return [*rows, "", about]


def _further(row):
    """What only some runs measure."""
    said = []
    if "asked_class_recognised" in row:
        said.append(f"asked class recognised in {100 * row['asked_class_recognised']:.1f} % "
                    f"(of real images {100 * row['classifier_accuracy']:.1f} %)")  # fmt: skip
    if "modes" in row:
        said.append(f"{row['modes']} of 1,000 modes, KL {row['modes_kl']:.2f}")
    if "seam_ratio" in row:
        said.append(f"seam ratio {row['seam_ratio']:.2f} (real {row['seam_ratio_real']:.2f})")
    return "; ".join(said)


def _results(name):
    return json.loads((HERE / "results" / f"{name}.json").read_text())


def _machine(results, *packages):
    machine, versions = results["machine"], results["versions"]
    instructions = {"avx512": "AVX-512", "amx_bf16": "AMX"}
    present = [f"{'with' if machine[key] else 'no'} {title}" for key, title in instructions.items()]
    names = ", ".join(f"{name} {versions[name]}" for name in packages if name in versions)
    rounds = f"Medians of {results['protocol']['rounds']} alternating rounds"
    return (
        f"{rounds}; {machine['cores']} cores ({', '.join(present)}); {names}; "
        f"{results['date']}; protocol in "
        f"[`{results['benchmark']}.json`](benchmarks/results/{results['benchmark']}.json)."
    )


TABLES = {
    "train_step": train_step_table,
    "pipeline": pipeline_table,
    "inference": inference_table,
    "generation": generation_table,
    "finetuning": finetuning_table,
    "weakly_supervised": weakly_supervised_table,
    "tasks": tasks_table,
    "tutorials": tutorials_table,
    "presets": presets_table,
    "sample_presets": sample_presets_table,
    "variants": variants_table,
    "recipes": recipes_table,
    "quality": quality_table,
    "restoration": restoration_table,
    "editing": edited_table,
    "tflite": lambda: serving_tables.tflite_table(_results("tflite"), _machine),
    "serving": lambda: serving_tables.serving_table(_results("serving"), _machine),
}


def with_tables(text):
    """Return the README's text with its tables made anew."""

    def table(match):
        rows = "\n".join(TABLES[match[1]]())
        return f"<!-- table: {match[1]} -->\n{rows}\n<!-- end -->"

    return re.sub(r"<!-- table: (\w+) -->\n.*?<!-- end -->", table, text, flags=re.DOTALL)


def main():
    """Rewrite README.md, or fail if that would change it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    text = README.read_text()
    made = with_tables(text)
    if check and made != text:
        sys.exit("README.md is out of date: run `make tables`.")
    if not check:
        README.write_text(made)


if __name__ == "__main__":
    main()

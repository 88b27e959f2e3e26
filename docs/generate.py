"""Pages that are made when the site is built: variants, presets, recipes, commands, tables."""

import base64
import functools
import importlib.metadata
import inspect
import json
import re
import sys
from pathlib import Path

import mkdocs_gen_files
import typer
from typer.cli import get_docs_for_click

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import readme_tables

import zoo
from zoo.cli import app
from zoo.commands import variants

#: Public modules of the reference, and what they are about.
MODULES = {
    "zoo": "Models, presets, restoring",
    "zoo.callbacks": "Callbacks",
    "zoo.losses": "Losses and penalties",
    "zoo.metrics": "Metrics",
    "zoo.layers": "Layers",
    "zoo.latents": "Distributions of latents",
    "zoo.latent_editing": "Editing of styles",
    "pipelines": "Sources, pairs, recipes",
    "pipelines.degradations": "Degradations",
    "export": "SavedModel, TFLite, bundles",
    "export.client": "Clients",
}


def main():
    """Write all pages and the navigation."""
    nav = mkdocs_gen_files.Nav()
    nav["Home"] = "index.md"
    for title, path in {
        "Install": "install.md",
        "Five minutes": "tour.md",
        "Choosing a model": "choosing.md",
    }.items():
        nav[("Start", title)] = path
    tutorials(nav)
    for title, path in {
        "Recipes": "guides/recipes.md",
        "Watching training": "guides/watching.md",
        "Many GPUs": "guides/distributed.md",
        "Serving": "guides/serving.md",
    }.items():
        nav[("Guides", title)] = path
    variant_pages(nav)
    preset_pages(nav)
    for title, path in {
        "keras.io examples": "coming_from/keras_io.md",
        "TF-GAN": "coming_from/tf_gan.md",
        "tensorflow-addons": "coming_from/tensorflow_addons.md",
        "PyTorch-GAN and BasicSR": "coming_from/pytorch.md",
    }.items():
        nav[("Coming from", title)] = path
    command_page(nav)
    reference(nav)
    nav["Benchmarks"] = "benchmarks.md"
    write("benchmarks.md", benchmarks())
    write("choosing.md", choosing())
    write("guides/recipes.md", filled("docs/guides/recipes.md.in"))
    mathjax()
    write("SUMMARY.md", "".join(nav.build_literate_nav()))


def write(path, text):
    """Write a page of the site."""
    with mkdocs_gen_files.open(path, "w") as file:
        file.write(text)


def copy(source, path):
    """Put a file into the site."""
    with mkdocs_gen_files.open(path, "wb") as file:
        file.write(Path(source).read_bytes())


def mathjax():
    """Copy MathJax into the site, so that equations need no other site."""
    for file in importlib.metadata.files("sphinx-mathjax-offline"):
        if file.name == "tex-chtml.js" or file.suffix == ".woff":
            copy(file.locate(), f"assets/{str(file).partition('/static/')[2]}")


def table(name, depth=0):
    """A generated table of the README; links lead to pages of the site."""
    rows = "\n".join(readme_tables.TABLES[name]())
    rows = re.sub(r"\(zoo/presets/(\w+)/card\.md\)", rf"({'../' * depth}presets/\1.md)", rows)
    source = "https://github.com/keras-gan-zoo/keras-gan-zoo/blob/main/"
    return re.sub(r"\((benchmarks/[^)]+)\)", rf"({source}\1)", rows)


def filled(path):
    """A page in whose text `{{ table NAME }}` stands for a table."""
    text = (ROOT / path).read_text()
    return re.sub(r"\{\{ table (\w+) \}\}", lambda match: table(match[1], depth=1), text)


def tutorials(nav):
    """The notebooks, with what they printed."""
    for path, title in tutorial_titles().items():
        copy(path, f"tutorials/{path.name}")
        nav[("Tutorials", title)] = f"tutorials/{path.name}"


@functools.cache
def tutorial_titles():
    """Paths of the notebooks, and their titles."""
    return {
        path: re.search(r"# # (.+)", path.with_suffix(".py").read_text())[1]
        for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
    }


def variant_pages(nav):
    """A page for each variant: idea, equations, picture, reference, presets."""
    equations = sections(ROOT / "docs" / "equations.md")
    presets = {}
    for name in zoo.list_presets():
        presets.setdefault(zoo.preset_record(name)["model"]["class_name"], []).append(name)
    nav[("Variants",)] = "variants/index.md"
    write("variants/index.md", f"# Variants\n\n{linked(table('variants', depth=1))}\n")
    for command, cls in sorted(variants.all_variants().items(), key=lambda item: item[0]):
        name = cls.__name__
        lines = [f"# {name}", "", f"*{cls.task}*, `zoo train {command}`", ""]
        # Those of the zoo have equations; variants that users register need not.
        ours = cls.__module__.startswith("zoo.")
        lines += [equations[name] if ours else equations.get(name, ""), ""]
        shown = False
        for preset in presets.get(name, []):
            lines += [f"Preset: [`{preset}`](../presets/{preset}.md)", ""]
            if picture := picture_of(preset):
                lines += [f"![{preset}](../presets/{preset}/{picture})", ""]
                shown = True
        if tutorial := tutorial_of(name):
            path, title, picture = tutorial
            lines += [f"Tutorial: [{title}](../tutorials/{path.name})", ""]
            if picture and not shown:
                kind, pixels = picture
                with mkdocs_gen_files.open(f"variants/{command}.{kind}", "wb") as file:
                    file.write(pixels)
                lines += [f"![{name} in the tutorial]({command}.{kind})", ""]
                shown = True
        samples = ROOT / "benchmarks" / "results" / "generation" / f"{command}.png"
        if samples.is_file() and not shown:
            copy(samples, f"variants/{command}.png")
            lines += ["What it makes in the benchmark, not selected:", ""]
            lines += [f"![{name}]({command}.png)", ""]
        lines += [f"::: zoo.{name}", "    options:", "      heading_level: 2"]
        write(f"variants/{command}.md", "\n".join(lines) + "\n")
        nav[("Variants", name)] = f"variants/{command}.md"


def tutorial_of(name):
    """The first tutorial that builds a variant, its title, and the first picture from there on."""
    for path, title in tutorial_titles().items():
        cells = json.loads(path.read_text())["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        built = [bool(re.search(rf"\b{name}\(", "".join(cell["source"]))) for cell in code]
        if any(built):
            data = [
                (mime.removeprefix("image/"), base64.b64decode(pixels))
                for cell in code[built.index(True) :]
                for output in cell["outputs"]
                for mime, pixels in output.get("data", {}).items()
                if mime in ("image/png", "image/jpeg")
            ]
            return path, title, next(iter(data), None)
    return None


def linked(rows):
    """The table of variants with links to their pages."""
    return re.sub(r"\| `zoo\.(\w+)` \| `(\w+)`", r"| [`zoo.\1`](\2.md) | `\2`", rows)


def sections(path):
    """Sections of a Markdown file by heading."""
    parts = re.split(r"^## (\w+)$", path.read_text(), flags=re.MULTILINE)[1:]
    return {name: text.strip() for name, text in zip(parts[::2], parts[1::2], strict=True)}


def picture_of(preset):
    """Name of a preset's picture, or `None`."""
    folder = ROOT / "zoo" / "presets" / preset
    return next((path.name for path in sorted(folder.glob("*.[jp][pn]g"))), None)


def preset_pages(nav):
    """The presets' cards."""
    nav[("Presets",)] = "presets/index.md"
    rows = [table("presets", depth=1), table("sample_presets", depth=1)]
    text = "\n\n".join(rows).replace("](../presets/", "](")
    write("presets/index.md", f"# Presets\n\n{text}\n")
    for name in zoo.list_presets():
        folder = ROOT / "zoo" / "presets" / name
        card = (folder / "card.md").read_text()
        card = re.sub(r"!\[([^]]*)\]\(([\w.]+)\)", rf"![\1]({name}/\2)", card)
        card = re.sub(r"\(\.\./(\w+)/card\.md\)", r"(\1.md)", card)
        write(f"presets/{name}.md", card)
        for picture in folder.glob("*.[jp][pn]g"):
            copy(picture, f"presets/{name}/{picture.name}")
        nav[("Presets", name)] = f"presets/{name}.md"


def choosing():
    """Which model for which task: picture, size, cost, score."""
    text = (ROOT / "docs" / "choosing.md.in").read_text()
    measured = json.loads((ROOT / "benchmarks" / "results" / "tflite.json").read_text())["rows"]
    cost = {
        row["preset"]: f"{row['ms_2']['median']:.3g} ms"
        for row in measured
        if row["kind"] == "float32"
    }
    rows = []
    for name in zoo.list_presets():
        record, model = zoo.preset_record(name), zoo.from_preset(name)
        parts = [each for each in getattr(model, "models", {"": model}).values() if each]
        weights = sum(each.kept_network.count_params() for each in parts) / 1e6
        card = (ROOT / "zoo" / "presets" / name / "card.md").read_text()
        about = card.split("\n\n")[1].split(". ")[0].rstrip(".")
        scores = ", ".join(record.get("headline", []))
        picture = f"![{name}](presets/{name}/{picture_of(name)}){{ width=200 }}"
        cells = (model.task, picture, f"[`{name}`](presets/{name}.md): {about}", f"{weights:.2f} M")
        rows.append("| " + " | ".join((*cells, cost.get(name, ""), scores)) + " |")
    head = ["| task | picture | preset | weights | cost | scores |", "|---|---|---|---|---|---|"]
    return text.replace("{{ presets }}", "\n".join(head + sorted(rows)))


def command_page(nav):
    """Every command with its options, as `--help` says them."""
    command = typer.main.get_command(app)
    context = typer.Context(command, info_name="zoo")
    text = get_docs_for_click(obj=command, ctx=context, name="zoo", title="Command line")
    write("commands.md", text)
    nav["Command line"] = "commands.md"


def reference(nav):
    """Everything that is public, module by module."""
    shown = list(variants.all_variants().values())
    for module, title in MODULES.items():
        package, _, name = module.partition(".")
        found = importlib.import_module(package)
        found = getattr(found, name) if name in vars(found) else importlib.import_module(module)
        lines = [f"# `{module}`: {title}", ""]
        for name, each in sorted(vars(found).items()):
            public = inspect.isclass(each) or inspect.isfunction(each)
            if name.startswith("_") or not public or each in shown:
                continue
            if not each.__module__.startswith(("zoo", "pipelines", "export")):
                continue
            # Where it is written: `pipelines.paired` is a function, and a module as well.
            path = f"{each.__module__}.{each.__qualname__}"
            lines += [f"::: {path}", "    options:", "      heading_level: 2", ""]
        write(f"reference/{module}.md", "\n".join(lines))
        nav[("Reference", module)] = f"reference/{module}.md"


def benchmarks():
    """The README's tables of measurements."""
    shown = re.findall(r"<!-- table: (\w+) -->", (ROOT / "README.md").read_text())
    names = [name for name in shown if name not in _NOT_MEASURED]
    parts = [f"## {name.replace('_', ' ').capitalize()}\n\n{table(name)}" for name in names]
    return "# Benchmarks\n\n" + "\n\n".join(parts) + "\n"


_NOT_MEASURED = ("tasks", "tutorials", "presets", "sample_presets", "variants", "recipes")

main()

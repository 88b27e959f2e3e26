"""Write the generated tables of README.md; `--check` only says whether they are in sync.

Each table stands between `<!-- table: NAME -->` and `<!-- end -->` and is made from the presets'
`config.json` and from the classes themselves, never by hand.
"""

import argparse
import json
import re
import sys
from pathlib import Path

import pipelines
import zoo
from zoo.commands import variants

HERE = Path(__file__).resolve().parent
README = HERE.parent / "README.md"


def presets_table():
    """One row for each published score."""
    rows = [
        "| preset | for | weights | data | metric | input | output |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in zoo.list_presets():
        record = zoo.preset_record(name)
        weights = zoo.from_preset(name).generator.count_params()
        for score in record["scores"].values():
            for metric, digits in (("psnr", 2), ("ssim", 4)):
                value = score[metric]
                protocol = value["protocol"].split(", 11x11")[0]
                rows.append(
                    f"| [`{name}`](zoo/presets/{name}/card.md) | `{record['recipe']}` | "
                    f"{weights / 1e6:.2f} M | {score['data']} | {metric.upper()} ({protocol}) | "
                    f"{value['input']:.{digits}f} | **{value['restored']:.{digits}f}** |"
                )
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
    """One row for each recipe and method, with what others published."""
    measured = json.loads((HERE / "results" / "quality.json").read_text())["rows"]
    published = json.loads((HERE / "published.json").read_text())
    sets = list(dict.fromkeys(row["data"] for row in measured))
    kinds = [("psnr", "PSNR", 2), ("ssim", "SSIM", 4), ("feature_distance", "FD", 4)]
    columns = [(data, *kind) for data in sets for kind in kinds]
    header = [f"{data} {title}" for data, _, title, _ in columns]
    lines = [
        "| recipe | method | " + " | ".join(header) + " |",
        "|---" * (2 + len(header)) + "|",
    ]
    for recipe in dict.fromkeys(row["recipe"] for row in measured):
        rows = [row for row in [*measured, *published] if row["recipe"] == recipe]
        for method in dict.fromkeys(row["method"] for row in rows):
            mine = [row for row in rows if row["method"] == method]
            values = {(row["data"], row["metric"]): row["value"] for row in mine}
            cells = [
                f"{values[data, metric]:.{digits}f}" if (data, metric) in values else ""
                for data, metric, _, digits in columns
            ]
            lines.append(f"| `{recipe}` | {_title(mine[0])} | " + " | ".join(cells) + " |")
    return lines


def _title(row):
    if row.get("preset"):
        return f"**`{row['method']}`**"
    if "source" not in row:
        return row["method"]
    link = re.match(r"https://\S+[^,\s]", row["source"])
    return f"[{row['method']}]({link[0]})*"


TABLES = {
    "presets": presets_table,
    "variants": variants_table,
    "recipes": recipes_table,
    "quality": quality_table,
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

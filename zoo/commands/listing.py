"""`zoo list`: variants, presets and recipes."""

import pipelines
import zoo
from zoo.commands import variants


def listing():
    """Return what is there: dict of `variants`, `presets` and `recipes`, each a list of dicts."""
    return {
        "variants": [
            {"name": name, "class": cls.__name__, "task": cls.task, "about": _first_line(cls)}
            for name, cls in sorted(variants.all_variants().items())
        ],
        "presets": [_preset(name) for name in zoo.list_presets()],
        "recipes": [
            {"name": name, "about": pipelines.recipe(name).description}
            for name in pipelines.list_recipes()
        ],
    }


def as_lines(contents):
    """Return the listing as lines for a person."""
    lines = []
    for heading, rows in contents.items():
        lines.append(heading.capitalize())
        width = max((len(row["name"]) for row in rows), default=0)
        lines += [f"  {row['name']:<{width}}  {row['about']}" for row in rows] or ["  none"]
    return lines


def _preset(name):
    record = zoo.preset_record(name)
    cls = record["model"]["class_name"]
    scores = ", ".join(record.get("headline", []))
    purpose = record.get("recipe") or record.get("data")
    about = cls + (f", made for {purpose}" if purpose else "") + (f": {scores}" if scores else "")
    return {"name": name, "class": cls, "recipe": record.get("recipe"), "about": about}


def _first_line(cls):
    return cls.__doc__.strip().splitlines()[0]

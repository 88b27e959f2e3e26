"""`zoo export`: a preset as what is served."""

from pathlib import Path

import export
import zoo
from export.report import Difference

#: Formats, and the options that each takes.
_OPTIONS = {
    "bundle": ("precision", "truncation", "name", "label"),
    "saved_model": ("precision", "truncation"),
    "tflite": ("quantize", "truncation"),
}


def export_preset(preset, directory, form="bundle", options=None):
    """Export a preset and compare what was written with the Keras model.

    Args:
        preset: Name or folder of a preset, or folder of a run.
        directory: Folder; a bundle and a SavedModel get their next version, a TFLite file is named
            after the preset.
        form: `"bundle"`, `"saved_model"` or `"tflite"`.
        options: Dict with any of `quantize` (`"float16"` or `"int8"`, for TFLite), `precision` (as
            in `export.saved_model`, for the others), `truncation` (float, what a `zoo.StyleGAN2`
            makes every image with), `name` and `label` (as of `export.serving_bundle`).

    Returns:
        Dict: `path`, `format`, `precision` that was chosen, `differences` (see `export.check`),
        `lines` for a person.

    Raises:
        ValueError: If the arguments do not fit, or the export differs from the model.
    """
    if form not in _OPTIONS:
        raise ValueError(f"`--format` must be one of {', '.join(_OPTIONS)}. Received: {form!r}")
    options = {key: value for key, value in (options or {}).items() if value is not None}
    for key in set(options) - set(_OPTIONS[form]):
        fits = [each for each in _OPTIONS if key in _OPTIONS[each]]
        raise ValueError(
            f"`--{key}` is for `--format {' or '.join(fits)}`; {form} takes "
            f"{', '.join(f'`--{each}`' for each in _OPTIONS[form])}. Received: {options[key]!r}"
        )
    run = Path(preset) / "preset"
    preset = run if run.is_dir() else preset
    model, title = zoo.from_preset(preset), _title(Path(preset))
    if "truncation" in options:
        if not hasattr(model, "truncated_network"):
            raise ValueError(
                f"`--truncation` is for StyleGAN2; '{preset}' is a {type(model).__name__}."
            )
        model = model.truncated_network(options.pop("truncation"))
    if form == "tflite":
        chosen = options.get("quantize", "float32")
        ending = f"_{chosen}" if "quantize" in options else ""
        path = Path(directory) / f"{title}{ending}.tflite"
        path.parent.mkdir(parents=True, exist_ok=True)
        export.tflite(model, path, options.get("quantize"))
        differences = export.check(model, tflite=path).differences
    elif form == "bundle":
        name = options.pop("name", title.lower())
        path = export.serving_bundle(model, directory, name, **options)
        differences = [Difference(path=str(path), **row) for row in export.record(path)["parity"]]
    else:
        path = export.saved_model(model, directory, **options)
        differences = export.check(model, saved_model=path).differences
    if form != "tflite":
        chosen = export.record(path)["precision"]
    return {
        "path": str(path),
        "format": form,
        "precision": chosen,
        "differences": [vars(difference) for difference in differences],
        "lines": [str(difference) for difference in differences],
    }


def _title(preset):
    """Name of what is exported: of a preset, or of the run that it belongs to."""
    return preset.resolve().parent.name if preset.name in ("preset", "best") else preset.name

"""`zoo export`: a preset as what is served."""

from pathlib import Path

import export
import zoo


def export_preset(
    preset, directory, form="saved_model", quantize=None, precision="auto", truncation=None
):
    """Export a preset and compare what was written with the Keras model.

    Args:
        preset: Name or folder of a preset.
        directory: Folder; a SavedModel becomes its next version, a TFLite file is named after
            the preset.
        form: `"saved_model"` or `"tflite"`.
        quantize: `None`, `"float16"` or `"int8"`; for TFLite only.
        precision: As in `export.saved_model`; for a SavedModel only.
        truncation: Float, what a `zoo.StyleGAN2` makes every image with, or `None` (default).

    Returns:
        Dict: `path`, `format`, `precision` that was chosen, `differences` (see `export.check`),
        `lines` for a person.

    Raises:
        ValueError: If the arguments do not fit, or the export differs from the model.
    """
    if form not in ("saved_model", "tflite"):
        raise ValueError(f"`--format` must be saved_model or tflite. Received: {form!r}")
    if quantize is not None and form != "tflite":
        raise ValueError(
            "`--quantize` is for `--format tflite`; a SavedModel takes `--precision`. "
            f"Received: {quantize!r}"
        )
    if precision != "auto" and form != "saved_model":
        raise ValueError(
            "`--precision` is for `--format saved_model`; a TFLite file takes `--quantize`. "
            f"Received: {precision!r}"
        )
    model = zoo.from_preset(preset)
    if truncation is not None:
        if not hasattr(model, "truncated_network"):
            raise ValueError(
                f"`--truncation` is for StyleGAN2; '{preset}' is a {type(model).__name__}."
            )
        model = model.truncated_network(truncation)
    if form == "saved_model":
        path = export.saved_model(model, directory, precision=precision)
        chosen = export.record(path)["precision"]
        report = export.check(model, saved_model=path)
    else:
        chosen = quantize or "float32"
        ending = f"_{quantize}" if quantize else ""
        path = Path(directory) / f"{Path(preset).name}{ending}.tflite"
        path.parent.mkdir(parents=True, exist_ok=True)
        export.tflite(model, path, quantize)
        report = export.check(model, tflite=path)
    return {
        "path": str(path),
        "format": form,
        "precision": chosen,
        "differences": [vars(difference) for difference in report.differences],
        "lines": [str(difference) for difference in report.differences],
    }

"""What TFLite costs and saves: size, difference to Keras, PSNR, milliseconds, for each preset.

Photographs are those that scikit-image ships, 256 px, degraded by the preset's recipe; half of them
calibrate what quantises activations, the other half is measured. Presets that make images are
measured on 8 latents. Rows are added to `benchmarks/results/tflite.json`.

    python benchmarks/tflite.py
    python benchmarks/tflite.py --preset old_photo
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
from rich.progress import track
from timing import alternate, record, summary, write_json

import export
import pipelines
import zoo
from export.comparisons import comparison
from export.tflite_model import interpreter

RESULTS = Path(__file__).resolve().parent / "results" / "tflite.json"
_SIDE, _ROUNDS, _SAMPLES = 256, 5, 8
#: Kind -> options of `export.tflite`.
KINDS = {
    "float32": {},
    "float16": {"quantize": "float16"},
    "int8 weights": {"quantize": "int8"},
    "int8": {"quantize": "int8", "representative": True},
}


def main():
    """Parse arguments, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", action="append", help="default: all that can be exported")
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    rows = json.loads(arguments.output.read_text())["rows"] if arguments.output.is_file() else []
    protocol = {"photographs_px": _SIDE, "rounds": _ROUNDS, "batch": 1}
    result = record("tflite", protocol, ("tensorflow", "keras", "ai-edge-litert"))
    for preset in track(arguments.preset or exportable()):
        rows = [row for row in rows if row["preset"] != preset] + measure(preset)
        rows.sort(key=lambda row: row["preset"])  # of one preset they stay in the order of KINDS
        write_json(arguments.output, {**result, "rows": rows})


def exportable():
    """Presets that are one network."""
    return [
        name
        for name in zoo.list_presets()
        if not isinstance(zoo.from_preset(name), zoo.TwoStageRestorer)
    ]


def measure(preset):
    """Rows of a preset, one for each kind of file."""
    model = zoo.from_preset(preset)
    calibration, degraded, clean = examples(preset, model)
    compared = comparison(model, degraded, None)
    expected = [compared.expected(each) for each in compared.examples]
    with tempfile.TemporaryDirectory() as folder:
        files = {}
        for kind, options in KINDS.items():
            options = dict(options)
            if options.pop("representative", False):
                if isinstance(model, zoo.ColorizationGAN | zoo.InpaintingGAN):
                    continue  # compute in floats: `export.tflite` refuses
                options["representative"] = calibration
            files[kind] = export.tflite(model, Path(folder) / f"{kind}.tflite", **options)
        speeds = {
            threads: alternate(
                {kind: stopwatch(compared, path, threads) for kind, path in files.items()}, _ROUNDS
            )
            for threads in (1, 2)
        }
        return [
            {
                "preset": preset,
                "kind": kind,
                "mib": path.stat().st_size / 2**20,
                **differences(compared, path, expected, clean),
                **{f"ms_{threads}": summary(speeds[threads][kind]) for threads in speeds},
            }
            for kind, path in files.items()
        ]


def examples(preset, model):
    """Inputs to calibrate with and to measure on, and what these should become, or `None`."""
    if isinstance(model, zoo.LatentGAN):
        inputs = model.inputs(2 * _SAMPLES, seed=0)
        inputs = [np.asarray(each) for each in (inputs if isinstance(inputs, list) else [inputs])]
        calibration, measured = ([each[k::2] for each in inputs] for k in (0, 1))
        return calibration, measured, None
    recipe = zoo.preset_record(preset).get("recipe")
    photos = pipelines.sample(image_size=_SIDE)
    if recipe is None:
        pairs = [(image, None) for _, image in photos.ordered()]
    else:
        pairs = [(d[0], c[0]) for d, c in pipelines.paired(photos, recipe, 1, shuffle=False)]
    if isinstance(model, zoo.DamageDetector):  # the last channel says what is to be found
        pairs = [(d[..., :3], 2.0 * np.asarray(d[..., 3:]) - 1.0) for d, _ in pairs]
    fills = isinstance(model, zoo.InpaintingGAN | zoo.MultiScaleInpainting)
    # The comparison cuts boxes out itself.
    degraded = [pipelines.to_uint8(c if fills else d) for d, c in pairs]
    clean = None if pairs[0][1] is None else [np.asarray(c) * 0.5 + 0.5 for _, c in pairs[1::2]]
    return degraded[::2], degraded[1::2], clean


def differences(compared, path, expected, clean):
    """How far a file is from Keras, and from what should come out."""
    runner = interpreter(path, 2).get_signature_runner("serving_default")
    made = [compared.lite(runner, each) for each in compared.examples]
    gaps = [np.abs(a - b) for a, b in zip(made, expected, strict=True)]
    facts = {
        "max_difference": float(max(gap.max() for gap in gaps)),
        "mean_difference": float(np.mean([gap.mean() for gap in gaps])),
    }
    if clean is not None:
        keras_psnr, file_psnr = (
            np.mean([psnr(one, other) for one, other in zip(images, clean, strict=True)])
            for images in (expected, made)
        )
        facts["psnr_lost"] = float(keras_psnr - file_psnr)
    return facts


def psnr(one, other):
    """PSNR in dB of images in [0, 1]."""
    return -10 * np.log10(np.mean((one - other) ** 2))


def stopwatch(compared, path, threads):
    """A function that returns the milliseconds of one run of a file."""
    runner = interpreter(path, threads).get_signature_runner("serving_default")
    compared.lite(runner, compared.examples[0])  # takes its memory

    def run():
        began = time.perf_counter()
        compared.lite(runner, compared.examples[0])
        return 1000 * (time.perf_counter() - began)

    return run


if __name__ == "__main__":
    main()

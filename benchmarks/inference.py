"""Measure inference: the zoo, its exports, ONNX Runtime and OpenVINO, on one photograph.

Each contender lives in a process of its own; they take turns, and what each makes of the photograph
is compared with Keras in float32, so that none is fast because it is wrong. Then the command line
restores a photograph of 24 megapixels. Contenders whose package is missing are named in the result.

    python benchmarks/inference.py --set5 data/set5
    python benchmarks/inference.py --small --rounds 1 --output /tmp/inference.json
"""

import argparse
import contextlib
import functools
import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from inference_contenders import PAPER, photograph
from PIL import Image
from rich.console import Console
from timing import Worker, alternate, cores, in_process, record, summary, write_json

RESULTS = Path(__file__).resolve().parent / "results" / "inference.json"
_KERAS = "Keras predict_on_batch"
_ONNX = ("onnxruntime", "tf2onnx")
_OPENVINO = ("openvino", "tf2onnx")
#: Name to builder in `inference_contenders`, its option, and the packages that it needs.
CONTENDERS = {
    _KERAS: ("predict_on_batch", (), ()),
    "zoo.restore, float32": ("restore", ("float32",), ()),
    "zoo.restore": ("restore", ("auto",), ()),
    "SavedModel, float32": ("saved_model", ("float32",), ()),
    "SavedModel": ("saved_model", ("auto",), ()),
    "TFLite float32": ("tflite", ("float32",), ()),
    "TFLite float16": ("tflite", ("float16",), ()),
    "TFLite int8": ("tflite", ("int8",), ()),
    "ONNX Runtime": ("onnx_runtime", (), _ONNX),
    "OpenVINO": ("openvino", ("default",), _OPENVINO),
    "OpenVINO, float32": ("openvino", ("f32",), _OPENVINO),
}
PACKAGES = (
    "tensorflow", "keras", "ai-edge-litert", "onnxruntime", "tf2onnx", "openvino", "numpy", "pillow"
)  # fmt: skip
PROTOCOL = {
    "photograph": "scikit-image's coffee, cut in the middle, enlarged 4 times; in memory",
    "ms": "from floats in [0, 1] to floats in [0, 1] in host memory (Keras: and its [-1, 1]; "
    "zoo.restore: from 8 bits to 8 bits); the first two runs are not counted",
    "peak_mib": "VmHWM of the process at the end: libraries, weights and building included, "
    "conversion of formats not; TensorFlow included in TFLite where ai-edge-litert is missing",
    "against Keras": "both rounded to 8 bits; PSNR over RGB, null for equal images",
    "sizes": "TFLite and OpenVINO are set up for the size of the photograph, the others take any",
    "large": "the command line in a process of its own: start, reading, restoring and writing; "
    "peak_mib is the maximal resident set that the kernel reports for it",
}


def main():
    """Parse arguments, measure, write."""
    arguments = parse()
    console = Console()
    results = {"photographs": [], "large": [], "bfloat16_cost": None}
    for model in arguments.model:
        with console.status(model):
            results["photographs"].append(measure(model, arguments))
        console.print("\n".join(as_lines(results["photographs"][-1])), soft_wrap=True)
    if arguments.large:
        with console.status("24 megapixels"):
            results["large"] = restore_large(arguments)
        for each in results["large"]:
            name = f"{each['preset']} to {each['suffix']}"
            console.print(f"{name}: {each['seconds']} s, {each['peak_mib']} MiB")
    if arguments.set5:
        with console.status("float32 and bfloat16"):
            results["bfloat16_cost"] = in_process(
                "inference_contenders:bfloat16_cost", "srresnet_x4", arguments.set5
            )
        console.print(results["bfloat16_cost"])
    protocol = {
        **PROTOCOL,
        "rounds": arguments.rounds,
        "threads": cores(),
        "small": arguments.small,
    }
    installed = [package for package in PACKAGES if _is_installed(package)]
    write_json(arguments.output, record("inference", protocol, installed, **results))
    console.print(arguments.output)


def parse():
    """Return the parsed arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--model",
        nargs="*",
        default=["srresnet_x4"],
        help=f"presets that enlarge 4 times, or {PAPER}: with all contenders more than 24 GiB",
    )
    parser.add_argument("--contenders", nargs="*", choices=CONTENDERS, default=list(CONTENDERS))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--large", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--large-presets", nargs="*", default=["old_photo", "srresnet_x4"])
    parser.add_argument("--large-suffixes", nargs="*", default=[".jpg", ".png"])
    parser.add_argument("--set5", metavar="FOLDER", help="measure what bfloat16 costs on it")
    parser.add_argument("--small", action="store_true", help="small images, to try the script")
    parser.add_argument("--output", type=Path, default=RESULTS)
    return parser.parse_args()


def measure(model, arguments):
    """Return the results of all contenders on one network."""
    height, width = (48, 64) if arguments.small else (339, 510)
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        facts = in_process("inference_contenders:prepare", model, folder, height, width)
        names = dict.fromkeys([_KERAS, *arguments.contenders])
        skipped = {name: why for name in names if (why := reason_to_skip(name, facts["auto"]))}
        workers = {
            name: stack.enter_context(start(name, folder)) for name in names if name not in skipped
        }
        measures = {
            name: functools.partial(worker.call, "milliseconds") for name, worker in workers.items()
        }
        times = alternate(measures, arguments.rounds)
        expected = workers[_KERAS].call("levels")
        rows = {name: row(worker, times[name], expected) for name, worker in workers.items()}
    return {
        "model": model,
        "input_px": [width, height],
        **facts,
        "contenders": rows,
        "skipped": skipped,
    }


def reason_to_skip(name, auto):
    """Why a contender cannot be measured here, or `None`."""
    _, options, packages = CONTENDERS[name]
    missing = [package for package in packages if not importlib.util.find_spec(package)]
    if missing:
        return f"not installed: {', '.join(missing)}"
    if options == ("auto",) and auto == "float32":
        return f'precision="auto" is float32 on this machine: see "{name}, float32"'
    return None


def start(name, folder):
    """Return the worker of a contender, built and warm."""
    builder, options, _ = CONTENDERS[name]
    return Worker("inference_contenders:Contender", builder, folder, cores(), *options)


def row(worker, times, expected):
    """Return what is told about one contender."""
    difference = worker.call("levels").astype(np.int64) - expected
    error = float((difference**2).mean())
    return {
        "ms": summary(times),
        "peak_mib": worker.call("peak_mib"),
        "precision": worker.call("precision"),
        "max_levels_to_keras": int(np.abs(difference).max()),
        "psnr_to_keras_db": round(10 * np.log10(255**2 / error), 2) if error else None,
    }


def as_lines(results):
    """Return the results for the terminal."""
    lines = [f"{results['model']}, {results['weights']:,} weights"]
    for name, each in results["contenders"].items():
        lines.append(
            f"  {name:<24}{each['ms']['median']:>8.0f} ms {each['peak_mib'] or 0:>6} MiB   "
            f"{each['precision']}, {each['max_levels_to_keras']} levels, "
            f"{each['psnr_to_keras_db']} dB"
        )
    return lines + [f"  {name:<24}{why}" for name, why in results["skipped"].items()]


def restore_large(arguments):
    """Restore a large photograph by the command line, with each preset into each format."""
    width, height = (600, 400) if arguments.small else (6000, 4000)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "large.jpg"
        large_photograph(width, height).save(source, quality=92)
        for preset in arguments.large_presets:
            for suffix in arguments.large_suffixes:
                target = source.with_name(f"restored{suffix}")
                rows.append({"preset": preset, "suffix": suffix, "input_px": [width, height]})
                rows[-1] |= restore_file(source, target, preset)
    return rows


def large_photograph(width, height):
    """A photograph, enlarged, with grain: files of real photographs do not compress away."""
    small = Image.fromarray(photograph(400, 600))
    large = np.asarray(small.resize((width, height), Image.Resampling.LANCZOS), np.float32)
    grain = np.random.default_rng(0).normal(0.0, 2.0, large.shape[:2]).astype(np.float32)
    return Image.fromarray(np.clip(large + grain[..., None], 0, 255).round().astype(np.uint8))


def restore_file(source, target, preset):
    """Run `zoo restore`; return its time, memory and own report."""
    command = [sys.executable, "-m", "zoo", "restore", str(source), "-o", str(target)]
    command += ["--preset", preset, "--json"]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    began = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output, env=environment)
        # Of this process alone; `resource.getrusage` has the largest of all children.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with code {process.returncode}")
        output.seek(0)
        (report,) = json.loads(output.read())
    return {
        "seconds": round(time.perf_counter() - began, 1),
        "restoring_seconds": report["seconds"],
        "peak_mib": round(usage.ru_maxrss / 1024),
        "precision": report["precision"],
        "output_px": [report["width"], report["height"]],
        "output_mib": round(target.stat().st_size / 2**20, 1),
    }


def _is_installed(package):
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


if __name__ == "__main__":
    main()

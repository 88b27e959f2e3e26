"""Compares what is served with the Keras model, on the same photographs."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf

from export.comparisons import comparison
from export.report import Difference, ParityError, ParityReport
from export.saved_model import precision_of, versions
from export.tflite_model import interpreter

# Largest difference to accept, in units of the full range [0, 1]. A step of 8 bits is 0.0039.
TOLERANCES = {
    "saved_model float32": 1e-5,
    # Trained x4 and U-net networks: 0.001 to 0.004 at worst, 0.0001 on average. Networks that make
    # the whole image instead of a correction, with random weights: up to 0.03.
    "saved_model bfloat16": 5e-2,
    "tflite float32": 1e-4,
    # Trained restoration: below 0.002. StyleGAN2 scales by styles layer after layer: 0.003.
    "tflite float16": 4e-3,
    # Trained x4 and U-net networks: 0.006 to 0.022 at worst and 0.001 on average; 0.02 to 0.042
    # with activation ranges measured beforehand.
    "tflite int8": 5e-2,
}
#: The mean difference may be this share of it: single pixels round badly, a whole image must not.
_MEAN_SHARE = 0.1


def check(
    model, saved_model=None, tflite=None, *, photographs=None, tolerance=None, alignment=None
):
    """Compare a model with its SavedModel and TFLite file on the same photographs or latents.

    The Keras side computes in float32, whatever the precision of what was exported. Of a
    SavedModel, all signatures are compared; those that return files may in addition be half a
    level of 8 bits off.

    Args:
        model: A model of the zoo, or a functional `keras.Model`.
        saved_model: Path of a version, or of a model's folder (the newest version is taken).
            Defaults to `None`.
        tflite: Path of a TFLite file. Defaults to `None`.
        photographs: An image source of `pipelines`, a `tf.data.Dataset` of images or pairs, or a
            sequence of arrays; uint8, or floats in [-1, 1]. At most 16 are used, whole; for a model
            that fills holes, a box is cut out of each. Of a model that makes images from noise:
            what from, such as `model.inputs(8)`. Defaults to crops of two photographs that
            scikit-image ships, or to 8 samples.
        tolerance: Float, largest absolute difference to accept, in [0, 1]. Defaults to 1e-5 for a
            SavedModel in float32 and 5e-2 in bfloat16, and for TFLite to 1e-4 in float32, 4e-3 in
            float16 and 5e-2 in int8. The mean difference may be a tenth of these
            defaults.
        alignment: Integer, as given to the export. Defaults to `None`: computed.

    Returns:
        A `ParityReport`; print it, or write its `to_json()`.

    Raises:
        ParityError: When a difference is larger than its tolerance; the report is in `.report`.
        ValueError: When an argument is wrong.

    Example:

    >>> inputs = keras.Input((None, None, 3))
    >>> model = keras.Model(inputs, keras.layers.Conv2D(3, 3, padding="same")(inputs))
    >>> version = export.saved_model(model, tempfile.mkdtemp())
    >>> check(model, saved_model=version).passed
    True
    """
    _check_arguments(saved_model, tflite, tolerance)
    compared = comparison(model, photographs, alignment)
    expected = [compared.expected(example) for example in compared.examples]
    runners = []
    if saved_model is not None:
        runners += _saved_model_runners(compared, _version(saved_model))
    if tflite is not None:
        runners.append(_tflite_runner(compared, Path(tflite)))
    differences = tuple(
        _compare(runner, compared.examples, expected, tolerance) for runner in runners
    )
    report = ParityReport(differences, tuple(map(compared.size, compared.examples)))
    if not report.passed:
        raise ParityError(report)
    return report


def _check_arguments(saved_model, tflite, tolerance):
    if saved_model is None and tflite is None:
        raise ValueError("Pass `saved_model`, `tflite` or both: there is nothing to compare.")
    if tolerance is not None and not (isinstance(tolerance, int | float) and tolerance >= 0):
        raise ValueError(
            "`tolerance` must be a number of at least 0, or None for the defaults. "
            f"Received: tolerance={tolerance!r}"
        )
    if tflite is not None and not Path(tflite).is_file():
        raise ValueError(f"`tflite` must be a file. Received: tflite={str(tflite)!r}")


def _version(path):
    """The folder of one SavedModel: `path` itself, or the newest version in it."""
    path = Path(path)
    if (path / "saved_model.pb").is_file():
        return path
    if not versions(path):
        raise ValueError(
            "`saved_model` must be the folder of a SavedModel, or one with numbered versions. "
            f"Received: saved_model={str(path)!r}"
        )
    return path / str(versions(path)[-1])


@dataclasses.dataclass(frozen=True)
class _Runner:
    """A served function from an example to a float image in [0, 1]."""

    target: str
    path: Path
    run: Callable
    tolerance: float
    rounding: float = 0.0


def _saved_model_runners(compared, path):
    # The functions below hold `loaded`, which owns the variables.
    loaded = tf.saved_model.load(str(path))
    if not set(compared.signatures) <= set(loaded.signatures):
        raise ValueError(
            "`saved_model` must have the signatures that `export.saved_model` writes for this "
            f"model, {sorted(compared.signatures)}. "
            f"Received: {str(path)!r} with {sorted(loaded.signatures)}"
        )

    def runner(name, call, rounding):
        def run(example):
            return call(loaded.signatures[name], example)

        return _Runner(f"{target} {name}", path, run, TOLERANCES[target], rounding)

    # By the graphs, whatever a file next to them says.
    target = f"saved_model {precision_of(loaded.signatures.values())}"
    return [runner(name, *parts) for name, parts in compared.signatures.items()]


def _tflite_runner(compared, path):
    loaded = interpreter(path)
    runner = loaded.get_signature_runner("serving_default")
    target = f"tflite {_weight_type(loaded)}"
    return _Runner(target, path, lambda example: compared.lite(runner, example), TOLERANCES[target])


def _weight_type(loaded):
    types = {np.dtype(tensor["dtype"]).name for tensor in loaded.get_tensor_details()}
    return next((name for name in ("int8", "float16") if name in types), "float32")


def _compare(runner, examples, expected, tolerance):
    found = [runner.run(example) for example in examples]
    for output, wanted in zip(found, expected, strict=True):
        if output.shape != wanted.shape:
            raise ValueError(
                f"{str(runner.path)!r} must give images of the model's size, {wanted.shape}: it "
                f"was exported from another model, or with another `alignment`. "
                f"Received: {output.shape}"
            )
    gaps = [np.abs(a.astype(np.float64) - b) for a, b in zip(found, expected, strict=True)]
    most, mean = (
        (runner.tolerance, _MEAN_SHARE * runner.tolerance)
        if tolerance is None
        else (float(tolerance), float(tolerance))
    )
    return Difference(
        target=runner.target,
        path=str(runner.path),
        max_abs_difference=float(np.max([gap.max() for gap in gaps])),
        mean_abs_difference=float(np.concatenate([gap.ravel() for gap in gaps]).mean()),
        tolerance=most + runner.rounding,
        mean_tolerance=mean + runner.rounding,
    )

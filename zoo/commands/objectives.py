"""Objectives by the words of the command line and of JSON files."""

import dataclasses
import functools
import inspect
import json
from pathlib import Path

import keras

import zoo
from zoo.networks import feature_inputs, features

_PIXEL = {
    "l1": keras.losses.MeanAbsoluteError,
    "l2": keras.losses.MeanSquaredError,
    "psnr": zoo.losses.PSNRLoss,
    "charbonnier": zoo.losses.CharbonnierLoss,
}
_PIXEL_TERMS = {  # those of a sum: the further ones leave colour or structure open
    **_PIXEL,
    "ssim": zoo.losses.SSIMLoss,
    "edge": zoo.losses.EdgeLoss,
    "color": zoo.losses.BlurredColorLoss,
    "histogram": zoo.losses.ColorHistogramLoss,
    "bounded": zoo.losses.BoundedSimilarityLoss,
    "phase": zoo.losses.PhaseConsistencyLoss,
}
_CRITERIA = {name: _PIXEL[name] for name in ("l1", "l2")}  # between features, of any range
_ADVERSARIAL = {
    "minimax": zoo.losses.Minimax,
    "non_saturating": zoo.losses.NonSaturating,
    "least_squares": zoo.losses.LeastSquares,
    "wasserstein": zoo.losses.Wasserstein,
    "hinge": zoo.losses.Hinge,
    "relativistic_average": zoo.losses.RelativisticAverage,
}
_INPUTS = {
    "caffe_bgr": feature_inputs.CaffeBGR,
    "scaled": feature_inputs.Scaled,
    "standardized": feature_inputs.Standardized,
}


def read(text):
    """Return what `--objective` says: the name of a pixel loss, or JSON, as text or in a file.

    Raises:
        ValueError: If it is neither.
    """
    if text is None or text in _PIXEL:
        return text
    is_json = text.lstrip().startswith("{")
    if not is_json and not text.endswith(".json"):
        raise ValueError(
            f"`--objective` must be one of {', '.join(_PIXEL)} (that loss alone), a JSON object or "
            f"a .json file. Received: {text!r}"
        )
    try:
        spec = json.loads(text if is_json else Path(text).read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise ValueError(f"`--objective` {text!r} cannot be read as JSON: {error}") from error
    return spec


def build(spec):
    """Make an objective.

    Args:
        spec: `"l1"`, `"l2"`, `"psnr"` or `"charbonnier"` for that loss alone, or a dict such as

                {
                    "pixel": "l1", "pixel_weight": 0.01,
                    "perceptual": {
                        "file": "vgg16.keras", "input": "caffe_bgr",
                        "layers": ["conv2_2", "conv3_3"], "layer_weights": [0.003, 0.02],
                        "criterion": "l1"
                    },
                    "perceptual_weight": 1.0,
                    "adversarial": "relativistic_average", "adversarial_weight": 0.005
                }

            Weights are 1 unless given. `pixel` may be a sum, of a weight or options for each:
            `{"l1": 1, "phase": {"weight": 8, "factor": 4}}`, with also `ssim`, `edge`, `color`
            (`zoo.losses.BlurredColorLoss`), `histogram` (`ColorHistogramLoss`), `bounded`
            (`BoundedSimilarityLoss`) and `phase` (`PhaseConsistencyLoss`, whose `factor` is the
            scale). In `perceptual`, only
            `file` is needed: `input` is one of `caffe_bgr`, `scaled` and `standardized` (default:
            [-1, 1] RGB as it is), `layers` defaults to the outputs of the network, `criterion`
            (`l1` or `l2`) to `l2`.

    Returns:
        `zoo.PairedObjective`.

    Raises:
        ValueError: If a key or a name is unknown.
    """
    if isinstance(spec, str):
        return zoo.PairedObjective(_named("--objective", _PIXEL, spec))
    terms = ("pixel", "perceptual", "adversarial")
    _check_keys("--objective", spec, {*terms, *(f"{term}_weight" for term in terms)})
    arguments = {f"{term}_weight": _weight(term, spec) for term in terms}
    if "pixel" in spec:
        arguments["pixel_loss"] = _pixel(spec["pixel"])
    if "perceptual" in spec:
        arguments["perceptual_loss"] = _perceptual(spec["perceptual"])
    if "adversarial" in spec:
        arguments["adversarial_loss"] = _named("adversarial", _ADVERSARIAL, spec["adversarial"])
    return zoo.PairedObjective(**arguments)


def build_of_numbers(objective, spec):
    """Make an objective whose options are numbers, but for an adversarial and a pixel loss.

    Args:
        objective: `zoo.LatentObjective`, `CycleObjective`, `AttributeObjective`,
            `DynamicObjective` or `MultimodalObjective`.
        spec: Dict with some of its arguments, with `adversarial` for the adversarial loss, by name
            or with its options, and with `pixel` as of `build` if it has such a loss:

                {
                    "adversarial": {"non_saturating": {"label_smoothing": 0.1}},
                    "gradient_penalty": 10, "instance_noise": 0.1, "instance_noise_steps": 5000
                }

    Returns:
        An `objective`.

    Raises:
        ValueError: If a key, a name or a value cannot be used.
    """
    fields = {field.name for field in dataclasses.fields(objective)}
    losses = {name for name in fields if name.endswith("_loss")}
    words = {name.removesuffix("_loss") for name in losses}
    _check_keys("--objective", spec, words | fields - losses)
    arguments = {key: _number(key, value) for key, value in spec.items() if key in fields}
    if "adversarial" in spec:
        arguments["adversarial_loss"] = _with_options("adversarial", spec["adversarial"])
    if "pixel" in spec:
        arguments["pixel_loss"] = _pixel(spec["pixel"])
    return objective(**arguments)


def build_style(spec):
    """Make the objective of a StyleTransferGAN.

    Args:
        spec: Dict such as

                {
                    "file": "vgg16.keras", "input": "caffe_bgr",
                    "content_layers": ["conv4_1"], "content_weight": 1,
                    "style_layers": ["conv1_1", "conv2_1", "conv3_1"],
                    "style_layer_weights": [0.001, 0.003, 0.03], "style": "statistics",
                    "style_weight": 10, "total_variation_weight": 0.01,
                    "adversarial": "least_squares", "adversarial_weight": 0.1
                }

            `file` and both `layers` are needed; `style` is `statistics` (default), `norms` (the
            same without squares, for many styles) or `gram`.
            Where the features of early layers are many times as large as those of later ones, as
            in networks for Caffe, say so in the weights of the layers (default: 1 each): grain
            counts for all otherwise, and shapes for nothing.

    Returns:
        `zoo.StyleObjective`.

    Raises:
        ValueError: If a key is missing or unknown, or a value cannot be used.
    """
    weights = {"content_weight", "style_weight", "total_variation_weight", "adversarial_weight"}
    needed = {"file", "content_layers", "style_layers"}
    of_layers = {"content_layer_weights", "style_layer_weights"}
    _check_keys(
        "--objective", spec, {*needed, *weights, *of_layers, "input", "style", "adversarial"}
    )
    if not needed <= set(spec):
        raise ValueError(f"`--objective` needs {', '.join(sorted(needed))}. Received: {spec!r}")
    convert = _named("input", _INPUTS, spec["input"]) if "input" in spec else None
    kinds = {
        "statistics": zoo.losses.StatisticsStyleLoss,
        "norms": functools.partial(zoo.losses.StatisticsStyleLoss, squared=False),
        "gram": zoo.losses.GramStyleLoss,
    }
    if spec.get("style", "statistics") not in kinds:
        raise ValueError(f"`style` must be one of {', '.join(kinds)}. Received: {spec['style']!r}")
    content, style = (
        features.FeatureExtractor.from_file(spec["file"], spec[f"{name}_layers"], convert)
        for name in ("content", "style")
    )
    arguments = {key: _number(key, spec[key]) for key in weights & set(spec)}
    if "adversarial" in spec:
        arguments["adversarial_loss"] = _named("adversarial", _ADVERSARIAL, spec["adversarial"])
        arguments.setdefault("adversarial_weight", 1.0)
    return zoo.StyleObjective(
        zoo.losses.PerceptualLoss(content, _layer_weights("content_layer_weights", spec)),
        style_loss=kinds[spec.get("style", "statistics")](
            style, _layer_weights("style_layer_weights", spec)
        ),
        **arguments,
    )


def builder_of(cls):
    """Return the function of a spec that makes the objective of a variant."""
    kinds = {
        zoo.LatentGAN: functools.partial(build_of_numbers, zoo.LatentObjective),
        zoo.CycleGAN: functools.partial(build_of_numbers, zoo.CycleObjective),
        zoo.StyleTransferGAN: build_style,
        zoo.FaceAttributeGAN: functools.partial(build_of_numbers, zoo.AttributeObjective),
        zoo.DynamicGAN: functools.partial(build_of_numbers, zoo.DynamicObjective),
        zoo.MultimodalGAN: functools.partial(build_of_numbers, zoo.MultimodalObjective),
        zoo.PairedGAN: build,
    }
    return next(make for kind, make in kinds.items() if issubclass(cls, kind))


def _with_options(argument, spec):
    """An adversarial loss by its name, or by `{name: options}`."""
    if not isinstance(spec, dict):
        return _named(argument, _ADVERSARIAL, spec)
    name, options = next(iter(spec.items()), (None, None))
    if len(spec) != 1 or name not in _ADVERSARIAL or not isinstance(options, dict):
        raise ValueError(
            f"`{argument}` must be a name or one name with its options. Received: {spec!r}"
        )
    _check_keys(name, options, set(_ADVERSARIAL[name]().get_config()))
    return _ADVERSARIAL[name](**{key: _number(key, value) for key, value in options.items()})


def _pixel(spec):
    if not isinstance(spec, dict):
        return _named("pixel", _PIXEL, spec, " or an object that sums losses")
    losses, weights = [], []
    for name, value in spec.items():
        if name not in _PIXEL_TERMS:
            raise ValueError(f"`pixel` sums {', '.join(_PIXEL_TERMS)}. Received: {name!r}")
        takes, needs = _options_of(_PIXEL_TERMS[name])
        options = dict(value) if isinstance(value, dict) else {"weight": value}
        _check_keys(name, options, {"weight", *takes})
        for option in needs - set(options):
            raise ValueError(f"`{name}` needs `{option}`. Received: {value!r}")
        numbers = {key: _number(f"{key} of {name}", number) for key, number in options.items()}
        weights.append(numbers.pop("weight", 1.0))
        losses.append(_PIXEL_TERMS[name](**numbers))
    return zoo.losses.WeightedSum(losses, weights)


def _options_of(loss):
    """Names of the options that a loss takes, and of those that it needs."""
    parameters = inspect.signature(loss).parameters
    takes = set(parameters) - {"reduction", "name", "dtype"}
    return takes, {name for name in takes if parameters[name].default is inspect.Parameter.empty}


def _perceptual(spec):
    _check_keys("perceptual", spec, {"file", "input", "layers", "layer_weights", "criterion"})
    if "file" not in spec:
        raise ValueError("`perceptual` needs `file`, the path of a .keras feature network.")
    convert = _named("input", _INPUTS, spec["input"]) if "input" in spec else None
    criterion = _named("criterion", _CRITERIA, spec["criterion"]) if "criterion" in spec else None
    weights = _layer_weights("layer_weights", spec)
    network = features.FeatureExtractor.from_file(spec["file"], spec.get("layers"), convert)
    return zoo.losses.PerceptualLoss(network, weights, criterion)


def _layer_weights(key, spec):
    weights = spec.get(key)
    if weights is not None and not isinstance(weights, list):
        raise ValueError(f"`{key}` must be a list of numbers. Received: {weights!r}")
    return weights


def _weight(term, spec):
    weight = _number(f"{term}_weight", spec.get(f"{term}_weight", float(term in spec)))
    if weight and term not in spec:
        raise ValueError(f"`{term}_weight` needs `{term}`, which says what is weighed.")
    return weight


def _number(argument, value):
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"`{argument}` must be a number. Received: {value!r}")
    return value


def _named(argument, known, name, otherwise=""):
    if not isinstance(name, str) or name not in known:
        raise ValueError(
            f"`{argument}` must be one of {', '.join(known)}{otherwise}. Received: {name!r}"
        )
    return known[name]()


def _check_keys(argument, spec, known):
    if not isinstance(spec, dict) or not set(spec) <= known:
        raise ValueError(
            f"`{argument}` must be a JSON object with some of {', '.join(sorted(known))}. "
            f"Received: {spec!r}"
        )

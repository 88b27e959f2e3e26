"""TFLite (LiteRT) files for phones and small devices."""

import os
import uuid
from pathlib import Path

import tensorflow as tf

from export.served import served
from export.tflite_diagnosis import layers_that_do_not_convert
from export.tflite_model import with_facts


def tflite(model, path, quantize=None, representative=None, *, alignment=None, size=None):
    """Write a model as a TFLite file.

    The file has one signature, `serving_default`, on float32 whatever the precision inside. Of a
    model on images, it takes `images` `(1, H, W, C)` in [0, 1], of any height and width, and
    `masks` `(1, H, W, 1)` if it fills holes, to `restored_images` in [0, 1]; of one that edits,
    `styles` (scale their shorter sides to 192 px, as `zoo.stylize` does) or `attributes`, to
    `edited_images`. Of a model that makes images from noise, it takes `latents` `(1, size)`, and
    `labels`, int32 `(1,)`, if it has classes, to `images` in [0, 1]. `quantize` trades exactness
    for size and speed; see what it costs with `export.check`:

    * `None`: float32 weights and arithmetic;
    * `"float16"`: weights of half the size, rounded; arithmetic in float32 on a CPU;
    * `"int8"`: weights of a quarter of the size. Activations are quantized while it runs, by the
      range that they have (dynamic range), the fastest choice on a CPU. Layers with fewer than
      1,024 weights stay in float.
    * `"int8"` with `representative`: activations are quantized with ranges measured on these
      photographs, for accelerators that compute in integers only. Less exact, and not for
      the zoo's models that colour or fill holes, of which parts need floats.

    The file is written under another name and then renamed, so it is always complete. It says in
    its metadata what it is; `export.TFLiteModel` reads that, and restores pictures with it.
    `export.lint` says beforehand what would not convert.

    Args:
        model: As of `export.saved_model`.
        path: Path of the file to write; an existing file is replaced.
        quantize: `None` (default), `"float16"` or `"int8"`.
        representative: Photographs like those that the model will get (degraded, when it
            restores): an image source of `pipelines`, a `tf.data.Dataset` of images or pairs, or a
            sequence of arrays; uint8, or floats in [-1, 1]. The first 64 are used, the middle
            256 x 256 of each; for a model that fills holes, a box is cut out of each. Of a model
            that makes images from noise: `model.inputs(64)`.
            Defaults to `None`.
        alignment: As of `export.saved_model`.
        size: `(height, width)` of images, in px, for accelerators that need to know it, multiples
            of the alignment; `styles` are then squares of 192 px. Defaults to `None`: any size.

    Returns:
        `pathlib.Path` of the file.

    Raises:
        ValueError: When an argument is wrong, or layers do not convert (the message says which,
            and what to use instead).

    Example:

    >>> inputs = keras.Input((None, None, 3))
    >>> model = keras.Model(inputs, keras.layers.Conv2D(3, 3, padding="same")(inputs))
    >>> path = tflite(model, pathlib.Path(tempfile.mkdtemp()) / "model.tflite", "float16")
    >>> interpreter = tf.lite.Interpreter(str(path))
    >>> run = interpreter.get_signature_runner("serving_default")
    >>> run(images=np.zeros((1, 20, 30, 3), "float32"))["restored_images"].shape
    (1, 20, 30, 3)
    """
    path = Path(path)
    _check_arguments(path, quantize, representative, size)
    what = served(model, alignment=alignment)
    _check_activations(what.network, representative)
    calibration = None if representative is None else what.calibration(representative, size)
    contents = _convert(what.network, what.lite_function(size), quantize, calibration)
    name = getattr(model, "name", what.network.name)
    facts = {"model": name, "quantize": quantize, "size": size, **what.facts(max_pixels=None)}
    _write(path, with_facts(contents, facts))
    return path


def _check_arguments(path, quantize, representative, size):
    if size is not None and not (
        isinstance(size, tuple | list) and len(size) == 2 and all(side >= 1 for side in size)
    ):
        raise ValueError(f"`size` must be (height, width), or None. Received: size={size!r}")
    if quantize not in (None, "float16", "int8"):
        raise ValueError(
            f'`quantize` must be None, "float16" or "int8". Received: quantize={quantize!r}'
        )
    if representative is not None and quantize != "int8":
        raise ValueError(
            '`representative` photographs are only used with quantize="int8". '
            f"Received: quantize={quantize!r}"
        )
    if path.is_dir():
        raise ValueError(f"`path` must be a file. Received: path={str(path)!r}, a folder")


def _check_activations(network, representative):
    # A wrong file would be found out when it runs, by a process that ends without a word.
    layers = network._flatten_layers(include_self=False)
    layers = [each.name for each in layers if getattr(each, "needs_floats", False)]
    if representative is not None and layers:
        raise ValueError(
            f"`representative` quantizes activations, and {', '.join(layers)} of `model` computes "
            'in floats alone. Leave it out: `quantize="int8"` by itself quantizes the weights.'
        )


def _convert(network, function, quantize, calibration):
    module = tf.Module()
    module.serving_default = function
    # The converter finds variables through the module; the network itself is not a part of it.
    module.variables_of_network = [variable.value for variable in network.variables]
    try:
        concrete = function.get_concrete_function()
        converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], module)
        if quantize is not None:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if quantize == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if calibration is not None:
            converter.representative_dataset = lambda: calibration
        return converter.convert()
    except Exception as error:
        # The converter names operations of its own graph, often not the one at fault.
        reasons = layers_that_do_not_convert(network)
        if not reasons:
            raise
        lines = "".join(f"\n  {reason}" for reason in reasons)
        raise ValueError(
            "`model` does not convert to TFLite with any height and width, because of:"
            f"{lines}\nReplace these layers (weights of the others can be kept), or export a "
            "SavedModel with `export.saved_model`."
        ) from error


def _write(path, contents):
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        unfinished.write_bytes(contents)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)

"""Numbered SavedModels, ready for TF-Serving."""

import contextlib
import os
import shutil
import time
import uuid
from pathlib import Path

import tensorflow as tf

from export.record import describe_signature, write_record
from export.served import served
from export.warmup import input_specs, write_warmup
from zoo.core.hardware import chosen_precision

# A writer retries when another one takes its number; more losses in a row than this are no race.
_MAX_ATTEMPTS = 1000


def saved_model(
    model,
    directory,
    *,
    precision="auto",
    alignment=None,
    max_pixels=None,
    version=None,
    warmup=(),
):
    """Write the next numbered version of a model, with signatures on floats and on files.

    Of a model on images:

    * `serving_default`: `images`, float32 `(N, H, W, C)` in [0, 1], to `restored_images` in [0, 1];
    * `restore_bytes`: `image_bytes`, a batch `(N,)` of JPEG or PNG files of any size each, to
      `restored_bytes`, PNG files. Gray files become RGB for an RGB model, EXIF orientation is
      applied, and what is no image, too large, transparent, or in colour for a gray model is
      refused with an error that names the item.

    Of a model that fills holes, such as `zoo.InpaintingGAN`, both take a mask as well, above one
    half in holes: `masks`, float32 `(N, H, W, 1)` in [0, 1], and `mask_bytes`, gray files of the
    images' sizes. All other pixels come back as they came in.

    Of a model that edits by a style image, by attributes or by a text:

    * `serving_default`: `images`, and `styles` (float32 images in [0, 1] of any size, scaled as
      `zoo.stylize` does), `attributes` (float32 vectors) or `texts` (strings), to `edited_images`;
    * `edit_bytes`: `image_bytes`, and `style_bytes`, `attributes` or `texts`, to `edited_bytes`.

    Of a model that makes images from noise:

    * `serving_default`, also called `sample`: `latents`, float32 `(N, size)` as `model.inputs`
      draws them, and `labels`, int32 `(N,)`, if it has classes, to `images` in [0, 1];
    * `sample_bytes`: the same to `sampled_bytes`, PNG files.

    `describe` tells clients of a server what `export.record` tells those who have the files:
    `names`, a batch of strings such as `"max_pixels"`, to `values`, JSON each; `"*"` is everything.

    Latents that are not finite and labels of no class are refused with an error that says which.
    A `zoo.StyleGAN2` serves `model.truncated_network(0.7)` in the same way.

    Any height and width work; sides that do not suit the network's strides are extended inside the
    graph. The file holds the variables of the inference network in float32 and nothing of the
    training, computes in `precision` whatever policy the model was trained under, and contains
    standard TensorFlow operations only; `export.record` returns what was chosen. The version
    appears at once and complete (a server that watches `directory` never sees half of it), earlier
    versions are not touched, and several processes may export into one directory.

    Args:
        model: A model of the zoo; or a functional `keras.Model` on images in [-1, 1] with input
            shape `(None, None, None, 1 or 3)`, or one more for a mask; or from inputs called
            `latents` (and `labels`) to such images.
        directory: Path of the model's folder; it is created. The versions are `1`, `2`, ... in it.
        precision: `"auto"` (default), `"float32"` or `"bfloat16"`. `"auto"` judges the machine that
            exports: bfloat16 if it has AMX or a GPU of compute capability 8 and later, else
            float32. Name the precision if the server is another kind of machine: bfloat16 runs
            everywhere, but several times slower than float32 where the hardware lacks it. The
            ends of the network keep float32, so that 8-bit levels survive.
        alignment: Integer, height and width that the network can take are multiples of it.
            Defaults to `None`: computed from the network's strides.
        max_pixels: Integer, signatures on files refuse images with more pixels (height x width)
            before they decode them, which bounds the server's memory. Defaults to `None`: 25
            million, in the restored image if that is larger. Such images are restored tile by tile,
            with what `zoo.restore` gives with the same network; models that edit, and networks of
            which it is not known how far they see, take images as a whole, and up to 4,194,304
            pixels.
        version: Integer, number of the version; `"time"`, the seconds since 1970; or `None`
            (default), one more than the latest.
        warmup: Sequence of sides of images in px with which TF-Serving runs each signature once
            before it takes requests. Defaults to none. Needs tensorflow-serving-api.

    Returns:
        `pathlib.Path` of the new version, such as `serving/srgan/3`.

    Raises:
        ValueError: When the model cannot be served, or an argument is wrong.

    Example:

    >>> inputs = keras.Input((None, None, 3))
    >>> model = keras.Model(inputs, keras.layers.Conv2D(3, 3, padding="same")(inputs))
    >>> version = saved_model(model, tempfile.mkdtemp())
    >>> served = tf.saved_model.load(version).signatures["serving_default"]
    >>> served(images=tf.zeros((1, 20, 30, 3)))["restored_images"].shape
    TensorShape([1, 20, 30, 3])
    """
    options = {"precision": precision, "alignment": alignment, "max_pixels": max_pixels}
    with unpublished(model, directory, version=version, warmup=warmup, **options) as unfinished:
        return publish(unfinished, Path(directory), version)


@contextlib.contextmanager
def unpublished(
    model,
    directory,
    *,
    precision="auto",
    alignment=None,
    max_pixels=None,
    version=None,
    warmup=(),
):
    """Write a version that no server sees, to look at it before `publish` gives it its number.

    Args:
        model: As of `saved_model`, like all that follows.
        directory: Path.
        precision: String.
        alignment: Integer or `None`.
        max_pixels: Integer or `None`.
        version: As it will be given to `publish`.
        warmup: Sequence of integers.

    Yields:
        `pathlib.Path` of the SavedModel; what is not published is removed.
    """
    directory = Path(directory)
    _check_arguments(directory, max_pixels, version)
    what = served(model, chosen_precision(precision), alignment)
    max_pixels = what.max_pixels if max_pixels is None else max_pixels
    _check_warmup(warmup, max_pixels)
    functions = what.signatures(max_pixels)
    signatures = {name: function.get_concrete_function() for name, function in functions.items()}
    for function in signatures.values():
        _check_operations(function.graph.as_graph_def())
    facts = {
        "model": getattr(model, "name", what.network.name),
        "precision": precision_of(signatures.values()),
        **what.facts(max_pixels),
    }
    describe = describe_signature(facts).get_concrete_function()
    directory.mkdir(parents=True, exist_ok=True)
    # TF-Serving looks at numbered folders only. `mkdir`, unlike `tempfile`, makes a folder that
    # the server's user may read.
    unfinished = directory / f".writing-{uuid.uuid4().hex}"
    unfinished.mkdir()
    try:
        _write(what, {**signatures, "describe": describe}, unfinished)
        described = {name: _described(function) for name, function in signatures.items()}
        write_record(unfinished, **facts, requested_precision=precision, signatures=described)
        if warmup:
            words = what.tokenizer.get_vocabulary()[2:] if what.resources is not None else ()
            write_warmup(unfinished, signatures, warmup, words)
        yield unfinished
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def versions(directory):
    """Return the version numbers in a model's folder, in ascending order.

    Args:
        directory: Path of the folder.
    """
    directory = Path(directory)
    found = directory.iterdir() if directory.is_dir() else ()
    return sorted(int(path.name) for path in found if path.name.isascii() and path.name.isdigit())


def nodes(graph_def):
    """Return the nodes of a `tf.compat.v1.GraphDef`, those of its functions included."""
    functions = graph_def.library.function
    return [*graph_def.node, *(node for function in functions for node in function.node_def)]


def precision_of(functions):
    """Return `"bfloat16"` if these concrete functions compute anything in it, else `"float32"`."""
    types = {
        value.type
        for function in functions
        for node in nodes(function.graph.as_graph_def())
        for value in node.attr.values()
    }
    return "bfloat16" if tf.bfloat16.as_datatype_enum in types else "float32"


def _check_arguments(directory, max_pixels, version):
    if directory.exists() and not directory.is_dir():
        raise ValueError(
            "`directory` must be a folder, or a path where one can be made. "
            f"Received: directory={str(directory)!r}, which is a file"
        )
    if max_pixels is not None and (not _is_integer(max_pixels) or max_pixels < 1):
        raise ValueError(
            f"`max_pixels` must be an integer of at least 1. Received: max_pixels={max_pixels!r}"
        )
    is_number = isinstance(version, int) and not isinstance(version, bool) and version > 0
    if not (version in (None, "time") or is_number):
        raise ValueError(
            f"`version` must be a positive integer, 'time' or None. Received: version={version!r}"
        )
    if is_number and version in versions(directory):
        raise ValueError(f"`version`: {str(directory)!r} holds version {version} already.")


def _check_warmup(warmup, max_pixels):
    def fits(size):
        return _is_integer(size) and size > 0 and (max_pixels is None or size**2 <= max_pixels)

    if not isinstance(warmup, list | tuple) or not all(fits(size) for size in warmup):
        raise ValueError(
            f"`warmup` must be sides of images of at most `max_pixels`={max_pixels} pixels. "
            f"Received: warmup={warmup!r}"
        )


def _is_integer(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _check_operations(graph_def):
    """Refuse what a server without this process' Python or libraries could not run."""
    # A call may be a node whose operation is the function's name.
    functions = {function.signature.name for function in graph_def.library.function}
    known = {*dir(tf.raw_ops), *functions} - {"PyFunc", "PyFuncStateless", "EagerPyFunc"}
    bad = sorted(f"{node.name} ({node.op})" for node in nodes(graph_def) if node.op not in known)
    if bad:
        raise ValueError(
            "`model` uses operations that exist only in this Python process, so no server could "
            "run it: write these layers with TensorFlow or keras.ops functions instead of "
            f"tf.py_function, tf.numpy_function or a custom operation. Received: {bad}"
        )


def _described(function):
    """Names, types and shapes of what a signature takes and returns."""
    parts = {
        "inputs": input_specs(function),
        "outputs": function.structured_outputs,
    }
    return {
        part: {name: {"dtype": spec.dtype.name, "shape": spec.shape.as_list()}
               for name, spec in specs.items()}
        for part, specs in parts.items()
    }  # fmt: skip


def _write(what, signatures, path):
    module = tf.Module()
    module.resources = what.resources
    # The variables alone: tracking the Keras network would save its training state as well.
    module.variables_of_network = [variable.value for variable in what.network.variables]
    # Gradients of custom operations would only be needed for training on.
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    tf.saved_model.save(module, str(path), signatures=signatures, options=options)


def publish(unfinished, directory, version=None):
    """Give a finished version its number, or the next free one, in one step."""
    for _ in range(_MAX_ATTEMPTS):
        number = max(versions(directory), default=0) + 1
        if version is not None:
            number = max(number, int(time.time())) if version == "time" else version
        target = directory / str(number)
        try:
            os.rename(unfinished, target)
        except OSError:
            # A folder with content is never replaced: somebody else published this number.
            if not target.exists() or number == version:
                raise
        else:
            return target
    raise RuntimeError(
        f"No free version number in {str(directory)!r} after {_MAX_ATTEMPTS} attempts: "
        "other processes keep taking them."
    )

"""Finds the layers that keep a network from converting to TFLite."""

import json

import keras
import tensorflow as tf

from export.served import served
from zoo.core.receptive_field import nodes_in_order

_UPSAMPLING = "use zoo.layers.Resize(factor) (nearest, or smooth=True) or zoo.layers.PixelShuffle"
_RESIZING = "use zoo.layers.Resize(factor): nearest neighbour, or smooth=True for bilinear"
_FOURIER = "TFLite has no such Fourier transform; use convolutions with large kernels or dilation"


def lint(model):
    """Say which layers of a model would keep it from converting to TFLite.

    Args:
        model: A model of the zoo, or a functional `keras.Model`, as of `export.tflite`.

    Returns:
        List of strings, one for each layer: name, type, reason and what to use instead. Empty if
        everything converts.

    Raises:
        ValueError: If the model cannot be served at all.

    Example:

    >>> inputs = keras.Input((None, None, 3))
    >>> (report,) = lint(keras.Model(inputs, keras.layers.UpSampling2D(2, name="up")(inputs)))
    >>> report.split(":")[0]
    'up (UpSampling2D)'
    """
    return layers_that_do_not_convert(served(model).network)


def layers_that_do_not_convert(network):
    """Convert each layer of a network alone and say which fail.

    Args:
        network: Functional `keras.Model`, models inside it are searched too.

    Returns:
        List of strings, one for each layer that fails: name, type, reason and what to use instead.
    """
    reasons = {}
    _search(network, reasons, seen={})
    return [f"{name} ({kind}): {reason}" for (name, kind), reason in reasons.items()]


def _search(network, reasons, seen):
    for node in nodes_in_order(network):
        layer = node.operation
        if isinstance(layer, keras.Model):
            _search(layer, reasons, seen)
            continue
        key = _key(node)
        if key not in seen:  # networks repeat their blocks
            seen[key] = _reason(node)
        if seen[key]:
            reasons[layer.name, type(layer).__name__] = seen[key]


def _key(node):
    config = {k: v for k, v in node.operation.get_config().items() if k != "name"}
    shapes = [tuple(tensor.shape) for tensor in node.input_tensors]
    layout = [
        "tensor" if isinstance(x, keras.KerasTensor) else repr(x)
        for x in keras.tree.flatten([node.arguments.args, node.arguments.kwargs])
    ]
    return type(node.operation), json.dumps([config, shapes, layout], sort_keys=True, default=repr)


def _reason(node):
    """Why a call does not convert, or `None` when it does."""
    try:
        function = _as_function(node).get_concrete_function()
        tf.lite.TFLiteConverter.from_concrete_functions([function], tf.Module()).convert()
    except Exception as error:
        return _explain(type(node.operation), str(error))
    return None


def _as_function(node):
    tensors = node.input_tensors
    specs = [tf.TensorSpec((1, *tensor.shape[1:]), tensor.dtype) for tensor in tensors]

    @tf.function(input_signature=specs, autograph=False)
    def call(*values):
        filled = {id(key): value for key, value in zip(tensors, values, strict=True)}
        args, kwargs = node.arguments.fill_in(filled)
        return [_probed(x) for x in tf.nest.flatten(node.operation(*args, **kwargs))]

    return call


def _probed(output):
    """Follow an image by a convolution: it converts only if the number of channels is known."""
    if output.shape.rank != 4 or output.shape[-1] is None:
        return output
    kernel = tf.ones((1, 1, output.shape[-1], 1), output.dtype)
    return tf.nn.conv2d(output, kernel, strides=1, padding="SAME")


def _explain(kind, error):
    if issubclass(kind, keras.layers.UpSampling2D):
        return f"it loses the sizes when they are dynamic; {_UPSAMPLING}"
    if "ResizeBicubic" in error:
        return f"TFLite has no bicubic resizing; {_RESIZING}"
    if "FFT" in error:
        return _FOURIER
    first = next((line for line in error.splitlines() if "error:" in line), error[:200])
    return f"TFLite cannot run it: {first.split('error:')[-1].strip()}"

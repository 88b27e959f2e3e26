"""Run a network of TensorFlow.js in Keras, so that peers from npm stand in the same benchmark."""

import json
import math
from pathlib import Path

import keras
import numpy as np

#: What a layer needs of its configuration, which is that of Keras 2.
_ARGUMENTS = {
    "Conv2D": ("filters", "kernel_size", "strides", "padding", "activation", "use_bias", "name"),
    "Activation": ("activation", "name"),
    "Concatenate": ("axis", "name"),
    "Add": ("name",),
    "UpSampling2D": ("size", "interpolation", "name"),
}


def load(folder):
    """Return the model of a folder with a `model.json` of the format "layers-model".

    Args:
        folder: Path, e.g. `package/models/x4` of `npm pack @upscalerjs/esrgan-slim`.

    Returns:
        `keras.Model` with the weights.
    """
    folder = Path(folder)
    spec = json.loads((folder / "model.json").read_text())
    config = spec["modelTopology"]["model_config"]["config"]
    tensors = {}
    for entry in config["layers"]:
        name, settings = entry["name"], entry["config"]
        if entry["class_name"] == "InputLayer":
            tensors[name] = keras.Input(settings["batch_input_shape"][1:], name=name)
            continue
        arguments = {key: settings[key] for key in _ARGUMENTS[entry["class_name"]]}
        layer = getattr(keras.layers, entry["class_name"])(**arguments)
        sources = [tensors[node[0]] for node in entry["inbound_nodes"][0]]
        tensors[name] = layer(sources if len(sources) > 1 else sources[0])
    inputs, outputs = (
        [tensors[node[0]] for node in config[key]] for key in ("input_layers", "output_layers")
    )
    model = keras.Model(inputs, outputs)
    weights = _weights(folder, spec["weightsManifest"])
    for layer in model.layers:
        layer.set_weights([weights[f"{layer.name}/{each.name}"] for each in layer.weights])
    return model


def _weights(folder, manifest):
    weights = {}
    for group in manifest:
        data = b"".join((folder / path).read_bytes() for path in group["paths"])
        start = 0
        for entry in group["weights"]:
            count = math.prod(entry["shape"])
            values = np.frombuffer(data, entry["dtype"], count, start)
            weights[entry["name"]] = values.reshape(entry["shape"])
            start += values.nbytes
    return weights

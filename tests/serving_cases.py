"""What the contract of TF-Serving is tested with: models, and a client of both interfaces.

    python tests/serving_cases.py DIRECTORY

writes the models as a bundle. Start TF-Serving on it as its README says; the tests run on it with

    ZOO_SERVING=localhost:8500,http://localhost:8501 pytest tests/export/contract
"""

import base64
import io
import sys

import grpc
import httpx
import keras
import numpy as np
import tensorflow as tf
from PIL import Image
from tensorflow_serving.apis import (
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

import export


def write_models(directory):
    """Write `dim`, which halves (version 1, stable) or quarters (2, canary), and `mean` of two.

    `mean` is that of an image and of the mean colour of a style.
    """
    for number, (factor, label) in enumerate(((0.5, None), (0.25, "canary")), start=1):
        inputs = keras.Input((None, None, 3))
        # [-1, 1] to [-1, 1]: black stays black.
        outputs = keras.layers.Rescaling(factor, offset=factor - 1)(inputs)
        model = keras.Model(inputs, outputs, name="dim")
        export.serving_bundle(model, directory, "dim", label=label, version=number,
                              warmup=(8,), max_pixels=4096)  # fmt: skip
    images = keras.Input((None, None, 3), name="images")
    styles = keras.Input((None, None, 3), name="styles")
    colour = keras.layers.GlobalAveragePooling2D(keepdims=True)(styles)
    outputs = keras.layers.Average()([images, colour])
    export.serving_bundle(keras.Model([images, styles], outputs), directory, "mean", warmup=(8,))


def png(level, size=(4, 6), mode="RGB"):
    """A picture of one level as a PNG file."""
    file = io.BytesIO()
    pixels = np.full((*size, 3) if mode == "RGB" else size, level, "uint8")
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def b64(contents):
    """Bytes as the REST API takes them."""
    return {"b64": base64.b64encode(contents).decode()}


def pixels(contents):
    """Levels of a PNG file."""
    return np.asarray(Image.open(io.BytesIO(contents)))


class Client:
    """Both interfaces of a server."""

    def __init__(self, grpc_address, rest_address):
        self.rest = httpx.Client(base_url=rest_address, timeout=60)
        self.channel = grpc.insecure_channel(grpc_address)
        self.prediction = prediction_service_pb2_grpc.PredictionServiceStub(self.channel)
        self.models = model_service_pb2_grpc.ModelServiceStub(self.channel)

    def post(self, path, body):
        """Status and JSON of a REST prediction."""
        reply = self.rest.post(f"/v1/models/{path}:predict", json=body)
        return reply.status_code, reply.json()

    def predict(self, model, inputs, signature="", **version):
        """Outputs of a gRPC prediction, as arrays."""
        request = predict_pb2.PredictRequest()
        request.model_spec.name, request.model_spec.signature_name = model, signature
        if "version" in version:
            request.model_spec.version.value = version["version"]
        if "label" in version:
            request.model_spec.version_label = version["label"]
        for name, value in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
        reply = self.prediction.Predict(request, timeout=60)
        return {name: tf.make_ndarray(each) for name, each in reply.outputs.items()}


if __name__ == "__main__":
    write_models(sys.argv[1])

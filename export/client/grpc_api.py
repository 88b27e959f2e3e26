"""TF-Serving's gRPC API as a client sees it: `PredictionService` and `ModelService`."""

import urllib.parse

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from export.client.errors import ServingError

#: Images are larger than the 4 MiB that gRPC takes unless told otherwise.
CHANNEL_OPTIONS = [
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    # A server that was away is tried again before the attempts are used up.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2000),
]


class Grpc:
    """What is sent to `url`, `grpc://HOST:PORT/NAME[?version=N|?label=LABEL]`."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        asked = dict(urllib.parse.parse_qsl(parts.query))
        name = parts.path.strip("/")
        version = asked.get("version", "1")
        if (parts.scheme != "grpc" or not name or not parts.port or not version.isdigit()
                or not set(asked) <= {"version", "label"} or len(asked) > 1):  # fmt: skip
            raise ValueError(
                "`url` must be like grpc://localhost:8500/NAME, perhaps with ?version=N or "
                f"?label=LABEL. Received: url={url!r}"
            )
        self.url, self.target, self._name, self._asked = url, parts.netloc, name, asked

    def connect(self, channel):
        """Dict of the calls of a channel, by the types of their requests."""
        prediction = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        models = model_service_pb2_grpc.ModelServiceStub(channel)
        return {
            predict_pb2.PredictRequest: prediction.Predict,
            get_model_metadata_pb2.GetModelMetadataRequest: prediction.GetModelMetadata,
            get_model_status_pb2.GetModelStatusRequest: models.GetModelStatus,
        }

    def _addressed(self, request):
        spec = request.model_spec
        spec.name = self._name
        if "version" in self._asked:
            spec.version.value = int(self._asked["version"])
        elif "label" in self._asked:
            spec.version_label = self._asked["label"]
        return request

    def metadata(self):
        """The request for the signatures."""
        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        return self._addressed(request)

    def signatures(self, reply):
        """Dict of name to `SignatureDef` in a reply."""
        signatures = get_model_metadata_pb2.SignatureDefMap()
        reply.metadata["signature_def"].Unpack(signatures)
        return dict(signatures.signature_def)

    def predict(self, inputs, name, signature):
        """The request that runs a signature.

        Args:
            inputs: Dict of arrays.
            name: Of the signature.
            signature: Its `SignatureDef`.
        """
        request = self._addressed(predict_pb2.PredictRequest())
        request.model_spec.signature_name = name
        for key, value in inputs.items():
            array = np.asarray(value)
            request.inputs[key].CopyFrom(tf.make_tensor_proto(array))
        return request

    def outputs(self, reply, signature):
        """Dict of arrays in a reply."""
        return {key: tf.make_ndarray(tensor) for key, tensor in reply.outputs.items()}

    def status(self):
        """The request for the states of versions."""
        return self._addressed(get_model_status_pb2.GetModelStatusRequest())

    def states(self, reply):
        """Dict of version to state in a reply."""
        kinds = get_model_status_pb2.ModelVersionStatus.State
        return {each.version: kinds.Name(each.state) for each in reply.model_version_status}

    @staticmethod
    def error(error):
        """The `ServingError` for what the transport raised."""
        if isinstance(error, grpc.RpcError):
            return ServingError(error.code().name, error.details() or "")
        return ServingError("UNAVAILABLE", str(error))

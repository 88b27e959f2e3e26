"""PredictionService and ModelService of TF-Serving, over a store."""

import math
import time

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import (
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from export.serve import metadata
from export.serve.errors import Code, RequestError
from export.serve.predict import Request

_MOST_VALUES = 2**28  # 1 GiB of float32


def add_services(server, predictor, metrics):
    """Add both services to a `grpc.Server`.

    Args:
        server: `grpc.Server`.
        predictor: `export.serve.predict.Predictor`.
        metrics: `export.serve.metrics.Metrics`.
    """
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        PredictionService(predictor, metrics), server
    )
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(ModelService(predictor.store), server)


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """`Predict` and `GetModelMetadata`; the others, for tf.Example, are not implemented."""

    def __init__(self, predictor, metrics):
        self._predictor, self._metrics = predictor, metrics

    def Predict(self, request, context):
        """Run a signature."""
        began, spec = time.perf_counter(), request.model_spec
        code = "OK"
        try:
            asked = Request(
                spec.name,
                *_version_of(spec),
                spec.signature_name,
                _arrays(request.inputs),
                tuple(request.output_filter),
            )
            number, outputs = self._predictor.predict(asked, context.time_remaining())
            response = predict_pb2.PredictResponse()
            response.model_spec.name, response.model_spec.version.value = spec.name, number
            response.model_spec.signature_name = spec.signature_name or "serving_default"
            for name, array in outputs.items():
                response.outputs[name].CopyFrom(tf.make_tensor_proto(array))
            return response
        except RequestError as error:
            code = error.code.name
            context.abort(error.code.grpc, error.message)
        finally:
            self._metrics.observe(spec.name, "GRPC", code, time.perf_counter() - began)

    def GetModelMetadata(self, request, context):
        """Return the signatures of a version."""
        try:
            if list(request.metadata_field) != ["signature_def"]:
                raise RequestError(
                    Code.INVALID_ARGUMENT, "metadata_field must be signature_def, which is there"
                )
            model = self._predictor.store.model(request.model_spec.name)
            return metadata.metadata(model, model.find(*_version_of(request.model_spec)))
        except RequestError as error:
            context.abort(error.code.grpc, error.message)


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """`GetModelStatus` and `HandleReloadConfigRequest`."""

    def __init__(self, store):
        self._store = store

    def GetModelStatus(self, request, context):
        """Return the states of versions."""
        try:
            model = self._store.model(request.model_spec.name)
            return metadata.status(model, *_version_of(request.model_spec))
        except RequestError as error:
            context.abort(error.code.grpc, error.message)

    def HandleReloadConfigRequest(self, request, context):
        """Serve what a `ModelServerConfig` says from now on."""
        response = model_management_pb2.ReloadConfigResponse()
        try:
            self._store.configure(request.config)
        except (RequestError, ValueError) as error:
            response.status.error_code = 3  # INVALID_ARGUMENT
            response.status.error_message = str(error)
        return response


def _version_of(spec):
    """Number and label of a `ModelSpec`; each may be `None`."""
    number = spec.version.value if spec.HasField("version") else None
    return number, spec.version_label or None


def _arrays(inputs):
    return {name: _array(name, proto) for name, proto in inputs.items()}


def _array(name, proto):
    # One value may stand for a tensor of any size.
    values = math.prod(dim.size for dim in proto.tensor_shape.dim)
    if not 0 <= values <= _MOST_VALUES:
        raise RequestError(
            Code.INVALID_ARGUMENT, f"Tensor {name} must hold at most {_MOST_VALUES} values"
        )
    try:
        return np.asarray(tf.make_ndarray(proto))
    except (TypeError, ValueError, KeyError) as error:
        raise RequestError(
            Code.INVALID_ARGUMENT, f"Tensor {name} cannot be read: {error!r}"
        ) from error

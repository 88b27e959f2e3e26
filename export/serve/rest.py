"""TF-Serving's REST API over a store: https://www.tensorflow.org/tfx/serving/api_rest."""

import base64
import binascii
import functools
import json
import math
import time

import anyio
import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from export.serve import metadata
from export.serve.errors import Code, RequestError
from export.serve.predict import Request
from export.serving_config import METRICS_PATH


def application(predictor, metrics, max_body_bytes, seconds, threads):
    """Return the ASGI application.

    Args:
        predictor: `export.serve.predict.Predictor`.
        metrics: `export.serve.metrics.Metrics`.
        max_body_bytes: Integer, longer requests are refused.
        seconds: Float, after which a request is given up.
        threads: Integer, requests that may be inside at the same time.
    """
    handlers = _Handlers(predictor, metrics, max_body_bytes, seconds, threads)
    places = ("", "/versions/{version}", "/labels/{label}")
    routes = [Route(METRICS_PATH, handlers.metrics)]
    for place in places:
        routes += [
            Route(f"/v1/models/{{name}}{place}:predict", handlers.predict, methods=["POST"]),
            Route(f"/v1/models/{{name}}{place}/metadata", handlers.metadata),
            Route(f"/v1/models/{{name}}{place}", handlers.status),
        ]
    return Starlette(routes=routes, exception_handlers={404: _not_found, 405: _not_found})


class _Handlers:
    def __init__(self, predictor, metrics, max_body_bytes, seconds, threads):
        self._predictor, self._metrics = predictor, metrics
        self._max_body_bytes, self._seconds = max_body_bytes, seconds
        self._limiter = anyio.CapacityLimiter(threads)

    async def predict(self, request):
        """Run a signature."""
        began, code = time.perf_counter(), "OK"
        name = request.path_params["name"]
        try:
            with anyio.fail_after(self._seconds):
                body = await self._body(request)
                # A thread that computes cannot be stopped: it goes on, and nobody waits for it.
                return await anyio.to_thread.run_sync(
                    functools.partial(self._answer, body, request.path_params),
                    limiter=self._limiter,
                    abandon_on_cancel=True,
                )
        except RequestError as error:
            code = error.code.name
            return _error(error)
        except TimeoutError:
            code = Code.DEADLINE_EXCEEDED.name
            return _error(RequestError(Code.DEADLINE_EXCEEDED, "The request took too long"))
        finally:
            self._metrics.observe(name, "REST", code, time.perf_counter() - began)

    async def status(self, request):
        """States of versions."""
        try:
            model = self._predictor.store.model(request.path_params["name"])
            return _message(metadata.status(model, *_version_of(request.path_params)))
        except RequestError as error:
            return _error(error)

    async def metadata(self, request):
        """Signatures of a version."""
        try:
            model = self._predictor.store.model(request.path_params["name"])
            version = model.find(*_version_of(request.path_params))
            return _message(metadata.metadata(model, version))
        except RequestError as error:
            return _error(error)

    async def metrics(self, request):
        """Metrics for Prometheus."""
        return Response(self._metrics.text(), media_type="text/plain; version=0.0.4")

    async def _body(self, request):
        """The body, refused as soon as it is too long, before it is in memory."""
        length = request.headers.get("content-length", "")
        parts, total = [], 0
        if length.isdigit() and int(length) > self._max_body_bytes:
            raise _too_long(self._max_body_bytes)
        async for part in request.stream():
            total += len(part)
            if total > self._max_body_bytes:
                raise _too_long(self._max_body_bytes)
            parts.append(part)
        return b"".join(parts)

    def _answer(self, body, path):
        contents = _read_json(body)
        is_row = "instances" in contents
        if is_row == ("inputs" in contents):
            raise _invalid('JSON must have one of "instances" and "inputs"')
        read = functools.partial(_rows if is_row else _columns, contents)
        number, label = _version_of(path)
        signature = contents.get("signature_name", "")
        if not isinstance(signature, str):
            raise _invalid('"signature_name" must be a string')
        request = Request(path["name"], number, label, signature, read)
        _, outputs = self._predictor.predict(request, self._seconds)
        if not is_row:
            values = {name: _plain(name, array) for name, array in outputs.items()}
            return _json({"outputs": next(iter(values.values())) if len(values) == 1 else values})
        lengths = {len(array) if array.ndim else 0 for array in outputs.values()}
        if len(lengths) != 1:
            raise _invalid('Outputs have no common batch size: ask in columns, with "inputs"')
        columns = {name: _plain(name, array) for name, array in outputs.items()}
        if len(columns) == 1:
            return _json({"predictions": next(iter(columns.values()))})
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        return _json({"predictions": rows})


def _read_json(body):
    try:
        contents = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _invalid(f"JSON Parse error: {error}") from None
    if not isinstance(contents, dict):
        raise _invalid("Request must be a JSON object")
    return contents


def _rows(contents, specs):
    """Inputs of `{"instances": [...]}`: one value, or a dict of values, for each example."""
    instances = contents["instances"]
    if not isinstance(instances, list) or not instances:
        raise _invalid('"instances" must be a list that is not empty')
    named = [isinstance(each, dict) and set(each) != {"b64"} for each in instances]
    if all(named):
        keys = set(instances[0])
        if any(set(each) != keys for each in instances):
            raise _invalid('"instances" must all have the same keys')
        return {key: _array(key, [each[key] for each in instances], specs) for key in keys}
    if any(named) or len(specs) != 1:
        raise _invalid(f"instances must be dicts of the inputs {sorted(specs)}")
    (key,) = specs
    return {key: _array(key, instances, specs)}


def _columns(contents, specs):
    """Inputs of `{"inputs": ...}`: a value, or a dict of values, of all examples."""
    inputs = contents["inputs"]
    if isinstance(inputs, dict) and set(inputs) != {"b64"}:
        return {key: _array(key, value, specs) for key, value in inputs.items()}
    if len(specs) != 1:
        raise _invalid(f"inputs must be a dict of {sorted(specs)}")
    (key,) = specs
    return {key: _array(key, inputs, specs)}


def _array(key, value, specs):
    if key not in specs:
        raise _invalid(f"JSON object: does not have named input: {key}; there are {sorted(specs)}")
    dtype = specs[key].dtype
    try:
        if dtype == tf.string:
            return np.array(_strings(value), dtype=object)
        array = np.array(value)
        if array.dtype.kind not in "fiub" or (array.dtype.kind == "f" and dtype.is_integer):
            raise ValueError("not numbers of that type")
        converted = array.astype(dtype.as_numpy_dtype)
        if dtype.is_integer and not np.array_equal(converted, array):
            raise ValueError("a number is too large")
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise _invalid(
            f"JSON value of {key} cannot be converted to {dtype.name}: {error}"
        ) from None
    return converted


def _strings(value):
    if isinstance(value, list):
        return [_strings(each) for each in value]
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, dict) and set(value) == {"b64"} and isinstance(value["b64"], str):
        try:
            return base64.b64decode(value["b64"], validate=True)
        except binascii.Error as error:
            raise ValueError(f"invalid base64: {error}") from None
    raise ValueError('strings are texts or {"b64": ...}')


def _plain(name, array):
    """An output as JSON has it; binary strings in base64, as their name says."""
    if array.dtype == object:
        return _texts(array.tolist(), name.endswith("_bytes"))
    return array.tolist()


def _texts(value, is_binary):
    if isinstance(value, list):
        return [_texts(each, is_binary) for each in value]
    if is_binary:
        return {"b64": base64.b64encode(value).decode()}
    return value.decode("utf-8", "replace")


def _version_of(path):
    number, label = path.get("version"), path.get("label")
    if number is not None and not (number.isascii() and number.isdigit() and int(number) < 2**63):
        raise _invalid(f"Failed to convert version: {number} to numeric.")
    return None if number is None else int(number), label


def _json(contents):
    return Response(json.dumps(contents, default=_finite), media_type="application/json")


def _finite(value):
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _message(message):
    """A proto as JSON, with the names that TF-Serving uses."""
    contents = json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    contents.get("metadata", {}).get("signature_def", {}).pop("@type", None)
    return _json(contents)


def _error(error):
    return JSONResponse({"error": error.message}, status_code=error.code.http)


async def _not_found(request, error):
    return JSONResponse(
        {"error": f"Malformed request: {request.method} {request.url.path}"}, status_code=404
    )


def _invalid(message):
    return RequestError(Code.INVALID_ARGUMENT, message)


def _too_long(limit):
    return RequestError(Code.TOO_LARGE, f"The request is longer than {limit} bytes")

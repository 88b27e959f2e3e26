"""TF-Serving's REST API as a client sees it: https://www.tensorflow.org/tfx/serving/api_rest."""

import base64
import json

import httpx
import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from tensorflow_serving.apis import get_model_metadata_pb2

from export.client.errors import ServingError

_CODES = {
    400: "INVALID_ARGUMENT",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    412: "FAILED_PRECONDITION",
    413: "OUT_OF_RANGE",
    429: "RESOURCE_EXHAUSTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


class Rest:
    """What is sent to `url`, `http://HOST:PORT/v1/models/NAME[/versions/N|/labels/LABEL]`."""

    def __init__(self, url):
        self.url = url.rstrip("/")
        if "/v1/models/" not in self.url or not self.url.startswith(("http://", "https://")):
            raise ValueError(
                "`url` must be like http://localhost:8501/v1/models/NAME, perhaps with "
                f"/versions/N or /labels/LABEL. Received: url={url!r}"
            )

    def metadata(self):
        """Arguments of the request for the signatures."""
        return {"method": "GET", "url": f"{self.url}/metadata"}

    def signatures(self, reply):
        """Dict of name to `SignatureDef` in a reply."""
        contents = self._json(reply)["metadata"]["signature_def"]
        signatures = get_model_metadata_pb2.SignatureDefMap()
        json_format.ParseDict(contents, signatures, ignore_unknown_fields=True)
        return dict(signatures.signature_def)

    def predict(self, inputs, name, signature):
        """Arguments of the request that runs a signature.

        Args:
            inputs: Dict of arrays.
            name: Of the signature.
            signature: Its `SignatureDef`.
        """
        values = {key: _plain(array) for key, array in inputs.items()}
        body = json.dumps({"signature_name": name, "inputs": values})
        headers = {"content-type": "application/json"}
        return {"method": "POST", "url": f"{self.url}:predict", "content": body, "headers": headers}

    def outputs(self, reply, signature):
        """Dict of arrays in a reply."""
        values = self._json(reply)["outputs"]
        if len(signature.outputs) == 1:
            values = {next(iter(signature.outputs)): values}
        return {
            key: _array(values[key], tf.as_dtype(info.dtype))
            for key, info in signature.outputs.items()
        }

    def status(self):
        """Arguments of the request for the states of versions."""
        return {"method": "GET", "url": self.url}

    def states(self, reply):
        """Dict of version to state in a reply."""
        states = self._json(reply)["model_version_status"]
        return {int(each["version"]): each["state"] for each in states}

    @staticmethod
    def error(error):
        """The `ServingError` for what the transport raised."""
        code = "DEADLINE_EXCEEDED" if isinstance(error, httpx.TimeoutException) else "UNAVAILABLE"
        return ServingError(code, f"{type(error).__name__} {error}".strip())

    def _json(self, reply):
        try:
            contents = reply.json()
        except ValueError:
            contents = {"error": reply.text[:500]}
        if reply.status_code == 200 and isinstance(contents, dict):
            return contents
        message = contents.get("error", reply.text[:500]) if isinstance(contents, dict) else reply
        raise ServingError(_CODES.get(reply.status_code, "INTERNAL"), str(message))


def _plain(array):
    array = np.asarray(array)
    return _coded(array.tolist()) if array.dtype.kind in "OSU" else array.tolist()


def _coded(value):
    """Strings as JSON has them: all in base64, which is also right for text."""
    if isinstance(value, list):
        return [_coded(each) for each in value]
    value = value.encode() if isinstance(value, str) else value
    return {"b64": base64.b64encode(value).decode()}


def _array(value, dtype):
    if dtype == tf.string:
        return np.array(_decoded(value), dtype=object)
    return np.array(value, dtype.as_numpy_dtype)


def _decoded(value):
    if isinstance(value, list):
        return [_decoded(each) for each in value]
    return base64.b64decode(value["b64"]) if isinstance(value, dict) else value.encode()

"""Errors of requests, with the status codes that gRPC and HTTP give them."""

import enum
import re

import grpc
import tensorflow as tf

# What the checks of a signature say, without where in the graph they are.
_ASSERTION = re.compile(r"assertion failed: \[(.*)\]", re.DOTALL)
_PLACE = re.compile(r"\s*(\[\[\{\{|\n\nStack trace|\[Op:)")
_BEFORE = re.compile(
    r"^(Graph execution error:.*\n)?\s*(\{\{function_node [^}]*\}\}\s*)*", re.DOTALL
)


class Code(enum.Enum):
    """Kinds of failures: gRPC status and the HTTP status that TF-Serving maps it to."""

    INVALID_ARGUMENT = (grpc.StatusCode.INVALID_ARGUMENT, 400)
    NOT_FOUND = (grpc.StatusCode.NOT_FOUND, 404)
    FAILED_PRECONDITION = (grpc.StatusCode.FAILED_PRECONDITION, 412)
    RESOURCE_EXHAUSTED = (grpc.StatusCode.RESOURCE_EXHAUSTED, 429)
    TOO_LARGE = (grpc.StatusCode.RESOURCE_EXHAUSTED, 413)
    DEADLINE_EXCEEDED = (grpc.StatusCode.DEADLINE_EXCEEDED, 504)
    UNAVAILABLE = (grpc.StatusCode.UNAVAILABLE, 503)
    INTERNAL = (grpc.StatusCode.INTERNAL, 500)

    @property
    def grpc(self):
        """The `grpc.StatusCode`."""
        return self.value[0]

    @property
    def http(self):
        """The HTTP status."""
        return self.value[1]


class RequestError(Exception):
    """A request that is answered with an error.

    Args:
        code: `Code`.
        message: String, which the client gets.
    """

    def __init__(self, code, message):
        super().__init__(message)
        self.code, self.message = code, message


def of_tensorflow(error):
    """Return the `RequestError` for what TensorFlow raised while a signature ran."""
    if isinstance(error, tf.errors.ResourceExhaustedError | MemoryError):
        return RequestError(Code.RESOURCE_EXHAUSTED, f"Out of memory: {_first_lines(error)}")
    if isinstance(error, tf.errors.InvalidArgumentError | ValueError | TypeError):
        return RequestError(Code.INVALID_ARGUMENT, _first_lines(error))
    return RequestError(Code.INTERNAL, _first_lines(error))


def _first_lines(error):
    """The message without the graph's traceback."""
    text = getattr(error, "message", None) or str(error)
    text = _BEFORE.sub("", _PLACE.split(text, maxsplit=1)[0], count=1).strip()
    found = _ASSERTION.search(text)
    return (found[1] if found else text)[:2000]

"""From a request, whatever way it came, to the arrays that answer it."""

import dataclasses
import threading

import numpy as np
import tensorflow as tf

from export.serve.errors import Code, RequestError, of_tensorflow


@dataclasses.dataclass(frozen=True)
class Request:
    """What is asked for.

    Attributes:
        model: Name of the model.
        version: Integer, or `None` for the latest.
        label: Label of a version, or `None`.
        signature: Name of the signature; `""` for the default.
        inputs: Dict of arrays, or a function of a dict of `tf.TensorSpec` that makes it: JSON is
            read by what the signature takes.
        outputs: Names of the outputs that are wanted; all if empty.
    """

    model: str
    version: int | None = None
    label: str | None = None
    signature: str = ""
    inputs: object = dataclasses.field(default_factory=dict)
    outputs: tuple = ()


class Predictor:
    """Runs requests on the versions of a store.

    Args:
        store: `export.serve.store.Store`, in whose turns requests are computed.
        present: Integer, requests that are computed or wait for it; more are refused. Defaults to
            101.
        batcher: `export.serve.batching.Batcher`, or `None` (default).
    """

    def __init__(self, store, present=101, batcher=None):
        self.store, self.batcher = store, batcher
        self._running = store.turns
        self._present = threading.BoundedSemaphore(present)

    def predict(self, request, seconds=None):
        """Answer a request.

        Args:
            request: `Request`.
            seconds: Float, how long it may wait for its turn, or `None`.

        Returns:
            `(version number, dict of NumPy arrays)`.

        Raises:
            RequestError: If it cannot be answered.
        """
        if not self._present.acquire(blocking=False):
            raise RequestError(Code.RESOURCE_EXHAUSTED, "Too many requests are waiting")
        try:
            version = self.store.model(request.model).find(request.version, request.label)
            with version.used():
                return version.number, self._outputs(version, request, seconds)
        finally:
            self._present.release()

    def _outputs(self, version, request, seconds):
        function = version.signature(request.signature)
        specs = version.inputs(request.signature)
        inputs = request.inputs(specs) if callable(request.inputs) else request.inputs
        inputs = checked(inputs, specs)
        unknown = set(request.outputs) - set(function.structured_outputs)
        if unknown:
            raise RequestError(
                Code.INVALID_ARGUMENT,
                f"output tensor alias not found in signature: {sorted(unknown)}. Outputs expected "
                f"to be in the set {sorted(function.structured_outputs)}.",
            )

        def run(arrays):
            return self._run(function, arrays, seconds)

        if self.batcher is None:
            outputs = run(inputs)
        else:
            key = version.path, request.signature
            outputs = self.batcher.run(key, run, inputs)
        return {name: x for name, x in outputs.items()
                if not request.outputs or name in request.outputs}  # fmt: skip

    def _run(self, function, inputs, seconds):
        if not self._running.acquire(timeout=-1 if seconds is None else max(seconds, 0)):
            raise RequestError(Code.DEADLINE_EXCEEDED, "Deadline exceeded while waiting for a turn")
        try:
            outputs = function(**{name: tf.constant(x) for name, x in inputs.items()})
            return {name: x.numpy() for name, x in outputs.items()}
        except (tf.errors.OpError, ValueError, TypeError, MemoryError) as error:
            raise of_tensorflow(error) from error
        finally:
            self._running.release()


def checked(inputs, specs):
    """Inputs that fit a signature.

    Args:
        inputs: Dict of arrays.
        specs: Dict of `tf.TensorSpec`.

    Returns:
        `inputs`.

    Raises:
        RequestError: If one is missing or too many, or has another type or shape.
    """
    extra, missing = sorted(set(inputs) - set(specs)), sorted(set(specs) - set(inputs))
    if extra or missing:
        raise RequestError(
            Code.INVALID_ARGUMENT,
            f"input size does not match signature: {len(inputs)}!={len(specs)} len({sorted(specs)})"
            f". Sent extra: {extra}. Missing but required: {missing}.",
        )
    for name, spec in specs.items():
        array = np.asarray(inputs[name])
        given = tf.string if array.dtype.kind in "OSU" else tf.as_dtype(array.dtype)
        if given != spec.dtype or not spec.shape.is_compatible_with(array.shape):
            raise RequestError(
                Code.INVALID_ARGUMENT,
                f"Input {name} must be {spec.dtype.name} of shape {spec.shape}. "
                f"Received: {given.name} of shape {array.shape}",
            )
    return inputs

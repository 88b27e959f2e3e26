"""The clients: what is sent by REST and by gRPC, blocking and with asyncio."""

import asyncio
import concurrent.futures
import json
import time

import grpc
import httpx
import numpy as np
import tenacity

import zoo
from export.client.errors import ServingError
from export.client.grpc_api import CHANNEL_OPTIONS, Grpc
from export.client.remote import FILES, RemoteModel
from export.client.rest import Rest


def connect(url, **options):
    """Return the client of a URL.

    Args:
        url: `http://HOST:8501/v1/models/NAME` (perhaps with `/versions/N` or `/labels/LABEL`), or
            `grpc://HOST:8500/NAME` (perhaps with `?version=N` or `?label=LABEL`).
        **options: Of `RestClient` and `GrpcClient`.

    Returns:
        A `RestClient` or `GrpcClient`.

    Raises:
        ValueError: If the URL is of another kind.
    """
    return (GrpcClient if str(url).startswith("grpc:") else RestClient)(url, **options)


class _Client:
    """What blocking clients and those with asyncio have in common.

    Args:
        url: As of `connect`.
        seconds: Float, deadline of a call with all its attempts. Defaults to 60.
        attempts: Integer of at least 1. A call is made again when the server is not there or busy,
            after a time that doubles, plus a random part. Defaults to 5.
        first_delay_s: Float, before the second attempt, at most. Defaults to 0.2.
    """

    wire = None

    def __init__(self, url, seconds=60.0, attempts=5, first_delay_s=0.2):
        if seconds <= 0 or attempts < 1 or first_delay_s < 0:
            raise ValueError(
                "`seconds` must be positive, `attempts` at least 1 and `first_delay_s` at least 0. "
                f"Received: {seconds}, {attempts}, {first_delay_s}"
            )
        self._wire = self.wire(url)
        self.url, self._seconds = url, seconds
        self._attempts, self._first_delay_s = attempts, first_delay_s
        self._signatures = None

    def _retrying(self, kind):
        return kind(
            retry=tenacity.retry_if_exception(lambda error: getattr(error, "again", False)),
            stop=tenacity.stop_after_attempt(self._attempts)
            | tenacity.stop_after_delay(self._seconds),
            wait=tenacity.wait_random_exponential(self._first_delay_s, max=10.0),
            reraise=True,
        )

    def _checked(self, signatures, name):
        if name not in signatures:
            raise ServingError(
                "NOT_FOUND", f"The model has no signature {name!r}, but {sorted(signatures)}"
            )
        return signatures[name]


class _Blocking(_Client):
    """A client whose calls block."""

    def _send(self, request, seconds):
        raise NotImplementedError(f"{type(self).__name__} must define `_send`.")

    def _call(self, request, read):
        deadline = time.monotonic() + self._seconds

        def attempt():
            return read(self._send(request, max(deadline - time.monotonic(), 1e-3)))

        return self._retrying(tenacity.Retrying)(attempt)

    def signatures(self):
        """Dict of name to `tensorflow.SignatureDef`, of the version that is asked first."""
        if self._signatures is None:
            self._signatures = self._call(self._wire.metadata(), self._wire.signatures)
        return self._signatures

    def predict(self, inputs, signature="serving_default"):
        """Run a signature.

        Args:
            inputs: Dict of names to arrays (of bytes or text, for strings).
            signature: Its name. Defaults to `"serving_default"`.

        Returns:
            Dict of names to arrays.

        Raises:
            ServingError: If the server refuses it, or cannot be reached in time.
        """
        definition = self._checked(self.signatures(), signature)
        request = self._wire.predict(inputs, signature, definition)
        return self._call(request, lambda reply: self._wire.outputs(reply, definition))

    def describe(self):
        """Dict of what the exported model says of itself; see `export.record`."""
        answer = self.predict({"names": np.array([b"*"], object)}, "describe")
        return json.loads(answer["values"][0])

    def status(self):
        """Dict of version number to state, such as `"AVAILABLE"`."""
        return self._call(self._wire.status(), self._wire.states)

    def restore(self, image, mask=None, **options):
        """Restore a picture of any size, kind and bit depth, as `zoo.restore` and `zoo.inpaint` do.

        Args:
            image: As of `zoo.restore`.
            mask: As of `zoo.inpaint`, for a model that fills holes. Defaults to `None`.
            **options: `tile`, `overlap` and `progress` of `zoo.restore`.

        Returns:
            As of `zoo.restore`.
        """
        model = RemoteModel(self)
        if mask is not None:
            return zoo.inpaint(model, image, mask, **options)
        return zoo.restore(model, image, **options)

    def run_files(self, files, others=None, batch_size=8, concurrency=2):
        """Send many image files as they are, some at a time.

        Args:
            files: Sequence of bytes, JPEG or PNG files.
            others: Dict of names to sequences of as many values, what the signature on files takes
                beside `image_bytes`. Defaults to `None`.
            batch_size: Integer, files of a request. Defaults to 8.
            concurrency: Integer, requests on their way at the same time. Defaults to 2.

        Returns:
            List of bytes, PNG files, in the order of `files`.

        Raises:
            ServingError: As of `predict`; its message names a file by its place in its request.
        """
        signature, output, batches = _batches(self.signatures(), files, others, batch_size)
        with concurrent.futures.ThreadPoolExecutor(concurrency) as pool:
            answers = pool.map(lambda batch: self.predict(batch, signature)[output], batches)
            return [each for answer in answers for each in answer]

    def close(self):
        """Close the connection."""
        self._transport.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


class _Awaiting(_Client):
    """A client for asyncio."""

    async def _send(self, request, seconds):
        raise NotImplementedError(f"{type(self).__name__} must define `_send`.")

    async def _call(self, request, read):
        deadline = time.monotonic() + self._seconds

        async def attempt():
            return read(await self._send(request, max(deadline - time.monotonic(), 1e-3)))

        return await self._retrying(tenacity.AsyncRetrying)(attempt)

    async def signatures(self):
        """As of the blocking clients, like all that follows."""
        if self._signatures is None:
            self._signatures = await self._call(self._wire.metadata(), self._wire.signatures)
        return self._signatures

    async def predict(self, inputs, signature="serving_default"):
        """Run a signature."""
        definition = self._checked(await self.signatures(), signature)
        request = self._wire.predict(inputs, signature, definition)
        return await self._call(request, lambda reply: self._wire.outputs(reply, definition))

    async def describe(self):
        """Dict of what the exported model says of itself."""
        answer = await self.predict({"names": np.array([b"*"], object)}, "describe")
        return json.loads(answer["values"][0])

    async def status(self):
        """Dict of version number to state."""
        return await self._call(self._wire.status(), self._wire.states)

    async def run_files(self, files, others=None, batch_size=8, concurrency=2):
        """Send many image files as they are, some at a time."""
        parts = _batches(await self.signatures(), files, others, batch_size)
        signature, output, batches = parts
        turns = asyncio.Semaphore(concurrency)

        async def send(batch):
            async with turns:
                return (await self.predict(batch, signature))[output]

        answers = await asyncio.gather(*map(send, batches))
        return [each for answer in answers for each in answer]

    async def close(self):
        """Close the connection."""
        await (self._transport.aclose if self.wire is Rest else self._transport.close)()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        await self.close()


class RestClient(_Blocking):
    """A client by REST. Arguments are those of `_Client`; images travel as PNG files.

    Example:

    >>> client = RestClient("http://localhost:8501/v1/models/old_photo")
    >>> client.restore("scan.jpg").save("restored.png")  # doctest: +SKIP
    """

    wire = Rest

    def __init__(self, url, *args, **kwargs):
        super().__init__(url, *args, **kwargs)
        self._transport = httpx.Client()

    def _send(self, request, seconds):
        try:
            return self._transport.request(**request, timeout=seconds)
        except httpx.HTTPError as error:
            raise Rest.error(error) from error


class AsyncRestClient(_Awaiting):
    """A client by REST for asyncio."""

    wire = Rest

    def __init__(self, url, *args, **kwargs):
        super().__init__(url, *args, **kwargs)
        self._transport = httpx.AsyncClient()

    async def _send(self, request, seconds):
        try:
            return await self._transport.request(**request, timeout=seconds)
        except httpx.HTTPError as error:
            raise Rest.error(error) from error


class GrpcClient(_Blocking):
    """A client by gRPC. Arguments are those of `_Client`.

    Example:

    >>> client = GrpcClient("grpc://localhost:8500/old_photo")
    >>> client.restore("scan.jpg").save("restored.png")  # doctest: +SKIP
    """

    wire = Grpc

    def __init__(self, url, *args, **kwargs):
        super().__init__(url, *args, **kwargs)
        self._transport = grpc.insecure_channel(self._wire.target, CHANNEL_OPTIONS)
        self._calls = self._wire.connect(self._transport)

    def _send(self, request, seconds):
        try:
            return self._calls[type(request)](request, timeout=seconds)
        except grpc.RpcError as error:
            raise Grpc.error(error) from error


class AsyncGrpcClient(_Awaiting):
    """A client by gRPC for asyncio; make it where the event loop runs."""

    wire = Grpc

    def __init__(self, url, *args, **kwargs):
        super().__init__(url, *args, **kwargs)
        self._transport = grpc.aio.insecure_channel(self._wire.target, CHANNEL_OPTIONS)
        self._calls = self._wire.connect(self._transport)

    async def _send(self, request, seconds):
        try:
            return await self._calls[type(request)](request, timeout=seconds)
        except grpc.RpcError as error:
            raise Grpc.error(error) from error


def _batches(signatures, files, others, size):
    """Name of the signature on files, of its output, and its inputs for some files each."""
    if size < 1:
        raise ValueError(f"`batch_size` must be at least 1. Received: {size}")
    name = next((name for name in FILES if name in signatures), None)
    if name is None:
        raise ServingError("NOT_FOUND", f"The model takes no image files, but {sorted(signatures)}")
    columns = {"image_bytes": files, **(others or {})}
    counts = {key: len(column) for key, column in columns.items()}
    if len(set(counts.values())) > 1:
        raise ValueError(f"`others` must be as many as `files`. Received: {counts}")
    (output,) = signatures[name].outputs
    batches = [
        {key: _array(column[start : start + size]) for key, column in columns.items()}
        for start in range(0, len(files), size)
    ]
    return name, output, batches


def _array(values):
    is_text = isinstance(values[0], bytes | str)
    return np.array(list(values), dtype=object if is_text else np.float32)

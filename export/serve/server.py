"""A server for development, tests and small deployments, with the wire contract of TF-Serving.

It runs where the official image does not (macOS, Arm) and needs no Docker. What it lacks beside
TF-Serving: tf.Example requests (Classify, Regress), TLS, and the tuning of large fleets.
"""

import concurrent.futures
import dataclasses
import functools
import logging
import os
import signal
import socket
import threading

import grpc
import uvicorn

from export.serve.batching import Batcher
from export.serve.grpc_service import add_services
from export.serve.metrics import Metrics
from export.serve.predict import Predictor
from export.serve.rest import application
from export.serve.store import Store

_LOG = logging.getLogger("zoo.serve")
_ONEDNN = "TF_ENABLE_ONEDNN_OPTS"


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a server refuses, and how long it waits.

    Attributes:
        max_body_bytes: Integer, of a request. Defaults to 64 MiB.
        queue: Integer, requests that may wait for their turn. Defaults to 100.
        seconds: Float, after which a REST request is given up. Defaults to 120.
        poll_seconds: Float, how often the folder is looked at. Defaults to 2.
        shutdown_seconds: Float, how long running requests may take at the end. Defaults to 30.
    """

    max_body_bytes: int = 64 * 2**20
    queue: int = 100
    seconds: float = 120.0
    poll_seconds: float = 2.0
    shutdown_seconds: float = 30.0


class Server:
    """Serves a folder of models by gRPC and REST.

    Args:
        directory: As of `export.serve.store.Store`.
        host: String. Defaults to `"127.0.0.1"`: nobody else may call.
        grpc_port: Integer; 0 takes one that is free. Defaults to 8500.
        rest_port: Integer; 0 takes one that is free. Defaults to 8501.
        batching: Bool, run requests together that arrive together. Defaults to `False`.
        concurrency: Integer, requests that are computed at the same time. Defaults to 1, which uses
            all cores. More need `TF_ENABLE_ONEDNN_OPTS=0` in the environment: with oneDNN,
            TensorFlow 2.21 is killed (segmentation fault) when threads compute images of several
            sizes at the same time.
        limits: `Limits`, or `None` for its defaults.

    Example:

    >>> with Server("serving/") as server:  # doctest: +SKIP
    ...     print(server.rest_address)
    http://127.0.0.1:8501
    """

    def __init__(self, directory, host="127.0.0.1", grpc_port=8500, rest_port=8501,
                 batching=False, concurrency=1, limits=None):  # fmt: skip
        limits = limits or Limits()
        if concurrency < 1 or (concurrency > 1 and os.environ.get(_ONEDNN) != "0"):
            raise ValueError(
                f"`concurrency` must be 1, or more with {_ONEDNN}=0 in the environment: with "
                "oneDNN, TensorFlow may crash when threads compute images of several sizes. "
                f"Received: concurrency={concurrency}"
            )
        self._host, self._shutdown_seconds = host, limits.shutdown_seconds
        threads = min(concurrency + limits.queue, 32)
        turns = threading.BoundedSemaphore(concurrency)
        self.store = Store(directory, limits.poll_seconds, turns)
        # Ports are taken before models are loaded, which may last.
        self._socket = _listen(host, rest_port)
        self._grpc = grpc.server(
            concurrent.futures.ThreadPoolExecutor(threads, "zoo-serve-grpc"),
            options=[
                ("grpc.max_receive_message_length", limits.max_body_bytes),
                ("grpc.max_send_message_length", -1),
                ("grpc.so_reuseport", 0),  # two servers on one port would share its requests
            ],
        )
        try:
            self._grpc_port = self._grpc.add_insecure_port(f"{host}:{grpc_port}")
            self.store.open()
        except BaseException as error:
            self._socket.close()
            if isinstance(error, RuntimeError):
                raise OSError(f"gRPC cannot listen on {host}:{grpc_port}: {error}") from error
            raise
        self.metrics = Metrics()
        batcher = Batcher() if batching else None
        predictor = Predictor(self.store, concurrency + limits.queue, batcher)
        add_services(self._grpc, predictor, self.metrics)
        app = application(predictor, self.metrics, limits.max_body_bytes, limits.seconds, threads)
        self._rest = uvicorn.Server(uvicorn.Config(
            app, log_level="warning", lifespan="off", timeout_keep_alive=30,
            timeout_graceful_shutdown=round(limits.shutdown_seconds),
        ))  # fmt: skip
        self._thread = None

    @property
    def grpc_address(self):
        """`host:port`."""
        return f"{self._host}:{self._grpc_port}"

    @property
    def rest_address(self):
        """`http://host:port`."""
        return f"http://{self._host}:{self._socket.getsockname()[1]}"

    def start(self):
        """Answer requests, in threads of its own."""
        self._grpc.start()
        run = functools.partial(self._rest.run, sockets=[self._socket])
        self._thread = threading.Thread(target=run, name="zoo-serve-rest", daemon=True)
        self._thread.start()
        return self

    def stop(self):
        """Take no more requests, finish those that run, and end."""
        stopped = self._grpc.stop(self._shutdown_seconds)
        self._rest.should_exit = True
        self._thread.join()
        stopped.wait()
        self.store.close()

    def wait(self):
        """Serve until SIGINT or SIGTERM."""
        ended = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ended.set())
        ended.wait()
        _LOG.info("Finishing what is running")
        self.stop()

    def __enter__(self):
        return self.start()

    def __exit__(self, *error):
        self.stop()


def _listen(host, port):
    try:
        return socket.create_server((host, port), backlog=128)
    except OSError as error:
        raise OSError(f"REST cannot listen on {host}:{port}: {error}") from error

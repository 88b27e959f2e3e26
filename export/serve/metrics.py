"""Metrics for Prometheus, under the names that TF-Serving gives them."""

import collections
import threading

import prometheus_client
from prometheus_client.core import Metric

_PREFIX = ":tensorflow:serving:"


class _Counts:
    """A counter under a name without `_total`, which prometheus_client's own would append."""

    def __init__(self):
        self._counts, self._lock = collections.Counter(), threading.Lock()

    def add(self, **labels):
        """Count one more."""
        with self._lock:
            self._counts[tuple(sorted(labels.items()))] += 1

    def collect(self):
        """What the registry asks for."""
        metric = Metric(f"{_PREFIX}request_count", "Requests that were answered.", "untyped")
        with self._lock:
            for labels, count in self._counts.items():
                metric.add_sample(metric.name, dict(labels), count)
        return [metric]


class Metrics:
    """Counts requests and measures how long they take.

    A registry of its own: several servers of one process do not add up.
    """

    def __init__(self):
        self._registry = prometheus_client.CollectorRegistry()
        self._counts = _Counts()
        self._registry.register(self._counts)
        self._latency = prometheus_client.Histogram(
            f"{_PREFIX}request_latency", "Time from request to answer, in microseconds.",
            ["model_name", "entrypoint"], registry=self._registry,
            buckets=[10 * 1.8**power for power in range(33)],
        )  # fmt: skip

    def observe(self, model, entrypoint, status, seconds):
        """Count a request.

        Args:
            model: Name of the model.
            entrypoint: `"GRPC"` or `"REST"`.
            status: `"OK"`, or the name of the error.
            seconds: Float.
        """
        # Names that clients make up must not fill the memory.
        model = model if status != "NOT_FOUND" else ""
        self._counts.add(model_name=model, entrypoint=entrypoint, status=status)
        self._latency.labels(model, entrypoint).observe(1e6 * seconds)

    def text(self):
        """The metrics in Prometheus' text format, bytes."""
        return prometheus_client.generate_latest(self._registry)

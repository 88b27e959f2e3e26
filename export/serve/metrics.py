"""Metrics for Prometheus, under the names that TF-Serving gives them."""

import prometheus_client

_PREFIX = ":tensorflow:serving:"


class Metrics:
    """Counts requests and measures how long they take.

    A registry of its own: several servers of one process do not add up.
    """

    def __init__(self):
        self._registry = prometheus_client.CollectorRegistry()
        self._count = prometheus_client.Counter(
            f"{_PREFIX}request_count", "Requests that were answered.",
            ["model_name", "entrypoint", "status"], registry=self._registry,
        )  # fmt: skip
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
        self._count.labels(model, entrypoint, status).inc()
        self._latency.labels(model, entrypoint).observe(1e6 * seconds)

    def text(self):
        """The metrics in Prometheus' text format, bytes."""
        return prometheus_client.generate_latest(self._registry)

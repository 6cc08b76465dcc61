"""Counters of the server, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Metrics:
    """Counters of one server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        labels = ("model", "operation")
        self.requests = Counter(
            "unrolled_requests", "Requests by status.", (*labels, "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "unrolled_request_seconds", "Time of a request.", labels, buckets=SECONDS, registry=self.registry
        )
        self.rows = Histogram(
            "unrolled_batch_rows",
            "Requests that ran as one batch.",
            labels,
            buckets=ROWS,
            registry=self.registry,
        )
        self.steps = Counter(
            "unrolled_steps", "Steps that were written, such as tokens.", labels, registry=self.registry
        )
        self.waiting = Gauge(
            "unrolled_waiting", "Requests that wait or run.", ("model",), registry=self.registry
        )
        self.sessions = Gauge(
            "unrolled_sessions", "Sessions whose state is kept.", ("model",), registry=self.registry
        )
        self.session_bytes = Gauge(
            "unrolled_session_bytes", "Memory of the states of sessions.", ("model",), registry=self.registry
        )
        self.reloads = Counter(
            "unrolled_reloads",
            "Times that a run was loaded again.",
            ("model", "result"),
            registry=self.registry,
        )

    def text(self) -> bytes:
        """Return all values in the text format of Prometheus."""
        return generate_latest(self.registry)

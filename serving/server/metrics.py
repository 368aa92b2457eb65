"""Counts and times for Prometheus, under the names that tensorflow_model_server gives them."""

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from serving.server.status import from_error

_REQUESTS: Final = ":tensorflow:serving:request_count"
_LATENCY: Final = ":tensorflow:serving:request_latency"
_LOADS: Final = ":tensorflow:cc:saved_model:load_attempt_count"
_BUCKETS: Final = tuple(10 * 1.8**step for step in range(33))
"""The real server's, in microseconds."""

_UNKNOWN: Final = "unknown"
"""In place of a model that is not served: callers make up names without end, and each would be kept."""

# The real server has no such samples.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """What happened since the start."""

    def __init__(self) -> None:
        self._models: frozenset[str] = frozenset()
        self._registry = CollectorRegistry()
        self._requests = _Counts(_REQUESTS, "Requests by outcome.", ("model_name", "status"))
        self._loads = _Counts(_LOADS, "Loads of versions.", ("model_path", "status"))
        self._registry.register(self._requests)
        self._registry.register(self._loads)
        # The real server tells nothing of its memory.
        ProcessCollector(registry=self._registry)
        self._latency = Histogram(
            _LATENCY,
            "Microseconds of requests that were answered.",
            ("model_name", "API", "entrypoint"),
            registry=self._registry,
            buckets=_BUCKETS,
        )

    def add_models(self, names: Iterable[str]) -> None:
        """From now on count these models under their own names."""
        self._models |= frozenset(names)

    @contextlib.contextmanager
    def request(self, model: str, api: str, entrypoint: str) -> Iterator[None]:
        """Count what happens inside as one request, and its time where nothing is raised.

        Args:
            model: Name that was asked for.
            api: `Predict` or `Classify`; over REST in small letters, as the real server has it.
            entrypoint: `GRPC` or `REST`.
        """
        name = model if model in self._models else _UNKNOWN
        started = time.perf_counter()
        try:
            yield
        except Exception as error:
            self._requests.add(name, from_error(error).code.name)
            raise
        self._requests.add(name, "OK")
        self._latency.labels(name, api, entrypoint).observe((time.perf_counter() - started) * 1e6)

    @contextlib.contextmanager
    def load(self, path: Path) -> Iterator[None]:
        """Count what happens inside as the load of a version."""
        try:
            yield
        except Exception:
            self._loads.add(str(path), "fail")
            raise
        self._loads.add(str(path), "success")

    def page(self) -> bytes:
        """Everything in Prometheus's text form."""
        return generate_latest(self._registry)


class _Counts(Collector):
    """A counter whose name does not end in `_total`, as prometheus-client's own must."""

    def __init__(self, name: str, help_: str, labels: tuple[str, ...]) -> None:
        self._name = name
        self._help = help_
        self._labels = labels
        self._counts: Counter[tuple[str, ...]] = Counter()
        self._lock = threading.Lock()

    def add(self, *values: str) -> None:
        with self._lock:
            self._counts[values] += 1

    def collect(self) -> Iterator[Metric]:
        metric = Metric(self._name, self._help, "unknown")
        with self._lock:
            counts = dict(self._counts)
        for values, count in counts.items():
            metric.add_sample(self._name, dict(zip(self._labels, values, strict=True)), count)
        yield metric

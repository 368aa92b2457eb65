"""Metrics by name that a dashboard or an alert may ask for: who has them, and with which labels.

tensorflow_model_server's are those of its sources (the file is beside each; TensorFlow's own in tensorflow/), as its exporter
writes them: every character that is no letter, digit or underscore becomes a colon. The embedded server's are asked of it.
"""

from typing import Final

_LATENCY: Final = frozenset({"model_name", "API", "entrypoint"})
COUNTERS: Final = {
    # servables/tensorflow/util.cc
    ":tensorflow:serving:request_count": frozenset({"model_name", "status"}),
    # tensorflow/cc/saved_model/loader.cc
    ":tensorflow:cc:saved_model:load_attempt_count": frozenset({"model_path", "status"}),
    ":tensorflow:cc:saved_model:load_latency": frozenset({"model_path"}),
}
HISTOGRAMS: Final = {
    # servables/tensorflow/util.cc
    ":tensorflow:serving:request_latency": _LATENCY,
    ":tensorflow:serving:runtime_latency": frozenset({"model_name", "API", "runtime"}),
    # servables/tensorflow/saved_model_warmup_util.cc
    ":tensorflow:serving:model_warmup_latency": frozenset({"model_path", "status"}),
    # batching/batching_session.cc
    ":tensorflow:serving:batching_session:queuing_latency": frozenset(),
    ":tensorflow:serving:batching_session:input_batch_size": frozenset(),
    ":tensorflow:serving:batching_session:processed_batch_size": frozenset(),
}

REAL: Final = {
    **COUNTERS,
    **{
        f"{name}_{part}": labels for name, labels in HISTOGRAMS.items() for part in ("sum", "count")
    },
    **{f"{name}_bucket": labels | {"le"} for name, labels in HISTOGRAMS.items()},
}

_CONTAINER: Final = frozenset({"container", "pod"})
OTHERS: Final = {
    # Prometheus itself
    "up": frozenset(),
    # cAdvisor, in every kubelet
    "container_memory_working_set_bytes": _CONTAINER,
    "container_spec_memory_limit_bytes": _CONTAINER,
    "container_cpu_usage_seconds_total": _CONTAINER,
}
ADDED: Final = frozenset({"job", "instance"})
"""Labels that Prometheus gives to whatever it scrapes."""

"""What can be measured, one file a measurement: `measure(bench) -> Section`."""

from typing import Final

MEASUREMENTS: Final = {
    "latency": "benchmarks.measurements.latency",
    "throughput": "benchmarks.measurements.throughput",
    "preprocessing": "benchmarks.measurements.preprocessing",
    "grpc": "benchmarks.measurements.grpc_load",
    "start": "benchmarks.measurements.start",
    "growth": "benchmarks.measurements.growth",
    "training": "benchmarks.measurements.training",
    "quality": "benchmarks.measurements.quality",
    "tables": "benchmarks.measurements.tables",
}
"""Name for `--only` to the module whose `measure` does it, in the order of the run and the report.

`tables` is done where `--tables` says where they are.

Short ones first: a host that shares its processors gave ours to others after some 20 minutes of work
(46 % of the 44 minutes of a run that began with the trainings), and scores do not mind.
"""

"""The machine is described by what it says of itself."""

import tensorflow as tf

from benchmarks.shared.machine import ProcessorTimes, describe_machine, processor_times


def test_idle_time_is_not_wanted_time(tmp_path):
    """Fields: user nice system idle iowait irq softirq steal guest guest_nice."""
    (tmp_path / "stat").write_text("cpu  10 1 4 900 50 0 5 20 7 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n")
    assert processor_times(tmp_path / "stat") == ProcessorTimes(wanted=40, stolen=20)
    assert processor_times(tmp_path / "none") == ProcessorTimes(0, 0)


def test_the_machine_is_told_from_the_machine():
    found = describe_machine((1.0, 2.0, 3.0))
    assert found["cores"] >= 1
    assert found["memory_gb"] > 0.1
    assert found["cpu"]
    assert found["packages"]["tensorflow"] == tf.__version__
    assert found["load_average"] == [1.0, 2.0, 3.0]

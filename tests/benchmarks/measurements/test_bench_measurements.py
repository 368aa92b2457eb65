"""What single measurements work out."""

import pytest

from benchmarks.measurements.growth import further_row_us


def test_time_of_a_further_row_leaves_the_start_out():
    assert further_row_us([25, 100, 400], [12.5, 20.0, 50.0]) == pytest.approx([1e5, 1e5])

"""What single measurements work out, and the one that is a command of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import serving_graphs
from benchmarks.measurements.growth import further_row_us

ROOT = Path(__file__).parents[3]


def test_time_of_a_further_row_leaves_the_start_out():
    assert further_row_us([25, 100, 400], [12.5, 20.0, 50.0]) == pytest.approx([1e5, 1e5])


@pytest.mark.parametrize(
    "option", ["--rounds=0", "--batch-sizes=many", "--graphs=slow", "--round=3"]
)
def test_a_wrong_option_of_the_serving_graphs_is_told(option, capsys):
    with pytest.raises(SystemExit) as exit_:
        serving_graphs.main([option])
    assert exit_.value.code == 2
    assert "python -m benchmarks.serving_graphs: error: " in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ([], "last state, masked, random weights, 3 rounds"),
        (["--pooled", "--unmasked"], "pooled, unmasked, random weights, 3 rounds"),
    ],
)
def test_serving_graphs_are_compared_with_the_first(options, kind, sample_csv):
    """Real exports, each by both clocks, and a model that the table trained nobody for."""
    command = [sys.executable, "-m", "benchmarks.serving_graphs", "--quick", f"--data={sample_csv}"]
    sizes = ["--graphs", "keras", "auto", "--batch-sizes", "1", "8"]
    done = subprocess.run(
        [*command, *sizes, *options], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"- {kind}\n" in done.stdout
    assert "| what | who | figure | spread | unit | against keras | samples | note |" in done.stdout
    rows = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")][2:]
    figures = [(what.removeprefix("| "), who, unit) for what, who, _, _, unit, *_ in rows]
    kinds = [("", "ms"), (", processor", "ms"), (", rate", "tweets/s")]
    assert figures == [("artefact", who, "MB") for who in ("keras", "auto")] + [
        (f"batch of {size}{ending}", who, unit)
        for size in (1, 8)
        for ending, unit in kinds
        for who in ("keras", "auto")
    ]
    assert all(row[5] == "1.00 x" for row in rows if row[1] == "keras")

"""Many rows: the table is streamed and the tokens are kept small, so memory stays within bounds."""

import json
import sys

import pytest

from benchmarks.shared.processes import run_module

ROWS = 1_600_000
MOST_BYTES = 1_500_000_000


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the bound was measured on Linux")
def test_a_million_and_a_half_rows_stay_under_one_and_a_half_gigabytes(tmp_path):
    """Tweets of real length; a small network and large batches, for the rows are what grows."""
    data, run = tmp_path / "many.csv", tmp_path / "run"
    words = [f"word{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}" for n in range(600)]
    with data.open("w") as file:
        file.write("text,sentiment\n")
        for row in range(ROWS):
            text = " ".join(words[(row * step) % 600] for step in (1, 3, 7, 11, 13, 17, 19, 23, 29))
            number = " ".join(chr(97 + int(digit)) * 2 for digit in str(row))
            file.write(f"{text} {number},{('negative', 'neutral', 'positive')[row % 3]}\n")
    small = (
        "--embedding-dim=8",
        "--lstm-units=4",
        "--batch-size=4096",
        "--epochs=1",
        "--no-export",
        "--embeddings=none",
    )
    train = ["keras_pipeline.train", f"--data={data}", f"--output={run}", *small]
    # By the benchmarks' launcher: a child of this process would be charged with what earlier tests held.
    peak = run_module(train, tmp_path / "train.log").peak_bytes
    assert json.loads((run / "metrics.json").read_text())["read"]["rows_read"] == ROWS
    assert peak < MOST_BYTES
    print(f"peak {peak / 1e9:.2f} GB")

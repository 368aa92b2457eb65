"""The Spark lines of docs/scale.md, run as they stand, where Spark and a Java are at hand."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import length_model
import pyarrow as pa
import pytest
from pyarrow import parquet

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
def test_spark_answers_as_the_model(base, tmp_path):
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    if shutil.which("java") is None:
        pytest.skip("Spark needs a Java")
    text = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    shutil.copytree(base / "3", tmp_path / "models" / "tweet_sentiment" / "1")
    texts = [f"tweet {'so ' * (at % 5)}" for at in range(5_000)]
    parquet.write_table(pa.table({"text": texts}), tmp_path / "tweets.parquet")
    # Executors may have an older pandas or Arrow than Spark was tried with: nothing of this project is loaded.
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    found = parquet.read_table(tmp_path / "scored.parquet").to_pylist()
    assert [row["text"] for row in found] == texts
    for row in found[::997]:
        right = length_model.expected(row["text"], 3)
        assert row["probabilities"] == pytest.approx(right, abs=1e-6)

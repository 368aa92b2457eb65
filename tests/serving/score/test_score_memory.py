"""What scoring leaves out of its process."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPT = """
import sys
from pathlib import Path
from serving.score.model import Model
model = Model(Path(sys.argv[1]))
assert len(model.answer(["so good"]).labels) == 1
print(*sorted({"jax", "pandas", "sklearn", "matplotlib"} & set(sys.modules)))
import pandas
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_the_model_brings_no_packages_that_it_never_asks(backend, base, monkeypatch):
    """They were a third of the memory; whoever imports one afterwards, as pyarrow may, finds it."""
    pytest.importorskip("pandas")
    monkeypatch.setenv("KERAS_BACKEND", backend)
    words = [sys.executable, "-c", SCRIPT, str(base / "3")]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == []

"""A training that dies between publishing and the last line of its run, and a table that is good enough to publish."""

import signal
import subprocess
import sys
from pathlib import Path

_PROGRAM = """
import os, pathlib, signal, sys
from keras_pipeline import train
unlink = pathlib.Path.unlink
def killed(path, *args, **kwargs):
    if path.name == "checkpoint.npz":
        # TensorFlow would import it, and a callback of its own, called at each collection, swallows Ctrl-C.
        assert "jax" not in sys.modules
        os.kill(os.getpid(), signal.SIGKILL)
    unlink(path, *args, **kwargs)
pathlib.Path.unlink = killed
sys.exit(train.main(sys.argv[1:]))
"""


def train_and_die(*options: str) -> None:
    """Train and publish by the command's words, in a process that is killed right afterwards."""
    program = [sys.executable, "-c", _PROGRAM, *options]
    killed = subprocess.run(program, check=False, capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr


def write_learnable_table(path: Path) -> Path:
    """1,200 rows whose class two of their words tell."""
    words = {"negative": "sad awful", "neutral": "train monday", "positive": "happy great"}
    rows = [
        f"{text} number {'i' * (row % 40)} {'x' * (row // 40)},{label}"
        for row in range(400)
        for label, text in words.items()
    ]
    path.write_text("text,sentiment\n" + "\n".join(rows) + "\n")
    return path

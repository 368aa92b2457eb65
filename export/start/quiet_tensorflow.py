"""Import TensorFlow without the lines that its C++ prints at start, while real errors still show.

TensorFlow 2.21 tells every process, and tells it twice, because two of its libraries each link a copy
of absl's logger: that the logger is not initialized, that oneDNN is on, that there is no CUDA driver.
These six lines come while the libraries are loaded, before TensorFlow reads `TF_CPP_MIN_LOG_LEVEL`:
no value of it stops them (tensorflow issue 100442), and what turns oneDNN's line off turns oneDNN off.

So standard error passes through a filter while TensorFlow is imported and looks for its devices. It
drops the logger's notes (level I), its complaint about itself, and that there is no driver of CUDA (a
driver that is there and fails is told); everything else it passes on as it is. It is a process of its
own: where the import ends this one, as on a CPU without AVX, the last words still arrive.

Afterwards TensorFlow's C++ logs errors, in training fatal ones alone: two lines of level E come from every
healthy training on a CPU (oneDNN has no DT_BOOL; a NodeDef mentions an attribute), and whatever really
fails raises in Python. Who wants to see all of it sets `TF_CPP_MIN_LOG_LEVEL=0`.
"""

import contextlib
import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Final

LEVEL: Final = "TF_CPP_MIN_LOG_LEVEL"
EVERYTHING: Final = "0"
ERRORS: Final = "2"
FATAL: Final = "3"
"""Levels of the log; 1 is without notes."""

_NOTE: Final = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog\(\)"
    rb"|I\d{4} \d\d:"  # absl: I0000 00:00:1795567284.256359
    rb"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: I "  # TensorFlow's own, as of 2.20
    rb"|E\d{4} .*cuInit.*\(303\)"  # 303: TensorFlow's stand-in for libcuda, there is no driver
)


def import_tensorflow(level: str = FATAL) -> None:
    """Import it, quietly unless `TF_CPP_MIN_LOG_LEVEL` is 0; a no-op where it is imported already.

    Args:
        level: of its log from then on, where that variable is not set.

    Raises:
        ModuleNotFoundError: it is not installed; the message tells how to.
    """
    if sys.modules.get("tensorflow"):
        return
    wants_notes = os.environ.setdefault(LEVEL, level) == EVERYTHING
    with contextlib.nullcontext() if wants_notes else _filtered():
        try:
            tensorflow = importlib.import_module("tensorflow")
        except ModuleNotFoundError as error:
            if error.name != "tensorflow":
                raise
            raise ModuleNotFoundError(
                "TensorFlow is needed for this; install it by: pip install "
                "'tweet-sentiment-graph[train]'. Received: no module named tensorflow",
                name="tensorflow",
            ) from None
        tensorflow.config.list_physical_devices()


@contextlib.contextmanager
def _filtered() -> Iterator[None]:
    """Lead this process's standard error through `python quiet_tensorflow.py`."""
    try:
        kept = os.dup(2)
    except OSError:  # a daemon without one: nobody to spare the lines
        yield
        return
    command = [sys.executable, "-I", "-S", __file__]
    # A session of its own: Ctrl-C is not for the filter, which ends when the pipe does.
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as child:  # noqa: S603 (this file)
        assert child.stdin is not None
        os.dup2(child.stdin.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _pass_on() -> None:
    """Standard input to standard error, without notes, until everyone who writes is gone."""
    for line in sys.stdin.buffer:
        if not _NOTE.match(line):
            sys.stderr.buffer.write(line)
            sys.stderr.buffer.flush()


if __name__ == "__main__":
    _pass_on()

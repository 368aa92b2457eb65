"""Import TensorFlow without the lines that its C++ prints at start, while real errors still show.

TensorFlow 2.21 tells every process, and tells it twice, because two of its libraries each link a copy
of absl's logger: that the logger is not initialized, that oneDNN is on, that there is no CUDA driver.
These six lines come while the libraries are loaded, before TensorFlow reads `TF_CPP_MIN_LOG_LEVEL`:
no value of it stops them (tensorflow issue 100442), and what turns oneDNN's line off turns oneDNN off.

So standard error passes through a filter while the import lasts, which drops the logger's notes
(level I) and its complaint about itself, and passes on everything else as it is. The filter is a process
of its own: where the import ends this one, as on a CPU without AVX, the last words still arrive.

Afterwards TensorFlow logs fatal errors alone. Three lines of level E come from every healthy training
on a machine without a GPU (cuInit failed; oneDNN has no DT_BOOL; a NodeDef mentions an attribute), and
whatever really fails raises in Python. Who wants to see all of it sets `TF_CPP_MIN_LOG_LEVEL=0`.
"""

import contextlib
import importlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Final

LEVEL: Final = "TF_CPP_MIN_LOG_LEVEL"
_FATAL_ONLY: Final = "3"
"""Of 0 (all), 1 (no notes), 2 (no warnings either), 3 (no errors either but fatal ones)."""

_NOTE: Final = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog\(\)"
    rb"|I\d{4} \d\d:"  # absl: I0000 00:00:1795567284.256359
    rb"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: I "  # TensorFlow's own, as of 2.20
)


def import_tensorflow() -> None:
    """Import it, quietly unless `TF_CPP_MIN_LOG_LEVEL` is 0; a no-op where it is imported already.

    Raises:
        ModuleNotFoundError: it is not installed; the message tells how to.
    """
    if sys.modules.get("tensorflow"):
        return
    wants_notes = os.environ.setdefault(LEVEL, _FATAL_ONLY) == "0"
    with contextlib.nullcontext() if wants_notes else _filtered():
        try:
            importlib.import_module("tensorflow")
        except ModuleNotFoundError as error:
            if error.name != "tensorflow":
                raise
            raise ModuleNotFoundError(
                "TensorFlow is needed for this; install it by: pip install "
                "'tweet-sentiment-graph[train]'. Received: no module named tensorflow",
                name="tensorflow",
            ) from None


@contextlib.contextmanager
def _filtered() -> Iterator[None]:
    """Lead this process's standard error through `python quiet_tensorflow.py`."""
    try:
        kept = os.dup(2)
    except OSError:  # a daemon without one: nobody to spare the lines
        yield
        return
    command = [sys.executable, "-I", "-S", __file__]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as child:  # noqa: S603 (this file)
        assert child.stdin is not None
        os.dup2(child.stdin.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _pass_on() -> None:
    """Standard input to standard error, without notes, until everyone who writes is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that is listened to
    for line in sys.stdin.buffer:
        if not _NOTE.match(line):
            sys.stderr.buffer.write(line)
            sys.stderr.buffer.flush()


if __name__ == "__main__":
    _pass_on()

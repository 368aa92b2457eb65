"""Import TensorFlow without the lines that its C++ prints at every start, and with every real error.

`TF_CPP_MIN_LOG_LEVEL` alone does not do it. With TensorFlow 2.21 six lines remain at any level: the
constructors of two shared libraries (libtensorflow_framework, _pywrap_profiler_plugin) log that oneDNN is on
and that there is no CUDA, each under a warning of absl that its log is not set up, before the variable is
read. So standard error goes through a filter while TensorFlow is imported and looks for its devices, no
longer: the filter drops what level 1 would have dropped.

It is a process of its own. TensorFlow's last words before an abort (a CPU without AVX, say) pass through it
too, where a thread of a process that aborts would have lost them.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Final

_LEVEL: Final = "TF_CPP_MIN_LOG_LEVEL"
_ERRORS_ONLY: Final = "2"
_EVERYTHING: Final = "0"

# I: what level 1 hides. 303: what TensorFlow's stand-in for libcuda answers where there is no driver; a
# driver that is there and fails answers with another number.
_FILTER: Final = r"""
import re, sys
noise = re.compile(rb"WARNING: All log messages before absl::|I\d{4} |E\d{4} .*cuInit.*\(303\)")
for line in sys.stdin.buffer:
    if not noise.match(line):
        sys.stderr.buffer.write(line)
        sys.stderr.flush()
"""


def import_tensorflow() -> None:
    """Import TensorFlow and let it find its devices; whoever imports it afterwards has it quiet.

    From then on it logs errors only, unless `TF_CPP_MIN_LOG_LEVEL` was set to another level; with 0 nothing
    is filtered.
    """
    with filtered_stderr():
        import tensorflow as tf  # noqa: PLC0415 - this is the import that takes seconds

        tf.config.list_physical_devices()


@contextlib.contextmanager
def filtered_stderr() -> Iterator[None]:
    """Standard error of C++ and Python without TensorFlow's start-up lines, while the block runs."""
    if os.environ.setdefault(_LEVEL, _ERRORS_ONLY) == _EVERYTHING:
        yield
        return
    # -I and -S: 10 ms to start, and nothing of the caller's environment. A session of its own: Ctrl-C is
    # not for the filter, which ends when the pipe does.
    command = [sys.executable, "-I", "-S", "-c", _FILTER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as filtering:  # noqa: S603
        assert filtering.stdin is not None, "asked for"
        before = os.dup(2)
        os.dup2(filtering.stdin.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(before, 2)
            os.close(before)

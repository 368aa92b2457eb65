"""TensorFlow's start: nothing is said of oneDNN, absl and CUDA, and no error is lost."""

import os
import subprocess
import sys

import pytest

_IMPORT = "from serving.server.quiet_tensorflow import import_tensorflow; import_tensorflow()"
_FILTERED = """
import os
from serving.server.quiet_tensorflow import filtered_stderr
with filtered_stderr():
    os.write(2, {written!r})
    {end}
"""
INFO = b"I0000 00:00:1795567366.702125   22964 port.cc:153] oneDNN custom operations are on.\n"
NO_DRIVER = b"E0000 00:00:1.2 3 cuda_platform.cc:52] failed call to cuInit: UNKNOWN ERROR (303)\n"
BAD_DRIVER = (
    b"E0000 00:00:1.2 3 cuda_platform.cc:52] failed call to cuInit: DRIVER MISMATCH (803)\n"
)
ERROR = b"F0000 00:00:1.2 3 cpu_feature_guard.cc:1] compiled to use AVX instructions\n"


def errors_of(program, **variables):
    """Standard error of a Python program."""
    environment = {name: value for name, value in os.environ.items() if name[:6] != "TF_CPP"}
    return subprocess.run(
        [sys.executable, "-c", program],
        stderr=subprocess.PIPE,
        check=False,
        env={**environment, **variables},
        timeout=60,
    ).stderr


def test_the_import_says_nothing():
    assert errors_of(_IMPORT) == b""


def test_who_wants_to_hear_all_does():
    """Also shows that there is something to hear: without it the test above could not fail."""
    assert b"oneDNN" in errors_of(_IMPORT, TF_CPP_MIN_LOG_LEVEL="0")


@pytest.mark.parametrize("end", ["pass", "os.abort()"], ids=["goes on", "aborts"])
def test_errors_are_shown_also_last_words(end):
    program = _FILTERED.format(written=INFO + NO_DRIVER + BAD_DRIVER + ERROR, end=end)
    assert errors_of(program) == BAD_DRIVER + ERROR


def test_afterwards_standard_error_is_what_it_was():
    program = _FILTERED.format(written=b"", end="pass") + f"os.write(2, {INFO!r})"
    assert errors_of(program) == INFO


def test_a_traceback_is_shown():
    assert errors_of(_FILTERED.format(written=INFO, end="1 / 0")).endswith(b"division by zero\n")

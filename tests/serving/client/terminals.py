"""What a command shows where its output is a terminal."""

import contextlib
import os
import pty
import subprocess


def on_a_terminal(arguments, **environment):
    """The output of a command whose standard output and errors are a terminal."""
    parent, child = pty.openpty()
    environment = {**os.environ, "COLUMNS": "40", **environment}
    process = subprocess.Popen(arguments, stdout=child, stderr=child, env=environment)
    os.close(child)
    shown = b""
    # Linux ends a terminal that nobody writes to any more with an error.
    with contextlib.suppress(OSError):
        while True:
            shown += os.read(parent, 65536)
    os.close(parent)
    assert process.wait(30) == 0
    return shown.decode()

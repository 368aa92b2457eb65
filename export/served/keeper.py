"""Keep a server running for as long as whoever wants it lives. Run as a script, never imported.

    python -I keeper.py '{"command": ["tensorflow_model_server", "--port=1"], "afterwards": []}'

Standard input is a pipe that the gate holds open. It ends when the gate is done, and also when the gate is
killed, whatever by: no handler of a process runs then, and its child would serve for ever. The server, and
what it has started itself, then gets SIGKILL: it has nothing to lose. `afterwards` is run at the end, for
what no signal reaches, as a container.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from typing import Final

_NOT_STARTED: Final = 127
"""As a shell tells it."""

_AFTERWARDS_S: Final = 30


def main(task: str) -> int:
    """Start the server, and wait for its end or for that of standard input.

    Args:
        task: JSON of `command` and `afterwards`, lists of words; the second may be empty.

    Returns:
        The server's exit code, 128 and the signal's number where one ended it.
    """
    words = json.loads(task)
    try:
        server = subprocess.Popen(words["command"], stdin=subprocess.DEVNULL, process_group=0)  # noqa: S603 (the gate's words)
    except OSError as error:
        print(f"cannot be started: {error}", file=sys.stderr)
        return _NOT_STARTED
    signal.signal(signal.SIGTERM, lambda *_: _kill(server.pid))
    threading.Thread(target=_kill_when_left, args=(server.pid,), daemon=True).start()
    code = server.wait()
    _kill(server.pid)  # what it has left behind
    if words["afterwards"]:
        subprocess.run(words["afterwards"], capture_output=True, check=False, timeout=_AFTERWARDS_S)  # noqa: S603
    return code if code >= 0 else 128 - code


def _kill_when_left(group: int) -> None:
    sys.stdin.buffer.read()
    _kill(group)


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    # Not sys.exit: a thread that reads standard input would hold the interpreter's last steps up.
    os._exit(main(*sys.argv[1:]))

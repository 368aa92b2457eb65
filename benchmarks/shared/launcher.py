"""Start a command from a small process, and write down what it took.

    python -m benchmarks.shared.launcher REPORT.json COMMAND...

Linux counts a child's peak memory from the fork on: started by a process that holds TensorFlow and a
table, any command would seem to have held 1 GB. From here it starts at the 10 MB of a bare Python.
"""

import json
import resource
import subprocess
import sys
from pathlib import Path
from time import perf_counter

_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


def main(report: str, *command: str) -> int:
    """Run `command` to its end, write `seconds` and `peak_bytes`, and give its exit code."""
    began_at = perf_counter()
    code = subprocess.run(command, check=False).returncode  # noqa: S603 (our own modules, no shell)
    seconds = perf_counter() - began_at
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * _MAXRSS_UNIT
    Path(report).write_text(json.dumps({"seconds": seconds, "peak_bytes": peak}))
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

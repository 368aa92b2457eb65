"""Measure this project beside what it replaces: `python -m benchmarks --help`."""

import os
import sys
from collections.abc import Sequence

from benchmarks.options import parse_options
from export.start.quiet_tensorflow import import_tensorflow


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 0, 1 if a measurement failed, 2 for bad input."""
    options = parse_options(arguments)
    load = os.getloadavg()  # before TensorFlow is imported, which is work of its own

    import_tensorflow()  # quietly, and so in the processes that are started from here
    from benchmarks.run_all import run  # noqa: PLC0415 (mistakes are told before TensorFlow comes)

    return run(options, load)


if __name__ == "__main__":
    sys.exit(main())

"""Compare the builds of the serving graph: `python -m benchmarks.serving_graphs --help`.

A command of its own, for it asks what no other measurement does: last state or pooled, masked or
not. The model is of the default size and untrained, for speed does not depend on its weights.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.options import positive
from export.settings import GRAPHS
from export.start.quiet_tensorflow import import_tensorflow


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 0, or 2 for bad input."""
    options = _parse(arguments)
    load = os.getloadavg()  # before TensorFlow is imported, which is work of its own
    import_tensorflow()
    from benchmarks.run_all import run_graphs  # noqa: PLC0415 (mistakes are told before TensorFlow)

    return run_graphs(options, load)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.serving_graphs",
        description="Time every build of the serving graph, raw tweets to probabilities.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--data", type=Path, metavar="CSV",
        help="labelled tweets (default: data/Twitter_Data.csv, else the bundled corpus)",
    )  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="a few rounds: to see that it runs")
    parser.add_argument(
        "--rounds", type=positive, default=60, help="turns each graph gets at each batch size"
    )
    parser.add_argument(
        "--batch-sizes", type=positive, nargs="+", help="rows of a batch (default: 1 to 2,048)"
    )
    parser.add_argument(
        "--graphs", nargs="+", choices=GRAPHS,
        help="which, the first being what the others are compared with (default: all, with keras)",
    )  # fmt: skip
    parser.add_argument("--pooled", action="store_true", help="pool over the LSTM's outputs")
    parser.add_argument("--unmasked", action="store_true", help="padded to 40, as the notebook was")
    options = parser.parse_args(arguments)
    if options.quick:
        options.rounds = 3
    return options


if __name__ == "__main__":
    sys.exit(main())

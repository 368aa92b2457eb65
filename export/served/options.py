"""Options of both commands that publish: who is asked, what servers warm up with, what an answer may cost.

No TensorFlow here.
"""

import argparse

from export.budget import Budget, budget_of
from export.errors import UnknownArtefactError, UnknownBudgetError
from export.formats import warmup_batches_of
from export.served.servers import EMBEDDED, NONE, REAL


def add_server_options(group: "argparse._ArgumentGroup | argparse.ArgumentParser") -> None:
    """`--server` into `servers`, a list or None; `--warmup-batches`, a tuple of ints or None; `--require-speed`, a `Budget` or None."""
    group.add_argument(
        "--server",
        action="append",
        dest="servers",
        metavar="NAME",
        help="server that loads the version and is asked before it is published, several by several --server: a "
        f"{REAL}, an image such as tensorflow/serving:2.20.0, {EMBEDDED}, or {NONE} (default: {REAL} "
        "where it is on the PATH, else the embedded server)",
    )
    group.add_argument(
        "--warmup-batches",
        type=_warmup_batches,
        metavar="ROWS,...",
        help="rows of the requests that a server replays before it serves; more than its max_batch_size keep the "
        "version out (default: 1,8,32)",
    )
    group.add_argument(
        "--require-speed",
        type=_budget,
        metavar="p50=TIME,size=SIZE",
        help="refuse a version that answers one tweet more slowly in the median, or whose files are larger, such as "
        "p50=2ms,size=20MB; either may be left out (default: nothing is measured)",
    )


def _budget(text: str) -> Budget:
    try:
        return budget_of(text)
    except UnknownBudgetError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _warmup_batches(text: str) -> tuple[int, ...]:
    try:
        return warmup_batches_of(text)
    except UnknownArtefactError as error:
        raise argparse.ArgumentTypeError(str(error)) from None

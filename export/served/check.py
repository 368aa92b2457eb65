"""Check of the gate: servers load the version, replay its warmup, and answer as the Keras model does.

TFX's InfraValidator loads a version by a server and does not look at the answers. Here they are looked at: of every
signature, over every protocol that the server speaks.
"""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from export.errors import GateError
from export.served.explained import Explained
from export.served.over_grpc import Answers, CallError
from export.served.process import NotServedError, ServerProcess
from export.served.questions import ASKED, Questions, WrongAnswerError
from export.served.servers import Server
from export.signatures import EXPLAIN_SIGNATURE, SERVING_DEFAULT
from export.start.shown import shown

SERVER: Final = "server"
"""Name of the check."""

ROWS_A_REQUEST: Final = 32
"""As many as the largest warmup request has: a server that batches refuses more than its `max_batch_size`."""


@dataclasses.dataclass(frozen=True)
class AskedServer:
    """A server that loaded the version, and answered as it should.

    Attributes:
        name: which one.
        version: in words.
        protocols: what it was asked over.
        texts: how many different ones.
        largest_difference: of any probability from the Keras model's.
    """

    name: str
    version: str
    protocols: tuple[str, ...]
    texts: int
    largest_difference: float

    def __str__(self) -> str:
        return (
            f"{shown(self.name)} {shown(self.version)}, asked {self.texts:,} texts over "
            f"{' and '.join(self.protocols)}"
        )


class ServerCheck:
    """Servers that load the version while the other checks run.

    with server_check(directory, servers) as check:
        ...
        check.ask(questions)
    """

    def __init__(self, processes: Sequence[ServerProcess]) -> None:
        self._processes = processes

    def ask(
        self, questions: Questions, reasons: Explained | None = None
    ) -> tuple[AskedServer, ...]:
        """Ask each server; tell what was asked.

        Args:
            questions: of every version.
            reasons: what it should tell by `explain`; None of a version without.

        Raises:
            GateError: one cannot load the version, or answers otherwise.
        """
        return tuple(_ask(process, questions, reasons) for process in self._processes)


@contextlib.contextmanager
def server_check(directory: Path, servers: Sequence[Server]) -> Iterator[ServerCheck]:
    """Servers that are started now, and are gone afterwards."""
    with contextlib.ExitStack() as stack:
        yield ServerCheck(
            [stack.enter_context(ServerProcess(server, directory)) for server in servers]
        )


def _ask(process: ServerProcess, questions: Questions, reasons: Explained | None) -> AskedServer:
    name, version = process.server.name, process.server.version()
    who = f"{shown(name)} {shown(version)}"
    try:
        process.wait_until_it_serves()
    except NotServedError as error:
        expected = f"{who} to load the version and to replay its warmup"
        raise GateError(SERVER, expected, str(error)) from error
    worst = [
        _compare(process, f"{who} over {protocol}", caller, signature, questions)
        for protocol, caller in process.callers.items()
        for signature in ASKED
    ]
    if reasons:
        _compare_reasons(process, who, reasons.first(ROWS_A_REQUEST))
    asked = len(questions.rows(SERVING_DEFAULT))
    return AskedServer(name, version, tuple(process.callers), asked, max(worst))


def _compare_reasons(process: ServerProcess, who: str, some: Explained) -> None:
    for protocol, caller in process.callers.items():
        compare = partial(_asked, caller, some)
        _compared(process, f"{who} over {protocol}", EXPLAIN_SIGNATURE, compare)


def _asked(caller: Any, some: Explained) -> float:
    return some.compare(caller.ask(EXPLAIN_SIGNATURE, some.texts))


def _compare(
    process: ServerProcess, who: str, caller: Any, signature: str, questions: Questions
) -> float:
    """The largest difference of a signature's probabilities.

    Raises:
        GateError: it answers otherwise, or not at all.
    """
    rows = questions.rows(signature)
    texts = questions.encoded(rows)
    return _compared(
        process,
        who,
        signature,
        lambda: questions.compare(signature, rows, _batches(caller, signature, texts)),
    )


def _compared(
    process: ServerProcess, who: str, signature: str, compare: Callable[[], float]
) -> float:
    """What `compare` gives; errors of a call, and of its answer, as the check's."""
    try:
        return compare()
    except CallError as error:
        expected = f"an answer of `{signature}` by {who}"
        raise GateError(SERVER, expected, str(process.error(str(error)))) from error
    except WrongAnswerError as error:
        raise GateError(SERVER, f"{error.expected} from {who}", error.received) from error


def _batches(caller: Any, signature: str, texts: Sequence[bytes]) -> Answers:
    parts = [
        caller.ask(signature, texts[start : start + ROWS_A_REQUEST])
        for start in range(0, len(texts), ROWS_A_REQUEST)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

"""One tweet a request over gRPC on loopback: 1 to 64 clients, beside a model that does nothing."""

import json
import subprocess
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from benchmarks.shared.bench import Bench
from benchmarks.shared.children import ROOT, python_module
from benchmarks.shared.errors import BenchError
from benchmarks.shared.machine import cores
from benchmarks.shared.names import PRODUCT, PRODUCT_BATCHED, RPC_FLOOR
from benchmarks.shared.progress import say
from benchmarks.shared.results import Row, Section, median_row, missing_row
from benchmarks.shared.servers import (
    FLOOR_MODEL,
    REAL_SERVER,
    running_server,
    server_name,
    write_models,
)
from benchmarks.shared.statistics_of import percentile
from export.signatures import MODEL_NAME

CLIENTS: Final = (1, 4, 16, 64)

_NO_BATCHING: Final = f"only {REAL_SERVER} batches; it is not on the PATH"

Round = dict[str, Any]
"""Of one turn, as `benchmarks.shared.load_client` prints it."""


def measure(bench: Bench) -> Section:
    """Latency and requests a second, the models in turns."""
    folder = bench.folder / "served"
    config = write_models(bench.product_export, folder)
    tweets = folder / "tweets.json"
    tweets.write_text(json.dumps(bench.speed_texts[:4096].tolist()), encoding="utf-8")
    rows: list[Row] = []
    with ExitStack() as stack:
        targets = _servers(config, folder, stack)
        for clients in CLIENTS:
            say(f"grpc: {clients} clients")
            rounds = _rounds(bench, targets, clients, tweets)
            for who, found in rounds.items():
                rows += _rows(who, clients, found, bench.plan.load_s)
    if PRODUCT_BATCHED not in targets:
        rows.append(missing_row("1 to 64 clients", PRODUCT_BATCHED, "ms", _NO_BATCHING))
    return Section(
        name="grpc",
        title=f"gRPC on loopback, {server_name()}",
        rows=sorted(rows, key=lambda row: _order(row.what)),
        baseline=RPC_FLOOR,
        notes=(
            (
                "One tweet a request. Each client has a connection of its own and asks again as soon as it "
                f"is answered; the clients share {cores()} light processes at most, and the cores with the "
                "server. Their requests are serialized beforehand; their processor time a request is "
                "in the notes of the rates."
            ),
            (
                "RPC floor: a model that gives zeros, on the same server. p50 and rate: median of the "
                "turns, spread their quartiles; p99: of all requests of all turns."
            ),
        ),
    )


def _servers(config: Path, folder: Path, stack: ExitStack) -> dict[str, tuple[str, str]]:
    """Address and model of every contender; the servers live as long as `stack`."""
    models = (MODEL_NAME, FLOOR_MODEL)
    plain = stack.enter_context(running_server(config, folder / "server.log", models=models))
    targets = {PRODUCT: (plain, MODEL_NAME), RPC_FLOOR: (plain, FLOOR_MODEL)}
    if server_name() == REAL_SERVER:
        batching = running_server(config, folder / "batching.log", batching=True, models=models)
        targets[PRODUCT_BATCHED] = (stack.enter_context(batching), MODEL_NAME)
    return targets


def _rounds(
    bench: Bench, targets: dict[str, tuple[str, str]], clients: int, tweets: Path
) -> dict[str, list[Round]]:
    """All turns at one number of clients."""
    found: dict[str, list[Round]] = {who: [] for who in targets}
    for _ in range(bench.plan.load_rounds):
        for who, (address, model) in targets.items():
            found[who].append(load(address, model, clients, bench.plan.load_s, tweets))
    return found


def load(address: str, model: str, clients: int, duration_s: float, tweets: Path) -> Round:
    """Let `clients` ask for `duration_s` seconds, from as many processes as there are cores at most.

    Args:
        address: `host:port`.
        model: its name on the server.
        clients: how many ask at once.
        duration_s: seconds for which they begin new requests.
        tweets: JSON file with a list of raw tweets.

    Raises:
        BenchError: a client process failed.
    """
    processes = min(clients, cores())
    shares = [clients // processes + (n < clients % processes) for n in range(processes)]
    with ExitStack() as stack:
        players = [
            stack.enter_context(_player(address, model, share, duration_s, tweets))
            for share in shares
        ]
        if any(_line(player) != "ready\n" for player in players):
            raise BenchError(f"a gRPC client of {model} got no first answer")
        return _joined([_answers(player) for player in _released(players)])


def _player(
    address: str, model: str, clients: int, duration_s: float, tweets: Path
) -> "subprocess.Popen[str]":
    words = [address, model, str(clients), str(duration_s), str(tweets)]
    return subprocess.Popen(  # noqa: S603 (our own module, no shell)
        python_module(["benchmarks.shared.load_client", *words]),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def _released(players: Sequence[Any]) -> Sequence[Any]:
    """Let all of them begin."""
    for player in players:
        player.stdin.write("go\n")
        player.stdin.flush()
    return players


def _answers(player: Any) -> Round:
    line = _line(player)
    if not line:
        raise BenchError("a gRPC client ended without a result")
    return json.loads(line)


def _line(player: Any) -> str:
    return player.stdout.readline()


def _joined(parts: list[Round]) -> Round:
    return {
        "seconds": [second for part in parts for second in part["seconds"]],
        "in_time": sum(part["in_time"] for part in parts),
        "failures": dict(sum((Counter(part["failures"]) for part in parts), Counter())),
        "cpu_s": sum(part["cpu_s"] for part in parts),
    }


def _rows(who: str, clients: int, rounds: list[Round], duration_s: float) -> list[Row]:
    """p50, p99 and rate of one contender."""
    name = f"{clients} client{'s' * (clients > 1)}"
    seconds = [second for found in rounds for second in found["seconds"]]
    if not seconds:
        return [missing_row(f"{name}, p50", who, "ms", f"no answer: {_failures(rounds)}")]
    medians = [percentile(found["seconds"], 50) * 1e3 for found in rounds if found["seconds"]]
    rates = [found["in_time"] / duration_s for found in rounds]
    cpu_ms = sum(found["cpu_s"] for found in rounds) / len(seconds) * 1e3
    note = f"clients: {cpu_ms:.2f} ms of processor a request{_failures(rounds)}"
    return [
        median_row(f"{name}, p50", who, medians, "ms"),
        Row(
            what=f"{name}, p99",
            who=who,
            value=percentile(seconds, 99) * 1e3,
            unit="ms",
            samples=len(seconds),
        ),
        median_row(f"{name}, rate", who, rates, "requests/s", note=note),
    ]


def _failures(rounds: list[Round]) -> str:
    counts: Counter[str] = sum((Counter(found["failures"]) for found in rounds), Counter())
    return "".join(f"; **{count:,} times {code}**" for code, count in counts.items())


def _order(what: str) -> int:
    """Figures first, then the number of clients."""
    kinds = ("p50", "p99", "rate")
    return next((n for n, kind in enumerate(kinds) if what.endswith(kind)), len(kinds))

"""One tweet a request over gRPC on loopback: 1 to 64 clients, beside a model that does nothing."""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.shared.bench import Bench, say
from benchmarks.shared.grpc_clients import Tally, joined, load
from benchmarks.shared.results import (
    PRODUCT,
    PRODUCT_BATCHED,
    PRODUCT_BATCHED_BRIEFLY,
    RPC_FLOOR,
    Row,
    Section,
)
from benchmarks.shared.servers import (
    FLOOR_MODEL,
    REAL_SERVER,
    running_server,
    server_name,
    write_models,
)
from export.signatures import MODEL_NAME
from export.start.machine import cores

CLIENTS: Final = (1, 4, 16, 64)

BATCH_WAITS_US: Final = {PRODUCT_BATCHED: 1000, PRODUCT_BATCHED_BRIEFLY: 200}
"""The first is that of docker/config/batching.config."""

_NO_BATCHING: Final = f"only {REAL_SERVER} batches; it is not on the PATH"


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
    rows += [
        Row.missing("1 to 64 clients", who, "ms", _NO_BATCHING)
        for who in BATCH_WAITS_US
        if who not in targets
    ]
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
        for who, wait_us in BATCH_WAITS_US.items():
            log = folder / f"batching-{wait_us}.log"
            batching = running_server(config, log, batch_wait_us=wait_us, models=models)
            targets[who] = (stack.enter_context(batching), MODEL_NAME)
    return targets


def _rounds(
    bench: Bench, targets: dict[str, tuple[str, str]], clients: int, tweets: Path
) -> dict[str, list[Tally]]:
    """All turns at one number of clients."""
    found: dict[str, list[Tally]] = {who: [] for who in targets}
    for _ in range(bench.plan.load_rounds):
        for who, (address, model) in targets.items():
            found[who].append(load(address, model, clients, bench.plan.load_s, tweets))
    return found


def _rows(who: str, clients: int, turns: Sequence[Tally], duration_s: float) -> list[Row]:
    """p50, p99 and rate of one contender."""
    name, total = f"{clients} client{'s' * (clients > 1)}", joined(turns)
    failures = "".join(f"; **{count:,} times {code}**" for code, count in total.failures.items())
    if not total.seconds:
        return [Row.missing(f"{name}, p50", who, "ms", f"no answer: {failures}")]
    medians = [median(turn.seconds) for turn in turns if turn.seconds]
    rates = [turn.in_time / duration_s for turn in turns]
    cpu_ms = total.cpu_s / len(total.seconds) * 1e3
    note = f"clients: {cpu_ms:.2f} ms of processor a request{failures}"
    return [
        Row.time(f"{name}, p50", who, medians, "ms"),
        Row.tail(f"{name}, p99", who, total.seconds, "ms"),
        Row.median(f"{name}, rate", who, rates, "requests/s", note=note),
    ]


def _order(what: str) -> int:
    """Figures first, then the number of clients."""
    kinds = ("p50", "p99", "rate")
    return next((n for n, kind in enumerate(kinds) if what.endswith(kind)), len(kinds))

"""gRPC clients that ask, wait for the answer, and ask again: a few light processes play many of them.

    python -m benchmarks.shared.grpc_clients localhost:8500 tweet_sentiment 8 4.0 tweets.json

is one such process: it prints `ready` once each of its 8 clients has had one answer, waits for a line
on stdin, asks for 4 seconds and prints its `Tally` as JSON.

Requests are serialized before the clock starts and answers stay bytes: what is measured is the
server and gRPC, as little as possible this client. asyncio, for 64 clients in threads took twice the
processor time a request (0.70 against 0.31 ms).
"""

import asyncio
import dataclasses
import json
import resource
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter
from typing import IO, Any

import grpc

from benchmarks.shared.processes import ROOT, BenchError, python_module
from export.start.machine import cores
from serving.client import codec, rpcs
from serving.client.channel import OPTIONS
from serving.client.target import Target

TIMEOUT_S = 60.0

# gRPC would let all channels of a process share one connection; 64 callers have 64.
_OPTIONS = [*OPTIONS, ("grpc.use_local_subchannel_pool", 1)]


@dataclasses.dataclass
class Tally:
    """What clients saw.

    Attributes:
        seconds: of every answered request.
        in_time: how many were answered before the time was up.
        failures: how many were not answered, by status code.
        cpu_s: processor time of the clients.
    """

    seconds: list[float] = dataclasses.field(default_factory=list)
    in_time: int = 0
    failures: dict[str, int] = dataclasses.field(default_factory=dict)
    cpu_s: float = 0.0


def joined(parts: Sequence[Tally]) -> Tally:
    """What all of them saw together.

    Example:
    >>> joined([Tally([0.1], 1, {"INTERNAL": 2}), Tally([0.2], 0, {"INTERNAL": 1})])
    Tally(seconds=[0.1, 0.2], in_time=1, failures={'INTERNAL': 3}, cpu_s=0.0)
    """
    failures: Counter[str] = sum((Counter(part.failures) for part in parts), Counter())
    return Tally(
        [second for part in parts for second in part.seconds],
        sum(part.in_time for part in parts),
        dict(failures),
        sum(part.cpu_s for part in parts),
    )


def load(address: str, model: str, clients: int, duration_s: float, tweets: Path) -> Tally:
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
            stack.enter_context(_player(address, model, str(share), str(duration_s), str(tweets)))
            for share in shares
        ]
        if any(_line(player.stdout) != "ready\n" for player in players):
            raise BenchError(f"a gRPC client of {model} got no first answer")
        for player in players:
            print("go", file=player.stdin, flush=True)
        lines = [_line(player.stdout) for player in players]
    if not all(lines):
        raise BenchError(f"a gRPC client of {model} ended without a result")
    return joined([Tally(**json.loads(line)) for line in lines])


def _player(*words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603 (our own module, no shell)
        python_module([__name__, *words]),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def _line(pipe: IO[str] | None) -> str:
    assert pipe is not None, "the process was started with pipes"
    return pipe.readline()


async def main(address: str, model: str, clients: int, duration_s: float, texts: list[str]) -> None:
    """Play the clients and print what they saw."""
    target = Target(address, model)
    requests = [codec.predict_request(target, [text]).SerializeToString() for text in texts]
    channels = [grpc.aio.insecure_channel(address, _OPTIONS) for _ in range(clients)]
    calls = [channel.unary_unary(rpcs.PREDICT.path) for channel in channels]
    await asyncio.gather(*(call(requests[0], timeout=TIMEOUT_S) for call in calls))
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    tally = Tally()
    cpu_before, end = _cpu_s(), perf_counter() + duration_s
    await asyncio.gather(
        *(
            _ask_until(end, call, requests[start::clients] or requests, tally)
            for start, call in enumerate(calls)
        )
    )
    tally.cpu_s = _cpu_s() - cpu_before
    print(json.dumps(dataclasses.asdict(tally)), flush=True)
    await asyncio.gather(*(channel.close() for channel in channels))


async def _ask_until(end: float, call: Any, requests: list[bytes], tally: Tally) -> None:
    """One client."""
    asked = 0
    while (began_at := perf_counter()) < end:
        try:
            await call(requests[asked % len(requests)], timeout=TIMEOUT_S)
            ended_at = perf_counter()
            tally.seconds.append(ended_at - began_at)
            tally.in_time += ended_at < end
        except grpc.aio.AioRpcError as error:
            code = error.code().name
            tally.failures[code] = tally.failures.get(code, 0) + 1
        asked += 1


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    _address, _model, _clients, _duration_s, _tweets = sys.argv[1:]
    _texts = json.loads(Path(_tweets).read_text(encoding="utf-8"))
    asyncio.run(main(_address, _model, int(_clients), float(_duration_s), _texts))

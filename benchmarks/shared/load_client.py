"""Several gRPC clients in one light process: each asks, waits for the answer, and asks again.

    python -m benchmarks.shared.load_client localhost:8500 tweet_sentiment 8 4.0 tweets.json

prints `ready` once every client has had one answer, waits for a line on stdin, asks for 4 seconds
and prints JSON: `seconds` of every answered request, `in_time` (how many were answered within the 4
seconds), `failures` by status code, `cpu_s`.

Requests are serialized before the clock starts and answers stay bytes: what is measured is the
server and gRPC, as little as possible this client. asyncio, for 64 clients in threads took twice the
processor time a request (0.70 against 0.31 ms).
"""

import asyncio
import dataclasses
import json
import resource
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import grpc

from serving.client import codec, rpcs
from serving.client.channel import OPTIONS
from serving.client.target import Target

TIMEOUT_S = 60.0

# gRPC would let all channels of a process share one connection; 64 callers have 64.
_OPTIONS = [*OPTIONS, ("grpc.use_local_subchannel_pool", 1)]


@dataclasses.dataclass
class Tally:
    """What the clients of this process saw; see the module."""

    seconds: list[float] = dataclasses.field(default_factory=list)
    in_time: int = 0
    failures: dict[str, int] = dataclasses.field(default_factory=dict)
    cpu_s: float = 0.0


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

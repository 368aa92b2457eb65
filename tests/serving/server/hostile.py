"""Requests that are broken or mean harm, many of them, and what the embedded server makes of them.

    python tests/serving/server/hostile.py --count 2500

starts `python -m serving.server` on a model of a few kilobytes, sends it every kind below up to `--count` times, and
prints what was answered, how far the server's memory went, and whether it still answers rightly. Exit code 1 if one
call got no answer in time, an answer that blames the server, or the memory was gone beyond the limit.

The tests beside this file run a part of each kind.
"""

import argparse
import collections
import contextlib
import itertools
import random
import resource
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import grpc
import length_model
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    predict_pb2,
)

PREDICT = "/tensorflow.serving.PredictionService/Predict"
CLASSIFY = "/tensorflow.serving.PredictionService/Classify"
METADATA = "/tensorflow.serving.PredictionService/GetModelMetadata"
STATUS = "/tensorflow.serving.ModelService/GetModelStatus"
DEADLINE_S = 10.0
LARGEST_GROWTH_MIB = 300
"""What a request may cost: a batch of `--max_request_rows` takes about as much."""
FINE = {"OK", "INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION", "UNIMPLEMENTED", "ABORTED"}
"""The last is what this graph's own Softmax says to a tensor of more than five dimensions."""
UNREADABLE = ("INTERNAL", "Exception deserializing request!")
"""What gRPC itself answers to bytes that are no message."""


@dataclass
class Tally:
    """What came of one kind of request.

    Attributes:
        tried: How many were sent.
        codes: How many were answered by each status.
        bad: Those that got no answer in time, or one that blames the server: request and answer.
    """

    tried: int = 0
    codes: collections.Counter = field(default_factory=collections.Counter)
    bad: list = field(default_factory=list)

    def add(self, request, code, details):
        self.tried += 1
        self.codes[code] += 1
        if code not in FINE and (code, details) != UNREADABLE:
            self.bad.append((request, code, details))


def send(channel, requests, *, deadline_s=DEADLINE_S):
    """Send (method, bytes) pairs as they are and count the answers."""
    tally = Tally()
    for method, data in requests:
        call = channel.unary_unary(method).future(data, timeout=deadline_s)
        tally.add((method, data), call.code().name, call.details())
    return tally


def named(message, model="tiny", **fields):
    """A request to a model."""
    message.model_spec.name = model
    for name, value in fields.items():
        setattr(message.model_spec, name, value)
    return message


def predict(tensor, signature="", model="tiny"):
    request = named(predict_pb2.PredictRequest(), model, signature_name=signature)
    request.inputs["text"].CopyFrom(tensor)
    return request


def classify(*texts):
    request = named(classification_pb2.ClassificationRequest(), signature_name="classify")
    for text in texts:
        feature = request.input.example_list.examples.add().features.feature["text"]
        feature.bytes_list.value.append(text)
    return request


def good_requests():
    """One of each method, as bytes: what broken ones are made of."""
    metadata = named(get_model_metadata_pb2.GetModelMetadataRequest())
    metadata.metadata_field.append("signature_def")
    messages = [
        (PREDICT, predict(tf.make_tensor_proto([b"a", b"bb"]))),
        (PREDICT, predict(tf.make_tensor_proto(["\u4f60\u597d" * 40]), "label")),
        (CLASSIFY, classify(b"a", b"bb")),
        (METADATA, metadata),
        (STATUS, named(get_model_status_pb2.GetModelStatusRequest())),
    ]
    return [(method, message.SerializeToString()) for method, message in messages]


def malformed(count, seed=42):
    """Good requests with bytes changed, cut off, put in, repeated or mixed; and bytes of no sense at all."""
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    for method, data in itertools.islice(itertools.cycle(good_requests()), count):
        yield method, chance.choice(_DAMAGES)(chance, data)


def _flip(chance, data):
    changed = bytearray(data)
    changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _cut(chance, data):
    return data[: chance.randrange(len(data))]


def _put_in(chance, data):
    place = chance.randrange(len(data))
    return data[:place] + chance.randbytes(chance.randint(1, 20)) + data[place:]


def _repeat(chance, data):
    start, end = sorted(chance.choices(range(len(data) + 1), k=2))
    return data[:end] + data[start:end] * chance.randint(1, 50) + data[end:]


def _mix(chance, data):
    """Two messages in a row are one with the fields of both, and with fields that it does not know."""
    return data + chance.choice(good_requests())[1]


def _nonsense(chance, data):
    return chance.randbytes(len(data))


_DAMAGES = (_flip, _flip, _flip, _mix, _cut, _put_in, _repeat, _nonsense)

SHAPES = (
    (), (0,), (1,), (3,), (-1,), (-(2**40), -(2**20)), (32_769,), (2**30,), (2**31,), (2**62,), (2**63 - 1,),
    (1, 2**30), (2**31, 0), (0, 2**62), (2**62, 4), (2**40, 2**40), (3, 3, 3), (1,) * 32, (1,) * 254,
    (1,) * 255, (2**62,) * 10_000,
)  # fmt: skip
VALUES = (
    {},
    {"string_val": [b"a"], "float_val": [1.0], "int_val": [1], "half_val": [1], "bool_val": [True]},
    {"tensor_content": b"12345"},
)
DTYPES = (*sorted(types_pb2.DataType.values()), 77, 2**31 - 1)


def combinations(count, model="tiny", seed=42):
    """Every type with every shape, carrying nothing, one value, or bytes of a wrong length; in random order."""
    every = list(itertools.product(DTYPES, SHAPES, VALUES))
    random.Random(seed).shuffle(every)  # noqa: S311
    for dtype, shape, values in every[:count]:
        yield PREDICT, predict(tensor(dtype, shape, **values), model=model).SerializeToString()


def tensor(dtype, shape, **values):
    proto = tensor_pb2.TensorProto(dtype=dtype, **values)
    for size in shape:
        proto.tensor_shape.dim.add(size=size)
    return proto


def amplifying(count=None):
    """A few bytes that ask for gigabytes or for minutes; each kind took the server there once."""
    nested = tensor(types_pb2.DT_VARIANT, ())
    inner = nested.variant_val.add(type_name="tensorflow::Tensor").tensors.add()
    inner.CopyFrom(tensor(types_pb2.DT_FLOAT, (2**30,), float_val=[1.0]))
    shared = named(classification_pb2.ClassificationRequest(), signature_name="classify")
    given = shared.input.example_list_with_context
    given.context.features.feature["text"].bytes_list.value.append(b"x" * 2_000_000)
    for _ in range(4_000):
        given.examples.add()
    every = {
        "4 GB of floats": predict(tensor(types_pb2.DT_FLOAT, (2**30,), float_val=[1.0])),
        "14 GB of texts": predict(tensor(types_pb2.DT_STRING, (6 * 10**8,), string_val=[b"a"])),
        "in another dimension": predict(tensor(types_pb2.DT_DOUBLE, (1, 2**30), double_val=[1.0])),
        "4 GB inside a variant": predict(nested),
        "minutes of multiplying": predict(tensor(types_pb2.DT_STRING, (2**62,) * 100_000)),
        "8 GB of context": shared,
    }
    for message in itertools.islice(itertools.cycle(every.values()), count or len(every)):
        method = CLASSIFY if message is shared else PREDICT
        yield method, message.SerializeToString()


@contextlib.contextmanager
def silent_sockets(address, count):
    """Connections that say nothing, half of what HTTP/2 begins with, or another protocol's words."""
    host, _, port = address.rpartition(":")
    words = itertools.cycle([b"", b"PRI * HTTP/2.0\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 9])
    with contextlib.ExitStack() as stack:
        for said in itertools.islice(words, count):
            opened = stack.enter_context(socket.create_connection((host, int(port)), timeout=10))
            with contextlib.suppress(ConnectionError):
                opened.sendall(said)
        yield


def answers_rightly(channel):
    """Whether a good request gets the answer that the model gives."""
    request = predict(tf.make_tensor_proto([b"a", b"bb"])).SerializeToString()
    answer = channel.unary_unary(PREDICT)(request, timeout=DEADLINE_S)
    got = predict_pb2.PredictResponse.FromString(answer).outputs["probabilities"].float_val
    wanted = [number for text in ("a", "bb") for number in length_model.expected(text, 3)]
    return max(abs(a - b) for a, b in zip(got, wanted, strict=True)) < 1e-6


def peak_mib(pid):
    """The most memory that a process has had at once."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


@contextlib.contextmanager
def running_server(base, *flags):
    """The server as a process of its own; gives the process and its address."""
    command = [sys.executable, "-m", "serving.server", "--port=0", "--host=127.0.0.1"]
    command += ["--model_name=tiny", f"--model_base_path={base}", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process, process.stdout.readline().split()[-1]
        finally:
            process.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0], allow_abbrev=False)
    parser.add_argument(
        "--count", type=int, default=2500, help="of each kind (default %(default)s)"
    )
    count = parser.parse_args().count
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(files, min(most, count + 200)), most))
    with tempfile.TemporaryDirectory() as folder:
        length_model.Library(Path(folder)).publish(3, Path(folder) / "tiny")
        with running_server(Path(folder) / "tiny") as (process, address):
            return attack(process, address, count)


def attack(process, address, count):
    """Send every kind, print what came of it; 1 where something was wrong."""
    well = True
    with grpc.insecure_channel(address) as channel:
        well &= answers_rightly(channel)
        before = peak_mib(process.pid)
        for name, kind in (
            ("malformed protobufs", malformed(count)),
            ("types and shapes", combinations(count)),
            ("a few bytes for gigabytes", amplifying(min(count, 60))),
        ):
            tally = send(channel, kind)
            print(
                f"{name}: {tally.tried:,} sent, {len(tally.bad)} badly answered, {dict(tally.codes)}"
            )
            for request, code, details in tally.bad[:5]:
                print(f"  {code} {details} for {request[1][:60]!r}")
            well &= not tally.bad
        with silent_sockets(address, count):
            well &= answers_rightly(channel)
            print(f"silent sockets: {count:,} open, and a good request is answered")
        grown = peak_mib(process.pid) - before
        well &= answers_rightly(channel) and process.poll() is None
    print(f"peak memory: {before:.0f} MiB before, {grown:.0f} MiB more at the most")
    well &= grown < LARGEST_GROWTH_MIB
    print("All is well." if well else "Something is wrong.")
    return 0 if well else 1


if __name__ == "__main__":
    raise SystemExit(main())

"""The embedded server's command line: flags with the names of tensorflow_model_server."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

import google.protobuf.text_format
from tensorflow_serving.config import model_server_config_pb2

from serving import messages
from serving.server.model_versions import ModelConfig

_DESCRIPTION: Final = """\
Serve SavedModels over gRPC as tensorflow_model_server does, on a machine that has TensorFlow for Python
and not that server. For laptops and tests; it listens on this machine only unless told otherwise."""

_NOT_OFFERED: Final = {
    "--rest_api_port": "there is no REST here",
    "--http_port": "there is no REST here",
    "--enable_batching": "requests are not batched here",
    "--batching_parameters_file": "requests are not batched here",
    "--monitoring_config_file": "there are no metrics here",
    "--model_config_file_poll_wait_seconds": "the configuration is read once here",
    "--platform_config_file": "there is one platform here",
    "--tensorflow_session_parallelism": "set TF_NUM_INTRAOP_THREADS and TF_NUM_INTEROP_THREADS instead",
}
"""Flags of the real server that would change what callers see; others would be unknown words."""


@dataclass(frozen=True)
class ServerOptions:
    """What a server is to do.

    Attributes:
        models: The models, each name once.
        host: Name or address to listen on.
        port: TCP port; 0 takes a free one.
        socket_path: Unix socket to listen on too; `None` for none.
        poll_s: Seconds between two looks for versions; 0 looks once.
        max_threads: Requests worked on at once; the rest wait.
        ssl: A `messages.SSLConfig`; `None` for plain text.
        health_service: Whether gRPC's health service answers.
        drain_s: Seconds that requests under way may take once the server is told to stop.
    """

    models: tuple[ModelConfig, ...]
    host: str = "localhost"
    port: int = 8500
    socket_path: Path | None = None
    poll_s: float = 1.0
    max_threads: int = 4
    ssl: Any = None
    health_service: bool = False
    drain_s: float = 10.0


class _Parser(argparse.ArgumentParser):
    """One sentence on a mistake, without the usage of eleven flags above it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}. See --help.\n")


def parse_flags(arguments: Sequence[str] | None = None) -> ServerOptions:
    """Read the command line; on a mistake say one sentence and exit with 2.

    Args:
        arguments: The words after the program's name; those of this process by default.
    """
    parser = _build_parser()
    given, unknown = parser.parse_known_args(arguments)
    if unknown:
        parser.error(_about_unknown(unknown[0]))
    try:
        return ServerOptions(
            models=_models(given),
            host=given.host,
            port=given.port,
            socket_path=given.grpc_socket_path,
            poll_s=given.file_system_poll_wait_seconds,
            max_threads=given.grpc_max_threads,
            ssl=_read_ssl(given.ssl_config_file),
            health_service=given.enable_grpc_healthcheck_service,
            drain_s=given.drain_seconds,
        )
    except ValueError as error:
        parser.error(str(error))


def _build_parser() -> _Parser:
    parser = _Parser(prog="python -m serving.server", description=_DESCRIPTION, allow_abbrev=False)
    add = parser.add_argument
    add(
        "--port",
        type=_number(int, 0, 65535),
        default=8500,
        help="TCP port; 0 takes a free one and prints it (default 8500)",
    )
    add(
        "--host",
        default="localhost",
        help="where to listen (default localhost; the real server listens on 0.0.0.0)",
    )
    add("--grpc_socket_path", type=Path, metavar="PATH", help="listen on this Unix socket too")
    add(
        "--model_name",
        default="default",
        metavar="NAME",
        help="name under which the model is asked (default %(default)s)",
    )
    add("--model_base_path", type=Path, metavar="DIR", help="folder with a child for each version")
    add(
        "--model_config_file",
        type=Path,
        metavar="FILE",
        help="ModelServerConfig text proto, in place of the two above",
    )
    add(
        "--file_system_poll_wait_seconds",
        type=_number(float, 0),
        default=1.0,
        metavar="S",
        help="seconds between two looks for new versions; 0 looks once (default 1)",
    )
    add(
        "--grpc_max_threads",
        type=_number(int, 1),
        default=4 * (os.cpu_count() or 1),
        metavar="N",
        help="requests worked on at once (default 4 x cores); more of them wait",
    )
    add(
        "--ssl_config_file",
        type=Path,
        metavar="FILE",
        help="SSLConfig text proto with the PEM contents inline",
    )
    add(
        "--enable_grpc_healthcheck_service",
        type=_boolean,
        nargs="?",
        const=True,
        default=False,
        metavar="BOOL",
        help="answer grpc.health.v1.Health/Check",
    )
    add(
        "--drain_seconds",
        type=_number(float, 0),
        default=10.0,
        metavar="S",
        help="seconds that requests under way may take after SIGTERM (default 10)",
    )
    return parser


def _number(kind: type, low: float, high: float = float("inf")) -> Any:
    """An argparse type for a number within bounds."""

    def parse(text: str) -> Any:
        value = kind(text)
        if not low <= value <= high:
            bounds = f"at least {low:g}" if high == float("inf") else f"from {low:g} to {high:g}"
            raise argparse.ArgumentTypeError(f"must be {bounds}, received {text!r}")
        return value

    parse.__name__ = "number"
    return parse


def _boolean(text: str) -> bool:
    """TensorFlow's spelling of a boolean flag: `--flag`, `--flag=true`, `--flag=false`."""
    values = {"true": True, "1": True, "false": False, "0": False}
    if text.lower() not in values:
        raise argparse.ArgumentTypeError(f"must be true or false, received {text!r}")
    return values[text.lower()]


def _about_unknown(word: str) -> str:
    name = word.partition("=")[0]
    if name in _NOT_OFFERED:
        return f"{name} is for tensorflow_model_server: {_NOT_OFFERED[name]}"
    return f"unknown argument {word!r}"


def _models(given: argparse.Namespace) -> tuple[ModelConfig, ...]:
    if (given.model_base_path is None) == (given.model_config_file is None):
        raise ValueError("give either --model_base_path or --model_config_file")
    if given.model_config_file is not None:
        return read_model_config(given.model_config_file)
    if not given.model_name:
        raise ValueError("--model_name must not be empty")
    return (ModelConfig(given.model_name, given.model_base_path),)


def read_model_config(path: Path) -> tuple[ModelConfig, ...]:
    """The models of a `ModelServerConfig` text proto.

    Raises:
        ValueError: The file cannot be read, names no model, or one twice.
    """
    config = _read_text_proto(path, model_server_config_pb2.ModelServerConfig())
    models = tuple(_model(entry) for entry in config.model_config_list.config)
    names = [model.name for model in models]
    if not models or not all(names) or len(set(names)) < len(names):
        raise ValueError(f"{path} must name at least one model, and each once, received {names}")
    return models


def _model(entry: Any) -> ModelConfig:
    policy = entry.model_version_policy
    kind = policy.WhichOneof("policy_choice")
    return ModelConfig(
        name=entry.name,
        base_path=Path(entry.base_path),
        newest=None if kind == "all" else policy.latest.num_versions or 1,
        only=frozenset(policy.specific.versions),
        labels=dict(entry.version_labels),
    )


def _read_ssl(path: Path | None) -> Any:
    if path is None:
        return None
    ssl = _read_text_proto(path, messages.SSLConfig())
    if not (ssl.server_key and ssl.server_cert):
        raise ValueError(f"{path} needs server_key and server_cert, each with a PEM file's content")
    if ssl.client_verify and not ssl.custom_ca:
        raise ValueError(f"{path}: client_verify needs custom_ca, the authority of the clients")
    return ssl


def _read_text_proto(path: Path, message: Any) -> Any:
    """`message`, filled from a text proto file."""
    try:
        return google.protobuf.text_format.Parse(path.read_text(encoding="utf-8"), message)
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from error
    except google.protobuf.text_format.ParseError as error:
        raise ValueError(
            f"{path} is not a {message.DESCRIPTOR.name} text proto: {error}"
        ) from error

"""The embedded server's command line: flags with the names of tensorflow_model_server."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from export.start.command_line import Parser, number, path, word
from serving.server.config_files import read_metrics_path, read_model_config, read_ssl_config
from serving.server.model_versions import ModelConfig

PROGRAM: Final = "python -m serving.server"
_DESCRIPTION: Final = """\
Serve SavedModels over gRPC and REST as tensorflow_model_server does, on a machine that has TensorFlow for Python
and not that server. For laptops and tests; it listens on this machine only unless told otherwise."""

_path: Final = path("be a path")

_NOT_OFFERED: Final = {
    "--http_port": "it is called --rest_api_port now",
    "--rest_api_enable_cors_support": "pages of other servers are not answered here",
    "--enable_batching": "requests are not batched here",
    "--batching_parameters_file": "requests are not batched here",
    "--platform_config_file": "there is one platform here",
    "--tensorflow_session_parallelism": "set TF_NUM_INTRAOP_THREADS and TF_NUM_INTEROP_THREADS instead",
}
"""Flags of the real server that would change what callers see; others would be unknown words."""

MAX_REQUEST_ROWS: Final = 32_768
"""64 times what our client sends at once; as many long tweets took the default model 300 MB and 3 s."""

_LARGEST: Final = 2**31 - 1
"""The real server's flags are 32-bit numbers."""


@dataclass(frozen=True)
class ServerOptions:
    """What a server is to do.

    Attributes:
        models: The models, each name once.
        config_file: Where they are from; `None` for no file.
        config_poll_s: Seconds between two readings of that file; 0 reads it once.
        unavailable_labels: Whether a label that is not in use yet may name a version that is not available.
        host: Name or address to listen on.
        port: TCP port for gRPC; 0 takes a free one.
        rest_api_port: TCP port for REST; 0 for none.
        rest_api_timeout_s: Seconds that a request over REST may take; `None` for any time.
        rest_api_threads: Requests over REST worked on at once; the rest wait.
        metrics_path: Where REST answers with metrics; `None` for nowhere.
        socket_path: Unix socket to listen on too; `None` for none.
        poll_s: Seconds between two looks for versions; 0 looks once.
        max_threads: Requests worked on at once; the rest wait.
        max_rows: Rows in one request at most.
        ssl: A `messages.SSLConfig`; `None` for plain text.
        health_service: Whether gRPC's health service answers.
        drain_s: Seconds that requests under way may take once the server is told to stop.
    """

    models: tuple[ModelConfig, ...]
    config_file: Path | None = None
    config_poll_s: float = 0.0
    unavailable_labels: bool = False
    host: str = "localhost"
    port: int = 8500
    rest_api_port: int = 0
    rest_api_timeout_s: float | None = 30.0
    rest_api_threads: int = 4
    metrics_path: str | None = None
    socket_path: Path | None = None
    poll_s: float = 1.0
    max_threads: int = 4
    max_rows: int = MAX_REQUEST_ROWS
    ssl: Any = None
    health_service: bool = False
    drain_s: float = 10.0


def parse_flags(arguments: Sequence[str] | None = None) -> ServerOptions:
    """Read the command line; on a mistake say one sentence and exit with 2.

    Args:
        arguments: The words after the program's name; those of this process by default.
    """
    parser = _build_parser()
    given, unknown = parser.parse_known_args(arguments)
    if unknown:
        parser.error(_about_unknown(unknown[0]))
    if given.port and given.port == given.rest_api_port:
        parser.error(f"--port and --rest_api_port must differ, received {given.port} for both")
    if given.monitoring_config_file and not given.rest_api_port:
        parser.error("--monitoring_config_file needs --rest_api_port, the port of the metrics")
    if given.model_config_file_poll_wait_seconds and not given.model_config_file:
        parser.error("--model_config_file_poll_wait_seconds needs --model_config_file")
    try:
        return ServerOptions(
            models=_models(given),
            config_file=given.model_config_file,
            config_poll_s=given.model_config_file_poll_wait_seconds,
            unavailable_labels=given.allow_version_labels_for_unavailable_models,
            host=given.host,
            port=given.port,
            rest_api_port=given.rest_api_port,
            rest_api_timeout_s=given.rest_api_timeout_in_ms / 1000 or None,
            rest_api_threads=given.rest_api_num_threads,
            metrics_path=read_metrics_path(given.monitoring_config_file)
            if given.monitoring_config_file
            else None,
            socket_path=given.grpc_socket_path,
            poll_s=given.file_system_poll_wait_seconds,
            max_threads=given.grpc_max_threads,
            max_rows=given.max_request_rows,
            ssl=read_ssl_config(given.ssl_config_file) if given.ssl_config_file else None,
            health_service=given.enable_grpc_healthcheck_service,
            drain_s=given.drain_seconds,
        )
    except ValueError as error:
        parser.error(str(error))


def _build_parser() -> Parser:
    parser = Parser(prog=PROGRAM, description=_DESCRIPTION)
    _add_models(parser.add_argument_group("what to serve"))
    _add_listening(parser.add_argument_group("where to listen"))
    _add_limits(parser.add_argument_group("how"))
    return parser


def _add_models(group: Any) -> None:
    add = group.add_argument
    add(
        "--model_name",
        type=word,
        default="default",
        metavar="NAME",
        help="name under which the model is asked (default %(default)s)",
    )
    add(
        "--model_base_path",
        type=_path,
        metavar="DIR",
        help="folder with a child for each version (default none: this or --model_config_file is needed)",
    )
    add(
        "--model_config_file",
        type=_path,
        metavar="FILE",
        help="ModelServerConfig text proto, in place of the two above (default none)",
    )
    add(
        "--model_config_file_poll_wait_seconds",
        type=number(float, 0, _LARGEST),
        default=0.0,
        metavar="S",
        help="seconds between two readings of that file; 0 reads it once (default %(default)g)",
    )
    add(
        "--allow_version_labels_for_unavailable_models",
        type=_boolean,
        nargs="?",
        const=True,
        default=False,
        metavar="BOOL",
        help="let a new label name a version that does not serve yet, as at the start none does (default false)",
    )
    add(
        "--file_system_poll_wait_seconds",
        type=number(float, 0, _LARGEST),
        default=1.0,
        metavar="S",
        help="seconds between two looks for new versions; 0 looks once (default %(default)g)",
    )


def _add_listening(group: Any) -> None:
    add = group.add_argument
    add(
        "--port",
        type=number(int, 0, 65535),
        default=8500,
        metavar="N",
        help="TCP port for gRPC; 0 takes a free one and prints it (default %(default)s)",
    )
    add(
        "--rest_api_port",
        type=number(int, 0, 65535),
        default=0,
        metavar="N",
        help="TCP port for REST (default 0: none)",
    )
    add(
        "--monitoring_config_file",
        type=_path,
        metavar="FILE",
        help="MonitoringConfig text proto: metrics for Prometheus at the port for REST (default none)",
    )
    add(
        "--host",
        type=_host,
        default="localhost",
        help="where to listen (default %(default)s; the real server listens on 0.0.0.0)",
    )
    add(
        "--grpc_socket_path",
        type=_path,
        metavar="PATH",
        help="listen on this Unix socket too (default none)",
    )
    add(
        "--ssl_config_file",
        type=_path,
        metavar="FILE",
        help="SSLConfig text proto with the PEM contents inline (default none: plain text)",
    )
    add(
        "--enable_grpc_healthcheck_service",
        type=_boolean,
        nargs="?",
        const=True,
        default=False,
        metavar="BOOL",
        help="answer grpc.health.v1.Health (default false)",
    )


def _add_limits(group: Any) -> None:
    add = group.add_argument
    add(
        "--grpc_max_threads",
        type=number(int, 1, 65535),
        default=4 * (os.cpu_count() or 1),
        metavar="N",
        help="requests worked on at once; more of them wait (default 4 x cores, %(default)s here)",
    )
    add(
        "--rest_api_num_threads",
        type=number(int, 1, 65535),
        default=4 * (os.cpu_count() or 1),
        metavar="N",
        help="the same for REST (default 4 x cores, %(default)s here)",
    )
    add(
        "--rest_api_timeout_in_ms",
        type=number(int, 0, _LARGEST),
        default=30_000,
        metavar="MS",
        help="milliseconds that a request over REST may take; 0 for any time (default %(default)s)",
    )
    add(
        "--max_request_rows",
        type=number(int, 1, _LARGEST),
        default=MAX_REQUEST_ROWS,
        metavar="N",
        help="rows in one request at most (default %(default)s; the real server has no such limit)",
    )
    add(
        "--drain_seconds",
        type=number(float, 0, _LARGEST),
        default=10.0,
        metavar="S",
        help="seconds that requests under way may take after SIGTERM (default %(default)g)",
    )


def _host(text: str) -> str:
    """A name or address, without the brackets that IPv6 wears before a port.

    Not empty: gRPC would take that for every interface of the machine.
    """
    return word(text.removeprefix("[").removesuffix("]"))


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
        models = read_model_config(given.model_config_file)
        _check_labels(models, allowed=given.allow_version_labels_for_unavailable_models)
        return models
    return (ModelConfig(given.model_name, given.model_base_path),)


def _check_labels(models: Sequence[ModelConfig], *, allowed: bool) -> None:
    """At the start no version is available: the real server ends with FAILED_PRECONDITION and the first of these words."""
    for model in models if not allowed else ():
        for version in list(model.labels.values())[:1]:
            raise ValueError(
                f"Request to assign label to version {version} of model {model.name}, which is not currently"
                " available for inference; give --allow_version_labels_for_unavailable_models"
            )

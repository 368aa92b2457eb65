"""The text protos that tensorflow_model_server reads: which models to serve, the keys for TLS, where metrics are."""

from pathlib import Path
from typing import Any, Final

import google.protobuf.text_format
from tensorflow_serving.config import model_server_config_pb2

from serving import messages
from serving.server.model_versions import ModelConfig


def read_model_config(path: Path) -> tuple[ModelConfig, ...]:
    """The models of a `ModelServerConfig` text proto.

    Raises:
        ValueError: The file cannot be read, names no model, or one twice, or one without a folder.
    """
    config = _read_text_proto(path, model_server_config_pb2.ModelServerConfig())
    models = tuple(_model(path, entry) for entry in config.model_config_list.config)
    names = [model.name for model in models]
    if not models or not all(names) or len(set(names)) < len(names):
        raise ValueError(f"{path} must name at least one model, and each once, received {names}")
    return models


def _model(path: Path, entry: Any) -> ModelConfig:
    if not entry.base_path or "\0" in entry.base_path:
        raise ValueError(
            f"{path} must name a folder for model {entry.name!r},"
            f" received base_path={entry.base_path!r}"
        )
    return model_of(entry)


def model_of(entry: Any) -> ModelConfig:
    """What a `tensorflow_serving.ModelConfig` asks for."""
    policy = entry.model_version_policy
    kind = policy.WhichOneof("policy_choice")
    return ModelConfig(
        name=entry.name,
        base_path=Path(entry.base_path),
        newest=None if kind == "all" else policy.latest.num_versions or 1,
        only=frozenset(policy.specific.versions),
        labels=dict(entry.version_labels),
    )


def read_ssl_config(path: Path) -> Any:
    """A `messages.SSLConfig` from a text proto; `preflight` looks into its keys.

    Raises:
        ValueError: The file cannot be read, or lacks what it needs.
    """
    ssl = _read_text_proto(path, messages.SSLConfig())
    if not (ssl.server_key and ssl.server_cert):
        raise ValueError(f"{path} needs server_key and server_cert, each with a PEM file's content")
    if ssl.client_verify and not ssl.custom_ca:
        raise ValueError(f"{path}: client_verify needs custom_ca, the authority of the clients")
    return ssl


def read_metrics_path(path: Path) -> str | None:
    """Where a `MonitoringConfig` text proto wants the metrics; `None` where it does not.

    Raises:
        ValueError: The file cannot be read.
    """
    config = _read_text_proto(path, messages.MonitoringConfig()).prometheus_config
    return (config.path or "/monitoring/prometheus/metrics") if config.enable else None


_LONGEST: Final = 10_000_000


def _read_text(path: Path) -> str:
    """A device such as /dev/zero never ends."""
    with path.open(encoding="utf-8") as file:
        text = file.read(_LONGEST + 1)
    if len(text) > _LONGEST:
        raise ValueError(f"{path} must have {_LONGEST:,} characters at most")
    return text


def _read_text_proto(path: Path, message: Any) -> Any:
    """`message`, filled from a text proto file."""
    try:
        return google.protobuf.text_format.Parse(_read_text(path), message)
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is no UTF-8 text: {error.reason} at byte {error.start}"
        ) from error
    except google.protobuf.text_format.ParseError as error:
        raise ValueError(
            f"{path} is not a {message.DESCRIPTOR.name} text proto: {error}"
        ) from error

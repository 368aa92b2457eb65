"""A `ReloadConfigRequest`: what the real server refuses in one, in its words, and what it asks for."""

from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

from tensorflow_serving.config import model_server_config_pb2

from serving.server.config_files import model_of
from serving.server.model_versions import ModelConfig
from serving.server.preflight import check_folders
from serving.server.status import invalid

_PLATFORM: Final = "tensorflow"
_DEPRECATED: Final = "ModelServerConfig::model_type (deprecated)"
_FIELD: Final = "ModelServerConfig::model_platform"


def models_of(request: Any, known: Collection[str]) -> tuple[ModelConfig, ...]:
    """The models that shall be served from now on; none for an empty list.

    Args:
        request: A `ReloadConfigRequest`.
        known: Names of the models that are served now.

    Raises:
        StatusError: INVALID_ARGUMENT, with the real server's words; in words of our own where a new model's folder
            is not there, for which the real server waits and lets no later request through.
    """
    if request.config.WhichOneof("config") != "model_config_list":
        raise invalid(
            "ServerModelConfig type not supported by HandleReloadConfigRequest."
            " Only ModelConfigList is currently supported"
        )
    entries = request.config.model_config_list.config
    _check_names(entries)
    _check_paths(entries)
    for entry in entries:
        _check_platform(entry, known)
    models = tuple(model_of(entry) for entry in entries)
    try:
        check_folders([model for model in models if model.name not in known])
    except ValueError as error:
        raise invalid(str(error)) from error
    return models


def _check_names(entries: Any) -> None:
    seen: set[str] = set()
    for entry in entries:
        if entry.name in seen:
            raise invalid(f"Illegal to list model {entry.name} multiple times in config list")
        seen.add(entry.name)


def _check_paths(entries: Any) -> None:
    for entry in entries:
        if not Path(entry.base_path).is_absolute() or "\0" in entry.base_path:
            raise invalid(
                f"Expected model {entry.name} to have an absolute path or URI;"
                f" got base_path()={entry.base_path}"
            )


def _check_platform(entry: Any, known: Collection[str]) -> None:
    platform = entry.model_platform
    if entry.model_type != model_server_config_pb2.MODEL_TYPE_UNSPECIFIED:
        if platform:
            raise invalid(f"Illegal setting both {_DEPRECATED} and {_FIELD}.")
        if entry.model_type != model_server_config_pb2.TENSORFLOW:
            raise invalid(f"ModelServerConfig::model_type choice {entry.model_type} not supported.")
        return
    if not platform:
        raise invalid(f"Illegal setting neither {_DEPRECATED} nor {_FIELD}.")
    if platform == _PLATFORM:
        return
    if entry.name in known:
        raise invalid(
            f"Illegal to change a model's platform. For model {entry.name} platform was {_PLATFORM}"
            f" and new platform requested is {platform}"
        )
    raise invalid(f"Model {entry.name} requests unsupported platform {platform}")

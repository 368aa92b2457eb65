"""All models of a server: kept up to date by one thread, looked up as TensorFlow Serving looks them up."""

import contextlib
import functools
import logging
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import grpc
from tensorflow_serving.apis import get_model_status_pb2, model_pb2

from serving.messages import VersionState
from serving.server.metrics import Metrics
from serving.server.model_versions import ModelConfig, ModelVersions, Version
from serving.server.saved_model.servable import Servable
from serving.server.saved_model.warmup import replay_warmup
from serving.server.status import StatusError, from_error, invalid

_log = logging.getLogger(__name__)


class Registry:
    """The models of a server.

    Args:
        configs: The models, each name once.
        poll_s: Seconds between two looks at the folders; 0 looks once.
        max_rows: Rows in one request at most.
        metrics: Count the loads, and are told the models' names.
    """

    def __init__(
        self, configs: Sequence[ModelConfig], poll_s: float, max_rows: int, metrics: Metrics
    ) -> None:
        self._load = functools.partial(_load, max_rows=max_rows, metrics=metrics)
        self._metrics = metrics
        # Whoever looks a model up needs no lock: what changes is put in place of the whole dictionary.
        self._models: dict[str, ModelVersions[Servable]] = {}
        self._dismissed: dict[str, ModelVersions[Servable]] = {}
        self._replacing = threading.Lock()
        self._replace(configs)
        self._poll_s = poll_s
        self._stopped = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="versions", daemon=True)

    def poll(self) -> None:
        """Look at every model's folder once, and load what is new."""
        for model in [*self._models.values(), *self._dismissed.values()]:
            model.poll()

    def reload(self, configs: Sequence[ModelConfig], *, unavailable_labels: bool) -> None:
        """Serve these models in place of those before, as the real server does.

        A model that is named no more is unloaded after its last request. One that was not named before is loaded
        before this returns; a new version of a known one comes with the next look at its folder.

        Args:
            configs: The models, each name once.
            unavailable_labels: Whether a new label may name a version that is not available (yet).

        Raises:
            StatusError: FAILED_PRECONDITION, a label names a version that is not available, and nothing has changed;
                or UNKNOWN, none of a new model's versions could be loaded, and all the rest is done.
        """
        with self._replacing:
            self._check_labels(configs, unavailable_labels=unavailable_labels)
            new = self._replace(configs)
        if self._poll_s:
            for model in new:
                model.poll()
        else:
            self.poll()
        if failed := [one for model in new for one in _failures(model)]:
            told = "".join(f"{{{one}}}, " for one in failed)
            message = f"{len(failed)} model(s) did not become available: {{{told}}}"
            raise StatusError(grpc.StatusCode.UNKNOWN, message)

    def _check_labels(self, configs: Sequence[ModelConfig], *, unavailable_labels: bool) -> None:
        for config in configs:
            model = self._models.get(config.name)
            before = model.config.labels if model else {}
            for label, number in config.labels.items():
                # One that is in use is moved only to a version that can answer, whatever the flag says.
                if unavailable_labels and before.get(label, number) == number:
                    continue
                if model is None or not model.serves(number):
                    message = f"Request to assign label to version {number} of model {config.name}"
                    raise StatusError(
                        grpc.StatusCode.FAILED_PRECONDITION,
                        f"{message}, which is not currently available for inference",
                    )

    def _replace(self, configs: Sequence[ModelConfig]) -> list[ModelVersions[Servable]]:
        """Change what shall serve; the models that were not there before."""
        before = self._models
        known = {**self._dismissed, **before}
        models = {
            one.name: known.get(one.name) or ModelVersions(one, self._load, _explain)
            for one in configs
        }
        for config in configs:
            models[config.name].configure(config)
        self._metrics.add_models(models)
        self._models = models
        self._dismissed = {name: known[name] for name in known.keys() - models}
        for name in before.keys() - models:
            _log.info("%s is taken out of the configuration.", name)
            before[name].dismiss()
        return [models[name] for name in models.keys() - before]

    def start(self) -> None:
        """Look again and again, in a thread."""
        if self._poll_s > 0:
            self._watcher.start()

    def stop(self, timeout_s: float) -> None:
        """Stop looking, and wait so long for a load under way."""
        self._stopped.set()
        if self._watcher.ident is not None:
            self._watcher.join(timeout_s)

    def _watch(self) -> None:
        while not self._stopped.wait(self._poll_s):
            self.poll()

    @contextlib.contextmanager
    def use(
        self, spec: model_pb2.ModelSpec | None
    ) -> Iterator[tuple[Servable, model_pb2.ModelSpec]]:
        """Hold the version that a request is for.

        Args:
            spec: The request's; `None` where it has none.

        Yields:
            The version, and a spec that names it.

        Raises:
            StatusError: No such model, version or label.
        """
        if spec is None:
            raise invalid("Missing ModelSpec")
        if not spec.name:
            raise invalid("ModelSpec has no name specified.")
        model = self._models.get(spec.name)
        number = self._number(spec, model)
        with contextlib.ExitStack() as stack:
            version = stack.enter_context(model.use(number)) if model else None
            if version is None or version.loaded is None:
                wanted = f"Latest({spec.name})"
                if number is not None:
                    wanted = f"Specific({spec.name}, {number})"
                raise StatusError(
                    grpc.StatusCode.NOT_FOUND, f"Servable not found for request: {wanted}"
                )
            answering = model_pb2.ModelSpec(name=spec.name)
            answering.version.value = version.number
            yield version.loaded, answering

    def _number(
        self, spec: model_pb2.ModelSpec, model: ModelVersions[Servable] | None
    ) -> int | None:
        if spec.WhichOneof("version_choice") == "version":
            return int(spec.version.value)
        if not spec.version_label:
            return None
        labels = model.config.labels if model else {}
        if spec.version_label not in labels:
            raise invalid(f"Unrecognized servable version label: {spec.version_label}")
        return labels[spec.version_label]

    def status(
        self, spec: model_pb2.ModelSpec | None
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """Where the versions of a model stand, newest first; or the one that `spec` names.

        Raises:
            StatusError: No such model or version.
        """
        if spec is None:
            raise invalid("Missing ModelSpec")
        model = self._models.get(spec.name) or self._dismissed.get(spec.name)
        versions = model.snapshot() if model else []
        missing = f"Could not find any versions of model {spec.name}"
        if spec.WhichOneof("version_choice") == "version":
            versions = [found for found in versions if found.number == spec.version.value]
            missing = f"Could not find version {spec.version.value} of model {spec.name}"
        if not versions:
            raise StatusError(grpc.StatusCode.NOT_FOUND, missing)
        response = get_model_status_pb2.GetModelStatusResponse()
        for version in versions:
            _describe(response.model_version_status.add(), version)
        return response

    def serving(self) -> dict[str, int | None]:
        """The newest available version of each model; `None` where none is."""
        newest: dict[str, int | None] = {}
        for name, model in self._models.items():
            with model.use(None) as version:
                newest[name] = version.number if version else None
        return newest


def _failures(model: ModelVersions[Servable]) -> list[str]:
    """Why a model has no version that serves, in the real server's words; nothing where it has one or none is there."""
    versions = model.snapshot()
    if any(version.state is VersionState.AVAILABLE for version in versions):
        return []
    return [
        f"{{name: {model.config.name} version: {version.number}}} due to error: {code.name}: {message}"
        for version in versions
        if version.error
        for code, message in [version.error]
    ]


def _describe(status: get_model_status_pb2.ModelVersionStatus, version: Version[Servable]) -> None:
    status.version = version.number
    status.state = int(version.state)
    status.status.SetInParent()
    if version.error:
        code, message = version.error
        status.status.error_code = code.value[0]
        status.status.error_message = message


def _load(path: Path, max_rows: int, metrics: Metrics) -> Servable:
    """Load a version and warm it up: only then may it serve."""
    with metrics.load(path):
        servable = Servable(path, max_rows)
        replay_warmup(servable, path)
    return servable


def _explain(error: Exception) -> tuple[grpc.StatusCode, str]:
    status = from_error(error)
    return status.code, status.message

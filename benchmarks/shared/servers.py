"""A server in a process of its own: the real one where it is on the PATH, else the embedded one."""

import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import tensorflow as tf

from benchmarks.shared.processes import ROOT, BenchError, last_line, python_module
from export.signatures import MODEL_NAME, PROBABILITIES, SERVING_DEFAULT, TEXT
from export.start.machine import cores
from serving.client import SentimentClient
from serving.client.errors import NotReadyError, ServingError

REAL_SERVER: Final = "tensorflow_model_server"
EMBEDDED_SERVER: Final = "embedded server"
FLOOR_MODEL: Final = "floor"
MAX_THREADS: Final = 256
"""With its default, 4 a core, and with 64, too, the real server refuses a part of 64 clients' requests."""

_BATCHING: Final = f"""\
max_batch_size {{ value: 64 }}
max_enqueued_batches {{ value: 1000 }}
num_batch_threads {{ value: {cores()} }}
"""

_READY_S: Final = 120.0


def server_name() -> str:
    """Which server this machine offers."""
    return REAL_SERVER if shutil.which(REAL_SERVER) else EMBEDDED_SERVER


def write_models(export: Path, folder: Path) -> Path:
    """Lay out an export and a model that does nothing for a server; return its configuration file.

    Args:
        export: a SavedModel directory.
        folder: a folder for both.
    """
    shutil.copytree(export, folder / MODEL_NAME / "1")
    floor = _Nothing()
    tf.saved_model.save(
        floor, str(folder / FLOOR_MODEL / "1"), signatures={SERVING_DEFAULT: floor.serve}
    )
    configs = [
        f'config {{ name: "{name}" base_path: "{folder / name}" model_platform: "tensorflow" }}'
        for name in (MODEL_NAME, FLOOR_MODEL)
    ]
    file = folder / "models.config"
    file.write_text(f"model_config_list {{ {' '.join(configs)} }}\n")
    return file


class _Nothing(tf.Module):
    """Zeros for every text: what is left of a request's time is the RPC's."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name=TEXT)], autograph=False)
    def serve(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """`[batch] string -> {probabilities: [batch, 3] float32}`."""
        return {PROBABILITIES: tf.zeros([tf.size(text), 3])}


@contextmanager
def running_server(
    config: Path,
    log: Path,
    *,
    batch_wait_us: int | None = None,
    models: Sequence[str] = (MODEL_NAME,),
) -> Iterator[str]:
    """Start a server on a free port, give its address once every model answers, stop it.

    Args:
        config: `ModelServerConfig` text proto.
        log: file for what it prints.
        batch_wait_us: let the server batch requests and wait so long for more; only the real one can.
        models: names to wait for.

    Raises:
        BenchError: it did not come up.
    """
    port = _free_port()
    with (
        log.open("w", encoding="utf-8") as file,
        subprocess.Popen(  # noqa: S603 (our own command, no shell)
            _command(config, port, batch_wait_us), stdout=file, stderr=subprocess.STDOUT, cwd=ROOT
        ) as process,
    ):
        try:
            for name in models:
                _wait(f"localhost:{port}", name, process, log)
            yield f"localhost:{port}"
        finally:
            process.terminate()


def _command(config: Path, port: int, batch_wait_us: int | None) -> list[str]:
    flags = [f"--port={port}", f"--model_config_file={config}", f"--grpc_max_threads={MAX_THREADS}"]
    if server_name() == EMBEDDED_SERVER:
        return [*python_module(["serving.server"]), *flags]
    if batch_wait_us is not None:
        parameters = config.with_name(f"batching-{batch_wait_us}.config")
        parameters.write_text(f"{_BATCHING}batch_timeout_micros {{ value: {batch_wait_us} }}\n")
        flags += ["--enable_batching", f"--batching_parameters_file={parameters}"]
    return [REAL_SERVER, *flags]


def _wait(address: str, model: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    with SentimentClient(address, model_name=model) as client:
        for _ in range(round(_READY_S)):
            if process.poll() is not None:
                words = last_line(log.read_text(encoding="utf-8", errors="replace"))
                raise BenchError(f"the server ended with exit code {process.returncode}: {words}")
            try:
                client.wait_until_ready(1.0)
            except NotReadyError:
                continue
            except ServingError as error:
                raise BenchError(f"the server does not serve {model}: {error}") from error
            return
    raise BenchError(f"the server did not serve {model} within {_READY_S:g} s. See {log}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])

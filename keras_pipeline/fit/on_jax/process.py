"""Starts the process that trains on JAX, waits for it, and turns whatever ends it into one sentence.

Nothing here needs TensorFlow, Keras or JAX.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from export.start.python_path import python_path
from keras_pipeline import errors
from keras_pipeline.errors import StoppedError, UserError
from keras_pipeline.fit.on_jax.exchange import Answer, Exchange
from keras_pipeline.fit.on_jax.hosts import Hosts

_MODULE: Final = "keras_pipeline.fit.on_jax"
_SIMULATED: Final = re.compile(r"--xla_force_host_platform_device_count=(\d+)")


def check_backend(backend: str, *, tensorboard: bool) -> None:
    """Refuse what `--backend jax` cannot do here, before anything is read.

    Raises:
        UserError: JAX is not installed, or TensorBoard's logs are wanted, too.
    """
    if backend != "jax":
        return
    if find_spec("jax") is None:
        raise UserError(
            "`--backend jax` needs the package jax; install it by: pip install '.[jax]', on a GPU "
            "pip install 'jax[cuda13]'. Received: backend=jax"
        )
    if tensorboard:
        raise UserError(
            "`--tensorboard` needs TensorFlow where the network is trained; leave it out, or train by --backend "
            "tensorflow. Received: tensorboard=True, backend=jax"
        )


def run_process(exchange: Exchange, checkpoint: Path, hosts: Hosts | None = None) -> Answer:
    """Train in a process of its own, from what stands in `exchange`.

    It has a session of its own, so that Ctrl-C reaches it once, from here; it then ends with the best epoch's weights.

    Args:
        exchange: what is given to it; it leaves the last weights there.
        checkpoint: state after each epoch.
        hosts: that train together, where there are several.

    Raises:
        UserError: the sentence that it ended by.
        StoppedError: it, or another host's, was ended from outside.
        MemoryError: it found no memory.
    """
    shutil.rmtree(exchange.made, ignore_errors=True)
    exchange.made.mkdir(parents=True)
    command = [sys.executable, "-m", _MODULE, str(exchange.folder), str(checkpoint)]
    command += hosts.arguments() if hosts else []
    sys.stdout.flush()
    with subprocess.Popen(  # noqa: S603 (this project's own)
        command, stdin=subprocess.PIPE, env=environment(exchange), start_new_session=True
    ) as child:
        status = _wait(child)
    if exchange.answer.is_file():
        return _checked(Answer.load(exchange.answer), hosts)
    raise _stopped(f"the process that trains ended by {_ending(status)}", hosts)


def help_others(hosts: Hosts) -> Answer:
    """Train with the others, on a host that is not the first: all it needs it is handed, and nothing of it stays.

    Returns:
        How it ended; interrupted where Ctrl-C here ended it, and so the others.

    Raises:
        UserError: the sentence that training ended by, at every host.
        StoppedError: a host's process was ended from outside.
        MemoryError: there was none left.
    """
    with TemporaryDirectory(prefix="tweet-sentiment-jax-") as folder:
        return run_process(Exchange(Path(folder) / "jax"), Path(folder) / "checkpoint.npz", hosts)


def environment(exchange: Exchange) -> dict[str, str]:
    """Of the process: Keras on JAX, what XLA compiled kept; what the user set goes first."""
    given = dict(os.environ)
    chosen = {
        "JAX_COMPILATION_CACHE_DIR": str(exchange.compiled.absolute()),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.5",
        "TF_CPP_MIN_LOG_LEVEL": "2",  # XLA's log, too
    }
    if simulated := _SIMULATED.search(given.get("XLA_FLAGS", "")):
        # As many threads as devices wait for one another: four devices on two cores waited for ever.
        chosen["NPROC"] = str(2 * int(simulated[1]))
    return {**chosen, **given, "KERAS_BACKEND": "jax", "PYTHONPATH": python_path(given)}


def _wait(child: "subprocess.Popen[bytes]") -> int:
    """Its exit status; Ctrl-C is passed on once, a second one kills it."""
    try:
        return child.wait()
    except KeyboardInterrupt:
        child.send_signal(signal.SIGINT)
    try:
        status = child.wait()
    except KeyboardInterrupt:
        child.kill()
        raise
    if status == -signal.SIGINT:  # it had not begun
        raise KeyboardInterrupt
    return status


def _checked(answer: Answer, hosts: Hosts | None) -> Answer:
    if answer.error is None:
        return answer
    if answer.kind == "LostHost":
        raise _stopped(answer.error, hosts)
    if answer.kind == "MemoryError":
        raise MemoryError(answer.error)
    kind = getattr(errors, str(answer.kind), UserError)
    raise kind(answer.error)


def _stopped(received: str, hosts: Hosts | None) -> StoppedError:
    if hosts is None:
        return StoppedError(
            "Training on JAX must come to its end; finished epochs are kept, go on by --resume. "
            f"Received: {received}"
        )
    return StoppedError(
        f"Training on {len(hosts.addresses)} hosts must go on at every one; finished epochs are kept at the first: "
        "start the command again at each, there with --resume. "
        f"Received: at host {hosts.index} {received}"
    )


def _ending(status: int) -> str:
    if status >= 0:
        return f"exit status {status}; what it wrote above tells why"
    return f"signal {-status} ({signal.Signals(-status).name})"

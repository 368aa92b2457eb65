"""Ask a SavedModel in a process of its own, where only TensorFlow can help it: see `export.gate.tensorflow_alone`."""

import base64
import dataclasses
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from export.errors import ExportError
from export.signatures import PROBABILITIES, SERVING_DEFAULT, TEXT
from export.start.utf8 import encode_text

_CHILD = Path(__file__).with_name("tensorflow_alone.py")


@dataclasses.dataclass(frozen=True)
class Run:
    """Requests to one signature.

    Attributes:
        name: key of the answers: `name/output`.
        signature: whom to ask.
        values: strings to send, UTF-8 where they are str.
        size: rows of a batch.
    """

    name: str
    signature: str
    values: Sequence[str | bytes]
    size: int


def ask_fresh_process(
    directory: Path,
    runs: Iterable[Run],
    rows: Sequence[str | bytes],
    warmup: Path | None = None,
    timed: Sequence[str | bytes] = (),
) -> dict[str, Any]:
    """Load `directory` in a fresh process and send it everything.

    Args:
        directory: a SavedModel.
        runs: requests by signature, through a session as a server would.
        rows: texts for the loaded object itself, which is not loaded for none.
        warmup: file of warmup requests to replay.
        timed: texts to ask for one at a time at the end, by the clock.

    Returns:
        Arrays by name: `name/output`; where there are rows, `loaded` `[rows, classes]` and `labels`; `warmup`
        (requests replayed); where texts are timed, `seconds` `[answers]`, and `threads` within an op and
        across ops, 0 for TensorFlow's own choice.

    Raises:
        ExportError: the process failed; the message ends with its last words.
    """
    tasks = {
        "directory": str(directory),
        "warmup": str(warmup) if warmup else None,
        "rows": _encoded(rows),
        "timed": {
            "values": _encoded(timed),
            "signature": SERVING_DEFAULT,
            "input": TEXT,
            "output": PROBABILITIES,
        },
        "runs": [{**dataclasses.asdict(run), "values": _encoded(run.values)} for run in runs],
    }
    with tempfile.TemporaryDirectory() as scratch:
        questions, answers = Path(scratch, "tasks.json"), Path(scratch, "answers.npz")
        questions.write_text(json.dumps(tasks), encoding="utf-8")
        run_alone(_CHILD, questions, answers)
        with np.load(answers) as found:
            return dict(found)


def run_alone(script: Path, *arguments: Path) -> None:
    """Run a script of ours in a process that finds none of this project's code.

    Raises:
        ExportError: it failed; the message ends with its last words.
    """
    # -I: neither the working directory nor PYTHONPATH lend it any code.
    command = [sys.executable, "-I", str(script), *map(str, arguments)]
    result = subprocess.run(  # noqa: S603 (our own script, no shell)
        command, capture_output=True, text=True, errors="replace", check=False
    )
    if result.returncode:
        raise ExportError(_last_words(result))


def _last_words(result: "subprocess.CompletedProcess[str]") -> str:
    lines = [line.strip() for line in result.stderr.splitlines() if line.strip()]
    if result.returncode < 0:
        return f"the process died by signal {-result.returncode}"
    return lines[-1] if lines else f"the process ended with exit code {result.returncode}"


def _encoded(values: Iterable[str | bytes]) -> list[str]:
    return [base64.b64encode(encode_text(value)).decode() for value in values]

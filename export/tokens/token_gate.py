"""The gate for formats that take token ids: the checks of `export.gate.gate`, as far as they apply.

assets     the vocabulary and the labels beside the model are the trained model's
reload     a fresh process that has only the format's runtime loads it and answers
signature  names, dtypes and shapes are as declared
parity     it answers ids as the Keras model answers their text, at any batch size

The ids are those of the trained model's string half, the one beside the file included.
"""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np

from export.errors import ExportError, GateError
from export.formats import MODEL_FILES, format_of
from export.gate.answer_checks import (
    BATCH_SIZES,
    ROWS_A_BATCH_SIZE,
    answer_key,
    check_parity,
    questions,
)
from export.gate.fresh_process import run_alone
from export.gate.gate import GateReport, report_of
from export.gate.quality import TestSplit
from export.gate.static_checks import check_assets
from export.graph.token_ids import all_token_ids
from export.settings import Tolerances
from export.signatures import token_signature
from export.tokens.string_half import read_string_half

TOKEN_CHECKS: Final = ("assets", "reload", "signature", "parity")

_CHILD = Path(__file__).with_name("runtime_alone.py")
_LARGEST: Final = BATCH_SIZES[-1]

Array = np.ndarray[Any, Any]
Answers = dict[str, Any]
Texts = Sequence[str | bytes]


def pass_token_gate(
    directory: Path,
    model: Any,
    split: TestSplit,
    *,
    tolerances: Tolerances | None = None,
    further: Sequence[str] = (),
) -> GateReport:
    """Run every check but `quality` on the LiteRT or ONNX version in `directory`.

    Args:
        directory: a staged version.
        model: the Keras model it was made of, `[batch] string -> [batch, classes] float32`.
        split: tweets to compare on.
        tolerances: how much may differ; `Tolerances()` by default.
        further: more of them, such as an examination's.

    Raises:
        GateError: the first check that failed.
    """
    began_at = perf_counter()
    allowed = (tolerances or Tolerances()).probability
    check_assets(directory, model)
    texts, expected = questions(model, split, further)
    ids = all_token_ids(model, texts)
    _check_string_half(directory, texts, ids)
    # A model that reads padding as words is always asked at its full width.
    answers = _ask_reloaded(directory, ids, trim=model.padded_length is None)
    _check_signature(answers, len(model.labels))
    difference = check_parity(answers, expected, allowed, also={})
    return report_of(
        directory,
        answers,
        expected,
        split,
        checks=TOKEN_CHECKS,
        difference=difference,
        began_at=began_at,
    )


def ask_with_string_half(directory: Path, texts: Texts) -> Array:
    """A published version's answers to texts, `[rows, classes] float32`, by the string half beside it.

    Raises:
        ExportError: it has none, as older versions have not, or could not be loaded or answer.
    """
    ids = read_string_half(directory)(texts)
    answers: Array = _ask(directory, ids, {_LARGEST: len(ids)}, trim=False)[answer_key(_LARGEST)]
    return answers


def _check_string_half(directory: Path, texts: Texts, ids: Array) -> None:
    found = read_string_half(directory)(texts)
    if found.shape != ids.shape or (found != ids).any():
        raise GateError("assets", "a string half with the model's own token ids", "others")


def _ask_reloaded(directory: Path, ids: Array, *, trim: bool) -> Answers:
    rows = {size: ROWS_A_BATCH_SIZE.get(size, len(ids)) for size in BATCH_SIZES}
    try:
        return _ask(directory, ids, rows, trim=trim)
    except ExportError as error:
        expected = "a fresh process with nothing but the runtime to load the model and to answer"
        raise GateError("reload", expected, str(error)) from error


def _ask(directory: Path, ids: Array, rows: dict[int, int], *, trim: bool) -> Answers:
    """Answers of a fresh process, by `answer_key`: of each size of batch, to so many of the ids."""
    file_format = format_of(directory)
    if file_format is None:
        raise ExportError(f"`directory` must hold a model. Received: directory='{directory}'")
    tasks: Answers = {
        "ids": ids,
        "sizes": np.array(list(rows)),
        "rows": np.array(list(rows.values())),
        "trim": np.array(trim),
    }
    with tempfile.TemporaryDirectory() as scratch:
        asked, answered = Path(scratch, "tasks.npz"), Path(scratch, "answers.npz")
        np.savez(asked, **tasks)
        run_alone(_CHILD, directory / MODEL_FILES[file_format], asked, answered)
        with np.load(answered) as found:
            return dict(found)


def _check_signature(answers: Answers, classes: int) -> None:
    found = [
        {name: (dtype, tuple(shape)) for name, (dtype, shape) in tensors.items()}
        for tensors in json.loads(str(answers["signature"]))
    ]
    expected = token_signature(classes)
    if found != list(expected):
        raise GateError("signature", f"{expected}", f"{tuple(found)}")

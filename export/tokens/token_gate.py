"""The gate for formats that take token ids: the checks of `export.gate.gate`, as far as they apply.

assets     the vocabulary and the labels beside the model are the trained model's
reload     a fresh process that has only the format's runtime loads it and answers
signature  names, dtypes and shapes are as declared
parity     it answers ids as the Keras model answers their text, at any batch size
quality    it is no worse on the test split than the version that is published now

The ids are those of the trained model's string half.
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
from export.gate.gate import GateReport, judge
from export.gate.quality import TestSplit, quality_metrics
from export.gate.static_checks import check_assets
from export.graph.assets import read_lines
from export.graph.token_ids import all_token_ids
from export.settings import Tolerances
from export.signatures import TOKEN_SIGNATURE, VOCABULARY_ASSET

TOKEN_CHECKS: Final = ("assets", "reload", "signature", "parity", "quality")

_CHILD = Path(__file__).with_name("runtime_alone.py")
_LARGEST: Final = BATCH_SIZES[-1]

Answers = dict[str, Any]
Texts = Sequence[str | bytes]


def pass_token_gate(
    directory: Path,
    model: Any,
    split: TestSplit,
    *,
    published: Path | None = None,
    tolerances: Tolerances | None = None,
    force: bool = False,
) -> GateReport:
    """Run every check on the LiteRT or ONNX version in `directory`.

    Args:
        directory: a staged version.
        model: the Keras model it was made of, `[batch] string -> [batch, 3] float32`.
        split: tweets to compare and to measure on.
        published: the version that is in front, of the same format.
        tolerances: how much may differ; `Tolerances()` by default.
        force: a worse version than the published one passes all the same.

    Raises:
        GateError: the first check that failed.
    """
    began_at = perf_counter()
    allowed = tolerances or Tolerances()
    check_assets(directory, model)
    texts, expected = questions(model, split)
    answers = _ask_reloaded(directory, model, texts)
    _check_signature(answers)
    difference = check_parity(answers, expected, allowed.probability, also={})
    before = _published_metrics(published, model, split)
    return GateReport(
        TOKEN_CHECKS,
        difference,
        **judge(answers, expected, split, before, allowed, force=force),
        seconds=round(perf_counter() - began_at, 1),
    )


def _ask_reloaded(directory: Path, model: Any, texts: Texts) -> Answers:
    rows = {size: ROWS_A_BATCH_SIZE.get(size, len(texts)) for size in BATCH_SIZES}
    try:
        return _ask(directory, model, texts, rows)
    except ExportError as error:
        expected = "a fresh process with nothing but the runtime to load the model and to answer"
        raise GateError("reload", expected, str(error)) from error


def _ask(
    directory: Path,
    model: Any,
    texts: Texts,
    rows: dict[int, int],
    vocabulary: list[str] | None = None,
) -> Answers:
    """Answers of a fresh process, by `answer_key`: of each size of batch, to so many of the texts."""
    file_format = format_of(directory)
    if file_format is None:
        raise ExportError(f"`directory` must hold a model. Received: directory='{directory}'")
    tasks: Answers = {
        "ids": all_token_ids(model, texts, vocabulary),
        "sizes": np.array(list(rows)),
        "rows": np.array(list(rows.values())),
        # A model that reads padding as words is always asked at its full width.
        "trim": np.array(model.padded_length is None),
    }
    with tempfile.TemporaryDirectory() as scratch:
        asked, answered = Path(scratch, "tasks.npz"), Path(scratch, "answers.npz")
        np.savez(asked, **tasks)
        run_alone(_CHILD, directory / MODEL_FILES[file_format], asked, answered)
        with np.load(answered) as found:
            return dict(found)


def _check_signature(answers: Answers) -> None:
    found = [
        {name: (dtype, tuple(shape)) for name, (dtype, shape) in tensors.items()}
        for tensors in json.loads(str(answers["signature"]))
    ]
    if found != list(TOKEN_SIGNATURE):
        raise GateError("signature", f"{TOKEN_SIGNATURE}", f"{tuple(found)}")


def _published_metrics(
    published: Path | None, model: Any, split: TestSplit
) -> dict[str, float] | None:
    """Of the version in front, on the same rows; None if there is none or it cannot answer.

    It is asked ids of its own vocabulary; text is cleaned and split as for the new version.
    """
    vocabulary = read_lines(published / VOCABULARY_ASSET) if published else []
    if published is None or not vocabulary:
        return None
    try:
        answers = _ask(
            published, model, list(split.texts), {_LARGEST: len(split.texts)}, vocabulary
        )
    except ExportError:
        return None  # a version that does not even load is no bar
    return quality_metrics(answers[answer_key(_LARGEST)], split)

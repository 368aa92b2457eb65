"""Checks of the gate that compare a version's answers with the Keras model's: parity, labels, warmup."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import tensorflow as tf

from export.errors import ExportError, GateError
from export.gate.fresh_process import Run, ask_fresh_process
from export.gate.quality import TestSplit
from export.graph.warmup import WARMUP_REQUESTS
from export.signatures import (
    CLASSIFY_SIGNATURE,
    KNOWN,
    LABEL,
    LABEL_SIGNATURE,
    PROBABILITIES,
    SCORE,
    SCORES,
    SERVING_DEFAULT,
    TEXT,
)
from export.start.utf8 import encode_text

BATCH_SIZES: Final = (1, 7, 33, 2048)
"""Batches of the parity check: one, few, many and very many rows, none a power of two but the last."""

ROWS_A_BATCH_SIZE: Final = {1: 64, 7: 256, 33: 1024}
"""The smaller the batch, the fewer rows are asked: the split is asked whole at the largest only."""

NO_TWEETS: Final = f"none/{PROBABILITIES}"
"""Where the answer to no tweets is."""

Array = np.ndarray[Any, Any]

NASTY: Final = (
    "",
    " ",
    "\t\n\v\f\r",
    "http://t.co/only",
    "http://a.b https://c.d @e",
    "@mention",
    "!",
    "?!?!?!",
    "!" * 500,
    "\x00",
    "a\x00b",
    b"\xff\xfe\xfd",
    b"caf\xe9 au lait",
    b"\xed\xa0\x80 lone surrogate",
    b"\xf4\x90\x80\x80 beyond unicode",
    "\ufeffbyte order mark",
    "\u202eright to left\u202c",
    "\u00a0\u2003\u3000",
    "e\u0301 combining",
    "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\u4f60\u597d\u4e16\u754c",
    "I\u0307 \u0130 \u212a",
    "[UNK] [empty] [empty]",
    "'; DROP TABLE tweets; --",
    "{{text}} ${text} %s %n",
    "word " * 41,
    "a" * 100_000,
    "so happy " * 10_000,
)
"""Empty, blank, URLs only, marks only, NUL, invalid UTF-8, other scripts, very long."""


def questions(
    model: Any, split: TestSplit, further: Sequence[str] = ()
) -> tuple[list[str | bytes], Array]:
    """What a version is asked, nasty strings first, and the Keras model's answers, `[rows, classes]`."""
    longest = getattr(model, "longest_text", None)
    texts = [*(text[:longest] for text in NASTY), *split.texts, *further]
    return texts, np.asarray(model.predict(texts, batch_size=512, verbose=0))


def ask(
    directory: Path,
    texts: Sequence[str | bytes],
    more: Sequence[Run] = (),
    timed: Sequence[str] = (),
) -> dict[str, Any]:
    """Answers of a fresh process to everything that the later checks look at.

    Args:
        directory: of the version.
        texts: the `questions`.
        more: further requests.
        timed: texts to ask for one at a time, by the clock.

    Raises:
        GateError: it could not load the version, or could not answer.
    """
    some = texts[: ROWS_A_BATCH_SIZE[7]]
    runs = [
        *(
            Run(f"b{size}", SERVING_DEFAULT, texts[: ROWS_A_BATCH_SIZE.get(size)], size)
            for size in BATCH_SIZES
        ),
        Run("none", SERVING_DEFAULT, [], 1),
        Run("label", LABEL_SIGNATURE, some, 64),
        Run("classify", CLASSIFY_SIGNATURE, [_example(text) for text in some], 64),
        *more,
    ]
    try:
        return ask_fresh_process(directory, runs, some, directory / WARMUP_REQUESTS, timed)
    except ExportError as error:
        expected = "a fresh process with nothing but TensorFlow to load the version and to answer"
        raise GateError("reload", expected, str(error)) from error


def ask_probabilities(directory: Path, texts: Sequence[str | bytes]) -> Array:
    """A published SavedModel's answers to texts, `[rows, classes] float32`.

    Raises:
        ExportError: it could not be loaded, or could not answer.
    """
    run = Run("examination", SERVING_DEFAULT, texts, 512)
    answers: Array = ask_fresh_process(directory, [run], [])[f"examination/{PROBABILITIES}"]
    return answers


def _example(text: str | bytes) -> bytes:
    feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[encode_text(text)]))
    return bytes(
        tf.train.Example(features=tf.train.Features(feature={TEXT: feature})).SerializeToString()
    )


def answer_key(size: int) -> str:
    """Where the answers to batches of `size` rows are."""
    return f"b{size}/{PROBABILITIES}"


def check_parity(
    answers: dict[str, Any], expected: Array, tolerance: float, *, also: dict[str, Array]
) -> float:
    """Compare batches of every size; tell the largest difference.

    Args:
        answers: by `answer_key`, and those to no tweets.
        expected: the Keras model's, `[rows, classes]`.
        tolerance: of a probability.
        also: further answers by what gave them; each is to the first rows.

    Raises:
        GateError: a probability differs by more than `tolerance`, or no tweets give another shape.
    """
    parts = {f"batches of {size}": answers[answer_key(size)] for size in BATCH_SIZES}
    worst = 0.0
    for name, found in {**parts, **also}.items():
        difference = _largest(found, expected[: len(found)])
        if not difference <= tolerance:
            raise GateError(
                "parity",
                f"probabilities within {tolerance:g} of the Keras model's in {name}",
                f"a difference of {difference:.3g}",
            )
        worst = max(worst, difference)
    empty = answers[NO_TWEETS].shape
    if empty != (0, expected.shape[1]):
        raise GateError("parity", f"shape [0, {expected.shape[1]}] for no tweets", f"{list(empty)}")
    return worst


def check_labels(
    answers: dict[str, Any], expected: Array, tolerance: float, label_names: Sequence[str]
) -> None:
    """Compare labels, scores and classes with what the probabilities say.

    Raises:
        GateError: one of them says something else.
    """
    names = np.array([name.encode() for name in label_names])
    if answers["labels"].tolist() != names.tolist():
        raise GateError(
            "labels", f"labels() to tell {tuple(label_names)}", f"{answers['labels'].tolist()}"
        )
    winners = answers[f"label/{PROBABILITIES}"].argmax(axis=1)
    wrong = answers[f"label/{LABEL}"] != names[winners]
    if wrong.any():
        row = int(wrong.argmax())
        raise GateError(
            "labels",
            f"label {names[winners[row]].decode()!r} in row {row}",
            f"{answers[f'label/{LABEL}'][row].decode()!r}",
        )
    if (answers["classify/classes"] != names).any():
        raise GateError(
            "labels",
            f"classes {tuple(label_names)} in every row",
            f"{answers['classify/classes'][0].tolist()}",
        )
    for name, found, declared in (
        ("label/probabilities", answers[f"label/{PROBABILITIES}"], expected),
        ("label/score", answers[f"label/{SCORE}"], expected.max(axis=1)),
        ("classify/scores", answers[f"classify/{SCORES}"], expected),
    ):
        if not _largest(found, declared) <= tolerance:
            raise GateError(
                "labels",
                f"{name} within {tolerance:g} of the Keras model's",
                f"a difference of {_largest(found, declared):.3g}",
            )


def check_known(answers: dict[str, Any], ids: Array) -> None:
    """Compare `known` with the ids that the Keras model gives: `[rows, time] int64`.

    Raises:
        GateError: it is not the share of a row's tokens that are words of the vocabulary.
    """
    expected = (ids > 1).sum(axis=1) / np.maximum((ids > 0).sum(axis=1), 1)
    difference = _largest(answers[f"label/{KNOWN}"], expected)
    if not difference <= 1e-6:
        raise GateError(
            "labels", "`known` to be the share of known tokens", f"{difference:.3g} off"
        )


def _largest(found: Array, expected: Array) -> float:
    """NaN where an answer is none: it compares with no tolerance."""
    return float(np.abs(found - expected).max()) if len(found) else 0.0


def check_warmup(answers: dict[str, Any]) -> None:
    """Refuse a version without warmup requests, or with more than a server takes.

    Raises:
        GateError: as told.
    """
    count = int(answers["warmup"])
    if not 0 < count <= _MOST_WARMUP_RECORDS:
        raise GateError(
            "warmup", f"1 to {_MOST_WARMUP_RECORDS} requests in {WARMUP_REQUESTS}", f"{count}"
        )


_MOST_WARMUP_RECORDS: Final = 1000
"""Of more, tensorflow_model_server refuses the version."""

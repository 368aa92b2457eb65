"""Write the numeric half of a trained model as a LiteRT or an ONNX file, by Keras's own exporters.

    model.tflite or model.onnx      token_ids [batch, time] int64 -> probabilities [batch, classes] float32
    assets/                         vocabulary and labels, as beside a SavedModel
    assets.extra/examples.json      texts with their ids and probabilities, for callers to test against
    assets.extra/string_half/       text -> ids for TensorFlow, by which the version is examined

Neither format carries the string ops that clean and split a tweet: whoever calls makes the ids. The
examples are the model's own answers.
"""

import contextlib
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import tensorflow as tf

from export.errors import ExportError
from export.formats import MODEL_FILES
from export.graph.assets import write_assets
from export.graph.token_ids import all_token_ids
from export.settings import FLOAT16, FLOAT32, LITERT, SAVED_MODEL
from export.signatures import VOCABULARY_ASSET
from export.tokens.string_half import write_string_half
from export.tokens.token_classifier import TOKEN_IDS_SPEC, TokenClassifier

EXAMPLES: Final = Path("assets.extra", "examples.json")

_LITERT_HALVES: Final[dict[str, Any]] = {
    "optimizations": [tf.lite.Optimize.DEFAULT],
    "target_spec": {"supported_types": [tf.float16]},
}

_TEXTS: Final = (
    "what a lovely day!!!",
    "@someone so SAD that you could not come http://t.co/abc?x=1",
    "I`m 2 tired 4 this... @a_1: #monday",
    "",
    " \t\n",
    "http://only.a/link",
    "!?",
    "caf\u00e9 \U0001f600 so\u00a0happy",
    "xhttp://a.b\u3000see you",
    "loooove it :) <3 but f*** that... can't :'( 2day www.x.co",
    "so tired of this train " * 12,
)
"""One for each rule of cleaning and splitting, and one that is cut."""


def write_token_artefact(
    model: Any, directory: Path, file_format: str, weights: str = FLOAT32
) -> None:
    """Write everything but the model card.

    Args:
        model: a string model; see `export.graph.serving_graph.serving_graph`.
        directory: an empty folder.
        file_format: one of `export.settings.FORMATS` but the first.
        weights: type in which they are stored, one of `export.settings.WEIGHTS`.

    Raises:
        ExportError: the loop over steps does not know the model's layers.
    """
    # LiteRT gathers no float16 rows: there the converter makes the weights small, not the graph.
    by_converter = file_format == LITERT and weights == FLOAT16
    classifier = _token_classifier(model, file_format, FLOAT32 if by_converter else weights)
    with _quiet():
        classifier.export(
            str(directory / MODEL_FILES[file_format]),
            format=file_format,
            input_signature=[TOKEN_IDS_SPEC],
            verbose=False,
            **(_LITERT_HALVES if by_converter else {}),
        )
    write_assets(directory, model)
    write_string_half(directory, model)
    _write_examples(directory / EXAMPLES, model)


def token_steps(model: Any) -> list[str]:
    """What a caller must do to a tweet, one sentence a step; docs/export.md has it as Python.

    Args:
        model: see `export.graph.serving_graph.serving_graph`.
    """
    vectorizer = model.vectorizer.get_config()
    standardize = vectorizer["standardize"]
    then = f", then as `{standardize.__name__}` does" if standardize else ""
    width = model.padded_length
    longest = "so that all rows of a batch are as long as its longest"
    return [
        f"Clean the text as `{type(model.cleaner).__name__}` does (docs/cleaning.md){then}.",
        f"Split at whitespace and keep the first {vectorizer['output_sequence_length']} tokens.",
        f"A token's id is its line number, from 0, in {VOCABULARY_ASSET}; 1 if it is not there.",
        f"Pad with 0 at the right, {f'to {width} ids always' if width else longest}.",
        "Test it against assets.extra/examples.json, which holds texts, their ids and probabilities.",
    ]


def _token_classifier(model: Any, file_format: str, weights: str) -> TokenClassifier:
    try:
        return TokenClassifier(model.classifier, weights)
    except ExportError as error:
        raise ExportError(
            f"`format` {file_format} has no graph for this classifier, use {SAVED_MODEL}: {error}"
        ) from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without what Keras's ONNX exporter says of itself.

    It tries `np.object`, of which NumPy warns, and TensorFlow logs a collection that it cannot write
    and nobody reads.
    """
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel("ERROR")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            yield
    finally:
        logger.setLevel(level)


def _write_examples(path: Path, model: Any) -> None:
    ids = all_token_ids(model, _TEXTS)
    answers = np.asarray(model.predict(list(_TEXTS), verbose=0))
    examples = [
        {
            "text": text,
            "token_ids": np.trim_zeros(row, "b").tolist(),
            "probabilities": rows.tolist(),
        }
        for text, row, rows in zip(_TEXTS, ids, answers, strict=True)
    ]
    path.parent.mkdir(exist_ok=True)
    lines = ",\n".join(json.dumps(example) for example in examples)
    path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")

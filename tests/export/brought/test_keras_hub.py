"""KerasHub's classifiers take no text themselves: text -> their preprocessor -> model; where KerasHub is installed."""

import json

import numpy as np
import pytest

from export.exporter import export_model
from export.gate.answer_checks import ask_probabilities
from export.gate.quality import TestSplit

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("own_process"),
    pytest.mark.filterwarnings("ignore:`compile:UserWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "so",
    "happy",
    "sad",
    "the",
    "train",
    "##s",
    "a",
]
SIZES = {"num_layers": 1, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 16}


def bert(keras_hub):
    """A BERT of two heads, not trained."""
    models = keras_hub.models
    tokens = models.BertTokenizer(vocabulary=WORDS)
    preprocessor = models.BertTextClassifierPreprocessor(tokens, sequence_length=16)
    backbone = models.BertBackbone(vocabulary_size=len(WORDS), max_sequence_length=16, **SIZES)
    return models.BertTextClassifier(backbone, num_classes=3, preprocessor=preprocessor)


def test_a_bert_of_kerashub_is_loaded_without_keras(tmp_path):
    """The process of the gate registers the ops of TensorFlow Text, and has neither Keras nor KerasHub."""
    keras_hub = pytest.importorskip("keras_hub")
    model = bert(keras_hub)
    model.save(tmp_path / "bert.keras")
    texts = np.array(["so happy", "the train", "sad"] * 80, object)
    split = TestSplit(texts, np.array([0, 1, 2] * 80))
    path, report = export_model(
        tmp_path / "bert.keras",
        tmp_path / "models",
        labels=("a", "b", "c"),
        split=split,
        force=True,
    )
    assert report.largest_difference < 1e-6
    assert "server" in report.checks, "the embedded server registers those ops, too"
    card = json.loads((path / "assets.extra" / "model_card.json").read_text())
    assert "FastWordpieceTokenizeWithOffsets" in card["brought"]["server"]
    assert card["brought"]["head"].startswith("logits, softmax added")
    asked_as_a_rival = ask_probabilities(path, texts.tolist())  # into a session alone
    np.testing.assert_allclose(asked_as_a_rival, report.answers[: len(texts)], atol=1e-6)

"""Models of 2 to 1,000 classes with names of any characters: published, examined, listed, and without strings."""

import json
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
import tensorflow as tf
from saved_model_edits import without_known
from trained_runs import NO_SERVER

from export import __main__ as command
from export.errors import ExportError
from export.exporter import export_model
from export.formats import PACKAGES
from export.gate.quality import TestSplit
from export.gate.reasons import too_few
from export.graph.assets import read_lines
from export.run_record import RunRecord
from export.settings import LITERT, ONNX, Artefact
from export.signatures import LABEL, LABELS_ASSET, TEXT
from export.versions import earlier
from export.versions.examination import refuse_other_labels
from export.versions.limits import limits_of_use
from keras_pipeline import SentimentModel, TrainConfig, build_vectorizer
from keras_pipeline.layers.expressive_tweet_cleaner import ExpressiveTweetCleaner
from keras_pipeline.numeric.classifier import build_classifier

ODD = (
    "joy", "long " * 30, "🔥", "👨\u200d👩\u200d👧", "مرحبا", "<b>x</b>", "$a_b$ $5", "100%", "a|b", "[x](y)",
    "`c`", "你好", "*d*", "\x1b[31mred", "accuracy", "macro average", "United_States", "_e_", "rows", "a, b",
)  # fmt: skip
COUNTS = [20, *(pytest.param(count, marks=pytest.mark.slow) for count in (2, 1000))]


def names_of(classes: int) -> tuple[str, ...]:
    """Odd ones first."""
    plain = (f"topic {number}" for number in range(classes))
    return tuple(name.strip() for name in (*ODD, *plain))[:classes]


def model_of(labels: tuple[str, ...]) -> SentimentModel:
    """A model of one word a class, which it mostly knows: nobody trained it."""
    words = [f"word{_letters(number)}" for number in range(len(labels))]
    config = TrainConfig(labels=labels, embedding_dim=8, lstm_units=4, dense_units=16)
    vectorizer = build_vectorizer(vocabulary_size=len(words) + 2, sequence_length=40)
    vectorizer.set_vocabulary(words)
    classifier = build_classifier(config, vocabulary_size=len(words) + 2)
    draw = np.random.default_rng(7)
    classifier.set_weights([draw.normal(scale=0.5, size=w.shape) for w in classifier.get_weights()])
    return SentimentModel(ExpressiveTweetCleaner(), vectorizer, classifier, labels=labels)


def split_for(model: SentimentModel, rows: int = 240) -> TestSplit:
    """Texts of the model's words, and as labels what it answers, but for every tenth."""
    words = model.vectorizer.get_vocabulary()[2:]
    texts = np.array(
        [f"so {words[row % len(words)]} {words[row * 7 % len(words)]}" for row in range(rows)],
        object,
    )
    labels = model.predict(texts, verbose=0).argmax(axis=1)
    labels[::10] = np.arange(len(labels[::10])) % len(model.labels)
    return TestSplit(texts, labels)


def record_of(model: SentimentModel, name: str = "odd") -> RunRecord:
    config = {"sequence_length": 40, "labels": list(model.labels)}
    return RunRecord(name, config, {"path": "/somewhere/odd.csv"}, {"rows": {"test": 240}})


def publish(model: SentimentModel, base: Path, **options):
    """By force: random weights are good at nothing."""
    split = split_for(model)
    about = {"split": split, "run": record_of(model), "servers": NO_SERVER}
    return export_model(model, base, force=True, **about, **options)


def _letters(number: int) -> str:
    return "".join("abcdefghij"[int(digit)] for digit in str(number))


@pytest.fixture(scope="module", params=COUNTS)
def published(request, tmp_path_factory):
    """A model, and the folder in which it is version 1."""
    model = model_of(names_of(request.param))
    base = tmp_path_factory.mktemp("models")
    publish(model, base)
    return model, base


@pytest.mark.slow
def test_the_graph_tells_its_own_labels(published):
    model, base = published
    assert tuple(read_lines(base / "1" / LABELS_ASSET)) == model.labels
    loaded = tf.saved_model.load(str(base / "1"))
    assert [name.decode() for name in loaded.labels().numpy()] == list(model.labels)
    texts = split_for(model, 20).texts
    answered = loaded.signatures["label"](**{TEXT: tf.constant(texts)})[LABEL].numpy()
    winners = model.predict(texts, verbose=0).argmax(axis=1)
    assert [name.decode() for name in answered] == [model.labels[winner] for winner in winners]


@pytest.mark.slow
def test_the_card_speaks_of_its_own_classes(published):
    """For programs every name as it is; for people safely, and of many classes the worst."""
    model, base = published
    path = base / "1" / "assets.extra" / "model_card.json"
    card = json.loads(path.read_text())
    assert card["labels"] == list(model.labels)
    assert list(card["metrics"]["per_class"]) == list(model.labels)
    text = path.with_suffix(".md").read_text()
    assert "entiment" not in text
    assert "tweet" not in text.lower()
    assert "\x1b" not in text
    assert "<b>" not in text
    assert f"none of the {len(model.labels):,} classes" in text
    assert len(text) < 25_000


@pytest.mark.slow
def test_the_list_has_a_line_for_it(published, capsys):
    _, base = published
    assert command.main(["--list", "--to", str(base)]) == 0
    title, _, line = capsys.readouterr().out.splitlines()
    assert title.startswith("Examination: 240 rows")
    assert line.split()[0] == "1"


@pytest.mark.slow
@pytest.mark.parametrize("published", [1000], indirect=True)
def test_a_successor_of_the_same_classes_is_examined_beside_it(published):
    model, base = published
    path, report = publish(model, base)
    assert report.verdict is not None
    assert report.verdict.comparison is not None
    assert report.verdict.comparison["with"] == "version 1"
    assert report.verdict.comparison["difference"] == 0
    earlier.rollback(path.parent, 1)


def test_a_refusal_names_some_of_a_thousand_classes(tmp_path):
    """A sentence, not a page."""
    names = names_of(1000)
    with pytest.raises(ExportError, match="and 990 more; choose another folder") as told:
        refuse_other_labels(tmp_path, names, (*names[:-1], "quite another"))
    assert len(str(told.value)) < 1_000
    sentences = too_few(np.arange(300), names)
    assert len(sentences) == 1
    assert "1 of `joy`" in sentences[0]
    assert "and 990 more" in sentences[0]


@pytest.mark.slow
@pytest.mark.parametrize("classes", [2, 20, 1000])
@pytest.mark.parametrize("file_format", [LITERT, ONNX])
def test_formats_without_strings_carry_any_classes(file_format, classes, tmp_path):
    for module in PACKAGES[file_format]:
        pytest.importorskip(module)
    model = model_of(names_of(classes))
    path, report = publish(model, tmp_path / "models", artefact=Artefact(file_format=file_format))
    assert tuple(read_lines(path / LABELS_ASSET)) == model.labels
    assert report.answers.shape[1] == classes
    card = json.loads((path / "assets.extra" / "model_card.json").read_text())
    assert card["labels"] == list(model.labels)


@pytest.mark.slow
def test_a_version_from_before_labels_were_configurable_still_serves_as_the_rival(tmp_path):
    """Its `label` told no `known`, its run's settings no labels: the next version is examined beside it."""
    model = model_of(("negative", "neutral", "positive"))
    base = tmp_path / "models"
    publish(model, base)
    without_known(base / "1")
    path, report = publish(model, base)
    assert path.name == "2"
    assert report.verdict is not None
    assert report.verdict.comparison is not None
    assert report.verdict.comparison["with"] == "version 1"
    assert command.main(["--list", "--to", str(base)]) == 0
    assert command.main(["--rollback", "1", "--to", str(base)]) == 0


class TestLimits:
    """What a card says that a model is no good for."""

    WORDS = ("", "[UNK]", "so", "sad", "!", "💔")
    ROWS = MappingProxyType({"negative": 30, "neutral": 30, "positive": 30})

    def limits(self, **changes):
        given = {"config": {"sequence_length": 40}, "labels": list(self.ROWS), "words": self.WORDS}
        return limits_of_use(**{**given, "rows": self.ROWS, **changes})

    def test_irony_is_a_matter_of_sentiment(self):
        assert any("irony" in limit for limit in self.limits())
        assert not any("irony" in limit for limit in self.limits(labels=["spam", "ham"]))

    def test_the_length_is_the_runs(self):
        assert any(
            "first 80 tokens" in limit for limit in self.limits(config={"sequence_length": 80})
        )
        assert any("the first tokens" in limit for limit in self.limits(config={}))

    def test_scripts_are_those_of_its_words(self):
        assert "letters a to z alone" in self.limits(words=("", "so", "don't", "!"))[0]
        found = self.limits(words=["", "так", "жаль", "привет", "so", "你", "好", "canción"])[0]
        assert "Cyrillic (43%), Latin (29%), CJK (29%)" in found

    def test_a_class_that_hardly_came_up_is_named(self):
        assert "are of neutral: figures" in self.limits(rows={**self.ROWS, "neutral": 3})[-1]

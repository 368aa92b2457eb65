"""Any classes, from a table to a model that is asked; and runs from before there were other labels than three."""

import csv
import json
import shutil
import zipfile

import numpy as np
import pytest
import tensorflow as tf

from keras_pipeline import (
    ExpressiveTweetCleaner,
    SentimentModel,
    TrainConfig,
    build_classifier,
    build_vectorizer,
    evaluate,
    load_model,
    train,
)
from keras_pipeline.labels import SENTIMENTS
from keras_pipeline.run_folder import RunFolder

FIVE = ("<b>joy</b>", "$5 | off", "très triste", "🔥", "مرحبا")
WORDS = ("happy", "cheap", "sad", "hot", "hello")


class TestAPlainKerasCitizenOfFiveClasses:
    """`fit`, `evaluate` and `predict` go by the model's own classes."""

    TEXTS = tuple(f"so {word} today" for word in WORDS)

    @pytest.fixture
    def model(self):
        tf.keras.utils.set_random_seed(1)
        vectorizer = build_vectorizer(vocabulary_size=20)
        vectorizer.set_vocabulary([*WORDS, "so", "today"])
        config = TrainConfig(
            labels=FIVE, embedding_dim=8, lstm_units=4, dense_units=16, dropout=0.0
        )
        classifier = build_classifier(config, vocabulary_size=9)
        model = SentimentModel(ExpressiveTweetCleaner(), vectorizer, classifier, labels=FIVE)
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    @pytest.mark.slow
    def test_it_learns_their_names_and_answers_with_as_many_columns(self, model, tmp_path):
        before = model.evaluate(self.TEXTS, FIVE, verbose=0)[0]
        model.optimizer.learning_rate = 0.05
        model.fit(self.TEXTS, FIVE, epochs=30, verbose=0, validation_data=(self.TEXTS, range(5)))
        assert model.evaluate(self.TEXTS, FIVE, verbose=0)[0] < before
        answers = model.predict(self.TEXTS, verbose=0)
        assert answers.shape == (5, 5)
        assert answers.argmax(axis=1).tolist() == [0, 1, 2, 3, 4]
        model.save(tmp_path / "model.keras")
        again = load_model(tmp_path / "model.keras")
        assert again.labels == FIVE
        np.testing.assert_allclose(again.predict(self.TEXTS, verbose=0), answers, atol=1e-6)

    def test_ids_and_names_are_the_same(self, model):
        ids = model.evaluate(self.TEXTS, np.arange(5), verbose=0)
        assert model.evaluate(self.TEXTS, FIVE, verbose=0) == pytest.approx(ids)

    @pytest.mark.parametrize("labels", [["positive"] * 5, [0, 1, 2, 3, 5]], ids=str)
    def test_other_classes_are_refused(self, model, labels):
        with pytest.raises(ValueError, match="Received: "):
            model.fit(self.TEXTS, labels, verbose=0)


def test_a_table_of_five_odd_classes_becomes_a_run_with_a_report(tmp_path, capsys):
    """By the commands, as a user does it."""
    table, run = tmp_path / "five.csv", tmp_path / "run"
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "kind"])
        writer.writerows(
            [f"so {word} {chr(97 + row)}{chr(97 + row)}", name]
            for row in range(20)
            for word, name in zip(WORDS, FIVE, strict=True)
        )
    sizes = (
        "--embedding-dim=8",
        "--lstm-units=4",
        "--dense-units=8",
        "--epochs=1",
        "--embeddings=none",
    )
    columns = (f"--data={table}", "--label-column=kind")
    assert train.main([*columns, *sizes, f"--output={run}", "--no-export"]) == 0
    names = tuple(sorted(FIVE))
    assert RunFolder(run).config().labels == load_model(run).labels == names
    metrics = json.loads((run / "metrics.json").read_text())["test"]
    assert tuple(metrics["per_class"]) == names
    assert "&lt;b&gt;joy&lt;/b&gt;" in (run / "report.md").read_text()
    capsys.readouterr()
    assert evaluate.main([str(run), *columns]) == 0
    assert "true $5 | off" in capsys.readouterr().out


def test_a_run_from_before_labels_were_configurable_still_answers(tiny_run, tmp_path, capsys):
    """Neither its settings nor its model tell labels: they are the three that there were."""
    old = tmp_path / "old"
    shutil.copytree(tiny_run, old, ignore=shutil.ignore_patterns("exported", "saved_model"))
    settings = json.loads((old / "config.json").read_text())
    del settings["labels"]
    (old / "config.json").write_text(json.dumps(settings))
    _without_labels(tiny_run / "model.keras", old / "model.keras")
    assert RunFolder(old).config().labels == SENTIMENTS
    model = load_model(old)
    assert model.labels == SENTIMENTS
    np.testing.assert_array_equal(model(["so sad"]), load_model(tiny_run)(["so sad"]))
    assert evaluate.main([str(old)]) == 0
    assert "true neutral" in capsys.readouterr().out


def _without_labels(model, to):
    """A copy of a `.keras` file whose configuration tells no labels."""
    with zipfile.ZipFile(model) as whole, zipfile.ZipFile(to, "w") as copy:
        for entry in whole.infolist():
            content = whole.read(entry)
            if entry.filename == "config.json":
                saved = json.loads(content)
                del saved["config"]["labels"]
                content = json.dumps(saved).encode()
            copy.writestr(entry, content)

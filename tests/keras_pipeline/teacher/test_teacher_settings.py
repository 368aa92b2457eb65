"""What a teacher may be asked, what it is refused in one sentence, and what its folder is named for."""

import dataclasses

import pytest
from tiny_encoder import write_encoder

from keras_pipeline import best
from keras_pipeline.best.__main__ import main as best_main
from keras_pipeline.best.__main__ import training_words
from keras_pipeline.config import TrainConfig
from keras_pipeline.data_source import DataSource
from keras_pipeline.teacher import settings as teacher_settings
from keras_pipeline.teacher.__main__ import main
from keras_pipeline.teacher.folder import TeacherFolder
from keras_pipeline.teacher.settings import TeacherSettings

assert best  # the package is there


@pytest.fixture
def encoder(tmp_path):
    return write_encoder(tmp_path / "encoder")


@pytest.fixture
def refused(tmp_path, monkeypatch, capsys, sample_csv, encoder):
    """The one sentence by which a command ends, and nothing was written."""
    monkeypatch.chdir(tmp_path)

    def ask(*words, command=main):
        assert command(["--data", str(sample_csv), "--encoder", str(encoder), *words]) == 2
        assert not (tmp_path / "runs").exists()
        return capsys.readouterr().err

    return ask


def test_without_the_extra_one_sentence_tells_how_to_install_it(refused, monkeypatch):
    monkeypatch.setattr(teacher_settings, "find_spec", lambda _: None)
    for command in (main, best_main):
        assert "pip install '.[teacher]'" in refused(command=command)


def test_unlabelled_texts_must_be_a_table_with_the_text_column(refused, tmp_path):
    assert "`--teacher-texts` must be a table of texts" in refused("--teacher-texts", "no.csv")
    (tmp_path / "other.csv").write_text("title,body_text\na,b\n")
    assert "must have the column `text` (--text-column)" in refused("--teacher-texts", "other.csv")


def test_a_folder_that_is_no_encoder_is_named_with_what_it_lacks(refused, encoder):
    (encoder / "tokenizer.json").unlink()
    assert "without tokenizer.json" in refused()


def test_best_checks_the_students_options_before_the_teacher_learns(refused):
    """A typo must not come to light after half an hour."""
    assert "`epochs` must be at least 1" in refused("--epochs", "0", command=best_main)
    assert "makes the soft labels itself" in refused("--soft-labels", "a.csv", command=best_main)
    assert "Received: resume=True" in refused("--resume", command=best_main)
    hosts = ("--backend", "jax", "--hosts", "a:1,b:2", "--host-index", "0")
    assert "makes its teacher on one machine" in refused(*hosts, command=best_main)
    assert "belong together" in refused("--host-index", "1", command=best_main)


def test_the_student_gets_every_word_but_the_teachers():
    words = ["--data", "a.csv", "b.csv", "--phrases", "2", "--publish", "--teacher-epochs=3", "--seed", "7"]  # fmt: skip
    assert training_words(words) == ["--data", "a.csv", "b.csv", "--publish", "--seed", "7"]


def test_other_data_or_settings_have_another_folder(tmp_path, encoder):
    """And the same data elsewhere has the same one."""
    for name, row in (("a", "x,1"), ("b", "x,1"), ("c", "y,1")):
        (tmp_path / f"{name}.csv").write_text(f"text,sentiment\n{row}\n")
    source, config = DataSource(tmp_path / "a.csv"), TrainConfig()
    settings = TeacherSettings(encoder=encoder, unlabelled="none")

    def folder(source=source, config=config, settings=settings, **other):
        return TeacherFolder.of(source, config, dataclasses.replace(settings, **other))

    mine = folder()
    assert folder(source=DataSource(tmp_path / "b.csv")).soft_labels == mine.soft_labels
    others = [
        folder(source=DataSource(tmp_path / "c.csv")),
        folder(source=dataclasses.replace(source, label_map="1=a,2=b")),
        folder(config=TrainConfig(seed=7)),
        folder(learning_rate=1e-5),
    ]
    assert len({mine.path, *(other.path for other in others)}) == 5
    # What is asked of the same teacher lies in its folder: it does not learn again.
    assert folder(phrases=3).path == mine.path
    assert folder(phrases=3).asked != mine.asked
    assert folder(temperature=1.0).asked == mine.asked
    assert folder(temperature=1.0).soft_labels != mine.soft_labels
    assert folder(config=TrainConfig(lstm_units=8)).soft_labels == mine.soft_labels

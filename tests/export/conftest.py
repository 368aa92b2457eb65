"""Models to publish: the tiny one of 66 hand-written rows, and two of made-up tables in two languages."""

import shutil

import pytest
from changed_models import scaled
from trained_runs import NO_SERVER, TRAIN_ONLY, split_of, train_run, write_table

from export.exporter import export_model
from export.run_record import read_run
from keras_pipeline import load_model, train


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory, tiny_options):
    """The folder of a finished run; `exported` in it has it as a version, by force: 14 rows say nothing."""
    run = tmp_path_factory.mktemp("tiny") / "run"
    assert train.main([*tiny_options, "--output", str(run), *TRAIN_ONLY]) == 0
    export_model(
        load_model(run),
        run / "exported",
        split=split_of(run),
        run=read_run(run),
        force=True,
        servers=NO_SERVER,
    )
    return run


@pytest.fixture(scope="session")
def tiny_model(tiny_run):
    return load_model(tiny_run)


@pytest.fixture(scope="session")
def test_split(tiny_run):
    """The test part of the tiny run."""
    return split_of(tiny_run)


@pytest.fixture(scope="session")
def lively_model(tiny_model):
    """The tiny model, its answers far enough apart for the rounding of its weights to show."""
    return scaled(tiny_model, 2)


@pytest.fixture(scope="session")
def tables(tmp_path_factory):
    """Made-up tables by language, of 1,500 and 1,200 rows."""
    folder = tmp_path_factory.mktemp("tables")
    return {
        "english": write_table(folder / "english.csv", "english", 1500, seed=1),
        "spanish": write_table(folder / "spanish.csv", "spanish", 1200, seed=2),
    }


@pytest.fixture(scope="session")
def english_run(tables, tmp_path_factory):
    """A run that is good at English, 300 rows of which it was tested on."""
    folder = tmp_path_factory.mktemp("english") / "english"
    return train_run(folder, tables["english"], "--epochs", "4")


@pytest.fixture(scope="session")
def spanish_run(tables, tmp_path_factory):
    """A run that is good at Spanish, and has never seen a word of English."""
    folder = tmp_path_factory.mktemp("spanish") / "spanish"
    return train_run(folder, tables["spanish"], "--epochs", "4")


@pytest.fixture(scope="session")
def english(english_run):
    """The model of that run."""
    return load_model(english_run)


@pytest.fixture(scope="session")
def english_folder(english_run, english, tmp_path_factory):
    """A folder in which that model stands as version 1; to copy."""
    base = tmp_path_factory.mktemp("published") / "models"
    about = {"split": split_of(english_run), "run": read_run(english_run)}
    export_model(english, base, servers=NO_SERVER, **about)
    return base


@pytest.fixture
def base(english_folder, tmp_path):
    """A copy of it, to publish in."""
    return shutil.copytree(english_folder, tmp_path / "models")

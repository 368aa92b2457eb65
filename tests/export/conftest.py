"""Models to publish: two of made-up tables in two languages, beside the tiny one of 66 hand-written rows."""

import shutil

import pytest
from changed_models import scaled
from made_once import made_once
from trained_runs import NO_SERVER, split_of, train_run, write_table

from export.exporter import export_model
from export.run_record import read_run
from keras_pipeline import load_model


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


def trained_once(tmp_path_factory, language, tables):
    """The run on a language's table."""

    def make(folder):
        train_run(folder / language, tables[language], "--epochs", "4")

    return made_once(tmp_path_factory, f"{language}-runs", make) / language


@pytest.fixture(scope="session")
def english_run(tables, tmp_path_factory):
    """A run that is good at English, 300 rows of which it was tested on."""
    return trained_once(tmp_path_factory, "english", tables)


@pytest.fixture(scope="session")
def spanish_run(tables, tmp_path_factory):
    """A run that is good at Spanish, and has never seen a word of English."""
    return trained_once(tmp_path_factory, "spanish", tables)


@pytest.fixture(scope="session")
def english(english_run):
    """The model of that run."""
    return load_model(english_run)


@pytest.fixture(scope="session")
def english_folder(english_run, english, tmp_path_factory):
    """A folder in which that model stands as version 1; to copy."""

    def make(folder):
        about = {"split": split_of(english_run), "run": read_run(english_run)}
        export_model(english, folder / "models", servers=NO_SERVER, **about)

    return made_once(tmp_path_factory, "english-folder", make) / "models"


@pytest.fixture
def base(english_folder, tmp_path):
    """A copy of it, to publish in."""
    return shutil.copytree(english_folder, tmp_path / "models")

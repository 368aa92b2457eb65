"""`python -m export their.keras --labels ... --test-data ...`: what it refuses at once, and what it publishes."""

import contextlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from test_zoo import fitted
from trained_runs import ASK_NOBODY

from export.__main__ import main

ROOT = Path(__file__).parents[3]
OWN_LAYERS = Path(__file__).with_name("own_layers.py")
LABELS = "negative,neutral,positive"


def without_tensorflow(*arguments, cwd):
    """The command in a process that cannot import TensorFlow."""
    code = (
        "import sys; sys.modules['tensorflow'] = sys.modules['keras'] = None;"
        "from export.__main__ import main; sys.exit(main())"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with files that look like models, and a table."""
    folder = tmp_path_factory.mktemp("place")
    with zipfile.ZipFile(folder / "their.keras", "w") as file:
        file.writestr("config.json", "{}")
    for name in ("old.h5", "text.keras", "layers.txt"):
        (folder / name).write_text("precious")
    (folder / "rows.csv").write_text("text,label\nso happy,positive\n")
    (folder / "folder").mkdir()
    (folder / "folder" / "saved_model.pb").touch()
    (folder / "run").mkdir()
    (folder / "run" / "model.keras").touch()
    return folder


BOTH = ("--labels", LABELS, "--test-data", "rows.csv")
USAGE = [
    (["their.keras"], "needs --labels NAME,... in the order of its answers, and --test-data FILE of labelled texts. Received: model=their.keras without --labels and --test-data"),
    (["folder"], "Received: model=folder without --labels and --test-data"),
    (["their.keras", "--labels", LABELS], "Received: model=their.keras without --test-data"),
    (["their.keras", "--test-data", "rows.csv"], "Received: model=their.keras without --labels"),
    (["old.h5", *BOTH], "an .h5 file keeps no vocabulary of a TextVectorization"),
    (["old.h5"], "an .h5 file keeps no vocabulary of a TextVectorization"),
    (["text.keras", *BOTH], "must be a .keras file as Keras writes it, a zip"),
    (["nowhere.keras", *BOTH], "Received: model=nowhere.keras"),
    (["their.keras", *BOTH, "--import", "layers.txt"], "`import` must be a Python file. Received: import=layers.txt"),
    (["their.keras", "--labels", LABELS, "--test-data", "no.csv"], "`test-data` must be a file with labelled texts. Received: test-data=no.csv"),
    (["their.keras", "--labels", "one", "--test-data", "rows.csv"], "2 to 1,000 classes"),
    (["their.keras", *BOTH, "--output", "margin"], "argument --output: invalid choice: 'margin'"),
    (["run", *BOTH], "a run knows its labels and its test part; leave out --labels"),
    (["run"], "`model` must stand in its run folder, beside config.json"),
    (["--labels", LABELS], "expected a model"),
    (["--list", "--labels", LABELS], "expected a model. Received: labels alone"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "sentence"), USAGE, ids=[" ".join(a) for a, _ in USAGE])
def test_bad_usage_is_one_sentence(place, arguments, sentence, monkeypatch, capsys):
    before = sorted(place.iterdir())
    monkeypatch.chdir(place)
    with contextlib.suppress(SystemExit):
        assert main(arguments) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert sentence in told.err
    assert sorted(place.iterdir()) == before


def test_what_can_be_refused_without_tensorflow_is(place):
    """It takes seconds to import."""
    for arguments in (
        ["their.keras"],
        ["old.h5", *BOTH],
        ["their.keras", *BOTH, "--import", "no.py"],
    ):
        done = without_tensorflow(*arguments, cwd=place)
        assert (done.returncode, done.stderr[:6], done.stderr.count("\n")) == (2, "error:", 1)


@pytest.fixture(scope="module")
def saved(rows_of, tmp_path_factory):
    """A trained model that needs a file of its own for its layers; and its folder as `model.export` writes it."""
    folder = tmp_path_factory.mktemp("saved")
    path = fitted("own_standardize", rows_of("own_standardize"), folder)
    keras.saving.load_model(path).export(folder / "exported", verbose=False)
    return path


@pytest.fixture
def tests_table(made_table, tmp_path):
    """The last 240 rows, with numbers for labels."""
    number = {"negative": "0", "neutral": "2", "positive": "4"}
    lines = made_table.read_text().splitlines()[-240:]
    rows = [line.rsplit(",", 1) for line in lines]
    path = tmp_path / "rows.tsv"
    path.write_text("body\tscore\n" + "".join(f"{text}\t{number[label]}\n" for text, label in rows))
    return path


@pytest.mark.slow
def test_a_file_and_its_layers_are_published_by_the_command(saved, tests_table, tmp_path):
    """In a process that has never seen the layers: they come by --import."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "export", str(saved), "--to", str(tmp_path / "models")),
            *("--labels", "0=negative,2=neutral,4=positive", "--test-data", str(tests_table)),
            *(
                "--text-column",
                "body",
                "--label-column",
                "score",
                "--import",
                str(OWN_LAYERS),
                *ASK_NOBODY,
            ),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Gate passed in" in done.stdout
    card = json.loads((tmp_path / "models/1/assets.extra/model_card.json").read_text())
    assert card["labels"] == ["negative", "neutral", "positive"]
    assert (card["run"], card["data"]["path"], card["learned_from"]) == (
        "theirs.keras",
        "rows.tsv",
        None,
    )
    assert card["rows"] == {"test": 240}
    assert card["metrics"]["accuracy"] > 0.9
    assert card["vocabulary"]["words"] > 20
    told = (tmp_path / "models/1/assets.extra/model_card.md").read_text()
    assert "## Model" in told
    assert "| graph | general |" in told
    assert "Only the first" not in told


@pytest.mark.slow
def test_a_folder_that_keras_exported_is_published(saved, tests_table, tmp_path, capsys):
    folder = saved.parent / "exported"
    words = ["--labels", "0=negative,2=neutral,4=positive", "--test-data", str(tests_table)]
    columns = ["--text-column", "body", "--label-column", "score", *ASK_NOBODY]
    assert main([str(folder), "--to", str(tmp_path / "models"), *words, *columns]) == 0
    card = json.loads((tmp_path / "models/1/assets.extra/model_card.json").read_text())
    assert card["brought"]["head"] == "softmax; told by its numbers"
    assert card["gate"]["largest_difference"] < 1e-6
    assert "Examined on 240 rows" in capsys.readouterr().out
    weights = [path.stat().st_size for path in (tmp_path / "models/1/variables").glob("*.data*")]
    twice = [path.stat().st_size for path in (folder / "variables").glob("*.data*")]
    assert np.sum(weights) < 0.8 * np.sum(twice)

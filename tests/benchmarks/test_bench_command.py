"""`python -m benchmarks`: bad input in a sentence, and one whole quick run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.aims import AIMS
from benchmarks.measurements import MEASUREMENTS
from benchmarks.measurements.growth import GROWTH_OF_TIME
from benchmarks.measurements.grpc_load import BATCH_WAITS_US
from benchmarks.measurements.training import AS_GOOD
from benchmarks.options import FULL, QUICK, TABLES, parse_options
from benchmarks.peers import fast_text, static_vectors
from benchmarks.shared.results import FASTTEXT, MODEL2VEC, PRODUCT
from benchmarks.shared.servers import EMBEDDED_SERVER, server_name

ROOT = Path(__file__).parents[2]


def test_defaults_are_everything_in_full():
    options = parse_options([])
    assert options.only == tuple(name for name in MEASUREMENTS if name != TABLES)
    assert (options.plan, options.data, options.run) == (FULL, None, None)
    assert options.out.parent == Path("runs")
    assert options.out.name.startswith("bench-")


def test_options_change_what_they_name():
    options = parse_options(["--quick", "--only=grpc, latency", "--seeds=3", "--out=x"])
    assert options.only == ("latency", "grpc")  # in the order of the report
    assert options.plan.seeds == (42, 43, 44)
    assert (options.plan.rows, options.out) == (QUICK.rows, Path("x"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--only=speed"], "Received: 'speed'"),
        (["--only="], "Received: ''"),
        (["--seeds=0"], "must be a whole number from 1 up. Received: '0'"),
        (["--seeds=many"], "Received: 'many'"),
    ],
)
def test_a_wrong_option_is_told(arguments, words, capsys):
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("python -m benchmarks: error: argument --")
    assert last.endswith(words)


def test_mistakes_are_told_before_tensorflow_is_imported():
    program = "import sys; from benchmarks.__main__ import main\ntry: main(['--seeds=0'])\nexcept SystemExit: print('tensorflow' in sys.modules)"
    told = subprocess.check_output(
        [sys.executable, "-c", program], stderr=subprocess.DEVNULL, cwd=ROOT
    )
    assert told == b"False\n"


def test_a_folder_with_something_in_it_is_refused(tmp_path, sample_csv, capsys):
    (tmp_path / "results.md").write_text("old")
    assert main(["--quick", f"--data={sample_csv}", f"--out={tmp_path}"]) == 2
    assert capsys.readouterr().err == (
        f"error: `--out` must be a new folder: nothing is written over. Received: out={tmp_path}\n"
    )
    assert (tmp_path / "results.md").read_text() == "old"


def test_a_table_that_cannot_be_read_is_refused(tmp_path, capsys):
    """Before a folder is made, and without a traceback."""
    table = tmp_path / "table.csv"
    arguments = ["--quick", f"--data={table}", f"--out={tmp_path}/new"]
    assert main(arguments) == 2
    assert capsys.readouterr().err.endswith(f"Received: data={table} (no such file)\n")
    table.write_text("words,label\nhello,neutral\n")
    assert main(arguments) == 2
    assert capsys.readouterr().err.endswith("Received columns: `words`, `label`\n")
    assert not (tmp_path / "new").exists()


def test_a_run_that_is_none_is_refused(tmp_path, sample_csv, capsys):
    assert main([f"--data={sample_csv}", f"--run={tmp_path}", f"--out={tmp_path}/new"]) == 2
    assert f"Received: run={tmp_path}" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_a_failing_measurement_does_not_stop_the_next(
    tmp_path, sample_csv, tiny_run, capsys, monkeypatch
):
    """A server that does not start is what cannot be produced; the rest is real."""
    from benchmarks.measurements import grpc_load
    from benchmarks.shared.processes import BenchError

    def refuse(*_arguments, **_options):
        raise BenchError("the server ended with exit code 1: no port.")

    monkeypatch.setattr(grpc_load, "running_server", refuse)
    out = tmp_path / "out"
    code = main([
        "--quick", "--only=preprocessing,grpc", f"--data={sample_csv}", f"--run={tiny_run}", f"--out={out}",
    ])  # fmt: skip
    assert code == 1
    text = capsys.readouterr().out
    assert "## Preprocessing alone" in text
    assert "**Failed:** the server ended with exit code 1: no port." in text
    found = json.loads((out / "results.json").read_text())
    assert [section["failed"] == "" for section in found["sections"]] == [True, False]


@pytest.mark.slow
@pytest.mark.timeout(1200)  # beside other programs it has taken nine minutes
def test_a_quick_run_shows_every_row(tmp_path, sample_csv):
    """All measurements but that of public tables, end to end: real trainings, real servers, real clients."""
    out = tmp_path / "out"
    command = [
        sys.executable,
        "-m",
        "benchmarks",
        "--quick",
        f"--data={sample_csv}",
        f"--out={out}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads((out / "results.json").read_text())
    names = [section["name"] for section in found["sections"]]
    assert names == [name for name in MEASUREMENTS if name != TABLES]
    rows = {
        (section["name"], row["what"], row["who"]): row["value"]
        for section in found["sections"]
        for row in section["rows"]
    }
    # Every aim's key is one that a measurement gives: a renamed row would be "not measured".
    aims = [aim for aim in AIMS if aim.figure[0] != TABLES]  # in tests/benchmarks/public
    keys = {(*aim.figure, who) for aim in aims for who in (PRODUCT, aim.over or PRODUCT)}
    assert keys <= rows.keys()
    # One epoch of a few rows need not reach what the notebook reached, and more rows need not take longer.
    by_chance = (AS_GOOD, GROWTH_OF_TIME)
    measured = zip(AIMS, found["aims"], strict=True)
    assert all(
        told["measured"] is not None
        for aim, told in measured
        if aim in aims and aim.figure[1] not in by_chance
    )
    missing = {
        who for (_, what, who), value in rows.items() if value is None and what not in by_chance
    }
    assert missing <= {FASTTEXT, MODEL2VEC, *BATCH_WAITS_US}
    assert (FASTTEXT in missing) != fast_text.is_installed()
    assert (MODEL2VEC in missing) != static_vectors.is_installed()
    batched = server_name() != EMBEDDED_SERVER
    assert missing.isdisjoint(BATCH_WAITS_US) if batched else missing >= BATCH_WAITS_US.keys()
    assert done.stdout.rstrip("\n") == (out / "results.md").read_text().rstrip("\n")
    assert "training this project, seed 42" in done.stderr
    assert str(ROOT) not in done.stdout

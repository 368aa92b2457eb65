"""`python -m keras_pipeline.train --publish URL`: what it asks of the store first, and that it publishes once."""

import pytest
from killed_after_publishing import train_and_die, write_learnable_table
from stored_versions import numbers

from export.remote.folder import folder_at
from export.start.store_url import StoreUrl
from export.versions.examination import read_examination
from export.versions.listing import list_versions
from keras_pipeline import train
from keras_pipeline.run_files import Intent
from keras_pipeline.run_folder import RunFolder


def test_a_store_that_cannot_be_written_is_told_before_anything_is_trained(
    s3, tiny_options, tmp_path, capsys
):
    url, run = "s3://there-is-none/models/x", tmp_path / "run"
    assert train.main([*tiny_options, "--output", str(run), "--publish", url]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "`--publish`: `to` must be in a bucket that is there" in line
    assert f"Received: to={url}" in line
    assert not run.exists()


def test_a_resumed_run_knows_its_store(tmp_path):
    """The address stands in the run, in whatever folder the run is gone on with."""
    file, intent = tmp_path / "intent.json", Intent(publish_to=StoreUrl("s3://bucket/models/x"))
    file.write_text(intent.to_json())
    assert '"publish_to": "s3://bucket/models/x"' in file.read_text()
    assert Intent.from_json(file) == intent


@pytest.mark.slow
def test_a_run_killed_right_after_publishing_publishes_once(s3, tiny_options, tmp_path, capsys):
    """As in a folder of this machine: a resumed run finds in the store what it has done."""
    table, run = write_learnable_table(tmp_path / "table.csv"), tmp_path / "run"
    options = [*tiny_options[2:], "--data", str(table), "--output", str(run), "--server", "none"]
    train_and_die(*options, "--publish", s3)
    assert numbers(s3) == [1]
    assert RunFolder(run).intent().publish_to == StoreUrl(s3)

    assert train.main(["--resume", "--output", str(run)]) == 0
    assert f"Published: {s3}/1" in capsys.readouterr().out
    assert numbers(s3) == [1]
    with folder_at(StoreUrl(s3)) as folder:
        (version,) = list_versions(folder.base)
        examination = read_examination(folder.base)
    assert version.card["run"] == "run"
    assert examination is not None
    assert "test part of run run" in examination.source

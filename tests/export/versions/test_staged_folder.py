"""A folder filled in one step, for a run's own artefact."""

from contextlib import suppress
from pathlib import Path

import pytest
from checked_versions import is_whole, names, snapshot, write_version

from export.errors import ExportError
from export.versions.staged_folder import staged_folder


@pytest.mark.parametrize("make", [Path.exists, Path.mkdir], ids=["new", "empty"])
def test_it_appears_whole(tmp_path, make):
    make(tmp_path / "saved_model")
    with staged_folder(tmp_path / "saved_model") as content:
        write_version(content)
        assert not list(tmp_path.glob("saved_model/*"))
    assert is_whole(tmp_path / "saved_model")
    assert names(tmp_path) == ["saved_model"]


def test_a_refusal_leaves_nothing(tmp_path):
    with suppress(ValueError), staged_folder(tmp_path / "saved_model") as content:
        write_version(content)
        raise ValueError("the gate says no")
    assert not names(tmp_path)


def test_nothing_is_written_over(tmp_path):
    tmp_path.joinpath("saved_model").mkdir()
    tmp_path.joinpath("saved_model", "precious").write_text("precious")
    before = snapshot(tmp_path)
    with pytest.raises(ExportError, match="nothing is written over"):  # noqa: SIM117
        with staged_folder(tmp_path / "saved_model"):
            pass
    assert snapshot(tmp_path) == before


def test_what_a_dead_process_left_is_removed(tmp_path):
    tmp_path.joinpath(".staging-x", "version").mkdir(parents=True)
    with staged_folder(tmp_path / "saved_model") as content:
        write_version(content)
    assert names(tmp_path) == ["saved_model"]

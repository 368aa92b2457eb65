"""The examination of a folder: stored whole, read whole, and never taken for what it is not."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from checked_versions import leftovers, names, publish_first, publish_one, rows

from export.errors import ExportError
from export.versions import examination as storage
from export.versions.examination import (
    FOLDER,
    Examination,
    discard,
    read_examination,
    read_header,
    refuse_missing,
    refuse_other_labels,
    store,
)
from export.versions.listing import list_versions


def same(one, other):
    return (
        one.texts.tolist() == other.texts.tolist()
        and one.labels.tolist() == other.labels.tolist()
        and (one.label_names, one.source, one.chosen, one.sha256)
        == (other.label_names, other.source, other.chosen, other.sha256)
    )


class TestStored:
    """What is read back is what was stored."""

    def test_rows_labels_names_source_and_checksum(self, tmp_path):
        store(tmp_path, rows("tweets.csv", chosen=True), {"an export": {"rows": 60}})
        found = read_examination(tmp_path)
        assert same(found, rows("tweets.csv", chosen=True))
        assert found.labels.dtype == np.int64
        header = read_header(tmp_path)
        assert (header.rows, header.source, header.sha256) == (60, "tweets.csv", found.sha256)
        assert header.figures == {"an export": {"rows": 60}}

    def test_texts_of_any_kind(self, tmp_path):
        texts = [
            "",
            " \t",
            "line\nend\r\n",
            'a "quoted" \\ one',
            "\x00\x1b[2J",
            "日本語 \u2028 😀",
            "a" * 10**6,
        ]
        hard = Examination(np.array(texts, object), np.zeros(7, int), ("ängstlich, \n", "b"), "x", True)  # fmt: skip
        store(tmp_path, hard, {})
        assert same(read_examination(tmp_path), hard)

    def test_its_checksum_is_that_of_a_file(self, tmp_path):
        """`sha256sum` tells whether two folders are judged alike."""
        store(tmp_path, rows("x", chosen=True), {})
        (file,) = tmp_path.joinpath(FOLDER).glob("*.jsonl")
        told = subprocess.run(["sha256sum", str(file)], capture_output=True, text=True, check=True)  # noqa: S607
        assert told.stdout.split()[0] == file.stem == rows("x").sha256
        assert json.loads(file.read_text().splitlines()[1]) == {"label": "negative", "text": "x 0"}

    def test_a_folder_without_one(self, tmp_path):
        assert read_examination(tmp_path) is None
        assert read_examination(tmp_path / "missing") is None
        (tmp_path / "file").touch()
        assert read_examination(tmp_path / "file") is None

    def test_another_one_takes_its_place(self, tmp_path):
        for source in ("old", "new"):
            store(tmp_path, rows(source, chosen=True), {})
        assert same(read_examination(tmp_path), rows("new", chosen=True))
        assert len(names(tmp_path / FOLDER)) == 2, "the old rows are gone"

    def test_a_server_sees_no_version_in_it(self, tmp_path):
        publish_first(tmp_path)
        assert [version.number for version in list_versions(tmp_path)] == [1]
        assert not leftovers(tmp_path)


class TestFirst:
    """What a first publication makes of its own test part counts while there are versions."""

    def test_it_appears_with_its_version(self, tmp_path):
        publish_first(tmp_path, "own")
        assert read_examination(tmp_path).source == "own"

    def test_it_is_void_where_the_version_never_came(self, tmp_path):
        """The exporter died between the two; whoever comes next is judged on rows of its own."""
        store(tmp_path, rows("of the dead"), {})
        assert read_examination(tmp_path) is None
        publish_first(tmp_path, "of the living")
        assert read_examination(tmp_path).source == "of the living"
        assert len(names(tmp_path / FOLDER)) == 2

    def test_one_that_somebody_set_is_not(self, tmp_path):
        store(tmp_path, rows("chosen", chosen=True), {})
        assert read_examination(tmp_path).source == "chosen"

    def test_it_goes_where_the_version_cannot_come(self, tmp_path, monkeypatch):
        def refuse(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("export.versions.publish._rename_to_next", refuse)
        with pytest.raises(ExportError, match="room for a version"):
            publish_first(tmp_path)
        assert not names(tmp_path)


class TestDamaged:
    """Nobody is judged on half of the rows, or on others."""

    @pytest.fixture
    def folder(self, tmp_path):
        store(tmp_path, rows("tweets.csv", chosen=True), {})
        return tmp_path / FOLDER

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            ("", "examination.json is damaged"),
            ("[" * 100_000, "examination.json is nested too deep"),
            ("{}", "examination.json lacks `source`"),
            ('{"source": 1e400}', "1e400 is no finite number"),
        ],
    )
    def test_its_header(self, tmp_path, folder, content, reason):
        folder.joinpath("examination.json").write_text(content)
        with pytest.raises(ExportError, match="must be whole; set it again, or another") as told:
            read_examination(tmp_path)
        assert reason in str(told.value)

    def test_its_rows(self, tmp_path, folder):
        (file,) = folder.glob("*.jsonl")
        file.write_text(file.read_text().replace("negative", "positive", 1))
        with pytest.raises(ExportError, match="has another checksum"):
            read_examination(tmp_path)

    def test_rows_that_are_gone(self, tmp_path, folder):
        (file,) = folder.glob("*.jsonl")
        file.unlink()
        with pytest.raises(ExportError, match="its rows are gone"):
            read_examination(tmp_path)

    def test_it_can_be_set_again(self, tmp_path, folder):
        folder.joinpath("examination.json").write_text("{")
        store(tmp_path, rows("tweets.csv", chosen=True), {})
        assert same(read_examination(tmp_path), rows("tweets.csv", chosen=True))


def test_a_reader_sees_one_or_the_other_whole(tmp_path):
    """While another thread sets one after another: header and rows always belong together."""
    store(tmp_path, rows("0", chosen=True), {})
    over = threading.Event()

    def set_many():
        for number in range(1, 200):
            store(tmp_path, rows(str(number), chosen=True), {})
        over.set()

    thread = threading.Thread(target=set_many)
    thread.start()
    seen = set()
    while not over.is_set():
        found = read_examination(tmp_path)
        assert same(found, rows(found.source, chosen=True))
        seen.add(found.source)
    thread.join()
    assert len(seen) > 5


def test_full_disk_leaves_the_old_one(tmp_path, monkeypatch):
    store(tmp_path, rows("old", chosen=True), {})
    before = names(tmp_path / FOLDER)

    def full(path, write):
        if path.name == "examination.json":
            raise OSError(28, "No space left on device")
        real(path, write)

    real = storage.write_whole
    monkeypatch.setattr(storage, "write_whole", full)
    with pytest.raises(OSError, match="No space"):
        store(tmp_path, rows("new", chosen=True), {})
    assert names(tmp_path / FOLDER) == before
    assert read_examination(tmp_path).source == "old"
    discard(tmp_path)
    with pytest.raises(OSError, match="No space"):
        store(tmp_path, rows("new", chosen=True), {})
    assert not names(tmp_path)


def test_versions_without_an_examination_are_no_folder_to_publish_in(tmp_path):
    """From before there were examinations: the newcomer's own rows would judge the one that serves."""
    refuse_missing(tmp_path, None)
    publish_one(tmp_path)
    with pytest.raises(
        ExportError, match=r"set one, such as the test part of the run that serves now"
    ):
        refuse_missing(tmp_path, read_header(tmp_path))


def test_other_labels_are_refused_in_one_sentence():
    to = Path("models/tweets")
    refuse_other_labels(to, ("a", "b"), ["b", "a"])
    with pytest.raises(ExportError) as told:
        refuse_other_labels(to, ("joy", "anger"), ["negative", "positive"])
    assert str(told.value) == (
        "`to` must be a folder whose examination has the model's labels, negative, positive; choose "
        "another folder, or set another examination. Received: to='models/tweets', with joy, anger"
    )


def test_reading_one_imports_no_tensorflow():
    """Training asks for it before anything slow."""
    code = "import sys, export.versions.examination; sys.exit('tensorflow' in sys.modules)"
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True)

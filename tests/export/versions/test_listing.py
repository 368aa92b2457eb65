"""Reading a folder of versions: what counts as one, and what is told about it."""

import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from export.errors import ExportError
from export.run_record import RunRecord
from export.versions.listing import (
    LARGEST_NUMBER,
    MODEL_CARD,
    Unreadable,
    Version,
    identity,
    list_versions,
    newest_version,
    next_version,
    published_from,
    read_folder,
    version_number,
)

NOON = dt.datetime(2025, 11, 22, 12, 0, tzinfo=dt.UTC)


@pytest.fixture
def make_version(tmp_path):
    """Make a version directory of 1,000 bytes, its modification time noon; with a card if given."""

    def make(name: str, card: str | None = None) -> Path:
        folder = tmp_path / name
        folder.joinpath("variables").mkdir(parents=True)
        folder.joinpath("saved_model.pb").write_bytes(bytes(600))
        folder.joinpath("variables", "variables.data").write_bytes(bytes(400))
        if card is not None:
            folder.joinpath(MODEL_CARD).parent.mkdir()
            folder.joinpath(MODEL_CARD).write_text(card)
        os.utime(folder, (NOON.timestamp(), NOON.timestamp()))
        return folder

    return make


def numbers(base: Path) -> list[int]:
    return [version.number for version in list_versions(base)]


class TestWhichAreVersions:
    """Those, and only those, that tensorflow_model_server takes for versions."""

    @pytest.mark.parametrize(
        ("name", "number"),
        [
            ("7", 7),
            ("007", 7),
            ("+7", 7),
            (" 7 ", 7),
            ("0", 0),
            ("-1", -1),
            (str(LARGEST_NUMBER), LARGEST_NUMBER),
            (str(LARGEST_NUMBER + 1), None),
            ("7.tmp", None),
            (".staging-7", None),
            ("7.0", None),
            ("1_000", None),
            ("0x7", None),
            ("1e3", None),
            ("\N{ARABIC-INDIC DIGIT SEVEN}", None),
            ("\N{SUPERSCRIPT TWO}", None),
            ("", None),
        ],
    )
    def test_a_name_that_reads_as_a_64_bit_integer(self, name, number):
        assert version_number(name) == number

    def test_newest_first_by_number_not_by_name(self, make_version, tmp_path):
        for name in ("9", "10", "2"):
            make_version(name)
        assert numbers(tmp_path) == [10, 9, 2]

    def test_stages_files_and_other_names_are_left_out(self, make_version, tmp_path):
        for name in ("1", "1.tmp", ".staging-x"):
            make_version(name)
        tmp_path.joinpath("2").write_text("a file")
        tmp_path.joinpath("3").symlink_to("nowhere")
        assert numbers(tmp_path) == [1]

    def test_of_two_names_for_one_number_the_served_one_is_first(self, make_version, tmp_path):
        make_version("7")
        make_version("007")
        assert [version.path.name for version in list_versions(tmp_path)] == ["7", "007"]

    def test_no_folder_is_an_empty_folder(self, tmp_path):
        assert list_versions(tmp_path / "missing") == []

    def test_a_file_is_no_folder(self, tmp_path):
        file = tmp_path / "file"
        file.touch()
        for read in (list_versions, next_version):
            with pytest.raises(ExportError, match=r"^`base` must be a folder.*Not a directory"):
                read(file)

    def test_a_version_that_vanishes_under_our_eyes_is_left_out(
        self, make_version, tmp_path, monkeypatch
    ):
        """Another process removes old versions while this one counts their bytes."""
        for name in ("1", "2"):
            make_version(name)
        real_walk = os.walk

        def walk(path, **options):
            if path.name == "1":
                path.rename(tmp_path / ".removed")
            return real_walk(path, **options)

        monkeypatch.setattr(os, "walk", walk)
        assert numbers(tmp_path) == [2]


class TestNextVersion:
    """One above everything that a server could read as a number."""

    def test_first(self, tmp_path):
        assert next_version(tmp_path) == next_version(tmp_path / "missing") == 1

    def test_above_files_and_empty_folders_too(self, tmp_path):
        tmp_path.joinpath("3").touch()
        tmp_path.joinpath("004").mkdir()
        assert next_version(tmp_path) == 5

    def test_never_below_one(self, tmp_path):
        tmp_path.joinpath("-5").mkdir()
        assert next_version(tmp_path) == 1

    def test_no_number_is_left(self, tmp_path):
        """The server would read a larger one as no version at all."""
        tmp_path.joinpath(str(LARGEST_NUMBER)).mkdir()
        with pytest.raises(ExportError, match=r"must leave room for a higher version.*Received"):
            next_version(tmp_path)


class TestWhatIsTold:
    """The date comes from the model card; a version without one is listed all the same."""

    def test_from_the_card(self, make_version, tmp_path):
        card = {"date": "2025-01-02T03:04:05Z", "metrics": {"accuracy": 0.75, "macro_f1": 0.7}}
        path = make_version("4", json.dumps(card))
        assert list_versions(tmp_path) == [
            Version(
                number=4,
                path=path,
                exported_at=dt.datetime(2025, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
                size_bytes=1000 + len(json.dumps(card)),
                card=card,
            )
        ]

    def test_without_a_card(self, make_version, tmp_path):
        path = make_version("4")
        assert list_versions(tmp_path) == [Version(4, path, NOON, 1000, {})]

    @pytest.mark.parametrize(
        "card",
        [
            "{}",
            '{"date": null, "metrics": null}',
            '{"date": 20250102}',
            '{"date": "yesterday"}',
            '{"date": "0001-01-01T00:00:00+14:00"}',
        ],
    )
    def test_a_date_that_is_none_is_the_folders(self, make_version, tmp_path, card):
        make_version("4", card)
        (version,) = list_versions(tmp_path)
        assert (version.exported_at, version.problem) == (NOON, None)

    @pytest.mark.parametrize(
        ("card", "problem"),
        [
            ("", "model_card.json is damaged: Expecting value"),
            ("no json", "model_card.json is damaged: Expecting value"),
            ("[1, 2]", "model_card.json holds no JSON object"),
            ('{"a":' * 100_000, "model_card.json is nested too deep"),
            ('{"metrics": {"accuracy": 1e400}}', "1e400 is no finite number"),
            ('{"metrics": {"accuracy": -Infinity}}', "-Infinity is no finite number"),
            ('{"metrics": {"accuracy": NaN}}', "NaN is no finite number"),
            (f'{{"metrics": {{"accuracy": 1{"0" * 5000}}}}}', "is too large a number"),
        ],
    )
    def test_a_damaged_card_is_no_card_and_is_named(self, make_version, tmp_path, card, problem):
        make_version("4", card)
        (version,) = list_versions(tmp_path)
        assert (version.exported_at, version.card) == (NOON, {})
        assert problem in version.problem

    def test_a_card_that_is_no_text(self, make_version, tmp_path):
        make_version("4", "").joinpath(MODEL_CARD).write_bytes(b"\xff\xfe{")
        assert numbers(tmp_path) == [4]

    @pytest.mark.parametrize(
        "date",
        [
            "2025-11-22T12:00:00Z",
            "2025-11-22T12:00:00+00:00",
            "2025-11-22T13:00:00+01:00",
            "2025-11-22T12:00:00",
            "2025-11-22T12:00:00.000000+00:00",
        ],
    )
    def test_every_spelling_of_a_moment_is_told_in_utc(self, make_version, tmp_path, date):
        os.utime(make_version("4", json.dumps({"date": date})), (0, 0))
        (version,) = list_versions(tmp_path)
        assert version.exported_at == NOON
        assert version.exported_at.tzinfo is dt.UTC


class TestWhatCannotBeRead:
    """One broken entry is named, and hides none of the others."""

    def test_a_link_to_itself(self, make_version, tmp_path):
        make_version("1")
        tmp_path.joinpath("2").symlink_to("2")
        broken, whole = read_folder(tmp_path)
        assert str(broken) == (
            f"'{tmp_path / '2'}' cannot be read (Too many levels of symbolic links)"
        )
        assert (broken.number, whole.number) == (2, 1)
        assert numbers(tmp_path) == [1]

    def test_a_link_that_leads_nowhere(self, make_version, tmp_path):
        make_version("1")
        tmp_path.joinpath("3").symlink_to("nowhere")
        assert [type(found) for found in read_folder(tmp_path)] == [Unreadable, Version]

    def test_its_number_is_taken_all_the_same(self, tmp_path):
        tmp_path.joinpath("2").symlink_to("2")
        assert next_version(tmp_path) == 3

    def test_a_time_beyond_the_calendar(self, make_version, tmp_path):
        os.utime(make_version("1"), (1e12, 1e12))
        assert numbers(tmp_path) == [1]

    def test_a_name_of_thousands_of_digits(self, tmp_path):
        """Python refuses to read it as a number; a folder's name may have 255."""
        assert version_number("1" * 5000) is None


class TestNewest:
    """The version that a server answers with, and what tells one export from another."""

    def test_an_empty_folder_is_served_by_nobody(self, make_version, tmp_path):
        make_version("1")
        tmp_path.joinpath("2").mkdir()
        assert newest_version(tmp_path).number == 1

    def test_a_run_finds_what_it_was_published_as(self, make_version, tmp_path):
        """Two runs may have one name, in two folders of runs."""
        run = RunRecord("one", {}, {}, {"finished_at": "2026-01-01T00:00:00+00:00"})
        cards = [
            {"run": "one", "run_finished_at": run.finished_at},
            {"run": "one", "run_finished_at": "2025-01-01T00:00:00+00:00"},
            {"run": "other", "run_finished_at": run.finished_at, "config": {"not": "hashable"}},
        ]
        assert published_from(tmp_path, run) is None
        for number, card in enumerate(cards, start=1):
            make_version(str(number), json.dumps(card))
        assert published_from(tmp_path, run).number == 1
        assert published_from(tmp_path, RunRecord("one", {}, {}, {})) is None

    def test_a_copy_is_the_same_export(self, make_version):
        one, same, other = (make_version(name, card) for name, card in ("1a", "2a", "3b"))
        assert identity(one) == identity(same) != identity(other)

    def test_two_empty_folders_are_no_copies(self, tmp_path):
        for name in ("1", "2"):
            tmp_path.joinpath(name).mkdir()
        assert identity(tmp_path / "1") != identity(tmp_path / "2")

    def test_without_cards_the_weights_tell(self, make_version):
        """Two trainings of one network may write the same graph."""
        one, other = make_version("1"), make_version("2")
        for version, weights in ((one, b"1"), (other, b"2")):
            version.joinpath("variables", "variables.index").write_bytes(weights)
        assert identity(one) != identity(other)


def test_reading_versions_imports_no_tensorflow(tmp_path):
    """`--list` answers at once: nothing here waits seconds for an import."""
    code = "import sys, export.versions.publish, export.versions.listing; sys.exit('tensorflow' in sys.modules)"
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True)

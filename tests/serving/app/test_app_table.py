"""Under "Table": any table in pieces, counted as it goes; stopped; and one sentence where it is none."""

import csv
import gzip
import io
import subprocess
import sys
import threading
from pathlib import Path

import pandas as pd
import pytest
from waiting import wait_for

from serving.app.table.job import TableJob
from serving.app.table.tally import StoppedError, Tally
from serving.client import SentimentClient
from serving.client.results import Prediction
from serving.client.shell.patience import PatientClient

ROOT = Path(__file__).parents[3]
HOSTILE = '=cmd|" /C calc"!A0<img src=x onerror=alert(1)>'


def table(rows, header=("id", "text")):
    out = io.StringIO()
    csv.writer(out).writerows([header, *rows])
    return out.getvalue().encode()


def result(job):
    with job.path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_table_is_asked_counted_and_given_back(two_versions, page):
    shown = page(two_versions.address).upload(
        table([(1, "kbb"), (2, "k"), (3, "kb"), (4, HOSTILE)])
    )
    shown.ask_table()
    rows = result(shown.job)
    assert [row["text"] for row in rows] == ["kbb", "k", "kb", HOSTILE]
    assert [row["label"] for row in rows[:3]] == ["negative", "neutral", "positive"]
    assert "4 rows" in shown.words
    assert "done" in shown.words
    assert "answers by class" in shown.words
    doubts = shown.app.dataframe[0].value
    assert set(doubts["text"]) == {"kbb", "k", "kb", HOSTILE}
    assert "<img" not in shown.html
    assert [one.label for one in shown.app.get("download_button")] == [
        "Download the table with its answers"
    ]


@pytest.mark.slow
def test_rows_below_the_threshold_are_counted(two_versions, page):
    shown = page(two_versions.address).upload(table([(1, "kb")])).ask_table()
    assert "0 rows (0 %) are unsure: below 50 %" in shown.words
    shown.app.slider(key="threshold").set_value(0.9)
    assert "1 rows (100 %) are unsure: below 90 %" in shown.draw().words


@pytest.mark.slow
def test_the_chosen_version_answers(two_versions, page):
    shown = page(two_versions.address).choose("Answered by", "version 1")
    shown.upload(table([(1, "kb")])).ask_table()
    assert float(result(shown.job)[0]["score"]) == pytest.approx(0.751, abs=1e-4)


def test_the_column_is_chosen_where_it_has_another_name(two_versions, page):
    shown = page(two_versions.address).upload(table([("a", "kb")], ("id", "tweet")))
    assert "The table has no column text: choose the one that holds the texts." in shown.words
    (button,) = [one for one in shown.app.button if one.label == "Ask about every row"]
    assert button.disabled
    shown.choose("Column with the texts", "tweet").ask_table()
    assert result(shown.job)[0]["label"] == "positive"


@pytest.mark.slow
def test_a_table_that_has_a_label_keeps_it(two_versions, page):
    shown = page(two_versions.address)
    shown.upload(table([("kb", "mine")], ("text", "label"))).ask_table()
    (row,) = result(shown.job)
    assert (row["label"], row["predicted_label"]) == ("mine", "positive")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("in.tsv", b"id\ttext\n1\tkb\n"),
        ("in.jsonl", b'{"id": 1, "text": "kb"}\n'),
        ("in.csv.gz", gzip.compress(b"id;text\n1;kb\n", mtime=0)),
    ],
)
def test_tables_of_every_kind(two_versions, page, name, content):
    shown = page(two_versions.address).upload(content, name).ask_table()
    assert "positive" in shown.job.path.read_text()


@pytest.mark.slow
def test_parquet(two_versions, page):
    file = io.BytesIO()
    pd.DataFrame({"text": ["kb"]}).to_parquet(file)
    shown = page(two_versions.address).upload(file.getvalue(), "in.parquet").ask_table()
    assert result(shown.job)[0]["label"] == "positive"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "in.csv", "The table is empty. Received: in.csv"),
        (b"id,text\n1,kb\n", "in.parquet", "in.parquet"),
        (
            gzip.compress(b"id,text\n" + b"1,kb\n" * 9000, mtime=0)[:40],
            "in.csv.gz",
            "A packed file must be whole",
        ),
        (b'id,"text\n1,kb\n', "in.csv", "Not a row of a CSV file"),
        (b"text,text\nkb,k\n", "in.csv", "The table has the column text twice"),
    ],
)
def test_what_is_no_table_is_one_sentence_and_the_page_goes_on(
    two_versions, page, content, name, words
):
    shown = page(two_versions.address).upload(content, name)
    (sentence,) = shown.errors
    assert words in sentence
    assert "--" not in sentence
    shown.upload(b"text\nkb\n").ask_table()
    assert result(shown.job)[0]["label"] == "positive"


@pytest.mark.slow
def test_a_row_that_is_none_ends_it_with_its_line(two_versions, page):
    content = table([(1, "kb")]) + b"2,kb,kb,kb\n"
    shown = page(two_versions.address).upload(content).ask_table()
    (sentence,) = shown.errors
    assert "in.csv, line 3" in sentence


class Held:
    """A client that answers when it may: a test stands between two pieces."""

    def __init__(self):
        self.may = threading.Semaphore(0)
        self.asked = 0

    def labels(self):
        return ("no", "yes")

    def predict(self, texts):
        self.may.acquire()
        self.asked += len(texts)
        return [Prediction("yes", 0.9, {"no": 0.1, "yes": 0.9}) for _ in texts]


def test_it_can_be_stopped_between_pieces():
    client = Held()
    tally = Tally(client, PatientClient(client, 0, print))
    tally.stop.set()
    with pytest.raises(StoppedError):
        tally.predict(["a"])
    assert client.asked == 0


@pytest.mark.slow
def test_stop_on_the_page(two_versions, page):
    """What was answered until then is there."""
    shown = page(two_versions.address).upload(table([(n, "k" * (n % 90)) for n in range(400_000)]))
    shown.click("Ask about every row")
    wait_for(lambda: shown.job.rows)
    shown.click("Stop")
    wait_for(lambda: not shown.job.is_running(), 30)
    assert "stopped" in shown.draw().words
    assert 0 < shown.job.rows < 400_000
    assert len(result(shown.job)) == shown.job.rows == shown.job.tally.counts.total()


def test_the_worst_doubts_come_first_and_are_few():
    client = Held()
    tally = Tally(client, PatientClient(client, 0, print))
    client.predict = lambda texts: [
        Prediction("yes", float(text), {"no": 1 - float(text), "yes": float(text)})
        for text in texts
    ]
    tally.predict([f"{0.5 + (n * 7919 % 4999) / 10_000}" for n in range(4999)])
    doubts = tally.doubts()
    assert len(doubts) == 200
    assert [-one.certainty for one in doubts[:3]] == [0.5, 0.5001, 0.5002]
    assert tally.below(0.6) == 1000


@pytest.mark.slow
def test_a_server_that_is_away_for_a_while_is_waited_for(two_versions, start, tmp_path):
    import labelled_model
    from app_page import free_port

    from serving.server.model_versions import ModelConfig

    base = tmp_path / "mood"
    base.mkdir()
    labelled_model.publish(base, 1, ("no", "yes"))
    port = free_port()
    running = start(base, config=ModelConfig("mood", base), port=port)
    rows = table([(n, "k" * (n % 90)) for n in range(60_000)])
    with SentimentClient(running.address, model_name="mood") as client:
        job = TableJob(io.BytesIO(rows), "in.csv", "text", client)
        wait_for(lambda: job.rows)
        running.stop()
        wait_for(lambda: job.note or not job.is_running())
        assert "Asking again" in job.note
        start(base, config=ModelConfig("mood", base), port=port)
        job.wait(60)
    assert (job.error, job.rows) == ("", 60_000)
    assert job.tally.counts.total() == 60_000


@pytest.mark.slow
def test_stop_is_heard_while_a_server_is_waited_for(start, saved_models, tmp_path):
    base = tmp_path / "tiny"
    saved_models.publish(3, base)
    running = start(base)
    rows = table([(n, "k" * (n % 90)) for n in range(200_000)])
    with SentimentClient(running.address, model_name="tiny") as client:
        job = TableJob(io.BytesIO(rows), "in.csv", "text", client)
        wait_for(lambda: job.rows)
        running.stop()
        wait_for(lambda: job.note)
        job.stop()
        job.wait(10)
    assert (job.stopped, job.error) == (True, "")


MEASURE = """
import io, resource, sys
sys.path.insert(0, sys.argv[1])
from serving.client import SentimentClient
from serving.app.table.job import TableJob

def rows(count):
    return io.BytesIO(b"id,text\\n" + b"".join(b"%d,known words and others %d\\n" % (n, n) for n in range(count)))

def grown(count, client):
    file = rows(count)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    job = TableJob(file, "in.csv", "text", client)
    job.wait()
    assert (job.error, job.rows) == ("", count), job.error
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before

with SentimentClient(sys.argv[2], model_name="mood") as client:
    grown(10_000, client)
    print(grown(100_000, client))
"""


@pytest.mark.slow
def test_100_000_rows_take_no_more_memory_than_10_000(two_versions):
    """In KiB above what a table of a tenth took; the uploaded bytes, which lie in memory, apart."""
    words = [sys.executable, "-c", MEASURE, str(ROOT), two_versions.address]
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) < 8 * 1024

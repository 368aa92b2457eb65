"""`python -m export` with a store's URL: a real model there and back, and one sentence on what cannot be."""

import http.server
import importlib.util
import json
import socket
import subprocess
import sys
import threading

import pytest
from checked_versions import rows
from stored_versions import numbers, opened, publish_one

from export.__main__ import main
from export.remote.folder import folder_at
from export.start.store_url import StoreUrl
from export.versions.disk import copy_tree
from export.versions.examination import read_examination, store

ASK = """
import json, sys
import tensorflow as tf
answers = tf.saved_model.load(sys.argv[1])(sys.argv[2:])
print(json.dumps(answers.numpy().ravel().tolist()))
"""
TEXTS = ("I love it", "the train on monday", "")


def refused(capsys, *words: str) -> tuple[int, str]:
    """The exit code, and the one line on standard error."""
    try:
        code = main(words)
    except SystemExit as end:
        code = int(end.code or 0)
    (line,) = capsys.readouterr().err.splitlines()
    return code, line


class Refusing(http.server.BaseHTTPRequestHandler):
    """A store that lets nobody do anything, in S3's words."""

    def do_PUT(self):
        content = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
        self.send_response(403)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_HEAD = do_DELETE = do_POST = do_PUT  # noqa: N815 (as the library calls them)

    def log_message(self, *_):
        pass


@pytest.fixture
def denying_store(monkeypatch, s3):
    """A store is reached, and refuses."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        yield
        server.shutdown()


class TestRefusals:
    """One sentence that names the URL, at once, with exit code 2; no traceback."""

    @pytest.mark.parametrize("words", [("--list", "URL"), ("--keep", "2", "--to", "URL")])
    def test_no_such_bucket(self, s3, capsys, words):
        url = "s3://there-is-none/models/x"
        code, line = refused(capsys, *(url if word == "URL" else word for word in words))
        assert code == 2
        assert "`to` must be in a bucket that is there" in line
        assert f"Received: to={url}" in line

    def test_no_credentials(self, s3, capsys, monkeypatch):
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        code, line = refused(capsys, "--list", s3)
        assert code == 2
        assert "credentials" in line

    @pytest.mark.usefixtures("denying_store")
    def test_bad_credentials(self, capsys):
        code, line = refused(capsys, "--list", "s3://bucket/models/x")
        assert code == 2
        assert "`to` must be a store that this user's credentials may read and write" in line

    @pytest.mark.slow  # the library tries for ten seconds
    def test_no_network(self, s3, capsys, monkeypatch):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        code, line = refused(capsys, "--list", s3)
        assert code == 2
        assert "a store that can be reached" in line

    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("nope://bucket/x", "a store that fsspec knows"),
            ("s3://", "must name a bucket"),
            ("abfs://bucket/x", "install what it names"),
        ],
    )
    def test_no_such_store(self, capsys, url, expected):
        code, line = refused(capsys, "--rollback", "1", "--to", url)
        assert code == 2
        assert expected in line
        assert f"Received: to={url}" in line

    def test_without_the_extra(self, capsys, monkeypatch):
        real = importlib.util.find_spec
        absent = ("fsspec", "s3fs")
        monkeypatch.setattr(
            importlib.util, "find_spec", lambda name: None if name in absent else real(name)
        )
        code, line = refused(capsys, "--list", "s3://bucket/x")
        assert code == 2
        assert "`to` needs fsspec, s3fs; `pip install '.[remote]'` brings what it needs" in line

    def test_a_password_in_a_url_is_not_shown(self):
        assert str(StoreUrl("sftp://me:secret@host/x")) == "sftp://host/x"

    def test_before_anything_slow(self, tiny_run, s3, capsys):
        """TensorFlow takes seconds to import, and the gate half a minute."""
        code, line = refused(capsys, str(tiny_run), "--to", "s3://there-is-none/x")
        assert code == 2
        assert "bucket" in line


def test_the_commands_of_a_folder(memory, capsys):
    """List, roll back, keep, by the words that a local folder takes."""
    publish_one(memory)
    publish_one(memory)
    assert main(["--rollback", "1", "--to", memory]) == 0
    assert f"Published: {memory}/3, which is 1 again" in capsys.readouterr().out
    assert main(["--keep", "2", "--to", memory, "--list"]) == 0
    told = capsys.readouterr().out
    assert "Removed: 1\n" in told
    assert numbers(memory) == [2, 3]
    assert len(told.splitlines()) == 5


def test_an_examination_is_set_in_the_store(memory, sample_csv, tmp_path):
    """And the next one takes its place: nothing is left of the first."""
    other = tmp_path / "other.csv"
    other.write_text("text,sentiment\nso good,positive\nso bad,negative\n")
    for table in (sample_csv, other):
        words = ("--examination", str(table), "--label-column", "sentiment", "--to", memory)
        assert main([*words, "--force"]) == 0
    with folder_at(StoreUrl(memory)) as folder:
        examination = read_examination(folder.base)
    assert examination.texts.tolist() == ["so good", "so bad"]
    fs, root = opened(memory)
    assert sorted(path.removeprefix(f"{root}/") for path in fs.find(root)) == [
        f".examination/{examination.sha256}.jsonl",
        ".examination/examination.json",
    ]


def test_a_version_that_came_meanwhile_is_examined_too(memory):
    """Else one version would stand in the list without figures, and the next be judged by nothing."""
    with folder_at(StoreUrl(memory)) as folder:
        store(folder.base, rows("first", chosen=True), {})
        publish_one(memory)
        assert not folder.send_examination()
        assert any((folder.base / "1" / "saved_model.pb").read_bytes())
        store(folder.base, rows("first", chosen=True), {})
        assert folder.send_examination()


def asked(folder) -> list[float]:
    """The answers of a version in a process that has only TensorFlow."""
    told = subprocess.run(
        [sys.executable, "-c", ASK, str(folder), *TEXTS],
        check=True, capture_output=True, text=True, cwd=folder,
    )  # fmt: skip
    return json.loads(told.stdout.splitlines()[-1])


@pytest.mark.slow
def test_a_real_model_is_judged_by_the_version_in_the_store_and_comes_back(
    tiny_run, s3, tmp_path, capsys
):
    """The gate, the examination and the card as in a local folder; the files as they were exported."""
    local = tiny_run / "exported"
    examination = read_examination(local)
    with folder_at(StoreUrl(s3)) as folder, folder.staged_version() as stage:
        copy_tree(local / "1", stage.path)
    with folder_at(StoreUrl(s3)) as folder:
        store(folder.base, examination, {})
        assert folder.send_examination()
    assert main([str(tiny_run), "--to", s3, "--force"]) == 0
    assert f"Exported: {s3}/2" in capsys.readouterr().out

    fs, root = opened(s3)
    fs.get(f"{root}/2/", f"{tmp_path}/2/", recursive=True)
    card = json.loads((tmp_path / "2/assets.extra/model_card.json").read_text())
    assert card["comparison"]["with"] == "version 1"
    assert card["examination"]["sha256"] == examination.sha256
    assert asked(tmp_path / "2") == pytest.approx(asked(local / "1"))

"""What the disk refuses: one clear sentence, and nothing left."""

import errno
import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from checked_versions import leftovers, numbers, publish_one, result_of, snapshot, start

from export.errors import ExportError
from export.versions.publish import keep_newest, rollback, staged_version

NOBODY = 65534
WRITERS = (publish_one, lambda base: keep_newest(base, 1), lambda base: rollback(base, 1))


@pytest.fixture
def base(tmp_path):
    """A folder of versions that is not there yet, nor is its parent."""
    return tmp_path / "models" / "tweets"


@contextmanager
def folder_without_write_permission():
    """A folder that holds version 1 and that this process may read only."""
    # Not `tmp_path`: root's is closed to the user that root turns into here.
    with tempfile.TemporaryDirectory() as parent:
        base = Path(parent, "models")
        publish_one(base)
        Path(parent).chmod(0o755)
        base.chmod(0o555)
        user = os.geteuid()
        # Permissions do not bind root.
        os.seteuid(user or NOBODY)
        try:
            yield base
        finally:
            os.seteuid(user)
            base.chmod(0o755)


def on_tmpfs(folder: Path, options: str) -> tuple[str, ...]:
    """What to put before a command that shall find a disk of its own at `folder`."""
    private = ("unshare", "--user", "--map-root-user", "--mount")
    mount = f"mount -t tmpfs -o {options} tmpfs {folder}"
    if not shutil.which("unshare"):
        pytest.skip("`unshare` is needed to mount a disk that only the test sees")
    trial = subprocess.run([*private, "sh", "-c", mount], capture_output=True, check=False)
    if trial.returncode:
        pytest.skip(f"this system lets no test mount a disk: {trial.stderr.decode().strip()}")
    return (*private, "sh", "-c", f'{mount} && exec "$@"', "sh")


@pytest.mark.parametrize("path", ["file", "file/below"])
def test_base_path_is_a_file(tmp_path, path):
    tmp_path.joinpath("file").write_text("precious")
    refused = re.escape(
        f"`base` must be a folder, or a path where one can be made; choose "
        f"another. Received: base='{tmp_path / path}' (Not a directory)"
    )
    for write in WRITERS:
        with pytest.raises(ExportError, match=f"^{refused}$"):
            write(tmp_path / path)
    assert snapshot(tmp_path) == {"file": b"precious"}


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_base_path_in_a_place_that_takes_no_folder():
    with pytest.raises(ExportError, match=r"^`base` must be a folder.* base='/proc/models'"):
        publish_one(Path("/proc/models"))


def test_folder_of_another_user():
    with folder_without_write_permission() as base:
        for write in WRITERS:
            with pytest.raises(ExportError, match=r"this user may write to.*Permission denied"):
                write(base)
        assert numbers(base) == {1}
        assert not leftovers(base)


def test_read_only_disk(tmp_path):
    report = result_of(start("fill", tmp_path, 1, prefix=on_tmpfs(tmp_path, "ro")))
    assert report["sentence"] == (
        "`base` must be a folder that this user may write to; change its permissions or "
        f"choose another. Received: base='{tmp_path}' (Read-only file system)"
    )


def test_full_disk(tmp_path):
    """A disk of 300 KB takes four versions of 64 KB; the fifth leaves no trace."""
    report = result_of(start("fill", tmp_path, 9, prefix=on_tmpfs(tmp_path, "size=300k")))
    assert report == {
        "sentence": "`base` must be a folder on a disk with room for a version; free some "
        "space, or remove old versions with `--keep`. "
        f"Received: base='{tmp_path}' (No space left on device)",
        "versions": [1, 2, 3, 4],
        "torn": [],
        "leftovers": [],
    }


@pytest.mark.parametrize("inodes", range(2, 13))
def test_full_at_each_step(tmp_path, inodes):
    """However few files fit, locks and stage included, none is left."""
    options = f"nr_inodes={inodes}"
    report = result_of(start("fill", tmp_path, 2, prefix=on_tmpfs(tmp_path, options)))
    assert "No space left on device" in report["sentence"]
    assert not report["torn"]
    assert not report["leftovers"]


def test_file_size_limit(base):
    base.mkdir(parents=True)
    limited = ("sh", "-c", 'ulimit -f 8 && exec "$@"', "sh")
    report = result_of(start("fill", base, 1, prefix=limited))
    assert "takes files this large; raise the limit" in report["sentence"]
    assert not snapshot(base)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_no_room_while_the_caller_writes(base, tmp_path):
    with pytest.raises(ExportError, match="room for a version"), staged_version(base):
        Path("/dev/full").write_bytes(b"weights")
    assert not snapshot(tmp_path)


def test_no_room_in_tensorflow_words(base):
    """TensorFlow's exceptions are no OSErrors; the system's words are in their messages."""
    with pytest.raises(ExportError, match="room for a version"), staged_version(base):
        raise RuntimeError("models/.staging-x/variables; No space left on device")


def test_other_errors_of_the_caller_stay_what_they_are(base):
    with pytest.raises(FileNotFoundError, match=r"model\.keras"), staged_version(base):
        Path("model.keras").read_bytes()


def test_a_version_that_may_not_outlive_a_power_cut_is_taken_back(base, monkeypatch):
    """The folder cannot be flushed after the rename: an error, so the folder is as it was."""
    publish_one(base)
    before, real_fsync = snapshot(base), os.fsync

    def fail_on_base(descriptor):
        if os.path.samestat(os.fstat(descriptor), base.stat()):
            raise OSError(errno.EIO, "Input/output error")
        real_fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fail_on_base)
    with pytest.raises(ExportError, match=r"mend what the system reports.*Input/output error"):
        publish_one(base)
    assert snapshot(base) == before

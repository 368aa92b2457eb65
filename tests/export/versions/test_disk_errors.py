"""What the disk refuses: one clear sentence, and nothing left."""

import errno
import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from checked_versions import (
    leftovers,
    numbers,
    publish_one,
    result_of,
    snapshot,
    start,
    torn,
    write_version,
)

from export.errors import ExportError
from export.versions.earlier import keep_newest, rollback
from export.versions.publish import staged_version

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
    return mounted(f"mount -t tmpfs -o {options} tmpfs {folder}")


def mounted(mount: str) -> tuple[str, ...]:
    """What to put before a command that shall find something mounted."""
    private = ("unshare", "--user", "--map-root-user", "--mount")
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


def test_a_flush_that_fails_after_publication_reads_as_no_failure_of_it(base, monkeypatch, capsys):
    """The version is there, and a server may have loaded it: saying that it is not would be wrong."""
    publish_one(base)
    real_fsync = os.fsync

    def fail_on_base(descriptor):
        if os.path.samestat(os.fstat(descriptor), base.stat()):
            raise OSError(errno.EIO, "Input/output error")
        real_fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fail_on_base)
    assert publish_one(base) == 2
    assert capsys.readouterr().err == (
        f"warning: {base / '2'} is published, but may not outlive a power cut (Input/output error)\n"
    )
    assert not torn(base)


@pytest.mark.parametrize("name", ["unlink", "rmdir"])
def test_what_cannot_be_cleared_away_reads_as_no_failure(base, monkeypatch, name):
    """Lock files and the stage stay under their dot names, for the next run to remove."""
    publish_one(base)

    def refuse(*_, **__):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, name, refuse)
    monkeypatch.setattr(Path, name, refuse)
    assert publish_one(base) == 2
    monkeypatch.undo()
    assert leftovers(base)
    publish_one(base)
    assert not leftovers(base)


def test_a_lock_that_cannot_be_had_leaves_nothing(base, tmp_path, monkeypatch):
    """A new folder on a file system that is out of locks."""

    def no_locks(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with pytest.raises(ExportError, match=r"mend what the system reports.*No locks available"):
        publish_one(base)
    assert not snapshot(tmp_path)


@pytest.mark.parametrize("options", ["size=300k,nr_inodes=60", "size=600k,nr_inodes=40"])
def test_old_versions_go_from_a_disk_without_a_byte_or_a_file_left(tmp_path, options):
    """The very moment at which removing them is what the error message recommends."""
    report = result_of(start("keep", tmp_path, 1, prefix=on_tmpfs(tmp_path, options)))
    assert report["filled"]
    *old, newest = report["before"]
    assert len(old) >= 2
    assert report["removed"] == sorted(old, reverse=True)
    assert report["versions"] == [newest]
    assert not report["torn"]
    assert not report["leftovers"]


def test_a_version_in_a_lower_layer_of_an_overlay_is_named_and_the_others_go(tmp_path):
    """No rename takes it away, and file by file a reader would see half of it."""
    layers = {name: tmp_path / name for name in ("lower", "upper", "work", "seen")}
    for layer in layers.values():
        layer.mkdir()
    for number in ("1", "2"):
        layers["lower"].joinpath(number).mkdir()
        write_version(layers["lower"] / number)
    options = (
        f"userxattr,lowerdir={layers['lower']},upperdir={layers['upper']},workdir={layers['work']}"
    )
    prefix = mounted(f"mount -t overlay overlay -o {options} {layers['seen']}")
    report = result_of(start("fill_and_keep", layers["seen"], 2, prefix=prefix))
    assert report["sentence"].endswith(
        f"Removed: 3. Received: base='{layers['seen']}' with 1 (Invalid cross-device link), "
        "2 (Invalid cross-device link)"
    )
    assert report["versions"] == [1, 2, 4]
    assert not report["torn"]
    assert not report["leftovers"]

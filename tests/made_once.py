"""What takes long to make, such as a trained run, made once for all the processes that run the tests."""

import fcntl
import os
import shutil


def made_once(tmp_path_factory, name, make):
    """The folder `name` that `make(folder)` has filled; whoever asks while it is filled waits.

    Tests must leave it as it is: copy what shall change.
    """
    shared = tmp_path_factory.getbasetemp()
    # Each process of pytest-xdist has a folder beside the others'.
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder, done = shared / name, shared / f"{name}.made"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder

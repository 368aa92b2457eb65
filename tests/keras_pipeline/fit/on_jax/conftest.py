"""What XLA compiled is kept for all tests here: 18 of the 46 CPU seconds of a tiny training on JAX go into it.

A run keeps its own in its folder, and what took half a second alone; what the user sets goes first.
"""

import pytest
from made_once import made_once

FOLDER = "JAX_COMPILATION_CACHE_DIR"
HOWEVER_SMALL = {
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}


@pytest.fixture(scope="session", autouse=True)
def compiled_once(tmp_path_factory):
    """The folder, and everything that is compiled goes into it."""
    folder = made_once(tmp_path_factory, "compiled-by-xla", lambda _: None)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {FOLDER: str(folder), **HOWEVER_SMALL}.items():
            patch.setenv(name, value)
        yield


@pytest.fixture
def compiled_by_the_run(monkeypatch):
    """What is compiled is kept as it is for users, who set none of this."""
    for name in (FOLDER, *HOWEVER_SMALL):
        monkeypatch.delenv(name)

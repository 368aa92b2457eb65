"""What XLA compiled is kept for all tests here: 18 of the 46 CPU seconds of a tiny training on JAX go into it.

A run keeps its own in its folder, and what took half a second alone; what the user sets goes first.
"""

import pytest
from made_once import made_once


@pytest.fixture(scope="session", autouse=True)
def compiled_once(tmp_path_factory):
    folder = made_once(tmp_path_factory, "compiled-by-xla", lambda _: None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAX_COMPILATION_CACHE_DIR", str(folder))
        patch.setenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
        patch.setenv("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
        yield

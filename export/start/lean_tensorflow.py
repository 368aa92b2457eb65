"""TensorFlow without the packages that it imports where it finds them, and that no SavedModel asks for.

TensorFlow 2.21 imports Keras, and the two look for JAX, pandas, scikit-learn, Matplotlib and SciPy: 260 MB of 800,
and half of the seconds. To an import that may fail they are not installed here, only while TensorFlow is imported.
Of Keras its wrappers for scikit-learn are missing then, so this is for processes that run no code of others.
Training, too: JAX leaves a callback at Python's collector, and a Ctrl-C that comes while it runs is lost.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, cast

from export.start.quiet_tensorflow import FATAL, import_tensorflow

_UNASKED: Final = ("jax", "pandas", "sklearn", "matplotlib", "scipy")
_BACKEND: Final = "KERAS_BACKEND"


def import_lean_tensorflow(level: str = FATAL) -> None:
    """Import it; a no-op where it is imported already.

    Args:
        level: see `export.start.quiet_tensorflow.import_tensorflow`.
    """
    if not sys.modules.get("tensorflow"):
        with _without(_UNASKED), _backend("tensorflow"):
            import_tensorflow(level)


@contextmanager
def _without(names: tuple[str, ...]) -> Iterator[None]:
    hidden = [name for name in names if name not in sys.modules]
    modules = cast("dict[str, Any]", sys.modules)
    modules.update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        for name in hidden:
            modules.pop(name, None)


@contextmanager
def _backend(name: str) -> Iterator[None]:
    """Keras's own: another one, of the environment or its file, may be of those that are hidden."""
    before = os.environ.get(_BACKEND)
    os.environ[_BACKEND] = name
    try:
        yield
    finally:
        if before is None:
            del os.environ[_BACKEND]
        else:
            os.environ[_BACKEND] = before

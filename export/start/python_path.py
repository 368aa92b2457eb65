"""How a process that is started finds this project's code, wherever it runs."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).resolve().parents[2]


def python_path(environment: Mapping[str, str]) -> str:
    """`PYTHONPATH` for it: this project's folder before what stands there.

    >>> python_path({"PYTHONPATH": "mine"}).endswith("mine"), python_path({}) == str(_ROOT)
    (True, True)
    """
    return os.pathsep.join(filter(None, [str(_ROOT), environment.get("PYTHONPATH")]))

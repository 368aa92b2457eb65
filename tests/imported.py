"""What a command imports: it starts quickly where that is little, on a machine of any speed."""

import re
import subprocess
import sys
from functools import cache

HEAVY = {"tensorflow", "keras", "numpy", "pandas", "tensorflow_serving", "h5py", "sklearn"}
"""Packages that take a quarter of a second and more."""


def packages_imported_by(*words: str) -> set[str]:
    """Those outside the standard library that `python` with these words imports, and `python` alone does not."""
    return _imported(words) - _imported(("-c", "")) - sys.stdlib_module_names


@cache
def _imported(words: tuple[str, ...]) -> set[str]:
    command = [sys.executable, "-X", "importtime", *words]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    return set(re.findall(r"^import time: +\d+ \| +\d+ \| +([^.\s]+)", told, re.MULTILINE))

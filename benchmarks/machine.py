"""What the machine was: a figure without it says nothing."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

_PACKAGES: Final = (
    "tensorflow", "keras", "numpy", "scikit-learn", "grpcio", "fasttext-numpy2",
)  # fmt: skip

Load = tuple[float, float, float]
"""Programs that wanted a core, on average of 1, 5 and 15 minutes."""


def describe_machine(load: Load) -> dict[str, Any]:
    """JSON values: cpu, cores, memory_gb, system, python, packages, load_average.

    Args:
        load: `os.getloadavg()`, read before the first measurement.
    """
    return {
        "cpu": cpu_name(),
        "cores": cores(),
        "memory_gb": round(memory_bytes() / 1e9, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "load_average": [round(each, 2) for each in load],
    }


def machine_lines(machine: dict[str, Any]) -> list[str]:
    """The same in a few lines for people."""
    packages = ", ".join(f"{name} {number}" for name, number in machine["packages"].items())
    load = " ".join(f"{each:.2f}" for each in machine["load_average"])
    lines = [
        (
            f"{machine['cores']} cores of {machine['cpu']}, {machine['memory_gb']:.0f} GB of memory, "
            f"{machine['system']}"
        ),
        f"Python {machine['python']}, {packages}",
        f"load average before the start (1, 5, 15 minutes): {load}",
    ]
    if is_busy(machine):
        lines.append(
            "**other programs were at work before the start: read the ratios, not the times**"
        )
    return lines


def is_busy(machine: dict[str, Any]) -> bool:
    """Whether others wanted a quarter of the cores or more in the minute before the start."""
    return float(machine["load_average"][0]) >= machine["cores"] / 4


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory_bytes() -> int:
    """Memory of the machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def cpu_name() -> str:
    """What the processor calls itself."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"

"""What the machine was: a figure without it says nothing."""

import dataclasses
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from export.start.machine import cores, cpu_name

_PACKAGES: Final = (
    "tensorflow", "keras", "numpy", "scikit-learn", "grpcio", "fasttext-numpy2", "model2vec",
)  # fmt: skip

_MUCH_STOLEN: Final = 0.02

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


@dataclasses.dataclass(frozen=True)
class ProcessorTimes:
    """Ticks since the machine started, all cores together.

    Attributes:
        wanted: that a program was at work or wanted to be.
        stolen: of these, those that a host gave to other machines.
    """

    wanted: int
    stolen: int


def processor_times(stat: Path = Path("/proc/stat")) -> ProcessorTimes:
    """Until now; zeros where the system does not tell.

    The first line of Linux's file: user nice system idle iowait irq softirq steal, see proc(5).
    """
    if not stat.is_file():
        return ProcessorTimes(0, 0)
    ticks = [int(field) for field in stat.read_text().split("\n")[0].split()[1:9]]
    return ProcessorTimes(sum(ticks) - ticks[3] - ticks[4], ticks[7])


def stolen_share(since: ProcessorTimes, until: ProcessorTimes | None = None) -> float:
    """Share of the wanted processor time that the host gave to others, until now by default.

    Example:
    >>> stolen_share(ProcessorTimes(100, 0), ProcessorTimes(300, 50))
    0.25
    """
    until = until or processor_times()
    return round((until.stolen - since.stolen) / max(until.wanted - since.wanted, 1), 3)


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
    lines += stolen_lines(machine.get("stolen_share", 0.0))
    if is_busy(machine):
        lines.append(
            "**other programs were at work before the start: read the ratios, not the times**"
        )
    return lines


def stolen_lines(share: float) -> list[str]:
    """A warning where much was stolen.

    Example:
    >>> stolen_lines(0.27)
    ['**a host gave 27% of the processor time to other machines: read the ratios, not the times**']
    >>> stolen_lines(0.01)
    []
    """
    if share < _MUCH_STOLEN:
        return []
    told = f"a host gave {share:.0%} of the processor time to other machines"
    return [f"**{told}: read the ratios, not the times**"]


def is_busy(machine: dict[str, Any]) -> bool:
    """Whether others wanted a quarter of the cores or more in the minute before the start."""
    return float(machine["load_average"][0]) >= machine["cores"] / 4


def memory_bytes() -> int:
    """Memory of the machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"

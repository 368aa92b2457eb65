"""What a version may cost whoever serves it, from words such as `p50=2ms,size=20MB`. No TensorFlow here."""

import dataclasses
import re
from typing import Final

from export.errors import UnknownBudgetError

_TIMES: Final = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0}
_SIZES: Final = {"kb": 1e3, "mb": 1e6, "gb": 1e9}
_UNITS: Final = {"p50": _TIMES, "size": _SIZES}
_PART: Final = re.compile(r"\s*(p50|size)\s*=\s*([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*([a-zµ]+)\s*")


@dataclasses.dataclass(frozen=True)
class Budget:
    """What is allowed.

    Attributes:
        words: as it was asked for, one of `budget_of`'s.
        p50_s: seconds that the median of one tweet's answers may take; None for any.
        size_bytes: of all files of a version but its card; None for any.
    """

    words: str
    p50_s: float | None = None
    size_bytes: float | None = None


def budget_of(words: str) -> Budget:
    """Read a budget.

    Args:
        words: `p50=TIME`, `size=SIZE`, or both with a comma between; times in us, ms or s, sizes in kB, MB
            or GB (a thousand, a million, a thousand million bytes).

    Raises:
        UnknownBudgetError: they are something else, or 0.

    Example:
    >>> budget_of("p50=2ms,size=20MB")
    Budget(words='p50=2ms,size=20MB', p50_s=0.002, size_bytes=20000000.0)
    """
    limits: dict[str, float] = {}
    for part in words.split(","):
        name, limit = _limit_of(part)
        if not limit or name in limits:
            raise UnknownBudgetError(
                "`require_speed` must be p50=TIME in us, ms or s, size=SIZE in kB, MB or GB, or both, each once and "
                f"above 0, such as p50=2ms,size=20MB. Received: require_speed={words}"
            )
        limits[name] = limit
    return Budget(words, limits.get("p50"), limits.get("size"))


def _limit_of(part: str) -> tuple[str, float]:
    """In seconds or bytes; 0 where it is no limit."""
    found = _PART.fullmatch(part.lower())
    if found is None:
        return part, 0.0
    name, number, unit = found.groups()
    return name, float(number) * _UNITS[name].get(unit, 0.0)


def shown_time(seconds: float) -> str:
    """Seconds for people.

    Example:
    >>> shown_time(0.002), shown_time(0.00061237)
    ('2 ms', '0.6124 ms')
    """
    return f"{seconds * 1e3:.4g} ms"


def shown_size(size_bytes: float) -> str:
    """Bytes for people.

    Example:
    >>> shown_size(20e6), shown_size(5_441_234)
    ('20 MB', '5.441 MB')
    """
    return f"{size_bytes / 1e6:.4g} MB"

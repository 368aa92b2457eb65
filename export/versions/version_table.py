"""What `--list` shows: every version with its figures on the folder's examination, one line each.

A figure is shown where it belongs to the examination that the folder has now, so that any two in the
column may be compared; a folder without one, from before there were any, shows what the cards say.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from export.errors import ExportError
from export.start.shown import shown
from export.versions.examination import Header, read_header
from export.versions.listing import (
    WEIGHTS_DIFFER,
    Unreadable,
    Version,
    identity,
    read_folder,
)

_HEADER: Final = (
    *("version", "date (UTC)", "data", "rows", "accuracy"),
    *("macro F1", "95 % interval", "size (MB)", "notes"),
)
_LEFT: Final = ("data", "notes")
_LONGEST: Final = 40

Figures = dict[str, Any]


def folder_table(base: Path) -> str:
    """Every version in a folder, newest first, as an aligned table for the terminal.

    Raises:
        ExportError: `base` is a file, or may not be read.
    """
    found = read_folder(base)
    try:
        header, title = read_header(base), None
    except ExportError as error:
        header, title = None, f"No examination: {error}"
    if not found:
        return "\n".join([title or _title(header), "No version has been published yet."])
    exports = {v.path: identity(v.path) for v in found if isinstance(v, Version)}
    oldest = {exports[v.path]: v.number for v in found if isinstance(v, Version)}  # newest first
    rows = [_HEADER, *(_row(version, exports, oldest, header) for version in found)]
    return "\n".join([title or _title(header), *_aligned(rows)])


def _title(header: Header | None) -> str:
    if header is None:
        return "No examination: figures are each version's own, on rows of its own."
    return (
        f"Examination: {header.rows:,} rows, {shown(str(header.source), 80)}, sha256 {header.sha256[:12]}, "
        f"set {shown(header.set_at[:10])}"
    )


def _row(
    version: Version | Unreadable,
    exports: dict[Path, str],
    oldest: dict[str, int],
    header: Header | None,
) -> tuple[str, ...]:
    """The cells of one line.

    Args:
        version: which.
        exports: `identity` of each version that can be read, by its path.
        oldest: the lowest number by `identity`.
        header: of the examination.
    """
    if isinstance(version, Unreadable):
        return (str(version.number), *["-"] * 7, f"cannot be read: {version.reason}")
    export = exports[version.path]
    figures = _figures(version, export, header)
    data = version.card.get("data")
    low, high = _interval(figures.get("macro_f1_interval"))
    return (
        str(version.number),
        version.exported_at.strftime("%Y-%m-%d %H:%M"),
        shown(str(data["path"]), _LONGEST) if isinstance(data, dict) and "path" in data else "-",
        _number(figures.get("rows"), ",.0f"),
        _number(figures.get("accuracy"), ".4f"),
        _number(figures.get("macro_f1"), ".4f"),
        f"{low} to {high}" if "-" not in (low, high) else "-",
        f"{version.size_bytes / 1e6:.1f}",
        ", ".join(_notes(version, oldest[export], figures)),
    )


def _figures(version: Version, export: str, header: Header | None) -> Figures:
    """Those that belong to the examination; none where the version has none."""
    metrics, examined = version.card.get("metrics"), version.card.get("examination")
    on_card = metrics if isinstance(metrics, dict) else {}
    if header is None:
        return on_card
    if isinstance(examined, dict) and examined.get("sha256") == header.sha256:
        return on_card
    anew = header.figures.get(export)
    return anew if isinstance(anew, dict) else {"problem": "not examined"}


def _notes(version: Version, oldest: int, figures: Figures) -> list[str]:
    gate = version.card.get("gate")
    return [
        *([f"= version {oldest}"] if oldest != version.number else []),
        *(["forced"] if isinstance(gate, dict) and gate.get("forced") is True else []),
        *(["other weights than its run"] if version.card.get(WEIGHTS_DIFFER) is True else []),
        *([shown(str(figures["problem"]), _LONGEST)] if "problem" in figures else []),
        *([shown(str(version.problem), _LONGEST)] if version.problem else []),
    ]


def _interval(found: Any) -> tuple[str, str]:
    low, high = found if isinstance(found, list) and len(found) == 2 else (None, None)
    return _number(low, ".4f"), _number(high, ".4f")


def _number(value: Any, shown: str) -> str:
    """`-` where it is none."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return format(value, shown) if is_number and math.isfinite(value) else "-"


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if name in _LEFT else cell.rjust(width)
            for cell, width, name in zip(row, widths, _HEADER, strict=True)
        ).rstrip()
        for row in rows
    ]

"""The table for people and the JSON for programs."""

import dataclasses
import json
from collections.abc import Sequence
from typing import Any, Final

from benchmarks.aims import Verdict
from benchmarks.shared.machine import machine_lines, stolen_lines
from benchmarks.shared.results import (
    LOSS,
    PERCENT,
    SCORE,
    Row,
    Section,
    advantage,
    is_difference,
)
from keras_pipeline.table.printed import markdown_table

_LEGEND: Final = (
    "In the columns `against`, `12 x` is twelve times as fast, as many or as little, and `+0.01` is a "
    "difference. Figures are medians and their spread the quartiles, unless the notes of a table say "
    "otherwise."
)
_COLUMNS: Final = ("what", "who", "figure", "spread", "unit")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Report:
    """All that a run found.

    Attributes:
        machine: from `benchmarks.shared.machine.describe_machine`.
        settings: data and sizes of the run, JSON values.
        sections: the measurements, in order.
        verdicts: the aims.
    """

    machine: dict[str, Any]
    settings: dict[str, Any]
    sections: Sequence[Section]
    verdicts: Sequence[Verdict]

    def to_json(self) -> str:
        """Everything, machine-readable."""
        verdicts = [
            {
                "what": each.aim.what,
                "limit": each.aim.limit,
                "at_most": each.aim.at_most,
                "measured": each.measured,
                "reached": each.reached,
                "words": each.words,
            }
            for each in self.verdicts
        ]
        values = {
            "machine": self.machine,
            "settings": self.settings,
            "sections": [dataclasses.asdict(section) for section in self.sections],
            "aims": verdicts,
        }
        return json.dumps(values, indent=2) + "\n"

    def to_markdown(self) -> str:
        """Machine, aims, then a table a measurement."""
        facts = [*machine_lines(self.machine), *_settings_lines(self.settings)]
        parts = [
            "# Benchmarks",
            "\n".join(f"- {fact}" for fact in facts),
            _LEGEND,
            "## Aims",
            markdown_table(
                ("aim", "wanted", "measured", "verdict"), list(map(_aim_cells, self.verdicts))
            ),
            *map(section_markdown, self.sections),
        ]
        return "\n\n".join(parts) + "\n"


def section_markdown(section: Section) -> str:
    """Heading, table and notes of one measurement."""
    parts = [f"## {section.title}"]
    if section.failed:
        parts.append(f"**Failed:** {section.failed}")
    if section.rows and section.wide:
        parts.append(_wide_table(section))
    elif section.rows:
        against = [f"against {section.baseline}"] if section.baseline else []
        header = (*_COLUMNS, *against, "samples", "note")
        rows = [_cells(row, section) for row in section.rows]
        parts.append(markdown_table(header, rows))
    if notes := [*stolen_lines(section.stolen_share), *section.notes]:
        parts.append("\n".join(f"- {note}" for note in notes))
    return "\n\n".join(parts)


def shown(value: float, unit: str) -> str:
    """A figure with as many digits as mean something.

    Example:
    >>> shown(0.72514, "score"), shown(0.5512, "ms"), shown(15321.4, "tweets/s"), shown(0, "s")
    ('0.7251', '0.551', '15,321', '0')
    """
    if unit in (SCORE, LOSS):
        return f"{value:.4f}"
    if unit == PERCENT:
        return f"{value:.1f}"
    if not value:
        return "0"
    digits = next(
        (n for n, least in ((0, 100), (1, 10), (2, 1), (3, 0.1)) if abs(value) >= least), 4
    )
    return f"{value:,.{digits}f}"


def _wide_table(section: Section) -> str:
    """What was measured down, of whom across, and by how much the first is ahead of the best of the rest."""
    who = list(dict.fromkeys(row.who for row in section.rows))
    lines = []
    for what in dict.fromkeys(row.what for row in section.rows):
        rows = [section.find(what, each) for each in who]
        lines.append([what, *map(_figure, rows), _ahead(*rows)])
    return markdown_table((section.name, *who, "ahead of the best"), lines)


def _ahead(first: Row | None, *others: Row | None) -> str:
    """By how much a row is ahead of the best of others, those without a figure left out."""
    measured = [row for row in others if row is not None and row.value is not None]
    if first is None or first.value is None or not measured:
        return ""
    gain = min(advantage(first, row) for row in measured)
    return f"{'+' * (gain >= 0)}{shown(gain, first.unit)}"


def _figure(row: Row | None) -> str:
    """A figure and its spread in one cell."""
    if row is None or row.value is None:
        return "-"
    return f"{shown(row.value, row.unit)} {_spread(row)}".strip()


def _cells(row: Row, section: Section) -> list[str]:
    if row.value is None:
        figure, spread = "-", ""
    else:
        figure, spread = shown(row.value, row.unit), _spread(row)
    against = [_against(row, section)] if section.baseline else []
    return [row.what, row.who, figure, spread, row.unit, *against, f"{row.samples:,}", row.note]


def _spread(row: Row) -> str:
    """Quartiles of a median, the deviation of a mean."""
    if row.deviation is not None:
        return f"± {shown(row.deviation, row.unit)}"
    if row.low is None or row.high is None or row.samples == 1:
        return ""
    return f"{shown(row.low, row.unit)} .. {shown(row.high, row.unit)}"


def _against(row: Row, section: Section) -> str:
    """How many times as good as the baseline's row, or by how much a score is higher."""
    base = section.find(row.what, section.baseline or "")
    if row.value is None or base is None or base.value is None:
        return ""
    gain = advantage(row, base)
    if is_difference(row.unit):
        return f"{gain:+.4f}"
    return f"{shown(gain, '')} x"


def _aim_cells(verdict: Verdict) -> list[str]:
    aim = verdict.aim
    unit = SCORE if aim.figure[0] == "quality" or "F1" in aim.figure[1] else ""
    wanted = f"{'at most' if aim.at_most else 'at least'} {_plain(aim.limit)}"
    measured = "-" if verdict.measured is None else shown(verdict.measured, unit)
    return [aim.what, wanted, measured, verdict.words]


def _plain(limit: float) -> str:
    return f"{limit:,g}" if limit < 1 else f"{limit:,.10g}"


def _settings_lines(settings: dict[str, Any]) -> list[str]:
    lines = [
        f"data: {settings['data']}, {settings['rows']:,} rows",
        f"seeds: {', '.join(map(str, settings['plan']['seeds']))}",
    ]
    if settings["run"]:
        lines.append(f"model of this project: {settings['run']}, trained before")
    if settings["quick"]:
        lines.append("**`--quick`: small sizes, to see that everything works; no figure to quote**")
    return lines

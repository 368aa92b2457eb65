"""What the models folder and the runs folder tell of a version, as far as they are at hand."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from export.signatures import CARD_ASSET


@dataclass(frozen=True)
class Card:
    """The card of a version.

    Attributes:
        words: The whole card, as Markdown.
        facts: The same for programs.
        pictures: Those of the run that it came from.
    """

    words: str
    facts: Mapping[str, Any]
    pictures: tuple[Path, ...]

    def number(self, *path: str) -> float | None:
        """A number of the card by the names that lead to it; `None` where there is none."""
        found = self.part(*path)
        return float(found) if isinstance(found, int | float) else None

    def part(self, *path: str) -> Any:
        """What stands in the card below these names; `None` where nothing does."""
        found: Any = self.facts
        for name in path:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found

    def rows(self, *path: str) -> dict[str, Mapping[str, Any]]:
        """The objects by name that stand below these names."""
        found = self.part(*path)
        pairs = found.items() if isinstance(found, Mapping) else ()
        return {name: row for name, row in pairs if isinstance(row, Mapping)}


def read_card(base: Path, version: int, runs: Path) -> Card | None:
    """The card of a version; `None` where the folder is not at hand.

    Args:
        base: Folder of versions.
        version: Number of one.
        runs: Folder of runs.

    Raises:
        ValueError: It is damaged.
        OSError: It cannot be read.
    """
    file = base / str(version) / CARD_ASSET
    if not file.is_file():
        return None
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"The card of version {version} is damaged ({error}). Received: {file}"
        ) from error
    if not isinstance(facts, dict):
        raise ValueError(  # noqa: TRY004 (the file is wrong, no argument)
            f"The card of version {version} must hold an object. Received: {file}"
        )
    words = file.with_suffix(".md")
    return Card(
        words.read_text(encoding="utf-8", errors="replace") if words.is_file() else "",
        facts,
        _pictures(runs, facts.get("run")),
    )


def _pictures(runs: Path, run: Any) -> tuple[Path, ...]:
    # A name of one folder: a card must not lead elsewhere.
    if not isinstance(run, str) or Path(run).name != run or run in ("", ".", ".."):
        return ()
    return tuple(sorted((runs / run / "figures").glob("*.png")))

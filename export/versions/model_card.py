"""The model card of a version: what it is made of and how good it is, made from the run itself.

assets.extra/model_card.json      for programs; `python -m export --list` reads it
assets.extra/model_card.md        the same for people

Of an artefact that takes token ids it tells what a caller must do.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from export.formats import PACKAGES
from export.gate.gate import GateReport
from export.run_record import RunRecord
from export.settings import Artefact
from export.signatures import LABELS, SIGNATURES, VOCABULARY_ASSET
from export.versions.listing import MODEL_CARD

LIMITS: Final = (
    "English tweets: other scripts are removed by cleaning, other languages are mostly unknown words.",
    "Only the first tokens of a tweet count, up to the sequence length; what cleaning removes is not read.",
    "Labels are one annotator's view of a tweet out of its context; irony is often missed.",
    "A probability is the model's confidence on data like its training data, not a fact about a person.",
)

Card = dict[str, Any]


def write_model_card(
    directory: Path,
    run: RunRecord,
    report: GateReport,
    artefact: Artefact,
    caller: Sequence[str] = (),
) -> None:
    """Write both files into a version directory.

    Args:
        directory: the staged version, all other files in place.
        run: what trained the model.
        report: what the gate found.
        artefact: what was written.
        caller: what a caller must do to a tweet, one sentence a step; nothing where text is taken.
    """
    card = _card(directory, run, report, artefact)
    if caller:
        card["caller"] = list(caller)
    path = directory / MODEL_CARD
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    path.with_suffix(".md").write_text("\n".join(_markdown(card)) + "\n", encoding="utf-8")


def _card(directory: Path, run: RunRecord, report: GateReport, artefact: Artefact) -> Card:
    vocabulary = (directory / VOCABULARY_ASSET).read_bytes()
    return {
        "run": run.name,
        "date": datetime.now(tz=timezone.utc).isoformat(timespec="seconds"),
        "labels": list(LABELS),
        "metrics": {
            **report.metrics,
            "calibration_error": run.results["test"]["calibration_error"],
        },
        "full_model_metrics": report.full_metrics,
        "per_class": run.results["test"]["per_class"],
        # The path is one machine's own; name and checksum tell which table it was.
        "data": {**run.data, "path": Path(run.data["path"]).name},
        "rows": run.results["rows"],
        "config": run.config,
        "vocabulary": {
            "words": vocabulary.count(b"\n"),
            "sha256": hashlib.sha256(vocabulary).hexdigest(),
        },
        "format": artefact.file_format,
        "weights": artefact.weights,
        "reduced": artefact.is_reduced,
        **(
            {"graph": artefact.graph, "signatures": sorted(SIGNATURES)}
            if artefact.takes_text
            else {}
        ),
        "size_bytes": sum(file.stat().st_size for file in directory.rglob("*") if file.is_file()),
        "gate": {
            "checks": list(report.checks),
            "largest_difference": report.largest_difference,
            "published_metrics": report.published_metrics,
            "forced": report.forced,
            "seconds": report.seconds,
        },
        "versions": {
            name: _version(name)
            for name in ("tensorflow", "keras", "numpy", *PACKAGES[artefact.file_format].values())
        },
        "limits": list(LIMITS),
    }


def _markdown(card: Card) -> Iterator[str]:
    yield f"# Tweet sentiment, exported {card['date']} from run {card['run']}\n"
    if card["gate"]["forced"]:
        yield "**Published by force: it is worse on the test split than the version before it.**\n"
    yield from _use(card)
    yield "## Figures on the test split\n"
    yield from _table(("figure", "value"), card["metrics"].items())
    if card["reduced"]:
        yield "The full model's, of which calibration error and the classes' F1 here are too:\n"
        yield from _table(("figure", "value"), card["full_model_metrics"].items())
    yield from _table(
        ("class", "F1"), ((name, part["f1"]) for name, part in card["per_class"].items())
    )
    yield "## Data\n"
    yield from _table(
        ("what", "value"),
        [*card["data"].items(), *((f"rows: {k}", v) for k, v in card["rows"].items())],
    )
    yield "## Settings\n"
    yield from _table(("setting", "value"), card["config"].items())
    yield "## Artefact\n"
    yield from _table(("what", "value"), _artefact(card))
    yield "## Limits of use\n"
    yield from (f"- {limit}" for limit in card["limits"])


def _use(card: Card) -> Iterator[str]:
    out = f"probabilities of {', '.join(card['labels'])} out.\n"
    if "caller" not in card:
        yield f"A raw tweet in, {out}"
        return
    yield f"Token ids in, {out}"
    yield f"**The format {card['format']} carries no ops on strings: a caller cleans and splits tweets.**"
    yield "The SavedModel of the same run does it itself.\n"
    yield from (f"{number}. {step}" for number, step in enumerate(card["caller"], start=1))
    yield ""


def _version(package: str) -> str:
    """Of an installed package; the same modules may also come by another name, as a nightly build."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def _artefact(card: Card) -> list[tuple[str, Any]]:
    gate = card["gate"]
    served = "signatures" in card
    return [
        ("format", card["format"]),
        ("stored weights", card["weights"]),
        *([("graph", card["graph"])] if served else []),
        *([("signatures", ", ".join(card["signatures"]))] if served else []),
        ("size", f"{card['size_bytes'] / 1e6:.1f} MB"),
        (
            "vocabulary",
            f"{card['vocabulary']['words']:,} words, sha256 {card['vocabulary']['sha256']}",
        ),
        ("checks passed", ", ".join(gate["checks"])),
        ("largest difference from the Keras model", f"{gate['largest_difference']:.1e}"),
        *((f"{name} version", number) for name, number in card["versions"].items()),
    ]


def _table(header: tuple[str, str], rows: Any) -> Iterator[str]:
    yield f"| {header[0]} | {header[1]} |\n| :-- | :-- |"
    for name, value in rows:
        yield f"| {name} | {f'{value:.4f}' if isinstance(value, float) and value > 1e-3 else value} |"
    yield ""

"""The model card of a version: what it is made of, and how good it is by its own answers.

assets.extra/model_card.json      for programs; `python -m export --list` reads it
assets.extra/model_card.md        the same for people

Of an artefact that takes token ids it tells what a caller must do.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from export.formats import PACKAGES
from export.gate.explanation_check import EXPLAIN
from export.gate.gate import GateReport
from export.gate.speed import Speed, size_bytes
from export.graph.assets import read_lines
from export.run_record import RunRecord
from export.settings import Artefact
from export.signatures import EXPLAIN_SIGNATURE, LABELS_ASSET, SIGNATURES, VOCABULARY_ASSET
from export.start.markdown import markdown_text
from export.start.shown import listed
from export.versions.examination import Examination
from export.versions.limits import limits_of_use
from export.versions.listing import MODEL_CARD, WEIGHTS_DIFFER

_MOST_CLASSES: Final = 30
"""In a table of people's card; of more, those with the lowest F1."""

_MOST_NAMES: Final = 20
_NAMED_IN_TITLE: Final = 5
_LONGEST_CELL: Final = 300

Card = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Source:
    """What a card tells of the Keras model that a version was made of.

    Attributes:
        weights_sha256: see `export.run_record.weights_sha256`.
        caller: what a caller must do to a text, one sentence a step; nothing where text is taken.
        brought: of a model that this project did not train: what it is, what its head is, what was done for
            awkward texts.
    """

    weights_sha256: str
    caller: tuple[str, ...] = ()
    brought: dict[str, str] = dataclasses.field(default_factory=dict)


def write_model_card(
    directory: Path,
    run: RunRecord,
    report: GateReport,
    artefact: Artefact,
    source: Source,
    *,
    examination: Examination | None = None,
) -> None:
    """Write both files into a version directory.

    Args:
        directory: the staged version, all other files in place.
        run: what trained the model.
        report: what the gate found.
        artefact: what was written.
        source: of the model.
        examination: what the verdict of the report is about.
    """
    path = directory / MODEL_CARD
    path.parent.mkdir(exist_ok=True)
    labels = read_lines(directory / LABELS_ASSET)
    rows = {name: part["rows"] for name, part in report.metrics["per_class"].items()}
    words = read_lines(directory / VOCABULARY_ASSET)
    card = {
        "run": run.name,
        "run_finished_at": run.finished_at,
        "weights_sha256": source.weights_sha256,
        **_differing(run, source),
        "date": datetime.now(tz=UTC).isoformat(timespec="seconds"),
        "labels": labels,
        **_figures(report, examination),
        "data": {name: _without_folders(value) for name, value in run.data.items()},
        "word_vectors": run.results.get("word_vectors"),
        **({"calibration": found} if (found := run.results.get("calibration")) else {}),
        "rows": run.results.get("rows", {}),
        **({"behaviour": found} if (found := run.results.get("behaviour")) else {}),
        "learned_from": None if run.learned_from is None else len(run.learned_from),
        "config": run.config,
        "ancestry": run.results.get("ancestry", []),
        **_made(directory, artefact, source, report),
        "gate": _gate(report),
        **({"brought": source.brought} if source.brought else {}),
        "limits": limits_of_use(run.config, labels, words, rows, ours=not source.brought),
        **({"caller": list(source.caller)} if source.caller else {}),
    }
    path.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    path.with_suffix(".md").write_text("\n".join(_markdown(card)) + "\n", encoding="utf-8")


def _without_folders(value: Any) -> Any:
    """Paths are one machine's own; name and checksum tell which file it was."""
    if isinstance(value, list):
        return [_without_folders(part) for part in value]
    return (Path(value).name or value) if isinstance(value, str) else value


def _differing(run: RunRecord, source: Source) -> Card:
    """Said only where it is known: a run from before tells nothing of its weights."""
    differ = run.weights_sha256 not in (None, source.weights_sha256)
    return {WEIGHTS_DIFFER: True} if differ else {}


def _figures(report: GateReport, examination: Examination | None) -> Card:
    """Those of the examination, and those of the run's own test part; all by the artefact's answers."""
    verdict = report.verdict
    card: Card = {
        "metrics": verdict.metrics if verdict else report.metrics,
        "test_part": report.metrics,
        "full_model_test_part": report.full_metrics,
    }
    if verdict and examination:
        card["examination"] = {
            "source": examination.source,
            "sha256": examination.sha256,
            "rows": len(examination.labels),
            "left_out": verdict.left_out,
            "learned_from_known": verdict.knows_learned,
        }
        card["baseline"] = verdict.baseline
        card["comparison"] = verdict.comparison
    return card


def _made(directory: Path, artefact: Artefact, source: Source, report: GateReport) -> Card:
    graph = source.brought.get("graph", artefact.graph)
    explains = [EXPLAIN_SIGNATURE] if EXPLAIN in report.checks else []
    served = {"graph": graph, "signatures": sorted([*SIGNATURES, *explains])}
    packages = ("tensorflow", "keras", "numpy", *PACKAGES[artefact.file_format].values())
    return {
        **_vocabulary(directory / VOCABULARY_ASSET),
        "format": artefact.file_format,
        "weights": artefact.weights,
        "reduced": artefact.is_reduced,
        **(served if artefact.takes_text else {}),
        "size_bytes": size_bytes(directory, but=MODEL_CARD.stem),
        "versions": {name: _version(name) for name in packages},
    }


def _vocabulary(path: Path) -> Card:
    """A model that was brought may have none that can be told by token ids."""
    if not path.is_file():
        return {}
    content = path.read_bytes()
    checksum = hashlib.sha256(content).hexdigest()
    return {"vocabulary": {"words": content.count(b"\n"), "sha256": checksum}}


def _gate(report: GateReport) -> Card:
    return {
        "checks": list(report.checks),
        "largest_difference": report.largest_difference,
        "forced": report.forced,
        "overruled": list(report.overruled),
        "seconds": report.seconds,
        "seconds_by_check": report.seconds_by_check,
        "servers": [dataclasses.asdict(server) for server in report.servers],
        "server_left_out": report.server_left_out,
        **({"speed": dataclasses.asdict(report.speed)} if report.speed else {}),
    }


def _markdown(card: Card) -> Iterator[str]:
    yield f"# {_title(card['labels'])}, exported {card['date']} from run {markdown_text(card['run'])}\n"
    if card["gate"]["forced"]:
        yield "**Published by force. The quality check had refused it:**\n"
        yield from (f"- expected {markdown_text(reason)}" for reason in card["gate"]["overruled"])
        yield ""
    if card.get(WEIGHTS_DIFFER):
        yield "**These are not the weights that the run ended with: it was trained further since. What the run"
        yield "tells of itself, its settings and what it learned from, is not all of it.**\n"
    yield from _use(card)
    if "brought" in card:
        yield "## Model\n"
        yield "It was brought from elsewhere; this project did not train it.\n"
        yield from _table(("what", "value"), card["brought"].items())
    yield from _quality(card)
    yield from _behaviour(card)
    yield "## Data\n"
    learned_from = card["learned_from"]
    yield from _table(
        ("what", "value"),
        [
            *card["data"].items(),
            *((f"rows: {k}", v) for k, v in card["rows"].items()),
            *([("word vectors", vectors)] if (vectors := card["word_vectors"]) else []),
            *_temperature(card.get("calibration")),
            ("texts learned from", "unknown" if learned_from is None else f"{learned_from:,}"),
        ],
    )
    yield from _ancestry(card["ancestry"])
    if card["config"]:
        yield "## Settings\n"
        # The classes stand at the top.
        yield from _table(
            ("setting", "value"), [pair for pair in card["config"].items() if pair[0] != "labels"]
        )
    yield "## Artefact\n"
    yield from _table(("what", "value"), _artefact(card))
    yield "## Limits of use\n"
    yield from (f"- {markdown_text(limit)}" for limit in card["limits"])


def _temperature(found: Any) -> Iterator[tuple[str, str]]:
    """What the run divided its last layer by, as far as its record can be read."""
    if isinstance(found, dict) and isinstance(found.get("temperature"), float):
        told = f"{found['temperature']:.3f}, found on {found.get('rows')} validation rows"
        yield "temperature of the last layer", told


def _ancestry(ancestors: list[dict[str, Any]]) -> Iterator[str]:
    """The runs that this one went on from, the nearest first."""
    if not ancestors:
        return
    yield "## Ancestry\n"
    yield "Trained further from these runs; what they learned from counts as learned from here, too.\n"
    yield from _table(
        ("run", "finished, and its data"),
        [
            (a["run"], f"{a['finished_at']}, {a['data']}, sha256 {a['data_sha256']}")
            for a in ancestors
        ],
    )


def _quality(card: Card) -> Iterator[str]:
    """Figures on the examination where there was one, and on the test part of the run."""
    if "examination" in card:
        yield "## Figures on the examination of the folder\n"
        yield from _table(("what", "value"), _examination(card))
        yield from _classes(card["metrics"])
    yield "## Figures on the test part of the run\n"
    yield from _table(("figure", "value"), _overall(card["test_part"]))
    if card["reduced"]:
        yield "The full model's:\n"
        yield from _table(("figure", "value"), _overall(card["full_model_test_part"]))
    if "examination" not in card:
        yield from _classes(card["test_part"])


def _behaviour(card: Card) -> Iterator[str]:
    """What the run's own model does wrong by skill; nothing where nobody asked it."""
    if "behaviour" not in card:
        return
    found = card["behaviour"]
    yield "## Behaviour of the run's model\n"
    yield "English sentences made for one skill each; see docs/training.md.\n"
    skills = (
        (skill["title"], f"{skill['failures']:.1%} of {skill['cases']:,}")
        for skill in found["skills"].values()
    )
    mean = ("mean of the skills", f"{found['mean_failures']:.1%}")
    yield from _table(("skill", "cases that fail"), [*skills, mean])


def _examination(card: Card) -> Iterator[tuple[str, Any]]:
    examined, baseline, versus = card["examination"], card["baseline"], card["comparison"]
    yield "rows from", examined["source"]
    yield "sha256 of the rows", examined["sha256"]
    known = examined["learned_from_known"]
    left_out = examined["left_out"]["candidate"] if known else "unknown, not checked"
    yield "rows left out, for the model learned from them", left_out
    yield from _overall(card["metrics"])
    always = f"always answering {baseline['label']}"
    yield f"accuracy of {always}", baseline["accuracy"]
    yield f"macro F1 of {always}", baseline["macro_f1"]
    if versus:
        low, high = versus["interval"]
        yield f"macro F1 of {versus['with']}, on {versus['rows']:,} rows", versus["rival_macro_f1"]
        yield (
            "difference of macro F1 (95 %)",
            f"{versus['difference']:+.4f} ({low:+.4f} to {high:+.4f})",
        )


def _overall(metrics: Card) -> Iterator[tuple[str, Any]]:
    low, high = metrics["macro_f1_interval"]
    yield "rows", metrics["rows"]
    yield "accuracy", metrics["accuracy"]
    yield "macro F1", metrics["macro_f1"]
    yield "macro F1 (95 %)", f"{low:.4f} to {high:.4f}"
    yield "calibration error", metrics["calibration_error"]


def _classes(metrics: Card) -> Iterator[str]:
    columns = ("precision", "recall", "f1")
    parts = sorted(metrics["per_class"].items(), key=lambda pair: pair[1]["f1"])
    worst = {name for name, _ in parts[:_MOST_CLASSES]}
    if len(worst) < len(parts):
        yield f"The {len(worst)} classes with the lowest F1, of {len(parts):,}; {MODEL_CARD.name} has all.\n"
    yield "| class | precision | recall | F1 | rows |\n| :-- | --: | --: | --: | --: |"
    for name, part in metrics["per_class"].items():
        if name in worst:
            shown = " | ".join(f"{part[column]:.4f}" for column in columns)
            yield f"| {_cell(name)} | {shown} | {part['rows']:,} |"
    yield ""


def _title(labels: Sequence[str]) -> str:
    """By the classes: of few by their names."""
    if len(labels) > _NAMED_IN_TITLE:
        return f"Classifier of texts, {len(labels):,} classes"
    return f"Classifier of texts: {markdown_text(listed(labels))}"


def _use(card: Card) -> Iterator[str]:
    names = markdown_text(listed(card["labels"], _MOST_NAMES))
    out = f"probabilities of {names} out, in the order of {LABELS_ASSET}.\n"
    if "caller" not in card:
        yield f"A raw text in, {out}"
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
        ("sha256 of the model's weights", card["weights_sha256"]),
        *([("graph", card["graph"])] if served else []),
        *([("signatures", ", ".join(card["signatures"]))] if served else []),
        ("size", f"{card['size_bytes'] / 1e6:.1f} MB"),
        *_vocabulary_told(card),
        ("checks passed", ", ".join(gate["checks"])),
        *_servers(gate),
        *_speed(gate),
        ("largest difference from the Keras model", f"{gate['largest_difference']:.1e}"),
        *((f"{name} version", number) for name, number in card["versions"].items()),
    ]


def _servers(gate: Card) -> Iterator[tuple[str, str]]:
    """Who loaded the version and was asked; of a SavedModel that nobody was asked, why not."""
    for server in gate["servers"]:
        asked = f"{server['texts']:,} texts over {listed(server['protocols'])}"
        yield "server", f"{server['name']} {server['version']}, asked {asked}"
    if gate["server_left_out"]:
        yield "server", f"none was asked: {gate['server_left_out']}"


def _speed(gate: Card) -> Iterator[tuple[str, str]]:
    """What a budget asked for, and what was measured for it."""
    if "speed" in gate:
        speed = Speed(**gate["speed"])
        yield "speed asked for", speed.allowed
        if speed.p50_s is not None:
            yield "one tweet, p50", speed.told_p50()


def _vocabulary_told(card: Card) -> Iterator[tuple[str, str]]:
    if "vocabulary" in card:
        words, checksum = card["vocabulary"]["words"], card["vocabulary"]["sha256"]
        yield "vocabulary", f"{words:,} words, sha256 {checksum}"


def _table(header: tuple[str, str], rows: Any) -> Iterator[str]:
    yield f"| {header[0]} | {header[1]} |\n| :-- | :-- |"
    for name, value in rows:
        shown = f"{value:.4f}" if isinstance(value, float) and value > 1e-3 else value
        yield f"| {_cell(name)} | {_cell(shown)} |"
    yield ""


def _cell(value: Any) -> str:
    """Names of labels and files are the user's: in a table they are text, whatever they look like."""
    return markdown_text(value, _LONGEST_CELL)

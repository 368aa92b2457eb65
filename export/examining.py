"""Ask versions the examination of their folder: a candidate beside the version that serves now, or all anew."""

import contextlib
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from export.errors import DamagedFileError, ExportError
from export.formats import format_of
from export.gate.answer_checks import ask_probabilities
from export.gate.figures import Figures, figures
from export.gate.quality import Answers, Verdict, judge, refuse
from export.gate.reasons import too_few
from export.graph.assets import read_lines
from export.run_record import LEARNED_FROM, read_hashes
from export.settings import SAVED_MODEL, Tolerances
from export.signatures import LABELS_ASSET
from export.start.shown import listed, shown
from export.text_hashes import text_hashes
from export.tokens.token_gate import ask_with_string_half
from export.versions.disk_errors import explained
from export.versions.examination import Examination, store
from export.versions.listing import MODEL_CARD, identity, list_versions, newest_version
from export.versions.publish import locked_base, make_folders

Array = np.ndarray[Any, Any]

CANDIDATE: Final = "the new version"


def answer(
    directory: Path,
    examination: Examination,
    learned_from: Array | None,
    *,
    name: str = CANDIDATE,
    answered: Array | None = None,
) -> Answers:
    """What a version answers to an examination.

    Args:
        directory: of the version.
        examination: what it is asked.
        learned_from: hashes of the texts that it learned from; None where that is unknown.
        name: for sentences.
        answered: its answers to just these texts, where it has given them already.

    Raises:
        ExportError: it knows other labels, cannot be loaded, or answers with what is no number.
    """
    labels = read_lines(directory / LABELS_ASSET)
    if set(labels) != set(examination.label_names):
        raise ExportError(
            f"a version must have the examination's labels, {listed(examination.label_names)}. "
            f"Received: {listed(labels) or 'none'}"
        )
    ask = ask_probabilities if format_of(directory) == SAVED_MODEL else ask_with_string_half
    found = ask(directory, examination.texts.tolist()) if answered is None else answered
    if not np.isfinite(found).all():
        raise ExportError(f"`{directory}` must answer with probabilities. Received: NaN among them")
    hashes = text_hashes(examination.texts)
    learned: Any = [] if learned_from is None else learned_from
    return Answers(
        name=name,
        probabilities=found[:, [labels.index(label) for label in examination.label_names]],
        learned=np.isin(hashes, learned),
        knows_learned=learned_from is not None,
    )


def examine(
    to: Path, candidate: Answers, examination: Examination, tolerances: Tolerances
) -> Verdict:
    """Compare a candidate's answers with those of the version that serves now.

    Raises:
        ExportError: the folder may not be read.
        GateError: no row remains that neither learned from.
    """
    newest = newest_version(to)
    labels, names = examination.labels, examination.label_names
    if newest is None:
        return judge(labels, names, candidate, None, tolerances)
    name = f"version {newest.number}"
    try:
        rival = answer(newest.path, examination, _learned_by(newest.path), name=name)
    except ExportError as error:
        # Not a free pass: what fails here may only be this machine, out of memory.
        alone = judge(labels, names, candidate, None, tolerances)
        sentence = f"{name}, which serves now, to answer the examination. Received: {error}"
        return dataclasses.replace(alone, refusals=(*alone.refusals, sentence))
    return judge(labels, names, candidate, rival, tolerances)


def set_examination(
    to: Path,
    examination: Examination,
    *,
    force: bool = False,
    tell: Callable[[str], object] = print,
) -> None:
    """Give a folder another examination, and judge every version in it anew.

    Args:
        to: the folder of versions; made where it is missing.
        examination: what versions are judged on from now on.
        force: take one with too few rows to tell anything.
        tell: is handed a line for each version, as soon as it has answered.

    Raises:
        GateError: too few rows; the folder is as it was.
        ExportError: the disk is full or the folder read-only; the folder is as it was.
    """
    if not force:
        refuse(too_few(examination.labels, examination.label_names))
    found: dict[str, Figures] = {}
    with contextlib.ExitStack() as undo:
        with explained(to):
            make_folders(to, undo)
        while True:
            for version in list_versions(to):
                export = identity(version.path)
                if export not in found:
                    found[export] = _figures(version.path, examination)
                    tell(f"Version {version.number}: {_shown(found[export])}")
            with explained(to), locked_base(to):
                # Published meanwhile: asked before the examination is set, for then all can be compared.
                if {identity(version.path) for version in list_versions(to)} <= set(found):
                    store(to, examination, found)
                    return


def _figures(version: Path, examination: Examination) -> Figures:
    """Its figures on the rows that it did not learn from, or `{"problem": why there are none}`."""
    try:
        answers = answer(version, examination, _learned_by(version))
    except ExportError as error:
        return {"problem": f"not examined: {error}"}
    own = ~answers.learned
    if not own.any():
        return {"problem": "not examined: it learned from every row"}
    return figures(examination.labels[own], answers.probabilities[own], examination.label_names)


def _learned_by(version: Path) -> Array | None:
    """What a published version learned from; None where that is unknown, or no longer to be read."""
    with contextlib.suppress(OSError, DamagedFileError):
        return read_hashes(version / MODEL_CARD.with_name(LEARNED_FROM))
    return None


def _shown(found: Figures) -> str:
    if "problem" in found:
        return shown(str(found["problem"]))
    return f"{found['rows']:,} rows, accuracy {found['accuracy']:.4f}, macro F1 {found['macro_f1']:.4f}"

"""Trained model in, version out: write, warm up, pass the gate; and publish where it is not worse."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from export.examining import answer, examine
from export.formats import require
from export.gate.gate import GateReport, pass_gate
from export.gate.quality import TestSplit, refuse
from export.graph.assets import read_lines
from export.graph.saved_model import write_saved_model
from export.graph.warmup import write_warmup
from export.run_record import RunRecord
from export.settings import Artefact, Tolerances
from export.signatures import LABELS_ASSET
from export.tokens.token_file import token_steps, write_token_artefact
from export.tokens.token_gate import pass_token_gate
from export.versions.disk_errors import explained
from export.versions.examination import (
    Examination,
    read_examination,
    refuse_missing,
    refuse_other_labels,
)
from export.versions.model_card import write_model_card
from export.versions.publish import Stage, check_can_publish, front_of, staged_version
from export.versions.staged_folder import staged_folder

Array = np.ndarray[Any, Any]


def write_version(
    model: Any,
    directory: Path,
    *,
    split: TestSplit,
    run: RunRecord,
    artefact: Artefact | None = None,
    tolerances: Tolerances | None = None,
) -> GateReport:
    """Write `model` as a version that nobody is answered by, and pass every check but `quality`.

    Args:
        model: a trained string model; see `export.graph.saved_model.ServingModule`.
        directory: where; a folder that is empty or not there, in one that is there. It is filled in
            one step: a process that dies leaves nothing in it.
        split: the test part of the run, to compare answers and figures on.
        run: what trained the model, for the card.
        artefact: what to write; `Artefact()`, a SavedModel, by default.
        tolerances: how much may differ; by default what suits the artefact.

    Raises:
        ExportError: the version could not be written, or there is something in `directory`.
        GateError: a check failed; nothing was written.
    """
    artefact = artefact or Artefact()
    allowed = tolerances or artefact.tolerances
    require(artefact)
    with staged_folder(directory) as content:
        with explained(directory):
            _write(model, content, artefact)
        report = _checked(model, content, split, artefact, allowed)
        with explained(directory):
            write_model_card(content, run, report, artefact, caller=_caller(model, artefact))
    return report


def export_model(
    model: Any,
    to: Path,
    *,
    split: TestSplit,
    run: RunRecord,
    artefact: Artefact | None = None,
    tolerances: Tolerances | None = None,
    force: bool = False,
) -> tuple[Path, GateReport]:
    """Publish `model` as the next version under `to`, if it stands the examination of that folder.

    Args:
        model: a trained string model; see `export.graph.saved_model.ServingModule`.
        to: folder that holds the numbered versions, all of one format; made if it is not there.
        split: the test part of the run, to compare answers on; the examination of a folder that has
            neither one nor versions.
        run: what trained the model, for the card.
        artefact: what to write; `Artefact()`, a SavedModel, by default.
        tolerances: how much may differ; by default what suits the artefact.
        force: publish in spite of the quality check, and of that alone.

    Returns:
        The version's directory, such as `models/tweet_sentiment/3`, and what the gate found.

    Raises:
        ExportError: the version could not be written; the folder is as it was.
        GateError: a check failed; the folder is as it was.
    """
    artefact = artefact or Artefact()
    allowed = tolerances or artefact.tolerances
    require(artefact)
    check_can_publish(to, artefact.file_format)
    with staged_version(to) as stage:
        with explained(to):
            _write(model, stage.path, artefact)
        known = read_examination(to)
        report = _checked(model, stage.path, split, artefact, allowed, further=known)
        publication = _Publication(stage, split, run, artefact, allowed, force, report)
        if known is not None:
            publication.answered[known.sha256] = report.answers[len(split.labels) :]
        while stage.published is None:
            # Once more where another version, or another examination, came meanwhile.
            report = publication.attempt(_caller(model, artefact))
    return stage.published, report


@dataclasses.dataclass(eq=False)
class _Publication:
    """A version on its way into its folder; the first attributes are `export_model`'s arguments.

    Attributes:
        report: what the gate found before the examination.
        answered: what the version has answered to an examination already, by its checksum.
    """

    stage: Stage
    split: TestSplit
    run: RunRecord
    artefact: Artefact
    tolerances: Tolerances
    force: bool
    report: GateReport
    answered: dict[str, Array] = dataclasses.field(default_factory=dict)

    def attempt(self, caller: Sequence[str]) -> GateReport:
        """Judge by what the folder holds now, and publish if it still holds that afterwards.

        Raises:
            ExportError: it cannot be published here.
            GateError: the quality check failed, by what the folder still holds.
        """
        began_at = perf_counter()
        base = self.stage.base
        front = front_of(base)
        examination = read_examination(base)
        asked = examination or self._first_examination()
        refuse_other_labels(base, asked.label_names, self._labels())
        path, answered = self.stage.path, self.answered.get(asked.sha256)
        candidate = answer(path, asked, self.run.learned_from, answered=answered)
        verdict = examine(base, candidate, asked, self.tolerances)
        if verdict.refusals and not self.force and front == front_of(base):
            refuse(verdict.refusals)
        report = self.report.examined(verdict, perf_counter() - began_at)
        with explained(base):
            write_model_card(
                path, self.run, report, self.artefact, examination=asked, caller=caller
            )
        if not verdict.refusals or self.force:
            self.stage.publish(front, None if examination else asked)
        return report

    def _first_examination(self) -> Examination:
        """The run's test part, for a folder without versions."""
        refuse_missing(self.stage.base, None)
        first = Examination(
            texts=np.asarray(self.split.texts, dtype=object),
            labels=np.asarray(self.split.labels, dtype=np.int64),
            label_names=tuple(self._labels()),
            source=f"test part of run {self.run.name} ({self.run.data_name})",
        )
        self.answered[first.sha256] = self.report.answers[: len(first.labels)]
        return first

    def _labels(self) -> list[str]:
        return read_lines(self.stage.path / LABELS_ASSET)


def _write(model: Any, directory: Path, artefact: Artefact) -> None:
    """Everything but the card, into an empty folder."""
    if artefact.takes_text:
        write_saved_model(model, directory, artefact.graph, artefact.weights)
        write_warmup(directory)
    else:
        write_token_artefact(model, directory, artefact.file_format, artefact.weights)


def _checked(
    model: Any,
    directory: Path,
    split: TestSplit,
    artefact: Artefact,
    tolerances: Tolerances,
    *,
    further: Examination | None = None,
) -> GateReport:
    """Every check but `quality`; an examination is asked along the way, for a process takes seconds to start."""
    gate = pass_gate if artefact.takes_text else pass_token_gate
    texts = further.texts.tolist() if further else ()
    return gate(directory, model, split, tolerances=tolerances, further=texts)


def _caller(model: Any, artefact: Artefact) -> Sequence[str]:
    """What a caller must do to a text."""
    return () if artefact.takes_text else token_steps(model)

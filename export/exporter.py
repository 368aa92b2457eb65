"""Trained model in, version out: write, warm up, pass the gate; and publish where it is not worse.

export_model(model, to, ...)                          write and publish
export_model(model, to, labels=..., split=...)        the same of anybody's Keras model
write_version(model, directory, ...)                  write, for nobody to be answered by
publish_written(directory, to, report=..., ...)       publish what was written there, without a second gate
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar, cast

import numpy as np

from export.brought.brought_model import BroughtModel, bring
from export.brought.reading import read_model
from export.budget import Budget
from export.errors import UnfitModelError, UnknownArtefactError
from export.examining import answer, examine
from export.formats import require
from export.gate.gate import GateReport, pass_gate
from export.gate.quality import TestSplit, refuse
from export.graph.assets import read_lines
from export.graph.saved_model import write_saved_model
from export.graph.serving_graph import can_explain
from export.graph.warmup import write_warmup
from export.remote.folder import RemoteStage, folder_at
from export.run_record import LEARNED_FROM, RunRecord, weights_sha256, write_hashes
from export.settings import GRAPHS, Artefact, Tolerances
from export.signatures import LABELS_ASSET
from export.start.store_url import StoreUrl
from export.tokens.token_file import token_steps, write_token_artefact
from export.tokens.token_gate import pass_token_gate
from export.versions.disk import copy_tree
from export.versions.disk_errors import explained
from export.versions.examination import (
    Examination,
    read_examination,
    refuse_missing,
    refuse_other_labels,
)
from export.versions.listing import MODEL_CARD
from export.versions.model_card import Source, write_model_card
from export.versions.publish import Stage, front_of
from export.versions.staged_folder import staged_folder

Array = np.ndarray[Any, Any]
Place = TypeVar("Place", bound=Path | StoreUrl)


def write_version(
    model: Any,
    directory: Path,
    *,
    split: TestSplit,
    run: RunRecord,
    artefact: Artefact | None = None,
    tolerances: Tolerances | None = None,
    asked: Examination | None = None,
    servers: Sequence[str] = (),
    budget: Budget | None = None,
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
        asked: an examination to answer along the way, for `publish_written`.
        servers: whom the gate asks, see `export.served.servers`; by default the best one that is here.
        budget: what one tweet and the files of a SavedModel may cost; nothing is measured by default.

    Raises:
        ExportError: the version could not be written, or there is something in `directory`.
        GateError: a check failed; nothing was written.
    """
    artefact = artefact or Artefact()
    allowed = tolerances or artefact.tolerances
    _require(artefact, budget)
    with staged_folder(directory) as content:
        with explained(directory):
            _write(model, content, artefact, run)
        report = _checked(
            model, content, split, artefact, allowed, further=asked, servers=servers, budget=budget
        )
        with explained(directory):
            write_model_card(content, run, report, artefact, _source(model, artefact))
    return report


def publish_written(
    directory: Path,
    model: Any,
    to: Place,
    *,
    report: GateReport,
    split: TestSplit,
    run: RunRecord,
    asked: Examination | None = None,
    artefact: Artefact | None = None,
    tolerances: Tolerances | None = None,
    force: bool = False,
) -> tuple[Place, GateReport]:
    """Publish what `write_version` wrote, if it stands the examination of the folder `to`.

    The files are copied, each copy is compared with what it was made of, and only the quality check is left.

    Args:
        directory: where `write_version` has written.
        model: what it has written.
        to: as of `export_model`.
        report: what it returned.
        split: as it was given.
        run: as it was given.
        asked: as it was given; another one that the folder has now is asked anew.
        artefact: as it was given.
        tolerances: how much may differ; by default what suits the artefact.
        force: as of `export_model`.

    Returns:
        As `export_model`.

    Raises:
        ExportError: the version could not be written; the folder is as it was.
        GateError: the quality check failed; the folder is as it was.
    """
    artefact = artefact or Artefact()
    allowed = tolerances or artefact.tolerances
    with folder_at(to) as folder:
        folder.check_can_publish(artefact.file_format)
        with folder.staged_version() as stage:
            with explained(folder.base):
                copy_tree(directory, stage.path)
            source = _source(model, artefact)
            publication = _Publication(stage, split, run, artefact, allowed, force, report, source)
            return cast("tuple[Place, GateReport]", publication.end(asked))


def export_model(
    model: Any,
    to: Place,
    *,
    split: TestSplit,
    run: RunRecord | None = None,
    labels: Sequence[str] | None = None,
    output: str | None = None,
    artefact: Artefact | None = None,
    tolerances: Tolerances | None = None,
    force: bool = False,
    servers: Sequence[str] = (),
    budget: Budget | None = None,
) -> tuple[Place, GateReport]:
    """Publish `model` as the next version under `to`, if it stands the examination of that folder.

    Args:
        model: a trained string model; see `export.graph.saved_model.ServingModule`. With `labels` anybody's
            Keras text model, or the path of its file; its recurrent layers are told not to use cuDNN, so whoever
            wants to train on loads it anew.
        to: folder that holds the numbered versions, all of one format; made if it is not there. A
            `StoreUrl("s3://bucket/models/x")` is one in a store.
        split: the test part of the run, to compare answers on; the examination of a folder that has
            neither one nor versions.
        run: what trained the model, for the card; of a model that was brought nothing is known by default.
        labels: class names of a model that this project did not train, in the order of its answers; None
            for one that brings them.
        output: of such a model, what its last numbers are, one of `export.settings.HEADS`; found out by default.
        artefact: what to write; `Artefact()`, a SavedModel, by default.
        tolerances: how much may differ; by default what suits the artefact.
        force: publish in spite of the quality check, and of that alone.
        servers: as of `write_version`.
        budget: likewise.

    Returns:
        The version's directory or URL, such as `models/tweet_sentiment/3`, and what the gate found.

    Raises:
        UnfitModelError: it is no model that can be served by this contract.
        ExportError: the version could not be written; the folder is as it was.
        GateError: a check failed; the folder is as it was.
    """
    artefact = artefact or Artefact()
    allowed = tolerances or artefact.tolerances
    _require(artefact, budget)
    with folder_at(to) as folder:
        folder.check_can_publish(artefact.file_format)
        if labels is not None:
            model = _brought(model, labels, split, artefact, tolerances=allowed, output=output)
        run = run or RunRecord(name="unknown", config={}, data={}, results={})
        with folder.staged_version() as stage:
            with explained(folder.base):
                _write(model, stage.path, artefact, run)
            known = read_examination(folder.base)
            report = _checked(
                model,
                stage.path,
                split,
                artefact,
                allowed,
                further=known,
                servers=servers,
                budget=budget,
            )
            source = _source(model, artefact)
            publication = _Publication(stage, split, run, artefact, allowed, force, report, source)
            return cast("tuple[Place, GateReport]", publication.end(known))


@dataclasses.dataclass(eq=False)
class _Publication:
    """A version on its way into its folder; the first attributes are `export_model`'s arguments.

    Attributes:
        report: what the gate found before the examination.
        source: what the card tells of the model.
        answered: what the version has answered to an examination already, by its checksum.
    """

    stage: Stage | RemoteStage
    split: TestSplit
    run: RunRecord
    artefact: Artefact
    tolerances: Tolerances
    force: bool
    report: GateReport
    source: Source
    answered: dict[str, Array] = dataclasses.field(default_factory=dict)

    def end(self, asked: Examination | None) -> tuple[Path | StoreUrl, GateReport]:
        """Publish; `asked` is the examination that the gate has put already, behind the run's test part.

        Raises:
            ExportError, GateError: as `attempt`.
        """
        if asked is not None:
            self.answered[asked.sha256] = self.report.answers[len(self.split.labels) :]
        while True:
            # Once more where another version, or another examination, came meanwhile.
            report = self.attempt()
            if self.stage.published is not None:
                return self.stage.published, report

    def attempt(self) -> GateReport:
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
            write_model_card(path, self.run, report, self.artefact, self.source, examination=asked)
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


def _brought(
    model: Any,
    labels: Sequence[str],
    split: TestSplit,
    artefact: Artefact,
    *,
    tolerances: Tolerances,
    output: str | None,
) -> BroughtModel:
    """Somebody's model, looked at before anything is written."""
    graphs = (GRAPHS[0], GRAPHS[-1])
    if not artefact.takes_text or artefact.is_reduced or artefact.graph not in graphs:
        raise UnfitModelError(
            f"a model that was brought is written as a SavedModel of float32 by the graph {' or '.join(graphs)}. "
            f"Received: format={artefact.file_format!r}, weights={artefact.weights!r}, graph={artefact.graph!r}"
        )
    if isinstance(model, (str, Path)):
        model = read_model(Path(model))
    texts, tolerance = split.texts.tolist(), tolerances.probability
    fast = artefact.graph == GRAPHS[0]
    return bring(model, labels=labels, texts=texts, output=output, tolerance=tolerance, fast=fast)


def _require(artefact: Artefact, budget: Budget | None) -> None:
    require(artefact)
    if budget is not None and not artefact.takes_text:
        raise UnknownArtefactError(
            f"`budget` needs a SavedModel, which alone is timed. Received: format={artefact.file_format!r}"
        )


def _write(model: Any, directory: Path, artefact: Artefact, run: RunRecord) -> None:
    """Everything but the card, into an empty folder."""
    if artefact.takes_text:
        write_saved_model(model, directory, artefact.graph, artefact.weights)
        write_warmup(directory, artefact.warmup_batches, explains=can_explain(model))
    else:
        write_token_artefact(model, directory, artefact.file_format, artefact.weights)
    if run.learned_from is not None:
        hashes = directory / MODEL_CARD.with_name(LEARNED_FROM)
        hashes.parent.mkdir(exist_ok=True)
        write_hashes(hashes, run.learned_from)


def _checked(
    model: Any,
    directory: Path,
    split: TestSplit,
    artefact: Artefact,
    tolerances: Tolerances,
    *,
    further: Examination | None = None,
    servers: Sequence[str] = (),
    budget: Budget | None = None,
) -> GateReport:
    """Every check but `quality`; an examination is asked along the way, for a process takes seconds to start."""
    texts = further.texts.tolist() if further else ()
    if not artefact.takes_text:  # a server loads SavedModels alone
        return pass_token_gate(directory, model, split, tolerances=tolerances, further=texts)
    return pass_gate(
        directory,
        model,
        split,
        tolerances=tolerances,
        further=texts,
        servers=servers,
        budget=budget,
    )


def _source(model: Any, artefact: Artefact) -> Source:
    """What the card tells of the model: its weights, and what a caller must do to a text."""
    caller = () if artefact.takes_text else tuple(token_steps(model))
    brought = model.told() if isinstance(model, BroughtModel) else {}
    return Source(weights_sha256(model), caller, brought)

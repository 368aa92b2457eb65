"""Trained model in, published version out: stage, write, warm up, pass the gate, publish in one step."""

from pathlib import Path
from typing import Any

from export.formats import require
from export.gate.gate import GateReport, pass_gate
from export.gate.quality import TestSplit
from export.graph.saved_model import write_saved_model
from export.graph.warmup import write_warmup
from export.run_record import RunRecord
from export.settings import Artefact, Tolerances
from export.tokens.token_file import token_steps, write_token_artefact
from export.tokens.token_gate import pass_token_gate
from export.versions.listing import list_versions, refuse_other_format
from export.versions.model_card import write_model_card
from export.versions.publish import staged_version


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
    """Publish `model` as the next version under `to`.

    Args:
        model: a trained string model; see `export.graph.saved_model.ServingModule`.
        to: folder that holds the numbered versions, all of one format; made if it is not there.
        split: the test part of the run, to compare answers and figures on.
        run: what trained the model, for the card.
        artefact: what to write; `Artefact()`, a SavedModel, by default.
        tolerances: how much may differ; by default what suits the artefact.
        force: publish even if it is worse than the version published now.

    Returns:
        The version's directory, such as `models/tweet_sentiment/3`, and what the gate found.

    Raises:
        ExportError: the version could not be written; the folder is as it was.
        GateError: a check failed; the folder is as it was.
    """
    artefact = artefact or Artefact()
    require(artefact)
    refuse_other_format(to, artefact.file_format)
    with staged_version(to) as stage:
        _write(model, stage.path, artefact)
        newest = next(iter(list_versions(to)), None)
        gate = pass_gate if artefact.takes_text else pass_token_gate
        report = gate(
            stage.path,
            model,
            split,
            published=newest.path if newest else None,
            tolerances=tolerances or artefact.tolerances,
            force=force,
        )
        caller = () if artefact.takes_text else token_steps(model)
        write_model_card(stage.path, run, report, artefact, caller)
    return stage.published, report


def _write(model: Any, directory: Path, artefact: Artefact) -> None:
    if artefact.takes_text:
        write_saved_model(model, directory, artefact.graph, artefact.weights)
        write_warmup(directory)
    else:
        write_token_artefact(model, directory, artefact.file_format, artefact.weights)

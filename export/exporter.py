"""Trained model in, published version out: stage, write, warm up, pass the gate, publish in one step."""

from pathlib import Path
from typing import Any

from export.gate import GateReport, pass_gate
from export.model_card import write_model_card
from export.publish import staged_version
from export.quality import TestSplit
from export.run_record import RunRecord
from export.saved_model import write_saved_model
from export.settings import GRAPHS, Tolerances
from export.versions import list_versions
from export.warmup import write_warmup


def export_model(
    model: Any,
    to: Path,
    *,
    split: TestSplit,
    run: RunRecord,
    graph: str = GRAPHS[0],
    tolerances: Tolerances | None = None,
    force: bool = False,
) -> tuple[Path, GateReport]:
    """Publish `model` as the next version under `to`.

    Args:
        model: a trained string model; see `export.saved_model.ServingModule`.
        to: folder that holds the numbered versions; made if it is not there.
        split: the test part of the run, to compare answers and figures on.
        run: what trained the model, for the card.
        graph: how the classifier is computed, one of `export.settings.GRAPHS`.
        tolerances: how much may differ; `Tolerances()` by default.
        force: publish even if it is worse than the version published now.

    Returns:
        The version's directory, such as `models/tweet_sentiment/3`, and what the gate found.

    Raises:
        ExportError: the version could not be written; the folder is as it was.
        GateError: a check failed; the folder is as it was.
    """
    with staged_version(to) as stage:
        write_saved_model(model, stage.path, graph)
        write_warmup(stage.path)
        newest = next(iter(list_versions(to)), None)
        report = pass_gate(
            stage.path,
            model,
            split,
            published=newest.path if newest else None,
            tolerances=tolerances,
            force=force,
        )
        write_model_card(stage.path, run, report, graph)
    return stage.published, report

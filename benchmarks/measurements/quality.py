"""How right the answers are, on the notebook's test part."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.fast_text import FastText
from benchmarks.peers.static_vectors import Model2Vec
from benchmarks.peers.tfidf import Tfidf
from benchmarks.shared.bench import HOW_TO_INSTALL, Bench
from benchmarks.shared.results import (
    FASTTEXT,
    MODEL2VEC,
    NOTEBOOK,
    PRODUCT,
    SCORE,
    TFIDF,
    Row,
    Section,
)
from keras_pipeline.data_source import sha256_of
from keras_pipeline.labels import SENTIMENTS
from keras_pipeline.report.evaluation import compute_metrics
from keras_pipeline.run_folder import RunFolder

FIGURES = ("accuracy", "macro F1", *(f"F1 of {label}" for label in SENTIMENTS), "calibration error")

Metrics = dict[str, Any]


def measure(bench: Bench) -> Section:
    """Mean and standard deviation of every figure, over the seeds."""
    found = {
        PRODUCT: _trained(bench, PRODUCT) if bench.run is None else _saved(bench.run),
        NOTEBOOK: _trained(bench, NOTEBOOK),
        TFIDF: _judged(bench, [bench.tfidf]),
        FASTTEXT: _judged(bench, [bench.fast_text(seed) for seed in bench.plan.seeds]),
        MODEL2VEC: _judged(bench, [bench.model2vec]),
    }
    rows = [_row(figure, who, metrics) for figure in FIGURES for who, metrics in found.items()]
    return Section(
        name="quality",
        title="Quality",
        rows=rows,
        baseline=NOTEBOOK,
        notes=[
            (
                f"Test part: {len(bench.test_rows):,} rows, 20 %, stratified, random_state 42, as the "
                "notebook cut it. Mean and standard deviation of the seeds; a seed governs weights, "
                "dropout, batches and the validation part."
            ),
            (
                "The notebook watched its test part to stop early. Here its network watches the same "
                "validation part as this project's, and learns from the same rows."
            ),
            (
                "TF-IDF, fastText and model2vec need no validation part and learn from its rows, too. TF-IDF and "
                "model2vec give the same model each time."
            ),
            *_about_run(bench),
        ],
    )


def _trained(bench: Bench, who: str) -> list[Metrics]:
    return [bench.training(who, seed).test for seed in bench.plan.seeds]


def _saved(run: Path) -> list[Metrics]:
    return [json.loads(RunFolder(run).metrics.read_text())["test"]]


def _about_run(bench: Bench) -> list[str]:
    """What to know of a model that was trained before."""
    if bench.run is None:
        return []
    saved = json.loads((bench.run / "data.json").read_text())
    path = Path(saved["path"])
    same = path.is_file() and sha256_of(path) == sha256_of(bench.source.path)
    ending = "same table." if same else "**other table: the rows above do not compare.**"
    return [f"This project's figures are those that `--run` saved, of one seed and the {ending}"]


def _judged(bench: Bench, peers: Sequence[Tfidf | FastText | Model2Vec | None]) -> list[Metrics]:
    """Figures of the test part of those that are installed."""
    labels, texts = bench.tweets.labels[bench.test_rows], bench.speed_texts
    return [
        compute_metrics(labels, peer.predict(texts), SENTIMENTS)
        for peer in peers
        if peer is not None
    ]


def _row(figure: str, who: str, metrics: Sequence[Metrics]) -> Row:
    if not metrics:
        return Row.missing(figure, who, SCORE, HOW_TO_INSTALL[who])
    return Row.mean(figure, who, [figure_of(each, figure) for each in metrics], SCORE)


def figure_of(metrics: Metrics, figure: str) -> float:
    """One of `FIGURES` from what `compute_metrics` gives."""
    if figure.startswith("F1 of "):
        return float(metrics["per_class"][figure.removeprefix("F1 of ")]["f1"])
    return float(metrics[figure.lower().replace(" ", "_")])

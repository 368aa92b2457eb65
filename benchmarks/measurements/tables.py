"""Public tables of 2 to 20 classes and of eight languages, by their official measures, beside the peers."""

import json
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from benchmarks.peers import fast_text, static_vectors
from benchmarks.public import peers
from benchmarks.public.tables import (
    MEAN_OF_TEN,
    TWEETEVAL,
    PublicTable,
    Scores,
    find_tables,
    with_means,
)
from benchmarks.public.training import RESULTS
from benchmarks.shared.bench import HOW_TO_INSTALL, Bench, say
from benchmarks.shared.processes import BenchError, run_module
from benchmarks.shared.results import FASTTEXT, MODEL2VEC, PERCENT, PRODUCT, TFIDF, Row, Section

AHEAD: Final = "tables ahead of both"

Seeds = dict[str, list[float]]
"""Percent of each seed, by the name of a table and by `umsab LANGUAGE`."""

_NOTES: Final = (
    (
        "Percent, of the official validation files: macro F1; irony: F1 of `irony`; stance: mean of the F1 of "
        "`against` and `favor`; UMSAB: macro F1 of each language and their mean, one model for all. Mean and "
        "standard deviation of the seeds."
    ),
    (
        "This project trains with its default settings on the official training files; the rows that early "
        "stopping watches come out of those. The peers need none and learn from all of them; a seed "
        "changes TF-IDF not at all and fastText hardly: one is told. The peers' settings were chosen on the files that are told here."
    ),
)


def measure(bench: Bench) -> Section:
    """Mean and standard deviation of every table, over the seeds."""
    if bench.tables is None:
        raise BenchError("public tables are measured where --tables says where they are.")
    tables = find_tables(bench.tables)
    found = {
        PRODUCT: _ours(bench, bench.tables),
        TFIDF: _collected([_told(peers.tfidf, table) for table in tables]),
        FASTTEXT: _fast_text(bench, tables),
        MODEL2VEC: _model2vec(tables),
    }
    return section_of(found)


def section_of(found: dict[str, Seeds]) -> Section:
    """The table: rows of those that were measured, and how many of the ten are ahead of TF-IDF and fastText.

    Args:
        found: by whom; nothing of a peer that is not installed.
    """
    told = {who: _with_means(seeds) for who, seeds in found.items()}
    rows = [
        Row.mean(what, who, told[who][what], PERCENT)
        if what in told[who]
        else Row.missing(what, who, PERCENT, HOW_TO_INSTALL[who])
        for what in told[PRODUCT]
        for who in told
    ]
    return Section(
        name="tables",
        title="Public tables",
        rows=[*rows, _ahead(told)],
        wide=True,
        notes=[
            *_NOTES,
            *(f"{who}: {how}" for who, how in HOW_TO_INSTALL.items() if not found.get(who, True)),
        ],
    )


def _ahead(told: dict[str, Seeds]) -> Row:
    """Of the ten tables, those whose mean is above that of both peers whose settings were chosen for them."""
    told = {who: told[who] for who in (PRODUCT, TFIDF, FASTTEXT)}
    if not all(MEAN_OF_TEN in seeds for seeds in told.values()):
        return Row.missing(AHEAD, PRODUCT, "tables", "not all were measured")
    means = {
        who: [statistics.fmean(seeds[name]) for name in TWEETEVAL] for who, seeds in told.items()
    }
    ours = means.pop(PRODUCT)
    best_of_others = map(max, zip(*means.values(), strict=True))
    ahead = sum(own > best for own, best in zip(ours, best_of_others, strict=True))
    return Row(what=AHEAD, who=PRODUCT, value=ahead, unit="tables")


def _ours(bench: Bench, tables: Path) -> Seeds:
    """This project's, trained table by table in one process of its own."""
    say(f"training {PRODUCT} on public tables")
    plan, folder = bench.plan, bench.folder / "tables"
    command = ["benchmarks.public.training", f"--tables={tables.resolve()}"]
    options = [f"--seeds={len(plan.seeds)}", f"--output={folder}"]
    options += [] if plan.epochs is None else [f"--epochs={plan.epochs}"]
    options += [] if plan.rows is None else [f"--rows={plan.rows}"]
    run_module([*command, *options], folder.with_suffix(".log"))
    return json.loads((folder / RESULTS).read_text())


def _fast_text(bench: Bench, tables: Sequence[PublicTable]) -> Seeds:
    if not fast_text.is_installed():
        return {}
    return _collected([_told(peers.fast_text, table, bench.plan.seeds[0]) for table in tables])


def _model2vec(tables: Sequence[PublicTable]) -> Seeds:
    if not static_vectors.is_installed():
        return {}
    return _collected([_told(peers.model2vec, table) for table in tables])


def _told(peer: Callable[..., Scores], table: PublicTable, *seed: int) -> Scores:
    say(f"training {peer.__name__} on {table.name}")
    return peer(table, *seed)


def _collected(scores: Sequence[Scores]) -> Seeds:
    """Percent of each table, in the order of the seeds."""
    seeds: Seeds = {}
    for name, score in (pair for each in scores for pair in each.items()):
        seeds.setdefault(name, []).append(score)
    return seeds


def _with_means(seeds: Seeds) -> Seeds:
    """The same with the means of several tables, seed by seed."""
    count = min(map(len, seeds.values()), default=0)
    each = ({name: scores[seed] for name, scores in seeds.items()} for seed in range(count))
    return _collected([with_means(scores) for scores in each])

"""Everyone who answers raw tweets in this process, by name, ready to be timed."""

from functools import cache

from benchmarks.peers.fast_text import NOT_INSTALLED
from benchmarks.shared.bench import Bench, signature_call
from benchmarks.shared.names import (
    COMPILED,
    FASTTEXT,
    NOTEBOOK,
    PLAIN_EXPORT,
    PRODUCT,
    TFIDF,
)
from benchmarks.shared.results import Row, missing_row
from benchmarks.shared.turns import Call


@cache
def contenders(bench: Bench) -> dict[str, Call]:
    """Name to a function of raw tweets; fastText is left out where it is not installed."""
    fast_text = bench.fast_text(bench.plan.seeds[0])
    calls: dict[str, Call] = {
        PRODUCT: signature_call(bench.product_export),
        PLAIN_EXPORT: signature_call(bench.plain_export),
        NOTEBOOK: bench.notebook.predict,
        COMPILED: bench.notebook.predict_compiled,
        TFIDF: bench.tfidf.predict,
    }
    return calls if fast_text is None else {**calls, FASTTEXT: fast_text.predict}


def missing_contenders(calls: dict[str, Call], what: str, unit: str) -> list[Row]:
    """A row that says so where fastText is not installed."""
    return [] if FASTTEXT in calls else [missing_row(what, FASTTEXT, unit, NOT_INSTALLED)]

"""Batches of raw tweets, answered in this process, beside the least time that arithmetic allows."""

from statistics import median
from typing import Final

import tensorflow as tf

from benchmarks.shared.bench import Bench, missing_contenders, say
from benchmarks.shared.floor import MachineRates, Work, count_work, measure_rates
from benchmarks.shared.results import ARITHMETIC, NOTEBOOK, PRODUCT, Row, Section
from benchmarks.shared.turns import take_turns
from benchmarks.shared.workload import batches_of
from export.errors import ExportError
from export.graph.classifier_weights import ClassifierWeights

BATCH_SIZES: Final = (32, 256, 2048)


def measure(bench: Bench) -> Section:
    """Tweets a second at each batch size."""
    rates = measure_rates()
    rows: list[Row] = []
    for size in BATCH_SIZES:
        say(f"throughput: batches of {size:,}")
        rows += _batch_rows(bench, size, rates)
    return Section(
        name="throughput",
        title="Batches in process",
        rows=rows,
        baseline=NOTEBOOK,
        notes=(
            (
                "Raw tweets of the test part in, NumPy probabilities out; contenders in turns, one batch "
                "a turn. Spread: quartiles of the turns."
            ),
            (
                f"Arithmetic floor: the BiLSTM's and dense layers' operations at {rates.flops / 1e9:,.0f} "
                "Gflop/s, the best of TensorFlow's float32 matrix products here (1,024 squared), or "
                f"their bytes (each weight once, each word's vector once) at {rates.bytes / 1e9:,.1f} "
                "GB/s, the best of a large copy, whichever takes longer. A word that a batch repeats is "
                "counted once in the input's half of the gates, as the exported graph computes it."
            ),
        ),
    )


def _batch_rows(bench: Bench, size: int, rates: MachineRates) -> list[Row]:
    what = f"batch of {size:,}"
    calls = bench.contenders
    batches = batches_of(bench.speed_texts, size, max(4, 256 // size))
    times = take_turns(calls, batches, bench.plan)
    rows = [Row.rate(what, who, seconds, "tweets/s", size) for who, seconds in times.items()]
    rows += missing_contenders(calls, what, "tweets/s")
    try:
        weights = ClassifierWeights(bench.model.classifier)
    except ExportError as error:
        return [*rows, Row.missing(what, ARITHMETIC, "tweets/s", str(error))]
    work = [count_work(weights, bench.model.token_ids(tf.constant(batch))) for batch in batches]
    return rows + _floor_rows(what, size, work, rates, times[PRODUCT])


def _floor_rows(
    what: str, size: int, work: list[Work], rates: MachineRates, seconds: list[float]
) -> list[Row]:
    """The floor as a rate, and the share of it that this project reaches."""
    floors = [each.least_seconds(rates) for each in work]
    floor_s = median(floors)
    operations = sum(each.flops for each in work) / len(work)
    moved = sum(each.bytes for each in work) / len(work)
    bound = "operations" if operations / rates.flops >= moved / rates.bytes else "bytes"
    note = f"{operations / 1e6:,.0f} Mflop, {moved / 1e6:,.1f} MB a batch; bound by {bound}"
    return [
        Row.rate(what, ARITHMETIC, floors, "tweets/s", size, note=note),
        Row.median(
            f"{what}, share of the floor",
            PRODUCT,
            [floor_s / each for each in seconds],
            "of the floor",
        ),
    ]

"""What more rows, longer tweets and larger batches cost."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.shared.bench import Bench, say, signature_call
from benchmarks.shared.processes import Finished, run_module
from benchmarks.shared.results import PRODUCT, Row, Section
from benchmarks.shared.turns import Call, take_turns
from benchmarks.shared.workload import batches_of, texts_of_length, write_many_rows
from keras_pipeline.labels import SENTIMENTS

WORDS: Final = (1, 5, 10, 20, 40, 400)
BATCH_SIZES: Final = (1, 4, 16, 32, 64, 256, 1024, 4096)
LENGTH_BATCHES: Final = (1, 256)

GROWTH_OF_TIME: Final = "time of a further row, largest over smallest"

SMALL_NETWORK: Final = (
    "--epochs=1",
    "--embedding-dim=8",
    "--lstm-units=4",
    "--batch-size=4096",
)
"""The rows are what grows: a full network's epoch over 1.6 million rows would take an hour."""


def measure(bench: Bench) -> Section:
    """Training by rows, answers by words and by rows."""
    return Section(
        name="growth",
        title="Growth",
        rows=[*_training_rows(bench), *_answer_rows(bench)],
        notes=(
            (
                "Training: `python -m keras_pipeline.train` on that many real tweets, each with three words "
                "of its own so that none is dropped as a twin; one epoch of a small network "
                f"(`{' '.join(SMALL_NETWORK)}`), whole command, one run a size."
            ),
            (
                "Time of a further row: between two neighbouring sizes, so that the start of the process "
                "does not count. Peak memory: of the training process, all of it."
            ),
            "Words: tweets of exactly so many words, all batches in turns; the model reads 40.",
        ),
    )


def _training_rows(bench: Bench) -> list[Row]:
    folder = bench.folder / "growth"
    folder.mkdir()
    sizes = bench.plan.growth_rows
    done = [_train(bench, size, folder) for size in sizes]
    memory = [each.peak_bytes / 1e6 for each in done]
    further = further_row_us(sizes, [each.seconds for each in done])
    rows: list[Row] = []
    for size, each, megabytes in zip(sizes, done, memory, strict=True):
        rows += [
            _row(f"{size:,} rows: training", each.seconds, "s"),
            _row(f"{size:,} rows: peak memory", megabytes, "MB"),
        ]
    return [
        *rows,
        *(
            _row(f"{low:,} to {high:,} rows: time of a further row", time, "µs")
            for (low, high), time in zip(itertools.pairwise(sizes), further, strict=True)
        ),
        _growth_of_time(further[0], further[-1]),
        _row("peak memory, largest over smallest", memory[-1] / memory[0], "times"),
    ]


def _growth_of_time(first_us: float, last_us: float) -> Row:
    """Of a further row; single runs, of which the larger table's may have been the shorter one."""
    if first_us <= 0:
        note = "the second table took no longer than the first"
        return Row.missing(GROWTH_OF_TIME, PRODUCT, "times", note)
    return _row(GROWTH_OF_TIME, last_us / first_us, "times")


def further_row_us(sizes: Sequence[int], seconds: Sequence[float]) -> list[float]:
    """Microseconds that each further row took, between neighbouring sizes.

    Example:
    >>> further_row_us([1_000, 2_000, 4_000], [10.0, 11.0, 13.0])
    [1000.0, 1000.0]
    """
    pairs = list(zip(sizes, seconds, strict=True))
    return [
        (later - earlier) / (more - fewer) * 1e6
        for (fewer, earlier), (more, later) in itertools.pairwise(pairs)
    ]


def _train(bench: Bench, size: int, folder: Path) -> Finished:
    say(f"growth: training on {size:,} rows")
    table, run = folder / f"{size}.csv", folder / f"run-{size}"
    write_many_rows(bench.tweets, SENTIMENTS, size, table)
    command = ["keras_pipeline.train", f"--data={table}", f"--output={run}"]
    done = run_module([*command, "--no-export", *SMALL_NETWORK], folder / f"{size}.log")
    table.unlink()  # 130 MB at 1.6 million rows
    return done


def _answer_rows(bench: Bench) -> list[Row]:
    call, texts = signature_call(bench.product_export), bench.speed_texts
    groups = {
        f"words of a tweet, batches of {size:,}": {
            _tweets(size, words): texts_of_length(texts, words, size) for words in WORDS
        }
        for size in LENGTH_BATCHES
    }
    groups["batch size"] = {
        f"batch of {size:,} real tweets": batches_of(texts, size, 1)[0] for size in BATCH_SIZES
    }
    rows: list[Row] = []
    for told, batches in groups.items():
        say(f"growth: {told}")
        calls = {what: _with(call, batch) for what, batch in batches.items()}
        times = take_turns(calls, [[]], bench.plan)
        rows += [Row.time(what, PRODUCT, seconds, "ms") for what, seconds in times.items()]
    return rows


def _with(call: Call, batch: list[str]) -> Call:
    return lambda _: call(batch)


def _tweets(size: int, words: int) -> str:
    return f"{size:,} tweet{'s' * (size > 1)} of {words} word{'s' * (words > 1)}"


def _row(what: str, value: float, unit: str) -> Row:
    return Row(what=what, who=PRODUCT, value=value, unit=unit)

"""The builds of the serving graph, raw tweets to probabilities, side by side.

Beside the wall clock stands the processor time of all threads, which other programs disturb less.
"""

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Final

import keras
import numpy as np

from benchmarks.shared.bench import Bench, say, signature_call
from benchmarks.shared.results import Row, Section
from benchmarks.shared.turns import take_turns
from benchmarks.shared.workload import batches_of
from keras_pipeline.config import TrainConfig
from keras_pipeline.fit.words.vocabulary import adapt_vectorizer
from keras_pipeline.layers.tweet_cleaner import TweetCleaner
from keras_pipeline.layers.vectorizer import build_vectorizer
from keras_pipeline.model import SentimentModel
from keras_pipeline.numeric.classifier import build_classifier

BUILDS: Final = ("keras", "fused", "packed", "auto")
BATCH_SIZES: Final = (1, 8, 32, 128, 256, 512, 2048)

_BURST: Final = 100
_BURST_S: Final = 0.05
"""A single call of one tweet is too short to be timed beside a busy machine: a turn has many."""


def measure(
    bench: Bench, builds: Sequence[str] = BUILDS, batch_sizes: Sequence[int] = BATCH_SIZES
) -> Section:
    """Time and processor time a batch, and tweets a second, of each build in turns."""
    paths = {build: bench.export(build) for build in builds}
    calls = {build: signature_call(path) for build, path in paths.items()}
    rows = [
        Row(what="artefact", who=build, value=_size(path) / 1e6, unit="MB")
        for build, path in paths.items()
    ]
    for size in batch_sizes:
        say(f"graphs: batches of {size:,}")
        batches = batches_of(bench.speed_texts, size, max(4, 64 // size))
        times = take_turns(
            calls, batches, bench.plan, burst=_BURST, burst_s=_BURST_S, clock=_clocks
        )
        rows += _batch_rows(size, times)
    return Section(
        name="graphs",
        title="Builds of the serving graph",
        rows=rows,
        baseline=builds[0],
        notes=(
            (
                "Raw tweets of the test part in, NumPy probabilities out; each build exported, read back and "
                f"called by its signature, in turns of {_BURST} calls or {_BURST_S} s, each call timed by "
                "itself. Processor time: of all threads."
            ),
            "Spread: from the fastest tenth of the calls to the slowest.",
        ),
    )


def _batch_rows(size: int, times: dict[str, list[Any]]) -> list[Row]:
    what, tenths = f"batch of {size:,}", (10, 90)
    clocks = {build: np.transpose(each) for build, each in times.items()}
    return [
        *(Row.time(what, build, wall, "ms", between=tenths) for build, (wall, _) in clocks.items()),
        *(
            Row.time(f"{what}, processor", build, processor, "ms", between=tenths)
            for build, (_, processor) in clocks.items()
        ),
        *(
            Row.rate(f"{what}, rate", build, wall, "tweets/s", size, between=tenths)
            for build, (wall, _) in clocks.items()
        ),
    ]


def _clocks() -> np.ndarray[Any, Any]:
    return np.array([perf_counter(), process_time()])


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def untrained_model(bench: Bench, *, pooled: bool, masked: bool) -> SentimentModel:
    """A model of the default size that knows the words of the table."""
    keras.utils.set_random_seed(42)
    config = TrainConfig(mask_padding=masked, max_mean_pooling=pooled)
    cleaner, vectorizer = TweetCleaner(), build_vectorizer()
    adapt_vectorizer(vectorizer, cleaner, bench.learnable[0].tolist())
    classifier = build_classifier(config, vocabulary_size=vectorizer.vocabulary_size())
    length = None if masked else config.sequence_length
    return SentimentModel(cleaner, vectorizer, classifier, padded_length=length)

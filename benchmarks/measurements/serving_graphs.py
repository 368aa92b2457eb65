"""Time every build of the serving graph, raw tweets to probabilities, side by side.

    python benchmarks/measurements/serving_graphs.py [--data CSV] [--quick] [--pooled] [--unmasked]

A model of the default size is built; its vocabulary is adapted on the tweets, its weights are
random, for speed does not depend on them. Each graph is exported, reloaded with
`tf.saved_model.load` and called by its signature, in turns: a slow moment of the machine meets all.
Prints a Markdown table: milliseconds a batch (median, fastest and slowest tenth), processor
milliseconds of all cores, which other programs disturb less, tweets a second, and how many times as
fast as the plain Keras graph, by either clock.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tensorflow as tf

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import keras

from benchmarks.shared.machine import describe_machine, machine_lines
from export.graph.serving_graph import serving_graph
from export.settings import GRAPHS
from export.signatures import PROBABILITIES, TEXT
from keras_pipeline.config import TrainConfig
from keras_pipeline.fit.vocabulary import adapt_vectorizer
from keras_pipeline.layers.tweet_cleaner import TweetCleaner
from keras_pipeline.layers.vectorizer import build_vectorizer
from keras_pipeline.model import SentimentModel, build_classifier

BATCH_SIZES = (1, 8, 32, 128, 256, 512, 2048)
BLOCK_S = 0.05  # a single call of one tweet is too short to be timed beside a busy machine
CLOCKS = (time.perf_counter, time.process_time)
Serve = Callable[[tf.Tensor], Any]
Times = tuple[list[float], list[float]]  # seconds a batch by each of the clocks


def main() -> int:
    """Parse the options, build, export, measure, print."""
    options = _parse()
    tweets = pd.read_csv(options.data, encoding_errors="replace")["text"].dropna().to_numpy(str)
    model = _build_model(tweets, pooled=options.pooled, masked=not options.unmasked)
    print(_conditions(options))
    with tempfile.TemporaryDirectory() as folder:
        graphs = {name: _reloaded(model, name, Path(folder) / name) for name in options.graphs}
        print(
            "\n| batch | graph | ms | 10 % .. 90 % | CPU ms | tweets/s | times Keras | in CPU time |"
        )
        print("|---:|:---|---:|---:|---:|---:|---:|---:|", flush=True)
        for rows in options.batch_sizes:
            _print_rows(rows, _measure(graphs, _batches(tweets, rows), options.rounds))
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("data/Twitter_Data.csv"))
    parser.add_argument("--quick", action="store_true", help="a few rounds: to see that it runs")
    parser.add_argument(
        "--rounds", type=int, default=60, help="turns each graph gets at each batch size"
    )
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=BATCH_SIZES)
    parser.add_argument(
        "--graphs", nargs="+", choices=GRAPHS, default=("keras", "fused", "packed", "auto")
    )
    parser.add_argument("--pooled", action="store_true", help="pool over the LSTM's outputs")
    parser.add_argument("--unmasked", action="store_true", help="padded to 40, as the notebook was")
    options = parser.parse_args()
    if options.quick:
        options.rounds = 3
    return options


def _build_model(tweets: np.ndarray[Any, Any], *, pooled: bool, masked: bool) -> SentimentModel:
    """Untrained, of the default size."""
    keras.utils.set_random_seed(42)
    config = TrainConfig(mask_padding=masked, max_mean_pooling=pooled)
    cleaner, vectorizer = TweetCleaner(), build_vectorizer()
    adapt_vectorizer(vectorizer, cleaner, tweets.tolist())
    classifier = build_classifier(config, vocabulary_size=vectorizer.vocabulary_size())
    length = None if masked else config.sequence_length
    return SentimentModel(cleaner, vectorizer, classifier, padded_length=length)


def _reloaded(model: SentimentModel, name: str, folder: Path) -> Serve:
    """Export as `name`, read back, and give the signature as a function of a batch of tweets."""
    module = tf.Module()
    module.graph = serving_graph(model, name)
    spec = tf.TensorSpec([None], tf.string, name=TEXT)
    serve = tf.function(lambda text: {PROBABILITIES: module.graph(text)}, input_signature=[spec])
    tf.saved_model.save(module, str(folder), signatures={"serving_default": serve})
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(f"- `{name}`: {size / 1e6:.1f} MB")
    loaded = tf.saved_model.load(str(folder))
    signature = loaded.signatures["serving_default"]
    signature.owner = loaded  # a signature does not keep the variables that it needs
    return lambda text: signature(**{TEXT: text})[PROBABILITIES].numpy()


def _batches(tweets: np.ndarray[Any, Any], rows: int) -> list[tf.Tensor]:
    """Several random batches: one tweet may be long or short."""
    count = max(4, 64 // rows)
    draw = np.random.default_rng(rows)
    return [tf.constant(draw.choice(tweets, rows).tolist()) for _ in range(count)]


def _measure(graphs: dict[str, Serve], batches: list[tf.Tensor], rounds: int) -> dict[str, Times]:
    """Seconds a batch, `rounds` of them for each graph; the graphs take turns."""
    calls = {name: _calls_a_block(serve, batches) for name, serve in graphs.items()}
    times: dict[str, Times] = {name: ([], []) for name in graphs}
    for turn in range(rounds):
        for name, serve in graphs.items():
            start = [clock() for clock in CLOCKS]
            for call in range(calls[name]):
                serve(batches[(turn + call) % len(batches)])
            for clock, began, seconds in zip(CLOCKS, start, times[name], strict=True):
                seconds.append((clock() - began) / calls[name])
    return times


def _calls_a_block(serve: Serve, batches: list[tf.Tensor]) -> int:
    """Warm the graph up; how many calls take `BLOCK_S`, whole cycles of the batches if several."""
    for batch in batches:
        serve(batch)
    start = time.perf_counter()
    for batch in batches:
        serve(batch)
    cycle = time.perf_counter() - start
    return len(batches) * round(BLOCK_S / cycle) or 1


def _print_rows(rows: int, times: dict[str, Times]) -> None:
    medians = {name: [statistics.median(seconds) for seconds in of] for name, of in times.items()}
    keras_wall, keras_cpu = next(iter(medians.values()))
    for name, (wall, cpu) in medians.items():
        low, *_, high = statistics.quantiles(times[name][0], n=10)
        print(
            f"| {rows} | {name} | {wall * 1e3:.2f} | {low * 1e3:.2f} .. {high * 1e3:.2f} "
            f"| {cpu * 1e3:.2f} | {rows / wall:,.0f} | {keras_wall / wall:.2f} "
            f"| {keras_cpu / cpu:.2f} |",
            flush=True,
        )


def _conditions(options: argparse.Namespace) -> str:
    """What the machine was, and what was measured on it."""
    model = f"{'pooled' if options.pooled else 'last state'}, {'un' * options.unmasked}masked"
    lines = machine_lines(describe_machine(os.getloadavg()))
    return "\n".join(
        f"- {line}" for line in [*lines, f"{model}, random weights, {options.rounds} rounds"]
    )


if __name__ == "__main__":
    raise SystemExit(main())

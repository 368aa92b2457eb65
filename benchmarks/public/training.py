"""Train this project on public tables and tell the official measure of each.

    python -m benchmarks.public.training --tables DIR --output NEW
    python -m benchmarks.public.training --tables DIR --only emotion,stance --seeds 2 --output NEW --epochs 5

The second asks two tables with other settings than the default ones. Each model goes through the functions
of `keras_pipeline.train`; early stopping watches rows that come out of the training file. `results.json` in
the new folder has the percent of each table and seed.
"""

import argparse
import dataclasses
import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from benchmarks.options import FIRST_SEED, positive
from benchmarks.public.tables import NAMES, STANCE, STANCES, PublicTable, Scores, find_tables
from benchmarks.shared.workload import smaller_table
from export.start.command_line import Parser
from export.start.quiet_tensorflow import import_tensorflow
from keras_pipeline.config import TrainConfig
from keras_pipeline.errors import exits_cleanly
from keras_pipeline.fit.words.encoder_files import embeddings_of
from keras_pipeline.options import add_config_options, config_of
from keras_pipeline.run_files import check_is_free, make_folder
from keras_pipeline.run_folder import RunFolder
from keras_pipeline.table.printed import text_table

RESULTS: Final = "results.json"

# A table that has its test part in a file of its own gives none of its training rows away, but for the one
# of each class that a split must have.
_NO_TEST_PART: Final = 1e-6


@exits_cleanly
def main(arguments: Sequence[str] | None = None) -> int:
    """Train each table with each seed, print a table, write `results.json`; 0, or 2 for bad input."""
    options = _parser().parse_args(arguments)
    tables = find_tables(options.tables, options.only)
    config = dataclasses.replace(config_of(options), test_fraction=_NO_TEST_PART)
    embeddings = embeddings_of(options)
    check_is_free(options.output)
    make_folder(options.output)
    import_tensorflow()
    found: dict[str, list[float]] = {}
    for table in [dataclasses.replace(table, embeddings=embeddings) for table in tables]:
        for seed in range(FIRST_SEED, FIRST_SEED + options.seeds):
            folder = options.output / f"{table.name}-{seed}"
            scores = _train(table, dataclasses.replace(config, seed=seed), folder, options.rows)
            for name, score in scores.items():
                found.setdefault(name, []).append(score)
            (options.output / RESULTS).write_text(json.dumps(found, indent=2) + "\n")
    print(_summary(found))
    return 0


def _train(table: PublicTable, config: TrainConfig, folder: Path, rows: int | None) -> Scores:
    """The percent of one model, which is left in `folder`."""
    from keras_pipeline import training  # noqa: PLC0415 (TensorFlow takes seconds; mistakes were told before)

    began_at, source = perf_counter(), table.source
    if rows is not None:
        source = smaller_table(source, rows, folder.with_suffix(".csv"))
    data = training.read_data(source, config)
    names = data.tweets.label_names
    with RunFolder.create(folder, dataclasses.replace(config, labels=names), source) as run:
        model = training.fit_run(run, data, tensorboard=False).model
        model.save(run.model)
        run.finish()
    texts = table.scored_rows()["text"].to_numpy(dtype=object)
    answers = model.predict(texts, batch_size=512, verbose=0).argmax(axis=1)
    scores = table.score([names[answer] for answer in answers])
    seconds = perf_counter() - began_at
    print(f"\n{table.name}, seed {config.seed}: {scores[table.name]:.1f} in {seconds:.0f} s\n")
    return scores


def _summary(found: dict[str, list[float]]) -> str:
    """Mean and standard deviation of the seeds."""
    rows: list[list[Any]] = [
        [
            name,
            f"{statistics.fmean(scores):.1f}",
            f"{statistics.stdev(scores):.1f}" if len(scores) > 1 else "",
            " ".join(f"{score:.1f}" for score in scores),
        ]
        for name, scores in found.items()
    ]
    return text_table(["percent", "mean", "sd", "each seed"], rows)


def _parser() -> Parser:
    parser = Parser(
        prog="python -m benchmarks.public.training",
        description="Train on public tables, tell the official measure of their validation files.",
    )
    parser.add_argument(
        "--tables", type=Path, required=True, metavar="DIR", help="folder with tweeteval/ and umsab/"
    )  # fmt: skip
    parser.add_argument(
        "--only", type=_names, default=NAMES, metavar="NAME[,NAME]",
        help=f"of {', '.join(NAMES)}; {STANCE} for its five (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--seeds", type=positive, default=1, metavar="N",
        help=f"models a table, with seeds from {FIRST_SEED} on (default: 1)",
    )  # fmt: skip
    parser.add_argument(
        "--rows", type=positive, metavar="N",
        help="learn from about so many rows of a table, drawn by class (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--output", type=Path, required=True, metavar="DIR", help=f"new folder for {RESULTS} and the runs"
    )  # fmt: skip
    parser.add_argument(
        "--embeddings", metavar="auto|none|FILE", help="as of keras_pipeline.train (default: auto)"
    )  # fmt: skip
    add_config_options(parser)
    return parser


def _names(text: str) -> tuple[str, ...]:
    """Names of tables, each once."""
    given = [name.strip() for name in text.split(",")]
    names = {each for name in given for each in (STANCES if name == STANCE else (name,))}
    if not names <= set(NAMES):
        raise argparse.ArgumentTypeError(
            f"must name some of {', '.join(NAMES)}, {STANCE}. Received: {text!r}"
        )
    return tuple(name for name in NAMES if name in names)


if __name__ == "__main__":
    sys.exit(main())

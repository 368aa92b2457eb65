"""Write the teacher's probabilities, for `keras_pipeline.train --soft-labels`.

    python examples/teacher/soft_labels.py --teacher runs/teacher/teacher.pt \
        --data data/Twitter_Data.csv --unlabelled more.csv --out soft.csv

The file has the text of every row that is not in the test part, and of every unlabelled tweet.
`--unlabelled corpus` takes the tweets of the bundled corpus, without their labels. `--phrases N` adds
parts of tweets: the teacher tells what they mean by themselves, and the student has more to learn from.
"""

import argparse
import csv
from pathlib import Path

import pandas as pd
import torch
from encoder import Pieces, Teacher, probabilities
from tweets import SEED, phrases_of, tweets_outside

from keras_pipeline.labels import SENTIMENTS


def main() -> None:
    """Ask the teacher and write the CSV."""
    options = _options()
    texts = _texts(options)
    model = Teacher()
    model.load_state_dict(torch.load(options.teacher, weights_only=True))
    asking = f"asking the teacher about {len(texts):,} texts"
    answers = probabilities(
        model, Pieces(), texts, temperature=options.temperature, progress=asking
    )
    table = pd.DataFrame({"text": texts, **dict(zip(SENTIMENTS, answers.T, strict=True))})
    # Quotes around every text: else a carriage return in one would end the row for its reader.
    table.to_csv(options.out, index=False, float_format="%.5f", quoting=csv.QUOTE_NONNUMERIC)
    print(f"{options.out}: {len(table):,} tweets")


def _texts(options: argparse.Namespace) -> list[str]:
    """Every tweet but the test part's, and phrases of those that are not validated with either."""
    source = options.data, options.unlabelled
    texts = tweets_outside(("test",), *source)
    if options.phrases:
        learned_from = tweets_outside(("validation", "test"), *source, options.seed)
        texts += phrases_of(learned_from, options.phrases, options.seed)
    return list(dict.fromkeys(texts))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--teacher", type=Path, default=Path("runs/teacher/teacher.pt"))
    parser.add_argument("--data", help="the labelled table, as in training")
    parser.add_argument("--unlabelled", help="CSV with a column text, or `corpus`")
    parser.add_argument("--temperature", type=float, default=1.0, help="above 1: less certain")
    parser.add_argument("--phrases", type=int, default=0, help="random parts of each tweet, added")
    parser.add_argument("--seed", type=int, default=SEED, help="as in the run that is to be taught")
    parser.add_argument("--out", type=Path, default=Path("soft.csv"))
    return parser.parse_args()


if __name__ == "__main__":
    main()

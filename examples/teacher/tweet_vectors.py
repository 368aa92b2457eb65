"""Write word vectors learned from the tweets themselves, for `keras_pipeline.train --embeddings`.

    python examples/teacher/tweet_vectors.py --data data/Twitter_Data.csv --unlabelled corpus \
        --out tweets.vec

fastText's skip-gram over character n-grams: a rare or a misspelt word begins where its spelling puts it.
It reads every row that is not in the test part, and no label; nothing but tweets is learned from.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import fasttext
from tweets import tweets_outside, words_of


def main() -> None:
    """Learn and write the vectors in word2vec's text format."""
    options = _options()
    texts = tweets_outside(("test",), options.data, options.unlabelled)
    model = _skip_gram(texts, options)
    words = [word for word in model.words if word != "</s>"]
    with options.out.open("w", encoding="utf-8") as file:
        file.write(f"{len(words)} {options.dimensions}\n")
        for word in words:
            numbers = " ".join(f"{value:.5f}" for value in model.get_word_vector(word))
            file.write(f"{word} {numbers}\n")
    print(f"{options.out}: {len(words):,} words of {len(texts):,} tweets")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--data", help="the labelled table, as in training")
    parser.add_argument("--unlabelled", help="CSV with a column text, or `corpus`")
    parser.add_argument("--dimensions", type=int, default=100, help="numbers of a vector")
    parser.add_argument("--epochs", type=int, default=15, help="passes over the tweets")
    parser.add_argument(
        "--threads", type=int, default=1, help="more are faster, and no two runs are the same then"
    )
    parser.add_argument("--out", type=Path, default=Path("tweets.vec"))
    return parser.parse_args()


def _skip_gram(texts: list[str], options: argparse.Namespace) -> Any:
    """Hand the tweets to fastText, which reads files only, one a line."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.writelines(" ".join(words) + "\n" for words in words_of(texts))
        file.flush()
        return fasttext.train_unsupervised(
            file.name,
            model="skipgram",
            dim=options.dimensions,
            epoch=options.epochs,
            minCount=1,
            minn=3,
            maxn=6,
            bucket=200_000,
            thread=options.threads,
        )


if __name__ == "__main__":
    main()

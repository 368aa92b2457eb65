"""Write word vectors out of the encoder's table of word pieces, for `keras_pipeline.train --embeddings`.

    python examples/teacher/word_vectors.py --data data/Twitter_Data.csv --out words.vec

It gives every word of the tweets that are not in the test part a vector.

A word's vector is the mean of its pieces' rows of the input embedding table: no network is run, so that
`safetensors` and `tokenizers` are enough. With `--encode` each word runs through the encoder instead,
which needs torch and is a little better.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from encoder_files import encoder_folder
from safetensors.numpy import load_file
from tokenizers import Tokenizer
from tweets import tweets_outside, words_of

TABLE = "embeddings.word_embeddings.weight"


def main() -> None:
    """Write the vectors in word2vec's text format."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--data", help="the labelled table, as in training")
    parser.add_argument("--unlabelled", help="CSV with a column text, or `corpus`")
    parser.add_argument("--encode", action="store_true", help="run the encoder on each word")
    parser.add_argument("--out", type=Path, default=Path("words.vec"))
    options = parser.parse_args()
    texts = tweets_outside(("test",), options.data, options.unlabelled)
    words = list(dict.fromkeys(word for tweet in words_of(texts) for word in tweet))
    vectors = _encoded(words) if options.encode else _averaged(words)
    with options.out.open("w", encoding="utf-8") as file:
        file.write(f"{len(words)} {vectors.shape[1]}\n")
        for word, vector in zip(words, vectors, strict=True):
            file.write(f"{word} {' '.join(f'{value:.5f}' for value in vector)}\n")
    print(f"{options.out}: {len(words):,} words, {vectors.shape[1]} numbers each")


def _averaged(words: Sequence[str]) -> np.ndarray[Any, Any]:
    """`[words] str -> [words, 384] float32`."""
    folder = encoder_folder()
    table = load_file(folder / "model.safetensors")[TABLE]
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    pieces = tokenizer.encode_batch(list(words), add_special_tokens=False)
    return np.stack([table[encoded.ids].mean(axis=0) for encoded in pieces])


def _encoded(words: Sequence[str]) -> np.ndarray[Any, Any]:
    """`[words] str -> [words, 384] float32`: mean of the last layer's vectors over a word's pieces."""
    import torch  # noqa: PLC0415
    from encoder import Pieces, Teacher  # noqa: PLC0415

    model, pieces = Teacher().eval(), Pieces()
    with torch.inference_mode():
        return np.concatenate(
            [
                model.features(pieces(words[start : start + 256]))
                for start in range(0, len(words), 256)
            ]
        )


if __name__ == "__main__":
    main()

"""Fine-tune the sentence encoder on the training rows of a run, so that it can teach a smaller model.

    python examples/teacher/finetune.py --data data/Twitter_Data.csv --out runs/teacher

It reads, cleans and splits as `keras_pipeline.train` does: no row of the validation or test part, nor
a twin of one, is learned from. The epoch with the best validation macro F1 is kept: later epochs are
right more often, and more certain than they should be, which `soft_labels.py --temperature` mends.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from encoder import Pieces, Teacher, probabilities
from sklearn.metrics import accuracy_score, f1_score, log_loss
from torch import nn

from keras_pipeline.config import TrainConfig
from keras_pipeline.data_source import find_source
from keras_pipeline.table.dataset import Tweets, read_tweets
from keras_pipeline.table.splits import Splits, split


def main() -> None:
    """Fine-tune, keep the best epoch, tell its figures."""
    options = _options()
    torch.manual_seed(options.seed)
    tweets = read_tweets(find_source(options.data))
    splits = split(tweets, TrainConfig(seed=options.seed))
    options.out.mkdir(parents=True, exist_ok=True)
    model, pieces = Teacher(), Pieces()
    _fit(model, pieces, tweets, splits, options)
    model.load_state_dict(torch.load(options.out / "teacher.pt", weights_only=True))
    test = probabilities(model, pieces, tweets.texts[splits.test])
    print(f"test: {_figures(test, tweets.labels[splits.test])}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--data", help="labelled tweets; as keras_pipeline.train finds them")
    parser.add_argument("--out", type=Path, default=Path("runs/teacher"), help="gets teacher.pt")
    parser.add_argument("--epochs", type=int, default=2, help="passes over the training rows")
    parser.add_argument("--batch-size", type=int, default=32, help="rows in one step")
    parser.add_argument("--learning-rate", type=float, default=1e-4, help="highest step size")
    parser.add_argument("--seed", type=int, default=42, help="as in the run that is to be taught")
    return parser.parse_args()


def _fit(
    model: Teacher, pieces: Pieces, tweets: Tweets, splits: Splits, options: argparse.Namespace
) -> None:
    batches = -(-len(splits.train) // options.batch_size)
    optimizer = torch.optim.AdamW(model.parameters(), options.learning_rate, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, options.learning_rate, total_steps=batches * options.epochs, pct_start=0.1
    )
    weights = torch.tensor(list(splits.class_weights.values()), dtype=torch.float32)
    loss_of = nn.CrossEntropyLoss(weight=weights)
    draw = np.random.default_rng(options.seed)
    best = 0.0
    for epoch in range(1, options.epochs + 1):
        began_at = time.perf_counter()
        model.train()
        for step, rows in enumerate(_batches(tweets, splits.train, options.batch_size, draw)):
            with torch.autocast("cpu", torch.bfloat16):
                logits = model(pieces(tweets.texts[rows]))
            loss = loss_of(logits.float(), torch.from_numpy(tweets.labels[rows]))
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            if step % 50 == 0:
                print(f"\repoch {epoch} step {step}/{batches} loss {loss:.3f}", end="", flush=True)
        answers = probabilities(model, pieces, tweets.texts[splits.validation])
        labels = tweets.labels[splits.validation]
        seconds = time.perf_counter() - began_at
        print(f"\repoch {epoch}, {seconds:.0f} s, validation: {_figures(answers, labels)}")
        if (macro_f1 := _macro_f1(answers, labels)) > best:
            best = macro_f1
            torch.save(model.state_dict(), options.out / "teacher.pt")


def _batches(tweets: Tweets, rows: Any, size: int, draw: np.random.Generator) -> Any:
    """Random batches, each of tweets of similar length: less padding."""
    lengths = np.array([len(text) for text in tweets.texts[rows]])
    order = rows[np.argsort(lengths + draw.uniform(0, 60, len(rows)))]
    starts = np.arange(0, len(order), size)
    draw.shuffle(starts)
    return (order[start : start + size] for start in starts)


def _figures(answers: Any, labels: Any) -> str:
    return (
        f"loss {log_loss(labels, answers):.4f}, "
        f"accuracy {accuracy_score(labels, answers.argmax(1)):.4f}, "
        f"macro F1 {_macro_f1(answers, labels):.4f}"
    )


def _macro_f1(answers: Any, labels: Any) -> float:
    return float(f1_score(labels, answers.argmax(1), average="macro"))


if __name__ == "__main__":
    main()

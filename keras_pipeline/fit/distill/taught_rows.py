"""Training rows with what the networks of `--distill` say in their targets, and further texts that only they know.

Born-again networks: Furlanello et al., "Born Again Neural Networks" (ICML 2018); the mean of several as
teacher: Hinton et al., "Distilling the Knowledge in a Neural Network" (2015).
"""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from keras_pipeline.config import TrainConfig
from keras_pipeline.fit.distill.members import FitMember, ask_members
from keras_pipeline.fit.words.word_scores import logarithms
from keras_pipeline.table.stored_texts import Texts
from keras_pipeline.table.training_rows import TextRows, answered_rows, mixed_with

Array = np.ndarray[Any, Any]


def taught_rows(
    train: TextRows,
    validation: TextRows,
    *,
    unlabelled: Texts | None,
    class_weights: Array,
    config: TrainConfig,
    folder: Path,
    fit: FitMember,
) -> TextRows:
    """Train `config.distill` networks, ask them, and tell how good they are on the validation part.

    Args:
        train: what the networks learn from, and what they are asked.
        validation: what early stopping watches.
        unlabelled: further texts to ask them.
        class_weights: what a row of each class weighs, `[classes] float32`.
        config: of the run.
        folder: for what is made on the way.
        fit: how to train one.

    Raises:
        KeyboardInterrupt: Ctrl-C ended a training; the run can go on.
        DiskError: there is no room.
    """
    texts = {"train": train.texts, "validation": validation.texts}
    if unlabelled is not None:
        texts["unlabelled"] = unlabelled
    mean: dict[str, Any] = dict.fromkeys(texts, 0)
    losses = []
    for answers in ask_members(texts, config, folder, fit):
        losses.append(_loss(answers["validation"], validation))
        mean = {name: mean[name] + answers[name] / config.distill for name in texts}
    print(
        f"\nThe mean answer of {config.distill}: validation loss {_loss(mean['validation'], validation):.4f} "
        f"(each: {', '.join(f'{loss:.4f}' for loss in losses)})",
        flush=True,
    )
    rows = dataclasses.replace(
        train, targets=mixed_with(train.targets, mean["train"], config.soft_weight)
    )
    if unlabelled is None:
        return rows
    return rows + answered_rows(unlabelled, mean["unlabelled"], class_weights, config.soft_weight)


def _loss(answers: Any, rows: TextRows) -> float:
    """Mean cross-entropy."""
    return float(-(rows.targets * logarithms(answers)).sum(axis=1).mean())

"""Networks of other seeds, trained one after the other, and the mean of their answers.

members/1/checkpoint.npz   while the first one trains
members/1/answers.npz      what it says, once it is trained; the network itself is not kept

A run that was killed goes on with the network at which it was. They have no words' scores: those learn from
the validation rows in the end, by which the model that learns from the answers is to be judged.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from keras_pipeline.config import TrainConfig
from keras_pipeline.fit.checkpoint import DAMAGES
from keras_pipeline.fit.fitting import Fitted
from keras_pipeline.options import progress_verbosity
from keras_pipeline.run_files import write_whole
from keras_pipeline.table.stored_texts import Texts, text_batches

Array = np.ndarray[Any, Any]
Answers = dict[str, Array]
FitMember = Callable[[TrainConfig, Path], Fitted]
"""Trains a network of such settings with a checkpoint at such a path."""

_BATCH_ROWS: Final = 512


def member_configs(config: TrainConfig) -> list[TrainConfig]:
    """The settings of each network: those of the run with another seed, which the run's own governs.

    Example:
    >>> [member.seed for member in member_configs(TrainConfig(seed=42, distill=2))]
    [3444837047, 2669555309]
    """
    seeds = np.random.SeedSequence(config.seed).generate_state(config.distill).tolist()
    return [dataclasses.replace(config, seed=seed, distill=0, word_scores=False) for seed in seeds]


def ask_members(
    texts: Mapping[str, Texts],
    config: TrainConfig,
    folder: Path,
    train: FitMember,
) -> Iterator[Answers]:
    """What each network says to each group of texts, `[rows, classes] float32`; trained, or read if it was.

    Args:
        texts: groups of raw texts by name.
        config: of the run.
        folder: for what is made on the way.
        train: how to train one.

    Raises:
        KeyboardInterrupt: Ctrl-C ended a training; the run can go on.
        DiskError: there is no room.
    """
    for number, settings in enumerate(member_configs(config), 1):
        place = folder / str(number)
        place.mkdir(parents=True, exist_ok=True)
        file = place / "answers.npz"
        answers = _read(file, texts, len(config.labels))
        if answers is None:
            print(f"\nNetwork {number} of {config.distill}, to be learned from", flush=True)
            answers = _trained(settings, texts, place, train)
            write_whole(file, lambda path, found=answers: np.savez(path, **found))  # type: ignore[misc]
        yield answers


def _trained(
    settings: TrainConfig,
    texts: Mapping[str, Texts],
    place: Path,
    train: FitMember,
) -> Answers:
    fitted = train(settings, place / "checkpoint.npz")
    if fitted.interrupted:
        raise KeyboardInterrupt
    return {
        name: fitted.model.predict(text_batches(part, _BATCH_ROWS), verbose=progress_verbosity())
        for name, part in texts.items()
    }


def _read(file: Path, texts: Mapping[str, Texts], classes: int) -> Answers | None:
    """What was saved; None where nothing was, or what is there is not what these texts ask for."""
    try:
        with file.open("rb") as opened, np.load(opened) as saved:
            answers = {name: saved[name] for name in texts}
    except DAMAGES:
        return None
    fits = all(answers[name].shape == (len(part), classes) for name, part in texts.items())
    return answers if fits else None

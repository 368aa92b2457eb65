"""The run that a new one goes on from (`--start-from`): its sizes, its vocabulary and its weights are kept.

What must not change with the vocabulary and the weights is taken from it; how to train may be chosen anew.
"""

import dataclasses
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

from keras_pipeline.config import TrainConfig
from keras_pipeline.errors import UserError
from keras_pipeline.run_folder import RunFolder

KEPT: Final = (
    "cleaner",
    "vocabulary_size",
    "sequence_length",
    "punctuation_tokens",
    "pad_to_longest",
    "embedding_dim",
    "mask_padding",
    "lstm_units",
    "max_mean_pooling",
    "dense_units",
)
"""Settings that are the ancestor's."""


def settings_kept(config: TrainConfig, given: Collection[str], model: Path) -> TrainConfig:
    """The settings, those of `KEPT` as the ancestor has them.

    Args:
        config: what was asked.
        given: names of the settings that were named on the command line.
        model: of the ancestor, in its run folder.

    Raises:
        UserError: there is no such run, or a setting was named that is another in it.
    """
    run = RunFolder(model.parent)
    if not run.model.is_file() or not run.metrics.is_file():
        raise UserError(
            "`--start-from` must be the folder of a finished run, with model.keras and metrics.json. "
            f"Received: start_from={run.path}"
        )
    ancestor = run.config()
    kept: dict[str, Any] = {name: getattr(ancestor, name) for name in KEPT}
    other = [name for name in KEPT if name in given and getattr(config, name) != kept[name]]
    if other:
        option = "--" + other[0].replace("_", "-")
        raise UserError(
            f"`{option}` must be {kept[other[0]]}, as in the run to start from; leave it out. "
            f"Received: {other[0]}={getattr(config, other[0])}"
        )
    return dataclasses.replace(config, **kept)

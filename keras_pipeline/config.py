"""Every hyperparameter of a training run, in one frozen dataclass.

    TrainConfig()                        the default settings
    TrainConfig.preset("notebook")       the settings of the notebook that this project replaces
    TrainConfig.preset("transfer")       what suits --embeddings and --soft-labels
    TrainConfig.preset("taught")         what suits a teacher's many rows
    TrainConfig(epochs=3).to_json(path)  saved beside the model it produced

Each field carries its help text and its bounds; the command line and the checks are made from them.
"""

import dataclasses
import math
import operator
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from keras_pipeline.errors import UserError
from keras_pipeline.labels import SENTIMENTS, check_names
from keras_pipeline.run_files import json_text, read_json_object


def _setting(default: Any, help_text: str, **bounds: Any) -> Any:
    """A dataclass field with its help text and bounds: `least`, `above`, `below`, `choices`.

    `option=False`: no option of the command line is made of it.
    """
    return dataclasses.field(default=default, metadata={"help": help_text, **bounds})


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Settings of one training run; checked where it is made.

    Raises:
        UserError: a value of the wrong type or out of its bounds.

    Example:
    >>> TrainConfig(epochs=3).epochs
    3
    >>> TrainConfig(epochs=0)
    Traceback (most recent call last):
    keras_pipeline.errors.UserError: `epochs` must be at least 1. Received: epochs=0
    """

    seed: int = _setting(
        42,
        "governs weights, dropout, batch order and the validation split",
        least=0,
        below=2**32,  # NumPy's generators take no larger one
    )
    test_fraction: float = _setting(
        0.2, "share of rows in the test part (split with random_state 42)", above=0, below=1
    )
    validation_fraction: float = _setting(
        0.1, "share of the training part that early stopping watches", above=0, below=1
    )
    least_validation_rows: int = _setting(
        500, "rows that early stopping should watch: a small table gives up to a fifth", least=0
    )

    labels: tuple[str, ...] = _setting(
        SENTIMENTS,
        "class names in the order of their ids; training takes the table's",
        option=False,
    )
    cleaner: str = _setting(
        "expressive",
        "what cleaning means: expressive keeps emoticons, emoji, stretched words and ****; notebook "
        "is the notebook's",
        choices=("expressive", "notebook"),
    )
    span_rows: bool = _setting(
        False, "learn from each opinion's span, too, where the table has that column"
    )
    lessons: bool = _setting(
        True,
        "learn from made-up sentences, too (negation, then and now, whose opinion), where the classes are "
        "negative, neutral and positive and the texts English",
    )
    soft_weight: float = _setting(
        0.7,
        "share of the teacher in a row's target, where there are soft labels, or that of the networks of --distill",
        above=0,
        below=1,
    )
    distill: int = _setting(
        0,
        "networks of other seeds that are trained first: the model learns their mean answer, too, to the table's "
        "rows and those of --unlabelled; 0: none",
        least=0,
    )
    vocabulary_size: int = _setting(20_000, "words known, padding and unknown included", least=3)
    least_word_count: int = _setting(
        2,
        "times that a word must come up in training, else it is unknown; one with a vector in "
        "--embeddings is known always",
        least=1,
    )
    sequence_length: int = _setting(40, "tokens read of one tweet; later ones are cut", least=1)
    punctuation_tokens: bool = _setting(True, "keep each ! and ? as a token of its own")
    pad_to_longest: bool = _setting(
        True,
        "pad a batch to its longest tweet, not to the sequence length",
    )

    word_dropout: float = _setting(
        0.1, "share of words made unknown in training, anew in each epoch", least=0, below=1
    )
    embedding_dim: int = _setting(100, "size of a word's vector", least=1)
    mask_padding: bool = _setting(True, "skip padding in the LSTM")
    spatial_dropout: float = _setting(0.3, "dropout of whole embedding channels", least=0, below=1)
    lstm_units: int = _setting(64, "units of the LSTM in each direction", least=1)
    max_mean_pooling: bool = _setting(
        True, "feed the LSTM's outputs' maximum and mean to the dense layer, not its last state"
    )
    dense_units: int = _setting(64, "units of the dense layer", least=1)
    dropout: float = _setting(0.4, "dropout before the last layer", least=0, below=1)

    r_drop: float = _setting(
        1.0,
        "R-Drop's weight: a row is read twice, other units are dropped, and the answers should agree; 0: it is read "
        "once, and an epoch takes two thirds of the time",
        least=0,
    )

    word_scores: bool = _setting(
        True,
        "mix in what a logistic regression over words, their letters and pairs says; up to 50 classes",
    )

    calibrated: bool = _setting(
        True,
        "find one number on the validation part, of 200 rows or more, by which the last layer's weights are "
        "divided, so that a probability is the share that turns out right",
    )

    epochs: int = _setting(60, "most passes over the training part", least=1)
    batch_size: int = _setting(64, "most rows in one step", least=1)
    least_epoch_steps: int = _setting(
        100,
        "steps that an epoch should have: a small table takes smaller batches, down to 16",
        least=1,
    )
    learning_rate: float = _setting(6e-3, "step size of Adam", above=0)
    embedding_rate: float = _setting(
        0.2,
        "step size of the words' vectors, as a share of the learning rate; a word moves where a batch holds it",
        above=0,
    )
    class_weights: bool = _setting(True, "weigh classes by inverse frequency")
    averaged_epochs: float = _setting(
        0.4,
        "keep a moving average of the weights over about so many epochs; 0: the last step's weights",
        least=0,
    )
    early_stopping: bool = _setting(
        True,
        "stop when validation loss no longer falls, and restore the best epoch's weights",
    )
    patience: int = _setting(2, "epochs without a better validation loss before stopping", least=1)
    patience_steps: int = _setting(
        150, "the least patience in steps: the epochs of a small table are short", least=0
    )
    bucket_by_length: bool = _setting(True, "batches of similar length: less padding")
    bucket_spread: int = _setting(
        16, "tokens by which rows of one batch may differ in length, when bucketed", least=0
    )
    mixed_precision: bool = _setting(
        False, "float16 computation (GPU); on JAX bfloat16 where the device has it"
    )
    backend: str = _setting(
        "tensorflow",
        "what trains the network; jax: a process of its own, on a GPU without TensorFlow's CUDA, on several "
        "devices or hosts. The rest of a run is TensorFlow's",
        choices=("tensorflow", "jax"),
    )

    def __post_init__(self) -> None:
        if isinstance(self.labels, list):  # as JSON holds it
            object.__setattr__(self, "labels", tuple(self.labels))
        for field in dataclasses.fields(self):
            _check(field, getattr(self, field.name))
        are_texts = all(isinstance(name, str) for name in self.labels)
        if not are_texts or len(set(self.labels)) < len(self.labels):
            raise UserError(f"`labels` must be different texts. Received: labels={self.labels!r}")
        check_names(self.labels)

    @property
    def readings(self) -> int:
        """How often training reads each row of a batch: R-Drop compares two answers to it."""
        return 2 if self.r_drop else 1

    @classmethod
    def option_fields(cls) -> "list[dataclasses.Field[Any]]":
        """The fields that the command line offers as options."""
        return [f for f in dataclasses.fields(cls) if f.metadata.get("option", True)]

    @classmethod
    def preset(cls, name: str, **overrides: Any) -> "TrainConfig":
        """Settings by name (`default`, `notebook`, `transfer`, `taught`), single values replaced by `overrides`.

        Raises:
            UserError: no such preset, or a value out of its bounds.
        """
        if name not in PRESETS:
            raise UserError(f"`preset` must be one of {sorted(PRESETS)}. Received: preset={name!r}")
        return cls(**{**PRESETS[name], **overrides})

    def to_json(self) -> str:
        """The settings as JSON text, one a line."""
        return json_text(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, path: Path) -> "TrainConfig":
        """Read what `to_json` wrote.

        Raises:
            UserError: the file is no JSON object, or holds a setting that is unknown or out of bounds.
        """
        values = read_json_object(path)
        try:
            return cls(**values)
        except (TypeError, UserError) as error:
            raise UserError(f"`{path}` is no saved training configuration: {error}") from None


# Word vectors and a teacher bring more to learn, and less danger of learning by heart.
_TRANSFER: Final[dict[str, Any]] = {
    "vocabulary_size": 40_000,
    "embedding_dim": 128,
    "lstm_units": 128,
    "word_dropout": 0.0,
    "spatial_dropout": 0.1,
    "dropout": 0.3,
    "r_drop": 0.0,
    "batch_size": 32,
    "learning_rate": 1e-3,
    "embedding_rate": 1.0,
    "averaged_epochs": 0.8,
}

PRESETS: Final[dict[str, dict[str, Any]]] = {
    "default": {},
    # What the notebook did: Keras's legacy Tokenizer dropped ! and ?, pad_sequences filled to 40,
    # and nothing masked the padding.
    "notebook": {
        "cleaner": "notebook",
        "least_validation_rows": 0,
        "least_epoch_steps": 1,
        "patience_steps": 0,
        "epochs": 20,
        "span_rows": False,
        "lessons": False,
        "least_word_count": 1,
        "word_dropout": 0.0,
        "spatial_dropout": 0.1,
        "dropout": 0.3,
        "r_drop": 0.0,
        "lstm_units": 128,
        "max_mean_pooling": False,
        "word_scores": False,
        "calibrated": False,
        "batch_size": 32,
        "learning_rate": 1e-3,
        "embedding_rate": 1.0,
        "averaged_epochs": 0.0,
        "punctuation_tokens": False,
        "pad_to_longest": False,
        "mask_padding": False,
        "bucket_by_length": False,
    },
    "transfer": _TRANSFER,
    # With many more rows larger steps do as well, and take less time. The rest is the default's way against learning
    # by heart: half a point of F1 more, a quarter fewer behavioural failures (docs/log.md).
    "taught": {
        **_TRANSFER,
        "r_drop": 1.0,
        "batch_size": 128,
        "learning_rate": 4e-3,
        "embedding_rate": 0.3,
        "averaged_epochs": 0.4,
    },
}

_LARGEST_WHOLE: Final = 2**31
"""TensorFlow counts in 32 bits: no whole number reaches this, where its field sets no other bound."""

_BOUNDS: Final[dict[str, tuple[Callable[[Any, Any], bool], str]]] = {
    "least": (operator.ge, "at least"),
    "above": (operator.gt, "above"),
    "below": (operator.lt, "below"),
}


def _check(field: dataclasses.Field[Any], value: Any) -> None:
    """Refuse a value of another type than the default's, or out of the field's bounds."""
    name, expected = field.name, type(field.default)
    received = f"Received: {name}={value!r}"
    if isinstance(value, bool) != (expected is bool) or not isinstance(
        value, (int, float) if expected is float else expected
    ):
        raise UserError(f"`{name}` must be of type {expected.__name__}. {received}")
    choices = field.metadata.get("choices")
    if choices is not None and value not in choices:
        raise UserError(f"`{name}` must be one of {', '.join(choices)}. {received}")
    for bound, (holds, words) in _BOUNDS.items():
        limit = field.metadata.get(bound)
        if limit is None and bound == "below" and expected is int:
            limit = _LARGEST_WHOLE
        if limit is not None and not holds(value, limit):
            raise UserError(f"`{name}` must be {words} {limit}. {received}")
    if expected is float and not _is_finite(value):
        raise UserError(f"`{name}` must be a finite number. {received}")


def _is_finite(value: Any) -> bool:
    """So that an integer too large for a float, as JSON may hold one, is none."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False

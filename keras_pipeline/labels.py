"""Class names: found in the table, or asked for by `--labels`.

negative, Positive, neutral    -> negative, neutral, positive    the three of the default, any case
4, 0, 2                        -> 0, 2, 4                        numbers, by their value
joy, anger, sadness            -> anger, joy, sadness            else sorted
--labels "0=bad,2=so,4=good"   -> bad, so, good                  mapped, in the order that was asked
"""

import csv
import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from keras_pipeline.errors import UserError

SENTIMENTS: Final = ("negative", "neutral", "positive")
"""Classes of the default; the position is the class id."""

MOST_CLASSES: Final = 1000
"""A column with more values is no column of labels."""


@dataclasses.dataclass(frozen=True)
class LabelMap:
    """What the values of a label column mean.

    Attributes:
        classes: name of the class of each value.

    Example:
    >>> LabelMap.parse("0=negative, 2=neutral, 4=positive").names
    ('negative', 'neutral', 'positive')
    >>> LabelMap.parse("1=bad,2=bad,3=good").class_of("2")
    'bad'
    >>> LabelMap.parse("no,yes").class_of("Yes"), LabelMap.parse("no,yes").class_of("perhaps")
    ('yes', None)
    """

    classes: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> "LabelMap":
        """Read `value=name,value=name`, or `name,name`; a cell with a comma is quoted as in a CSV.

        Raises:
            UserError: a name is empty, a value comes twice, or there are fewer than two classes.
        """
        try:
            cells = next(csv.reader([text], skipinitialspace=True), [])
        except csv.Error:  # a line end, or a quote that does not end
            cells = []
        pairs = [cell.partition("=") for cell in cells]
        named = [(value.strip(), (name if sign else value).strip()) for value, sign, name in pairs]
        classes = dict(named)
        if (
            not named
            or len(classes) < len(named)
            or not all(value and name for value, name in named)
        ):
            raise UserError(
                "`--labels` must name each value once, such as no,yes or 0=negative,4=positive. "
                f"Received: labels={text!r}"
            )
        check_names(tuple(dict.fromkeys(classes.values())))
        return cls(classes)

    @property
    def names(self) -> tuple[str, ...]:
        """Class names in the order in which they were asked for; the position is the class id."""
        return tuple(dict.fromkeys(self.classes.values()))

    def class_of(self, value: str) -> str | None:
        """The class of a value, in whatever case it is written; None where it has none."""
        if value in self.classes:
            return self.classes[value]
        folded = {
            name for known, name in self.classes.items() if known.casefold() == value.casefold()
        }
        return folded.pop() if len(folded) == 1 else None


def named_by(values: Iterable[str]) -> LabelMap:
    """The classes that a table's own values make.

    Raises:
        UserError: fewer than two values, or more than `MOST_CLASSES`.

    Example:
    >>> named_by(["10", "9", "-1"]).names
    ('-1', '9', '10')
    >>> named_by(["Positive", "negative", "NEUTRAL"]).class_of("Positive")
    'positive'
    """
    found = sorted(set(values))
    check_names(found)
    if {value.casefold() for value in found} == set(SENTIMENTS):
        ordered = sorted(found, key=lambda value: SENTIMENTS.index(value.casefold()))
        return LabelMap({value: value.casefold() for value in ordered})
    numbers = [_number(value) for value in found]
    if all(map(math.isfinite, numbers)):
        found = [value for _, value in sorted(zip(numbers, found, strict=True))]
    return LabelMap({value: value for value in found})


def check_names(names: Sequence[str]) -> None:
    """Refuse what cannot be the classes of a model.

    Raises:
        UserError: too few, too many, or a name of several lines.
    """
    if not 2 <= len(names) <= MOST_CLASSES:
        some = ", ".join(map(repr, names[:5]))
        raise UserError(
            f"Labels must be of 2 to {MOST_CLASSES:,} classes; name the column that holds them by "
            f"--label-column. Received: {_counted(names)} ({some}{', ...' if len(names) > 5 else ''})"
        )
    broken = next((name for name in names if len(name.splitlines()) != 1 or "\0" in name), None)
    if broken is not None:
        raise UserError(
            "A class name must be one line of text; map the value to one by --labels. "
            f"Received: {broken!r}"
        )


def _counted(names: Sequence[str]) -> str:
    """Whoever finds too many stops counting."""
    return f"more than {MOST_CLASSES:,}" if len(names) > MOST_CLASSES else f"{len(names):,}"


def _number(value: str) -> float:
    """NaN where it is none."""
    try:
        return float(value)
    except ValueError:
        return math.nan

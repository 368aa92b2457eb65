"""Whether a text's answer hangs on the other texts of its batch: then no server can promise one."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from export.brought.care import Ask, Text
from export.errors import UnfitModelError
from export.start.shown import shown

_ALONE: Final = 48
"""Texts that are asked alone, too: each is a call of its own."""

Array = np.ndarray[Any, Any]


def check_neighbours(ask: Ask, texts: Sequence[Text], tolerance: float) -> float:
    """Ask texts alone and together; the largest difference of a probability.

    Args:
        ask: probabilities, `[rows, classes]`.
        texts: short and long ones.
        tolerance: of a probability.

    Raises:
        UnfitModelError: an answer differs by more: by the neighbours, or from one call to the next.
    """
    some = sorted(texts, key=len)
    some = [
        some[place] for place in np.linspace(0, len(some) - 1, min(_ALONE, len(some))).astype(int)
    ]
    together, again = ask(some), ask(some)
    _refuse_random(float(np.nanmax(np.abs(together - again), initial=0)), tolerance)
    alone = np.concatenate([ask([text]) for text in some])
    rows = np.nan_to_num(np.abs(alone - together)).max(axis=1)
    worst = int(rows.argmax())
    if rows[worst] > tolerance:
        raise UnfitModelError(
            "`model` must answer a text whatever stands beside it in a batch; mask the padding (mask_zero=True and "
            "layers that heed it), or pad to a fixed length (output_sequence_length). Received: a difference of "
            f"{rows[worst]:.2g} for {shown(repr(some[worst]), 60)}, alone and among {len(some)} texts"
        )
    return float(rows[worst])


def _refuse_random(difference: float, tolerance: float) -> None:
    if difference > tolerance:
        raise UnfitModelError(
            "`model` must give the same answer to the same texts; leave out what is drawn at random. "
            f"Received: a difference of {difference:.2g} between two calls"
        )

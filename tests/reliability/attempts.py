"""One bad input, and whether it ended as bad input should: in a sentence, with nothing half-written.

A command gets exit code 2, or 1 where a disk, a server or a check refuses; a function raises one of the
errors that it promises. What ends otherwise is lost, and is told with the words that make it happen again.
"""

import contextlib
import dataclasses
import hashlib
import io
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

LONGEST_LINE = 1_200
"""Characters: the longest sentence is of 1,000, with the name of its command before it."""

STARTS = ("error: ", "python -m ", "warning: ", "  also: ", "interrupted")
"""How a line on standard error may begin."""


@dataclasses.dataclass
class Tally:
    """What came of one kind of input.

    Attributes:
        kind: for the table.
        tried: how many.
        refused: those that were told in a sentence.
        taken: those that were none: they did what they were asked.
        lost: a line for each that ended otherwise than it should.
    """

    kind: str
    tried: int = 0
    refused: int = 0
    taken: int = 0
    lost: list[str] = dataclasses.field(default_factory=list)

    def command(
        self,
        main: Callable[[Sequence[str]], int],
        *words: str | Path,
        unchanged: Path | None = None,
        may_succeed: bool = False,
    ) -> None:
        """Run a command here.

        Args:
            main: takes the words and gives the exit code.
            *words: behind the program's name.
            unchanged: a folder that must look afterwards as it did before.
            may_succeed: whether exit code 0 is right, too.
        """
        self.tried += 1
        given = [str(word) for word in words]
        before = looks_of(unchanged)
        fault, code = _fault(main, given, may_succeed)
        if fault is None and looks_of(unchanged) != before:
            fault = f"`{unchanged}` has changed"
        if fault is not None:
            self.lost.append(f"{main.__module__} {_short(given)}: {fault}")
        elif code == 0:
            self.taken += 1
        else:
            self.refused += 1

    def function(
        self,
        call: Callable[..., object],
        *given: object,
        errors: type[BaseException] | tuple[type[BaseException], ...],
        about: str = "",
        **named: object,
    ) -> None:
        """Call a function with what is given.

        Args:
            call: the function.
            *given: its input.
            errors: what it promises to raise.
            about: to be told, with the input, where it is lost.
            **named: more of its input.
        """
        what = (about or getattr(call, "__qualname__", call), *given, *named.items())
        self.tried += 1
        try:
            with contextlib.redirect_stdout(io.StringIO()) as out:
                call(*given, **named)
        except errors as error:
            # What it quotes is as it was given: whatever command shows it makes it safe and short.
            if str(error):
                self.refused += 1
            else:
                self.lost.append(f"{_short(what)}: an error without a word")
        except BaseException as error:  # noqa: BLE001 (that is the very question)
            self.lost.append(f"{_short(what)}: {type(error).__name__}: {error}"[:500])
        else:
            self.taken += 1
            if unsafe := _unsafe(out.getvalue()):
                self.lose(f"{_short(what)}: printed {unsafe!r}")

    def lose(self, line: str) -> None:
        """The last one was taken, and what came of it is wrong."""
        self.taken -= 1
        self.lost.append(line)


def looks_of(folder: Path | None) -> dict[str, str] | None:
    """Every path in a folder, with a checksum of each file."""
    if folder is None:
        return None
    return {
        os.fsencode(path.relative_to(folder)).hex(): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else "-"
        for path in sorted(folder.rglob("*"))
    }


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[Path]:
    """Work in a folder of its own, as a user would."""
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.chdir(folder):
        yield folder


def _fault(
    main: Callable[[Sequence[str]], int], words: list[str], may_succeed: bool
) -> tuple[str | None, int | None]:
    """What is wrong with how the command ended, None if nothing is; and its exit code."""
    out, err = io.StringIO(), io.StringIO()
    code: Any = None
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(words)
    except SystemExit as end:
        code = end.code
    except BaseException as error:  # noqa: BLE001 (as above)
        return f"{type(error).__name__}: {error}"[:500], None
    told = err.getvalue()
    if unsafe := _unsafe(out.getvalue() + told):
        return f"printed {unsafe!r}", code
    if code == 0:
        return (None if may_succeed else f"taken for good: {out.getvalue()[:200]}"), code
    if code not in (1, 2):
        return f"exit code {code}", code
    lines = told.splitlines()
    sentences = [line for line in lines if line.startswith(("error: ", "python -m "))]
    if len(sentences) != 1 or not all(line.startswith(STARTS) for line in lines):
        return f"exit code {code} with {told[:300]!r}", code
    return next(filter(None, map(_fault_of, lines)), None), code


def _fault_of(sentence: str) -> str | None:
    if unsafe := _unsafe(sentence.replace("\n", "")):
        return f"said {unsafe!r} in {sentence[:200]!r}"
    if max(map(len, sentence.splitlines())) > LONGEST_LINE:
        return f"a sentence of {len(sentence):,} characters: {sentence[:100]!r}"
    return None


def _unsafe(text: str) -> str:
    """Characters that a terminal would obey."""
    return "".join(sorted({char for char in text if char < " " and char not in "\n\t"} | {
        char for char in text if char in "\x7f\x9b\u202e\u2066\u200f"
    }))  # fmt: skip


def _short(what: object) -> str:
    text = repr(what)
    return text if len(text) <= 160 else f"{text[:150]}... ({len(text):,} characters)"

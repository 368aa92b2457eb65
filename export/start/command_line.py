"""How every command of this project reads its words: no abbreviations, and one sentence on a mistake.

It imports nothing of this project but its neighbour, so that each package may use it.
"""

import argparse
import difflib
import itertools
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from export.start.shown import shown

EXIT_USAGE: Final = 2
EXIT_INTERRUPTED: Final = 130
"""128 + SIGINT, as shells report it."""


class _Defaults(argparse.ArgumentDefaultsHelpFormatter):
    """Defaults behind the help, but for those that say nothing: None, and a switch that is off."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        says_nothing = action.default is None or action.default is False
        return action.help if says_nothing else super()._get_help_string(action)


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` that takes whole option names only and shows defaults in `--help`.

    A mistake ends the process with code 2 and one line on standard error: an abbreviation would be
    guessed at (`--epoch 3` once trained for a minute as `--epochs 3`), and a page of usage above the
    sentence would hide it.
    """

    def __init__(self, **settings: Any) -> None:
        settings.setdefault("formatter_class", _Defaults)
        super().__init__(allow_abbrev=False, **settings)

    def parse_args(  # type: ignore[override]  # argparse declares overloads for a namespace of one's own
        self, args: Sequence[str] | None = None, namespace: None = None
    ) -> argparse.Namespace:
        """Parse; name unknown words, and the option that was perhaps meant."""
        words = sys.argv[1:] if args is None else list(args)
        options, unknown = self.parse_known_args(words, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {self._named(unknown)}")
        return options

    def parse_known_args(  # type: ignore[override]  # as above
        self, args: Sequence[str] | None = None, namespace: None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse what is known."""
        words = sys.argv[1:] if args is None else list(args)
        self._refuse_lone_dashes(words)
        return super().parse_known_args(words, namespace)

    def error(self, message: str) -> NoReturn:
        """One line on standard error, exit code 2."""
        self.exit(EXIT_USAGE, f"{self.prog}: {shown(message.rstrip('.'))}. See --help.\n")

    def _refuse_lone_dashes(self, words: Sequence[str]) -> None:
        """Of `--output=--` argparse makes an empty list, whatever type the option has."""
        before = itertools.takewhile(lambda word: word != "--", words)
        for option, _, value in (word.partition("=") for word in before):
            if value == "--" and option in self._option_string_actions:
                self.error(f"argument {option}: expected a word, received '--'")

    def _named(self, unknown: list[str]) -> str:
        words = " ".join(unknown)
        option = unknown[0].partition("=")[0]
        meant = difflib.get_close_matches(option, self._option_string_actions, n=1)
        return f"{words} (did you mean {meant[0]}?)" if meant else words


def number(kind: type, low: float, high: float) -> Callable[[str], Any]:
    """An argparse type for a number within bounds, which `inf` and `nan` never are."""

    def parse(text: str) -> Any:
        value = kind(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"must be from {low} to {high}, received {text!r}")
        return value

    parse.__name__ = "number"  # argparse names it where `kind` refuses the text
    return parse


def path(what: str) -> Callable[[str], Path]:
    """An argparse type for a path.

    Args:
        what: it must be, as "name a folder".
    """

    def parse(text: str) -> Path:
        # Path("") is the current folder, which nobody means by an empty word.
        if not text or "\0" in text:
            raise argparse.ArgumentTypeError(f"must {what}, received {text!r}")
        return Path(text)

    return parse


def word(text: str) -> str:
    """An argparse type for a word that is not empty."""
    if not text:
        raise argparse.ArgumentTypeError("must not be empty, received ''")
    return text

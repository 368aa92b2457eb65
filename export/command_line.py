"""How every command of this project reads its words: no abbreviations, and one sentence on a mistake.

It imports nothing of this project, so that each package may use it.
"""

import argparse
import difflib
from collections.abc import Sequence
from typing import Any, Final, NoReturn

EXIT_USAGE: Final = 2


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` that takes whole option names only and shows defaults in `--help`.

    A mistake ends the process with code 2 and one line on standard error: an abbreviation would be
    guessed at (`--epoch 3` once trained for a minute as `--epochs 3`), and a page of usage above the
    sentence would hide it.
    """

    def __init__(self, **settings: Any) -> None:
        settings.setdefault("formatter_class", argparse.ArgumentDefaultsHelpFormatter)
        super().__init__(allow_abbrev=False, **settings)

    def parse_args(  # type: ignore[override]  # argparse declares overloads for a namespace of one's own
        self, args: Sequence[str] | None = None, namespace: None = None
    ) -> argparse.Namespace:
        """Parse; name unknown words, and the option that was perhaps meant."""
        options, unknown = self.parse_known_args(args, namespace)
        if unknown:
            self.error(f"expected words that --help lists. Received: {self._named(unknown)}")
        return options

    def error(self, message: str) -> NoReturn:
        """One line on standard error, exit code 2."""
        self.exit(EXIT_USAGE, f"{self.prog}: {message.rstrip('.')}. See --help.\n")

    def _named(self, unknown: list[str]) -> str:
        words = " ".join(unknown)
        option = unknown[0].partition("=")[0]
        meant = difflib.get_close_matches(option, self._option_string_actions, n=1)
        return f"{words} (did you mean {meant[0]}?)" if meant else words

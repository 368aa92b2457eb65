"""Every option of every command, with every word that it should not get."""

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from attempts import Tally, inside
from bad_tables import NOBODY
from bad_words import WORDS

from export import __main__ as export
from export.options import make_parser as export_parser
from keras_pipeline import evaluate, train
from serving.client import __main__ as client
from serving.client.shell import options as client_options
from serving.server import __main__ as server
from serving.server import flags as server_flags
from serving.up import options as up_options

Main = Callable[[Sequence[str]], int]


def attack(folder: Path, words: Sequence[str] = WORDS) -> Iterator[Tally]:
    """Where the option is fine with a word, something else is wrong: no command gets far.

    Args:
        folder: to work in; it must stay as it is.
        words: for each option.
    """
    commands: dict[str, tuple[Main, argparse.ArgumentParser, tuple[str, ...]]] = {
        "train": (train.main, train.make_parser(), ("--data", "not-there.csv")),
        "evaluate": (evaluate.main, evaluate._parser(), ("not-there",)),
        "export": (export.main, export_parser(), ("not-there",)),
        "client": (client.main, client_options._build_parser(), ("a", *NOBODY)),
        "server": (
            server.main,
            server_flags._build_parser(),
            ("--model_base_path=not-there", "--ssl_config_file=not-there"),
        ),
        "up": (up_options.parse_options, up_options._build_parser(), ()),
    }
    with inside(folder):
        for name, (main, parser, rest) in commands.items():
            tally = Tally(f"odd options to {name}")
            for option in options_of(parser):
                for word in words:
                    given = (f"{option}={word}", *without(option, rest))
                    tally.command(main, *given, unchanged=Path(), may_succeed=name == "export")
            for given in nonsense(parser):
                tally.command(main, *given, *rest, unchanged=Path())
            yield tally


def options_of(parser: argparse.ArgumentParser) -> list[str]:
    """Those that take a word."""
    return [
        action.option_strings[-1]
        for action in parser._actions
        if action.option_strings and action.nargs != 0
    ]


def without(option: str, words: tuple[str, ...]) -> tuple[str, ...]:
    """The same words without this option and what it is given: the one of an attempt counts."""
    if option not in words:
        return tuple(word for word in words if not word.startswith(f"{option}="))
    at = words.index(option)
    return (*words[:at], *words[at + 2 :])


def nonsense(parser: argparse.ArgumentParser) -> Iterator[tuple[str, ...]]:
    """Options that there are not, and some without what they need."""
    yield from (
        ("--nonsense",),
        ("--nonsense=1",),
        ("-x",),
        ("---",),
        ("--\x1b[31m",),
        ("--\udce9",),
    )
    for option in options_of(parser)[:30]:
        yield (option[:-1],)  # no abbreviation is guessed at

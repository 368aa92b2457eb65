"""`tweet-sentiment`: one name for the commands of this project, each of which also has its own.

    tweet-sentiment train --epochs 3      is      python -m keras_pipeline.train --epochs 3

It hands its words over to the module, and imports none of them: `--help` is there at once.
"""

import importlib.util
import runpy
import sys
from typing import Final, NamedTuple

from export.start.command_line import EXIT_USAGE


class _Command(NamedTuple):
    """Where the words go, what that does, and the packages without which it cannot, with the extra that brings them."""

    module: str
    does: str
    needs: tuple[str, ...] = ()
    extra: str = "train"


_TRAINING: Final = ("tensorflow", "keras", "pandas", "sklearn", "matplotlib")
_TAUGHT: Final = (*_TRAINING, "keras_hub")

COMMANDS: Final = {
    "train": _Command("keras_pipeline.train", "from a table of texts to a trained run", _TRAINING),
    "best": _Command(
        "keras_pipeline.best",
        "the best model: a teacher, then a run taught by it",
        _TAUGHT,
        "teacher",
    ),
    "teacher": _Command(
        "keras_pipeline.teacher", "a teacher's soft labels alone, for train", _TAUGHT, "teacher"
    ),
    "evaluate": _Command(
        "keras_pipeline.evaluate", "figures and a report of a run, on any labelled table", _TRAINING
    ),
    "export": _Command(
        "export", "publish a run as a version; list, roll back, remove versions", _TRAINING
    ),
    "serve": _Command("serving.up", "serve what is published by the best server here"),
    "ask": _Command("serving.client", "ask a server"),
    "score": _Command("serving.score", "score a whole table, without a server", ("tensorflow",)),
    "app": _Command(
        "serving.app", "a page to try a model, ask about tables, correct", ("streamlit",), "app"
    ),
}


def main() -> None:
    """Run the command that the first word names, as `python -m` would; its exit code is this one's."""
    name, rest = (sys.argv[1] if len(sys.argv) > 1 else "--help"), sys.argv[2:]
    if name in ("-h", "--help"):
        print(_help())
        return
    if name not in COMMANDS:
        _refuse(f"expected one of {', '.join(COMMANDS)}. Received: {name}. See --help.")
    command = COMMANDS[name]
    missing = [package for package in command.needs if importlib.util.find_spec(package) is None]
    if missing:
        _refuse(
            f"{name} needs {', '.join(missing)}; install by: pip install "
            f"'tweet-sentiment-graph[{command.extra}]'. Received: not installed"
        )
    sys.argv = [f"tweet-sentiment {name}", *rest]
    runpy.run_module(command.module, run_name="__main__", alter_sys=True)


def _help() -> str:
    lines = [f"  {name:10} {command.does}" for name, command in COMMANDS.items()]
    return "\n".join(
        ["usage: tweet-sentiment COMMAND ...", "", *lines, "", "tweet-sentiment COMMAND --help"]
    )


def _refuse(sentence: str) -> None:
    print(f"error: tweet-sentiment: {sentence}", file=sys.stderr)
    sys.exit(EXIT_USAGE)


if __name__ == "__main__":
    main()

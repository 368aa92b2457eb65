"""Score a whole table without a server: `python -m serving.score --input tweets.csv --output scored`.

`serving.score.command` does the work; imported once the words are understood, for `--help` needs none of it.
"""

from collections.abc import Sequence

from serving.score import options


def main(arguments: Sequence[str] | None = None) -> int:
    """Score, tell, and give the exit code.

    Args:
        arguments: The words after the program's name; those of this process by default.

    Raises:
        SystemExit: Wrong usage, with code 2; or `--help` was asked for, with 0.
    """
    given = options.parse(arguments)
    from serving.score import command  # noqa: PLC0415 (what stands above comes first)

    return command.run(given)


if __name__ == "__main__":
    raise SystemExit(main())

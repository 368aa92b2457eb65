"""One command from a table to the best model: a teacher's soft labels, then the student, as training makes it.

python -m keras_pipeline.best --publish           what data there is; the model is published where it stands
python -m keras_pipeline.best --data table.csv    every option of keras_pipeline.train and of the teacher

What was done for the same data and settings is not done again. A student that was stopped goes on by
`python -m keras_pipeline.train --resume`.
"""

import os
import sys
from collections.abc import Sequence
from typing import Final

from export.start.command_line import Parser
from keras_pipeline.asked.checks import checked
from keras_pipeline.asked.training_parser import make_parser
from keras_pipeline.errors import UserError, exits_cleanly
from keras_pipeline.teacher.settings import add_teacher_options, settings_of
from keras_pipeline.teacher.teaching import soft_labels_for

PRESET: Final = ("--preset", "taught")


def _parser() -> Parser:
    parser = make_parser(
        prog="python -m keras_pipeline.best",
        description="Make a teacher of a sentence encoder, and train, evaluate and publish a graph taught by it; "
        "hyperparameters are those of --preset taught.",
    )
    add_teacher_options(parser)
    return parser


@exits_cleanly
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; it becomes `keras_pipeline.train`, whose exit codes it has."""
    words = [*PRESET, *(sys.argv[1:] if arguments is None else arguments)]
    options = _parser().parse_args(words)
    if options.resume or options.soft_labels is not None:
        named = "resume" if options.resume else "soft_labels"
        raise UserError(
            "`best` makes the soft labels itself; go on with a student, or use another teacher's, by "
            f"python -m keras_pipeline.train. Received: {named}={getattr(options, named)}"
        )
    if options.hosts is not None:
        raise UserError(
            "`best` makes its teacher on one machine; make the soft labels by python -m keras_pipeline.teacher, then "
            "train at each host by python -m keras_pipeline.train --soft-labels. "
            f"Received: hosts={options.hosts}"
        )
    asked = checked(options)
    soft_labels = soft_labels_for(asked.source, asked.config, settings_of(options, asked.source))
    sys.stdout.flush()
    # In this process's place: TensorFlow takes the number of its threads once, and the teacher's memory is free.
    student = [sys.executable, "-m", "keras_pipeline.train", *training_words(words)]
    os.execv(sys.executable, [*student, "--soft-labels", str(soft_labels)])  # noqa: S606 (this project's own)


def training_words(words: Sequence[str]) -> list[str]:
    """The words but for those of the teacher.

    Example:
    >>> training_words(["--phrases", "2", "--data", "a.csv", "b.csv", "--publish", "--temperature=3"])
    ['--data', 'a.csv', 'b.csv', '--publish']
    """
    teacher = Parser(add_help=False)
    add_teacher_options(teacher)
    return teacher.parse_known_args(list(words))[1]


if __name__ == "__main__":
    sys.exit(main())

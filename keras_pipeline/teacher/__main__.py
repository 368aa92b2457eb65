"""Fine-tune a sentence encoder on a table, and write what it thinks of many texts: a teacher for training.

python -m keras_pipeline.teacher                      what data there is
python -m keras_pipeline.teacher --data table.csv     prints the file for `keras_pipeline.train --soft-labels`

The same command again goes on where it was killed, and where nothing has changed it has nothing to do.
`python -m keras_pipeline.best` goes on to the student.
"""

import sys
from collections.abc import Sequence

from export.start.command_line import Parser
from keras_pipeline.config import TrainConfig
from keras_pipeline.errors import exits_cleanly
from keras_pipeline.options import add_data_options, add_part_options, data_source_of
from keras_pipeline.teacher.settings import add_teacher_options, settings_of
from keras_pipeline.teacher.teaching import soft_labels_for


def _parser() -> Parser:
    parser = Parser(
        prog="python -m keras_pipeline.teacher",
        description="Fine-tune a sentence encoder on a table, and write soft labels for keras_pipeline.train.",
    )
    add_teacher_options(parser)
    add_data_options(parser)
    add_part_options(parser)
    parser.add_argument(
        "--seed", type=int, default=TrainConfig().seed, help="as in the run that is to be taught"
    )
    return parser


@exits_cleanly
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line: 0; 2 for bad input; 1 for a full disk; 130 after Ctrl-C."""
    from keras_pipeline.table.first_look import check_files  # noqa: PLC0415 (pandas; not for --help)

    options = _parser().parse_args(arguments)
    config, source = TrainConfig(seed=options.seed), data_source_of(options)
    check_files(source)
    soft_labels_for(source, config, settings_of(options, source))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What is wrong with the files that a run shall read, told at once: pandas reads one row, in 0.3 s.

No TensorFlow here, unlike in `keras_pipeline.table.dataset`: that takes seconds to import.
"""

from keras_pipeline.data_source import OPTIONS, DataSource
from keras_pipeline.errors import UserError
from keras_pipeline.table.chunks import read_chunks
from keras_pipeline.table.csv_errors import refuse_what_is_no_file


def check_files(source: DataSource) -> None:
    """Look at the head of each table, and whether the other files are there.

    Raises:
        UserError: a file that is not there or no CSV, an unknown encoding, a column that it lacks.
    """
    for name in ("embeddings", "soft_labels"):
        path = getattr(source, name)
        if path is not None and not path.is_file():
            raise UserError(
                f"`--{name.replace('_', '-')}` must be a file. Received: {name}={path} (no such file)"
            )
    for name, option in OPTIONS.items():
        for path in getattr(source, name):
            refuse_what_is_no_file(path, option)
    for path in source.tables():
        next(read_chunks(path, source, rows=1), None)
    for path in source.unlabelled_paths:
        next(read_chunks(path, source.of_texts(), rows=1, labelled=False), None)

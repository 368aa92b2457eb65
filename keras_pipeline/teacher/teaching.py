"""From a table to the CSV of soft labels: read, split, fine-tune, ask; each once for the same data and settings."""

from pathlib import Path

from export.start.lean_tensorflow import import_lean_tensorflow
from export.start.shown import shown
from keras_pipeline.config import TrainConfig
from keras_pipeline.data_source import DataSource
from keras_pipeline.run_files import RunLock, unwritable
from keras_pipeline.teacher.folder import TeacherFolder
from keras_pipeline.teacher.settings import TeacherSettings


def soft_labels_for(source: DataSource, config: TrainConfig, settings: TeacherSettings) -> Path:
    """The CSV for `--soft-labels`; made where it is not there yet, from where a killed process was.

    Args:
        source: the table.
        config: of the run that is to be taught: its seed and fractions tell which rows are held out.
        settings: of the teacher.

    Raises:
        UserError: the data or the encoder cannot be read, another process works on the same, or training
            diverged.
        DiskError: there is no room.
    """
    folder = TeacherFolder.of(source, config, settings)
    path = shown(str(folder.soft_labels))
    if folder.soft_labels.is_file():
        print(f"A teacher has answered this already: {path}", flush=True)
        return folder.soft_labels
    try:
        folder.asked.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder.asked, error) from None
    lock = RunLock(folder.path)
    try:
        import_lean_tensorflow()
        from keras_pipeline.teacher.lesson import teach  # noqa: PLC0415 (TensorFlow and KerasHub: seconds)

        teach(folder, source, config, settings)
    finally:
        lock.release()
    print(f"Soft labels: {path}", flush=True)
    return folder.soft_labels

"""`python -m export PATH --labels ... --test-data ...`: a model that this project did not train, and its test table."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from export.brought.reading import check_model_file, is_exported_folder, read_model
from export.errors import UnfitModelError, UnreadableRunError
from export.options import BROUGHT
from keras_pipeline.errors import UserError

if TYPE_CHECKING:
    from export.gate.quality import TestSplit
    from export.run_record import RunRecord
    from keras_pipeline.data_source import DataSource
    from keras_pipeline.table.dataset import Tweets

_RUN_FILES: Final = ("config.json", "data.json", "metrics.json")


def is_brought(options: argparse.Namespace) -> bool:
    """Whether it is somebody's model: so it is where its options are given, or no run stands around the file."""
    path = options.model
    if any(getattr(options, name) for name in BROUGHT):
        return True
    if path.is_dir():
        return is_exported_folder(path) and not (path / "model.keras").exists()
    in_a_run = any((path.parent / name).exists() for name in _RUN_FILES)
    return path.suffix in (".keras", ".h5", ".hdf5") and path.is_file() and not in_a_run


def check_brought(options: argparse.Namespace) -> None:
    """Refuse what can be refused without TensorFlow.

    Raises:
        UnfitModelError: the model cannot be read, or an option is missing.
        UnreadableRunError: there is no such table.
    """
    path = options.model
    if path.is_dir() and (path / "model.keras").exists():
        raise UnfitModelError(
            "a run knows its labels and its test part; leave out --labels, --test-data, --output and --import, or name "
            f"the file in it. Received: model={path}"
        )
    check_model_file(path, options.imports)
    missing = [f"--{name.replace('_', '-')}" for name in BROUGHT[:2] if not getattr(options, name)]
    if missing:
        raise UnfitModelError(
            "a model that was not trained here needs --labels NAME,... in the order of its answers, and --test-data FILE "
            f"of labelled texts. Received: model={path} without {' and '.join(missing)}"
        )
    gone = next((file for file in source_of(options).paths() if not file.is_file()), None)
    if gone is not None:
        raise UnreadableRunError(
            f"`test-data` must be a file with labelled texts. Received: test-data={gone}"
        )


def source_of(options: argparse.Namespace) -> "DataSource":
    """The test table.

    Raises:
        UnreadableRunError: there is none, or labels that are none.
    """
    from keras_pipeline.data_source import find_source  # noqa: PLC0415 (as the others)

    columns = {
        name: getattr(options, name)
        for name in ("text_column", "label_column")
        if hasattr(options, name)
    }
    try:
        return find_source(options.test_data, label_map=options.labels, **columns)
    except UserError as error:
        raise UnreadableRunError(str(error).replace("`data`", "`test-data`")) from error


def read_brought(
    options: argparse.Namespace,
) -> tuple[Any, tuple[str, ...], "TestSplit", "RunRecord"]:
    """The model, its labels, the rows of the test table, and what stands for a run's record.

    Raises:
        UnfitModelError, UnreadableRunError: as told.
    """
    import keras_pipeline.model  # noqa: F401, PLC0415 (a model of ours may be brought, too)

    source = source_of(options)
    tweets = _rows(source)
    split = _split(tweets)
    model = read_model(options.model, options.imports)
    return model, tweets.label_names, split, _record(options.model, source, tweets)


def _rows(source: "DataSource") -> "Tweets":
    from keras_pipeline.table.dataset import read_tweets  # noqa: PLC0415 (TensorFlow)

    try:
        return read_tweets(source)
    except UserError as error:
        raise UnreadableRunError(str(error).replace("`data`", "`test-data`")) from error


def _split(tweets: "Tweets") -> "TestSplit":
    import numpy as np  # noqa: PLC0415 (as above)

    from export.gate.quality import TestSplit  # noqa: PLC0415

    return TestSplit(np.asarray(tweets.texts[:]), tweets.labels)


def _record(path: Path, source: "DataSource", tweets: "Tweets") -> "RunRecord":
    from export.run_record import RunRecord  # noqa: PLC0415 (NumPy)

    report = tweets.report
    dropped = {"test, dropped: text or label missing": report.missing}
    dropped |= {"test, dropped: fewer than 3 characters once cleaned": report.too_short}
    counts = {name: count for name, count in dropped.items() if count}
    data = {
        "path": str(source.path),
        "sha256": source.sha256(),
        "label_map": source.label_map,
        "rows_read": report.rows_read,
    }
    return RunRecord(
        name=path.name,
        config={},
        data=data,
        results={"rows": {"test": report.rows_kept, **counts}},
    )

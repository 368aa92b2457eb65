"""The rows on which every version in a folder is judged; the folder keeps them under a dot name.

    models/tweet_sentiment/.examination/      a server takes the name for no version
        examination.json        source, sha256, label names, rows; figures of versions judged anew
        <sha256>.jsonl          the label names, then each row: {"label": ..., "text": ...}

The rows never change under their name, and one rename of examination.json brings rows and figures at
once: a reader sees the old examination or the new one, whole. A version that is published later has its
figures on its card, with the checksum of the examination that they belong to.

What a first publication makes of its own test part counts only while there is a version: a process that
dies between the two leaves none that anybody is judged on.
"""

import contextlib
import dataclasses
import functools
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from export.errors import DamagedFileError, ExportError
from export.run_record import read_object
from export.start.shown import listed
from export.start.utf8 import encode_text
from export.versions.disk import PARTIAL, delete, flush, flush_or_warn, write_whole
from export.versions.disk_errors import refusal
from export.versions.listing import has_versions

FOLDER: Final = ".examination"
_HEADER: Final = "examination.json"
_SWAPS: Final = 20  # each needs another examination to be set between two of our system calls

Array = np.ndarray[Any, Any]


@dataclasses.dataclass(frozen=True, eq=False)
class Examination:
    """Labelled texts, and where they came from.

    Attributes:
        texts: `[rows]` object array of str.
        labels: class ids, `[rows] int64`: positions in `label_names`.
        label_names: name of each class.
        source: where the rows came from, for people.
        chosen: whether somebody set it; else the first publication made it of its own test part.
    """

    texts: Array
    labels: Array
    label_names: tuple[str, ...]
    source: str
    chosen: bool = False

    @functools.cached_property
    def sha256(self) -> str:
        """Checksum of the rows as they are stored."""
        return hashlib.sha256(b"".join(self.lines())).hexdigest()

    def lines(self) -> Iterator[bytes]:
        """The rows as they are stored."""
        yield _line({"label_names": list(self.label_names)})
        for text, label in zip(self.texts, self.labels.tolist(), strict=True):
            yield _line({"label": self.label_names[label], "text": text})


@dataclasses.dataclass(frozen=True)
class Header:
    """What can be told of an examination without reading its rows.

    Attributes:
        source: where the rows came from.
        sha256: of the rows.
        rows: how many.
        label_names: name of each class.
        chosen: see `Examination`.
        set_at: when, ISO 8601 in UTC.
        figures: by `identity`, figures of versions that were judged anew, or `{"problem": why not}`.
    """

    source: str
    sha256: str
    rows: int
    label_names: tuple[str, ...]
    chosen: bool
    set_at: str
    figures: dict[str, dict[str, Any]]


def read_examination(to: Path) -> Examination | None:
    """The examination of a folder of versions; None where it has none.

    Raises:
        ExportError: it is damaged, or may not be read.
    """
    for _ in range(_SWAPS):
        header = read_header(to)
        if header is None:
            return None
        # Another one was set between the two readings.
        with contextlib.suppress(FileNotFoundError), _told(to):
            return _read_rows(to / FOLDER / f"{header.sha256}.jsonl", header)
    raise _damaged(to, "its rows are gone")


def read_header(to: Path) -> Header | None:
    """The same without the rows."""
    try:
        with _told(to):
            header = _parsed(read_object(to / FOLDER / _HEADER))
    except (FileNotFoundError, NotADirectoryError):
        return None
    return header if header.chosen or has_versions(to) else None


def store(base: Path, examination: Examination, figures: Mapping[str, Any]) -> None:
    """Put an examination in the place of whatever was there; `base` must be there and locked.

    Args:
        base: the folder of versions.
        examination: what to judge on from now on.
        figures: by `export.versions.listing.identity`, of the versions that are there.

    Raises:
        OSError: there is no room, or no permission; what was there still is.
    """
    folder, rows = base / FOLDER, f"{examination.sha256}.jsonl"
    header = {
        "source": examination.source,
        "sha256": examination.sha256,
        "rows": len(examination.labels),
        "label_names": list(examination.label_names),
        "chosen": examination.chosen,
        "set_at": datetime.now(tz=UTC).isoformat(timespec="seconds"),
        "figures": dict(figures),
    }
    content = json.dumps(header, indent=2).encode() + b"\n"
    is_new, had_rows = not folder.exists(), (folder / rows).exists()
    try:
        folder.mkdir(exist_ok=True)
        write_whole(folder / rows, lambda file: file.writelines(examination.lines()))
        flush(folder)
        write_whole(folder / _HEADER, lambda file: file.write(content))
    except BaseException:
        if is_new:
            discard(base)
        elif not had_rows:
            with contextlib.suppress(OSError):
                (folder / rows).unlink(missing_ok=True)
        raise
    flush_or_warn(folder, f"{folder} is set, but may not outlive a power cut")
    flush_or_warn(base, f"{folder} is set, but may not outlive a power cut")
    with contextlib.suppress(OSError):
        _sweep(folder, rows)


def discard(base: Path) -> None:
    """Take away what `store` put there; first the file without which there is no examination."""
    with contextlib.suppress(OSError):
        (base / FOLDER / _HEADER).unlink(missing_ok=True)
    delete(base / FOLDER)


def refuse_missing(to: Path, header: Header | None) -> None:
    """Versions from before there were examinations cannot be compared with on a newcomer's own rows.

    Raises:
        ExportError: there are versions, and nothing to judge them on.
    """
    if header is None and has_versions(to):
        raise ExportError(
            f"`to` must be a folder with an examination, for it holds versions to compare with; set one, such "
            f"as the test part of the run that serves now: python -m export --examination runs/NAME "
            f"--to {to}. Received: to='{to}', without one"
        )


def refuse_other_labels(to: Path, examined: Sequence[str], label_names: Sequence[str]) -> None:
    """A version answers an examination only if it knows the same classes, in whatever order.

    Raises:
        ExportError: it does not.
    """
    if set(examined) != set(label_names):
        raise ExportError(
            f"`to` must be a folder whose examination has the model's labels, {listed(label_names)}; "
            f"choose another folder, or set another examination. "
            f"Received: to='{to}', with {listed(examined)}"
        )


def _line(row: Mapping[str, Any]) -> bytes:
    return encode_text(json.dumps(row, ensure_ascii=False)) + b"\n"


def _sweep(folder: Path, rows: str) -> None:
    """Delete what another examination, or a process that died, left."""
    for file in folder.iterdir():
        if file.name.startswith(PARTIAL) or (file.suffix == ".jsonl" and file.name != rows):
            file.unlink(missing_ok=True)


def _parsed(header: Mapping[str, Any]) -> Header:
    kinds = {
        "source": str,
        "sha256": str,
        "rows": int,
        "label_names": list,
        "chosen": bool,
        "set_at": str,
        "figures": dict,
    }
    for name, kind in kinds.items():
        if not isinstance(header.get(name), kind):
            raise DamagedFileError(f"{_HEADER} lacks `{name}`")
    given = {name: header[name] for name in kinds}
    return Header(**{**given, "label_names": tuple(map(str, header["label_names"]))})


def _read_rows(path: Path, header: Header) -> Examination:
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != header.sha256:
        raise DamagedFileError(f"{path.name} has another checksum")
    _, *lines = content.decode().split("\n")[:-1]
    rows = [json.loads(line) for line in lines]
    ids = {name: number for number, name in enumerate(header.label_names)}
    texts = np.empty(len(rows), object)
    texts[:] = [row["text"] for row in rows]
    return Examination(
        texts=texts,
        labels=np.array([ids[row["label"]] for row in rows], np.int64),
        label_names=header.label_names,
        source=header.source,
        chosen=header.chosen,
    )


@contextlib.contextmanager
def _told(to: Path) -> Iterator[None]:
    """What is damaged, or may not be read, in one sentence; what is not there stays what it is."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise
    except DamagedFileError as error:
        raise _damaged(to, str(error)) from error
    except OSError as error:
        raise refusal(to / FOLDER, error.errno) from error


def _damaged(to: Path, reason: str) -> ExportError:
    return ExportError(
        f"the examination in '{to / FOLDER}' must be whole; set it again, or another: "
        f"python -m export --examination FILE.csv --to {to}. Received: {reason}"
    )

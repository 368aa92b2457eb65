"""Runs and folders of versions of which a file is damaged, to everything that reads them."""

import base64
import json
import marshal
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

from attempts import Tally, inside
from bad_words import NAMES, damages

from export import __main__ as export
from export.errors import ExportError
from export.run_record import read_run
from export.versions.examination import store
from export.versions.listing import MODEL_CARD
from keras_pipeline import evaluate, load_model, train
from keras_pipeline.errors import UserError
from keras_pipeline.run_folder import RunFolder

FILES = ("config.json", "data.json", "intent.json", "metrics.json", "learned_from.npy")
SURELY = ("empty", "one byte", "half", "NUL bytes", "nested JSON", "a JSON list", "HTML")
"""Damages after which no file can be what it was."""


def attack(folder: Path, run: Path | None, count: int) -> Iterator[Tally]:
    """Files one by one, then the commands.

    Args:
        folder: to work in.
        run: a finished run; None leaves out what needs one.
        count: damages at random, of each file.
    """
    with inside(folder):
        if run is not None:
            yield files(run, count)
            yield models(run, count // 4)
            yield malicious(run)
            yield commands(run)
        yield versions(count // 2)
        yield names()


def copied(run: Path) -> Path:
    """A run of its own, without what is large."""
    shutil.rmtree("run", ignore_errors=True)
    Path("run").mkdir()
    for name in (*FILES, "model.keras"):
        shutil.copyfile(run / name, Path("run", name))
    return Path("run")


def files(run: Path, count: int) -> Tally:
    """By the functions that read them."""
    tally = Tally("damaged files of a run")
    folder = RunFolder(copied(run))

    def read() -> None:
        folder.config(), folder.source(), folder.intent(), folder.is_finished

    for name in FILES:
        path = folder.path / name
        sound = path.read_bytes()
        for kind, damaged in damages(sound, count):
            path.write_bytes(damaged)
            tally.function(read, errors=UserError, about=f"{name}: {kind}")
            tally.function(read_run, folder.path, errors=ExportError, about=f"{name}: {kind}")
        path.unlink()
        path.mkdir()
        tally.function(read, errors=UserError, about=f"{name}: a folder")
        tally.function(read_run, folder.path, errors=ExportError, about=f"{name}: a folder")
        path.rmdir()
        tally.function(read_run, folder.path, errors=ExportError, about=f"{name}: gone")
        path.write_bytes(sound)
    return tally


def models(run: Path, count: int) -> Tally:
    """A damaged model.keras: a packed archive, so that most of it is told by its checksums."""
    tally = Tally("damaged models")
    path = copied(run) / "model.keras"
    for kind, damaged in damages(path.read_bytes(), count):
        path.write_bytes(damaged)
        tally.function(load_model, path, errors=UserError, about=kind)
    for odd in ("", ".", "not-there", "a\0b", "n" * 300, "/dev/null", "run/config.json"):
        tally.function(load_model, odd, errors=UserError)
    return tally


def malicious(run: Path) -> Tally:
    """A model.keras whose layers are functions of Python's that write a file; it must never be there."""
    tally = Tally("malicious models")
    path, written = copied(run) / "model.keras", Path("written").absolute()
    code = f"__import__('pathlib').Path({str(written)!r}).touch()"
    body = base64.b64encode(marshal.dumps(compile(code, "x", "exec"))).decode()
    layers = (
        {"module": "builtins", "class_name": "eval", "config": code},
        {"module": "builtins", "class_name": "exec", "config": {"source": code}},
        {"module": "os", "class_name": "system", "config": f"touch {written}"},
        {
            "module": "os",
            "class_name": "function",
            "config": "system",
            "registered_name": "function",
        },
        {
            "module": "subprocess",
            "class_name": "Popen",
            "config": {"args": ["touch", str(written)]},
        },
        {"module": "pathlib", "class_name": "Path", "config": {"path": str(written)}},
        {"class_name": "__lambda__", "config": {"value": code}},
        {"class_name": "__lambda__", "config": {"code": body, "defaults": None, "closure": None}},
        {
            "module": "keras.layers",
            "class_name": "Lambda",
            "config": {
                "name": "x",
                "function": {"class_name": "__lambda__", "config": {"code": body}},
            },
        },
        {"module": "runpy", "class_name": "run_path", "config": {"path_name": str(written)}},
    )
    for layer in layers:
        for part in ("cleaner", "classifier", None):
            write_model(run / "model.keras", path, part, layer)
            tally.function(load_model, path, errors=UserError, about=f"{part}: {layer}")
            if written.exists():
                tally.lost.append(f"{part}: {layer} has run")
                written.unlink()
    return tally


def write_model(sound: Path, path: Path, part: str | None, layer: dict[str, object]) -> None:
    """A copy of a model with this in place of a part, or of all of it."""
    with zipfile.ZipFile(sound) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                config = json.loads(content)
                if part is None:
                    config = layer
                else:
                    config["config"][part] = layer
                content = json.dumps(config).encode()
            new.writestr(name, content)


def commands(run: Path) -> Tally:
    """Each command that is given a run, with one file that can be nothing any more."""
    tally = Tally("damaged runs to the commands")
    for name in (*FILES[:2], "metrics.json", "model.keras"):
        for kind, damaged in damages((run / name).read_bytes(), 0):
            if kind not in SURELY:
                continue
            (copied(run) / name).write_bytes(damaged)
            here = {"unchanged": Path()}
            tally.command(export.main, "run", "--to", "models", **here)
            if name != "metrics.json":  # evaluation does not read it
                tally.command(evaluate.main, "run", "--output", "new", **here)
            if name != "model.keras":  # training has ended, and does not read it
                (Path("run") / "checkpoint.npz").touch()
                (Path("run") / ".lock").touch()
                tally.command(train.main, "--resume", "--output", "run", **here)
    return tally


def versions(count: int) -> Tally:
    """Cards and examinations that are damaged: what looks after a folder names them, and goes on."""
    from checked_versions import publish_first, publish_one, rows

    tally = Tally("damaged cards and examinations to --list, --keep and --rollback")
    base = Path("models")
    publish_first(base)
    publish_one(base)
    store(base, rows("first"), {})
    card = b'{"date": "2025-11-22T16:41:00Z", "data": {"path": "a.csv"}, "metrics": {"rows": 3, "macro_f1": 0.5}}'
    targets = {
        base / "1" / MODEL_CARD: card,
        base / ".examination" / "examination.json": (
            base / ".examination/examination.json"
        ).read_bytes(),
    }
    for path, sound in targets.items():
        path.parent.mkdir(exist_ok=True)
        for _, damaged in damages(sound, count):
            path.write_bytes(damaged)
            for words in (("--list",), ("--keep", "9"), ("--rollback", "77")):
                taken = words[0] != "--rollback"
                tally.command(export.main, *words, "--to", base, unchanged=base, may_succeed=taken)
        path.write_bytes(sound)
    for name in ("3", "4"):
        (base / name).symlink_to("4" if name == "4" else "not-there")
        tally.command(export.main, "--list", base, unchanged=None, may_succeed=True)
        (base / name).unlink()
    return tally


def names() -> Tally:
    """Files and folders of strange names, those that are not there and those that are."""
    tally = Tally("odd names of files and folders to the commands")
    for name in NAMES:
        if "\0" in name or name.startswith("-") or name in ("/", "//", ".", "/dev/full"):
            continue
        here = {"unchanged": Path()}
        tally.command(evaluate.main, "--", name, **here)
        tally.command(train.main, f"--data={name}.csv", **here)
        tally.command(train.main, "--resume", f"--output={name}", **here)
        tally.command(export.main, f"--to={name}/x", "--", f"{name}.keras", **here)
        tally.command(export.main, f"--list={name}", may_succeed=True, **here)
        tally.command(export.main, "--rollback=1", f"--to={name}", **here)
    return tally

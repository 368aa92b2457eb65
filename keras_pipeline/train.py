"""Train and evaluate a graph from a table of texts, and publish it where that is asked for.

python -m keras_pipeline.train                        what data there is, default settings
python -m keras_pipeline.train --preset notebook      the notebook that this project replaces
python -m keras_pipeline.train --publish              and publish the model, if it stands the examination
python -m keras_pipeline.train --resume               go on with the newest unfinished run, as it was asked
"""

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from export.errors import ExportError
from export.remote.folder import folder_at
from export.settings import WARMUP_BATCHES, Artefact
from export.start.command_line import EXIT_INTERRUPTED
from export.start.lean_tensorflow import import_lean_tensorflow
from export.start.shown import shown
from export.start.store_url import StoreUrl
from keras_pipeline.asked.checks import budget_asked, checked, resumed
from keras_pipeline.asked.training_parser import DEFAULT_FOLDER, make_parser
from keras_pipeline.data_source import shown_path
from keras_pipeline.errors import UserError, exits_cleanly
from keras_pipeline.fit.on_jax.hosts import Hosts, hosts_of
from keras_pipeline.fit.on_jax.process import check_backend, help_others
from keras_pipeline.options import given_settings
from keras_pipeline.run_files import Intent, write_whole
from keras_pipeline.run_folder import RunFolder

if TYPE_CHECKING:
    from keras_pipeline.training import TrainingData

EXIT_NOT_EXPORTED: Final = 1


@exits_cleanly
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0; 2 for bad input; 1 if the export failed or was refused, or a disk; 130 after Ctrl-C.
    """
    began_at = perf_counter()
    options = make_parser().parse_args(arguments)
    hosts = _hosts(options)
    if hosts is not None and hosts.index:
        return _help(hosts)
    asked = resumed(options) if options.resume else checked(options)
    if asked.run is not None and asked.run.is_finished:
        print(f"Nothing to do: {shown(str(asked.run.path))} is finished.")
        return 0
    import_lean_tensorflow()
    # It takes seconds: whatever could be told without it has been told.
    from keras_pipeline import training  # noqa: PLC0415

    data = training.read_data(asked.source, asked.config)
    if asked.intent.publish_to is not None:
        data = _apart(data, asked.intent.publish_to)
    config = dataclasses.replace(asked.config, labels=data.tweets.label_names)
    run = asked.run or RunFolder.create(options.output, config, asked.source, asked.intent)
    with run:
        if run.is_saved:  # it ended while it was exported
            model = training.load_saved(run)
        else:
            model = _train(run, data, asked.intent, began_at, hosts)
        return EXIT_INTERRUPTED if model is None else _finish(run, model, data, asked.intent)


def _help(hosts: Hosts) -> int:
    """Train with the others; what was learned stands at the first host, also after Ctrl-C here."""
    first = shown(hosts.addresses[0])
    if help_others(hosts).interrupted:
        print(
            f"interrupted; the others end, too. Go on: the same command here, with --resume at {first}",
            file=sys.stderr,
        )
        return EXIT_INTERRUPTED
    print(f"Trained; {first} judges and exports")
    return 0


def _hosts(options: argparse.Namespace) -> Hosts | None:
    """That train together; a run that is resumed knows its backend itself, and others are not asked for it."""
    backend = "jax" if options.resume else given_settings(options).get("backend", "tensorflow")
    hosts = hosts_of(options.hosts, options.host_index, backend)
    if hosts is not None:
        check_backend(backend, tensorboard=options.tensorboard)
    return hosts


def _apart(data: "TrainingData", to: Path | StoreUrl) -> "TrainingData":
    """Keep the examination of the folder out of what is learned: its own test part where there is none."""
    from export.text_hashes import text_hashes  # noqa: PLC0415 (TensorFlow, as above)
    from export.versions.examination import read_examination  # noqa: PLC0415

    try:
        with folder_at(to) as folder:
            examination = read_examination(folder.base)
    except ExportError as error:
        raise UserError(f"`--publish`: {error}") from None
    texts = data.test()[0] if examination is None else examination.texts
    return data.apart_from(text_hashes(texts), text_hashes)


def _train(
    run: RunFolder, data: "TrainingData", intent: Intent, began_at: float, hosts: Hosts | None
) -> Any:
    """The trained model, once everything of the run is saved; None after Ctrl-C."""
    from export.run_record import (  # noqa: PLC0415 (NumPy, as above)
        LEARNED_FROM,
        ancestry_of,
        read_run,
        weights_sha256,
        write_hashes,
    )
    from export.text_hashes import text_hashes  # noqa: PLC0415
    from keras_pipeline import training  # noqa: PLC0415

    with run.noting_failure():
        try:
            fitted = training.fit_run(run, data, tensorboard=intent.tensorboard, hosts=hosts)
        except KeyboardInterrupt:  # before there was a network to judge
            print(_how_to_go_on(run))
            return None
    start = data.source.start_from
    ancestor = None if start is None else read_run(start.parent)
    hashes: Any = data.learned_from(text_hashes)
    if ancestor is not None:
        hashes = ancestor.with_learned_from(hashes)
    if hashes is not None:
        write_whole(run.path / LEARNED_FROM, lambda file: write_hashes(file, hashes))
    coverage = training.coverage_of(fitted, data)
    evaluation = training.evaluate_run(fitted, data)
    behaviour = training.behaviour_of(fitted)
    training.save_run(
        run,
        data,
        fitted,
        evaluation,
        coverage=coverage,
        behaviour=behaviour,
        seconds=perf_counter() - began_at,
        weights_sha256=weights_sha256(fitted.model),
        ancestry=[] if ancestor is None else ancestry_of(ancestor),
    )
    path = shown(str(run.path))
    print(f"\n{evaluation.table()}\n\nRun saved: {path} (report.md, model.keras, metrics.json)")
    if fitted.interrupted:
        print(_how_to_go_on(run))
        return None
    return fitted.model


def _how_to_go_on(run: RunFolder) -> str:
    return (
        "Interrupted. Go on: python -m keras_pipeline.train --resume "
        f"--output {shown(str(run.path))}"
    )


def _finish(run: RunFolder, model: Any, data: "TrainingData", intent: Intent) -> int:
    """Export, publish, and only then drop the checkpoint: from here on the run is finished."""
    refused = None
    try:
        if intent.export:
            _export(run, model, data, intent)
    except ExportError as error:
        refused = error
    # Not after Ctrl-C, which goes past here: such a run is to be resumed.
    run.finish()
    if refused is not None:
        saved = f"The run itself is saved in {shown(str(run.path))}."
        print(f"error: {refused.shown()} {saved}", file=sys.stderr)
        return EXIT_NOT_EXPORTED
    print(_next_steps(run, intent))
    return 0


def _export(run: RunFolder, model: Any, data: "TrainingData", intent: Intent) -> None:
    """Write the SavedModel into the run, and publish the same files where that was asked for."""
    from export.exporter import export_model, publish_written, write_version  # noqa: PLC0415
    from export.gate.quality import TestSplit  # noqa: PLC0415
    from export.run_record import read_run  # noqa: PLC0415
    from export.versions.examination import read_examination  # noqa: PLC0415
    from export.versions.listing import published_from  # noqa: PLC0415

    to, report = intent.publish_to, None
    artefact = Artefact(warmup_batches=intent.warmup_batches or WARMUP_BATCHES)
    about: dict[str, Any] = {
        "split": TestSplit(*data.test()),
        "run": read_run(run.path),
        "artefact": artefact,
    }
    gate: dict[str, Any] = {"servers": intent.servers, "budget": budget_asked(intent)}
    if to is None:
        if not run.saved_model.exists():
            print(write_version(model, run.saved_model, **gate, **about).summary())
        return
    with folder_at(to) as folder:
        asked = read_examination(folder.base)
        # A process that died right after publishing is resumed: it published already.
        already = published_from(folder.base, about["run"])
    if not run.saved_model.exists():
        report = write_version(model, run.saved_model, asked=asked, **gate, **about)
    if already is not None:
        print(f"Published: {_shown_version(to / already.path.name)}")
        return
    if report is not None:
        path, report = publish_written(run.saved_model, model, to, report=report, asked=asked, **about)  # fmt: skip
    else:  # of a run that was resumed: what its gate found went with the process
        path, report = export_model(model, to, **gate, **about)
    print(f"{report.summary()}\nPublished: {_shown_version(path)}")


def _shown_version(version: Path | StoreUrl) -> str:
    return shown(str(shown_path(version) if isinstance(version, Path) else version))


def _next_steps(run: RunFolder, intent: Intent) -> str:
    """How to ask the model, and how to publish it."""
    python = shown_path(Path(sys.executable))
    command = "python" if python.is_absolute() else python
    path = shown(str(run.path))
    ask = f'from keras_pipeline import load_model; print(load_model("{path}")(["I love it"]))'
    lines = [f"\nAsk it:\n  {command} -c '{ask}'"]
    if intent.export and intent.publish_to is None:
        lines.append(f"Publish it:\n  {command} -m export {path} --to {DEFAULT_FOLDER}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())

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
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from export.budget import Budget, budget_of
from export.errors import ExportError
from export.remote.folder import folder_at
from export.served.options import add_server_options
from export.served.servers import choose, from_anywhere
from export.settings import SAVED_MODEL, WARMUP_BATCHES, Artefact
from export.signatures import MODEL_NAME
from export.start.command_line import EXIT_INTERRUPTED, Parser
from export.start.lean_tensorflow import import_lean_tensorflow
from export.start.shown import shown
from export.start.store_url import StoreUrl, folder_named
from keras_pipeline.config import TrainConfig
from keras_pipeline.data_source import OTHER_FILES, DataSource, shown_path
from keras_pipeline.errors import UserError, exits_cleanly
from keras_pipeline.fit.ancestor import settings_kept
from keras_pipeline.fit.memory import check_fits
from keras_pipeline.fit.on_jax.hosts import Hosts, hosts_of
from keras_pipeline.fit.on_jax.process import check_backend, help_others
from keras_pipeline.fit.words.encoder_files import embeddings_of
from keras_pipeline.options import (
    add_config_options,
    add_data_options,
    add_part_options,
    add_teaching_options,
    config_of,
    data_source_of,
    given_settings,
)
from keras_pipeline.run_files import Intent, check_is_free, write_whole
from keras_pipeline.run_folder import RunFolder

if TYPE_CHECKING:
    from keras_pipeline.training import TrainingData

EXIT_NOT_EXPORTED: Final = 1
DEFAULT_FOLDER: Final = Path("models") / MODEL_NAME


class Asked(NamedTuple):
    """What a run shall do; `run` is there already where one is resumed."""

    run: RunFolder | None
    config: TrainConfig
    source: DataSource
    intent: Intent


def make_parser(
    prog: str = "python -m keras_pipeline.train",
    description: str = "Train and evaluate a graph from a table of texts; publish it where asked to.",
) -> Parser:
    """The options of training, for this command and for those around it."""
    parser = Parser(prog=prog, description=description)
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="run folder, a new one (default: runs/<date-time>)",
    )
    parser.add_argument(
        "--publish", type=folder_named, nargs="?", const=DEFAULT_FOLDER, metavar="DIR|URL",
        help="publish as the next version in DIR, or in a store such as s3://bucket/models/tweets, if it stands that "
        f"folder's examination (default: nothing is published; without a DIR: {DEFAULT_FOLDER})",
    )  # fmt: skip
    parser.add_argument(
        "--no-export", action="store_true", help="stop after saving the run, without a SavedModel"
    )
    parser.add_argument(
        "--resume", action="store_true",
        help="go on with the run in --output, else with the newest unfinished one under runs/; it does "
        "what it was asked at first",
    )  # fmt: skip
    parser.add_argument(
        "--tensorboard", action="store_true", help="write TensorBoard logs into the run folder"
    )
    parser.add_argument(
        "--hosts", metavar="HOST:PORT,HOST:PORT",
        help="hosts that train together, with --backend jax: give the same command at each, but for --host-index; "
        "the first one's files alone are read, and it alone writes; to go on, add --resume there",
    )  # fmt: skip
    parser.add_argument(
        "--host-index", type=int, metavar="N", help="which of --hosts this one is, from 0"
    )
    add_server_options(parser)
    add_data_options(parser)
    add_part_options(parser)
    add_teaching_options(parser)
    add_config_options(parser)
    return parser


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
    asked = _resumed(options) if options.resume else checked(options)
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


def checked(options: argparse.Namespace) -> Asked:
    """Check everything that needs no TensorFlow; the run's folder is made once the data is read.

    Raises:
        UserError: something that was asked for cannot be done.
    """
    from keras_pipeline.table.first_look import check_files  # noqa: PLC0415 (pandas; not for --help)

    config = config_of(options)
    source = dataclasses.replace(data_source_of(options), embeddings=embeddings_of(options))
    if source.start_from is not None:
        config = settings_kept(config, given_settings(options), source.start_from)
    check_fits(config)
    if options.output is not None:
        check_is_free(options.output)
    if options.publish is not None and options.no_export:
        raise UserError("`--publish` needs an export. Received: --publish and --no-export")
    _check_tensorboard(options)
    check_backend(config.backend, tensorboard=options.tensorboard)
    _check_publication(options.publish)
    _check_servers(options)
    check_files(source)
    intent = Intent(
        options.publish,
        tensorboard=options.tensorboard,
        export=not options.no_export,
        servers=tuple(map(from_anywhere, options.servers or ())),
        warmup_batches=options.warmup_batches or (),
        require_speed=options.require_speed and options.require_speed.words,
    )
    _check_distill(config, source, options.hosts)
    return Asked(None, config, source, intent)


def _check_publication(to: Path | StoreUrl | None) -> None:
    """That nothing can be published there is told before the first epoch, not after the last."""
    if to is None:
        return
    try:
        with folder_at(to) as folder:
            folder.check_can_publish(SAVED_MODEL)
    except ExportError as error:
        raise UserError(f"`--publish`: {error}") from None


def _check_servers(options: argparse.Namespace) -> None:
    names = ("servers", "warmup_batches", "require_speed")
    given = [name for name in names if getattr(options, name) is not None]
    if given and options.no_export:
        raise UserError(f"`{given[0]}` needs an export. Received: {given[0]} and --no-export")
    try:
        choose(options.servers or ())
    except ExportError as error:
        raise UserError(str(error)) from None


def _budget(intent: Intent) -> Budget | None:
    """What the gate allows an answer and the files to cost."""
    try:
        return None if intent.require_speed is None else budget_of(intent.require_speed)
    except ExportError as error:
        raise UserError(str(error)) from None


def _check_distill(config: TrainConfig, source: DataSource, hosts: str | None) -> None:
    """Before anything is made: what needs the networks of `--distill`, and what does not go with them."""
    if source.unlabelled_paths and not config.distill:
        raise UserError(
            "`--unlabelled` needs networks that tell what the texts mean; name how many by --distill, such as "
            f"--distill 4. Received: unlabelled={source.unlabelled_paths[0]}, distill=0"
        )
    if hosts is not None and config.distill:
        raise UserError(
            "`--hosts` train one network together, and `--distill` needs several; leave one out. "
            f"Received: hosts={hosts}, distill={config.distill}"
        )


def _check_tensorboard(options: argparse.Namespace) -> None:
    """TensorFlow 2.21 no longer brings TensorBoard along."""
    if options.tensorboard and find_spec("tensorboard") is None:
        raise UserError(
            "`--tensorboard` needs the package tensorboard; install it by: "
            "pip install '.[tensorboard]'. Received: tensorboard=True"
        )


def _resumed(options: argparse.Namespace) -> Asked:
    """The run as it was asked: its own settings, its own data, its own end."""
    names = (
        "data",
        "validation_data",
        "test_data",
        "unlabelled",
        *OTHER_FILES,
        "publish",
        "no_export",
        "tensorboard",
        "servers",
        "warmup_batches",
        "require_speed",
    )
    changed = sorted(given_settings(options)) + [name for name in names if getattr(options, name)]
    if changed or options.preset != "default":
        raise UserError(
            "`--resume` goes on as the run was asked; leave out other options. "
            f"Received: {', '.join(changed) or 'preset'}"
        )
    run = RunFolder.reopen(options.output)
    print(f"Resuming {shown(str(run.path))}")
    asked = Asked(run, run.config(), run.source(), run.intent())
    hosts_of(options.hosts, options.host_index, asked.config.backend)
    check_backend(asked.config.backend, tensorboard=asked.intent.tensorboard)
    _check_publication(asked.intent.publish_to)
    _budget(asked.intent)
    _check_distill(asked.config, asked.source, options.hosts)
    return asked


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
    gate: dict[str, Any] = {"servers": intent.servers, "budget": _budget(intent)}
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

"""What a run shall do, checked before anything slow begins.

checked(options)    a new run: its settings, its data, how it ends
resumed(options)    one that was begun: as it was asked at first
"""

import argparse
import dataclasses
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from export.budget import Budget, budget_of
from export.errors import ExportError
from export.remote.folder import folder_at
from export.served.servers import choose, from_anywhere
from export.settings import SAVED_MODEL
from export.start.shown import shown
from export.start.store_url import StoreUrl
from keras_pipeline.config import TrainConfig
from keras_pipeline.data_source import OTHER_FILES, DataSource
from keras_pipeline.errors import UserError
from keras_pipeline.fit.ancestor import settings_kept
from keras_pipeline.fit.memory import check_fits
from keras_pipeline.fit.on_jax.hosts import hosts_of
from keras_pipeline.fit.on_jax.process import check_backend
from keras_pipeline.fit.words.encoder_files import embeddings_of
from keras_pipeline.options import config_of, data_source_of, given_settings
from keras_pipeline.run_files import Intent, check_is_free
from keras_pipeline.run_folder import RunFolder


class Asked(NamedTuple):
    """What a run shall do; `run` is there already where one is resumed."""

    run: RunFolder | None
    config: TrainConfig
    source: DataSource
    intent: Intent


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
    hosts_of(options.hosts, options.host_index, config.backend)
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


def budget_asked(intent: Intent) -> Budget | None:
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


def resumed(options: argparse.Namespace) -> Asked:
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
    budget_asked(asked.intent)
    _check_distill(asked.config, asked.source, options.hosts)
    return asked

"""The same pieces on a cluster, by Ray Data: a row of its table is a piece, and each actor scores whole pieces.

The table holds numbers alone; an actor opens the files itself and writes its part itself, so input and output
must be where every machine sees them. The model travels with the actors. Who dies is started again by Ray, and
its piece with it: a part appears whole or not at all, so nothing else has to be known of the dead.

What Ray 2.60 does unless it is told otherwise, and why it is:
- its readers merge small files and lose their order: it reads none here;
- actors may take every CPU, and whatever else needs one waits without a word: nothing else does here;
- it sets `OMP_NUM_THREADS` alone: `Model` sets TensorFlow's threads, too;
- a token of its own appears under HOME: one is given.
"""

import logging
import os
import secrets
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from export.start.python_path import python_path
from export.start.shown import shown
from serving.score.errors import ScoreError, StoppedError
from serving.score.folder import Counts, OutputFolder
from serving.score.heartbeat import Heartbeat, listening
from serving.score.model import Model
from serving.score.pieces.layout import Plan
from serving.score.pipeline import Done, Job, score_pieces
from serving.score.watch import Watch
from serving.score.writers import Columns

_THREADS: Final = 1
"""Of TensorFlow in an actor, which has one core; and batches that it asks at once."""
_FOR_EVER: Final = 31_536_000.0
_QUIET: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
}


@dataclass(frozen=True)
class Cluster:
    """Where to.

    Attributes:
        address: Of a cluster, `auto` for one of this machine; `None` starts one here, for this job.
        workers: Actors; by default as many as there are CPUs.
    """

    address: str | None
    workers: int | None


@dataclass(frozen=True)
class ActorsJob:
    """What an actor is given: a `Job` before the model has told its classes.

    Attributes:
        plan: Files and pieces.
        output: The folder.
        suffix: The format.
        prefix: Of the columns that are added.
        model: Ray's reference to the version's files by their names: as a plain value it would be an argument that
            Ray may lose, and an actor that has died would not start again.
    """

    plan: Plan
    output: str
    suffix: str
    prefix: str
    model: Any = None


class Actor:
    """Scores the pieces that Ray hands it; its model is loaded once."""

    def __init__(self, given: ActorsJob) -> None:
        import ray  # noqa: PLC0415 (an extra)

        with tempfile.TemporaryDirectory() as folder:
            for name, content in ray.get(given.model).items():
                file = Path(folder, name)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
            self._model = Model(Path(folder), _THREADS)
        columns = Columns(
            given.plan.kept, self._model.classes, given.prefix, given.plan.arrow_types
        )
        folder_ = OutputFolder(Path(given.output), given.suffix)
        self._job = Job(given.plan, folder_, given.suffix, columns, askers=_THREADS)

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, list[Any]]:
        """`index` of pieces to what became of each: rows, rejects, and a sentence where it failed."""
        told = [self._score(int(index)) for index in batch["index"]]
        return {name: [one[name] for one in told] for name in told[0]}

    def _score(self, index: int) -> dict[str, Any]:
        found: list[Counts] = []
        error, code = "", 0
        heartbeat = Heartbeat(self._job.folder.progress, index)
        try:
            self._job.columns.check()
            score_pieces(
                self._job,
                [index],
                self._model,
                Watch(_FOR_EVER),
                report=lambda _, __, rows: heartbeat.add(rows),
                done=lambda _, counts: found.append(counts),
            )
        except ScoreError as failed:
            error, code = str(failed), failed.exit_code
        finally:
            heartbeat.close()
        counts = found[0] if found else Counts(0, 0)
        return {"index": index, **vars(counts), "error": error, "code": code}


def score_on_ray(
    given: ActorsJob,
    version: Path,
    missing: Sequence[int],
    cluster: Cluster,
    *,
    watch: Watch,
    done: Done,
) -> None:
    """Score these pieces on a cluster.

    Args:
        given: What is to be done.
        version: Of the model.
        missing: Which pieces.
        cluster: Where.
        watch: Is told what is waited for.
        done: Is told of each piece that is in its place.

    Raises:
        ScoreError: No cluster answers, or an actor failed in its turn.
    """
    watch.waits_for(f"a Ray cluster at {cluster.address or 'this machine'}")
    with _connected(cluster.address) as ray:
        cpus = int(ray.cluster_resources().get("CPU", 0))
        given = replace(given, model=ray.put(_files_of(version)))
        size = min(cluster.workers or max(cpus, 1), len(missing))
        table = ray.data.from_items(
            [{"index": index} for index in missing], override_num_blocks=len(missing)
        )
        scored = table.map_batches(
            Actor,
            fn_constructor_args=(given,),
            batch_size=1,
            compute=ray.data.ActorPoolStrategy(size=size),
            num_cpus=1,
        )
        with listening(OutputFolder(Path(given.output), given.suffix).progress, watch):
            for told in _rows(scored, watch, f"{size} actors on {cpus} CPUs"):
                if told["error"]:
                    raise _failed(told)
                done(int(told["index"]), Counts(int(told["rows"]), int(told["rejects"])))


def _files_of(version: Path) -> dict[str, bytes]:
    """A version's files, to travel."""
    files = (file for file in sorted(version.rglob("*")) if file.is_file())
    return {file.relative_to(version).as_posix(): file.read_bytes() for file in files}


def _rows(scored: Any, watch: Watch, actors: str) -> Iterator[dict[str, Any]]:
    """As the actors finish; what Ray raises is one sentence."""
    rows = iter(scored.iter_rows())
    count = 0
    while True:
        watch.waits_for(f"the next part after {count} from {actors}")
        try:
            told = next(rows, None)
        except Exception as error:
            raise StoppedError(
                f"Ray gave up; the same command goes on. Received: {shown(str(error).splitlines()[-1], 300)}"
            ) from error
        if told is None:
            return
        count += 1
        yield told


def _failed(told: Mapping[str, Any]) -> ScoreError:
    kind = StoppedError if told["code"] == StoppedError.exit_code else ScoreError
    return kind(told["error"])


@contextmanager
def _connected(address: str | None) -> Iterator[Any]:
    """Ray, quietly."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    if address is None:
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    import ray  # noqa: PLC0415 (an extra, and seconds)
    import ray.data  # noqa: PLC0415 (as above)

    try:
        ray.init(
            address=address or "local",
            namespace=f"score-{uuid.uuid4().hex[:8]}",
            include_dashboard=False if address is None else None,
            log_to_driver=False,
            logging_level=logging.ERROR,
            configure_logging=True,
            runtime_env={
                "env_vars": {"PYTHONPATH": python_path(os.environ), "TF_CPP_MIN_LOG_LEVEL": "3"}
            },
        )
    except Exception as error:
        raise ScoreError(
            "`--address` must be that of a Ray cluster which answers, of the same version of Ray and Python. "
            f"Received: --address={address} ({shown(str(error), 300)})"
        ) from error
    try:
        _silence(ray.data)
        yield ray
    finally:
        with suppress(Exception):
            ray.shutdown()


def _silence(data: Any) -> None:
    context = data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)

"""The gate: what must hold before anybody is answered by a new version.

ops         every op has a CPU kernel and is one that a server links
signatures  names, dtypes, shapes and method names are those of the contract
assets      the vocabulary and the labels beside the graph are the model's
reload      a fresh process that has only TensorFlow loads it and answers
parity      it answers as the Keras model does, at any batch size, whoever the neighbours are
labels      winning labels, classes and scores say what the probabilities say, and `known` what the ids say
explain     what it tells of each word is what leaving it out does to the Keras model's answer (own models only)
warmup      every warmup request is answered
speed       its files are no larger, and one tweet takes no longer, than a budget allows (where there is one)
server      servers in processes of their own load it and answer as the Keras model does (export/served/)

These need the model and the version alone. The last check, `quality`, needs the folder that it shall stand
in: see `export.gate.quality`.
"""

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, Final, NamedTuple

import numpy as np
import tensorflow as tf

from export.budget import Budget
from export.gate.answer_checks import (
    BATCH_SIZES,
    NASTY,
    answer_key,
    ask,
    check_known,
    check_labels,
    check_parity,
    check_warmup,
    questions,
)
from export.gate.explanation_check import (
    EXPLAIN,
    check_explanations,
    explain_runs,
    explained,
)
from export.gate.figures import Figures, figures
from export.gate.quality import QUALITY, TestSplit, Verdict
from export.gate.speed import SPEED, Speed, check_size, check_speed, timed_texts
from export.gate.static_checks import check_assets, check_ops, check_signatures
from export.graph.assets import read_lines
from export.graph.serving_graph import can_explain
from export.served.check import SERVER, AskedServer, ServerCheck, server_check
from export.served.explained import Explained
from export.served.questions import Questions
from export.served.servers import choose
from export.settings import Tolerances
from export.signatures import KNOWN, LABELS_ASSET, SCORE
from export.start.shown import shown

Array = np.ndarray[Any, Any]

CHECKS: Final = (
    "ops",
    "signatures",
    "assets",
    "reload",
    "parity",
    "labels",
    EXPLAIN,
    "warmup",
    SERVER,
)
"""In the order in which they are told; `speed` comes behind them where a budget asks for it."""


@dataclasses.dataclass(frozen=True)
class GateReport:
    """What the gate found.

    Attributes:
        checks: names of the checks that passed; `quality` is among them once it is examined.
        largest_difference: of any probability from the Keras model's.
        metrics: `export.gate.figures` of the version's own answers on the run's test part.
        full_metrics: the same of the Keras model.
        seconds: how long it took.
        answers: the version's own, `[rows, classes]`: to the test part, then to the further texts.
        verdict: what the examination said; None where no publication was asked for.
        overruled: sentences of the quality check that did not stand in the way, by force.
        servers: those that were asked.
        server_left_out: why none was, in words; None where one was, and for formats that no server loads.
        speed: what one tweet takes and the version's size; None where no budget asked for it.
        seconds_by_check: how long each took; `server` is what it took beyond the others.
    """

    checks: tuple[str, ...]
    largest_difference: float
    metrics: Figures
    full_metrics: Figures
    seconds: float
    answers: Array = dataclasses.field(repr=False, compare=False)
    verdict: Verdict | None = None
    overruled: tuple[str, ...] = ()
    servers: tuple[AskedServer, ...] = ()
    server_left_out: str | None = None
    speed: Speed | None = None
    seconds_by_check: dict[str, float] = dataclasses.field(default_factory=dict, compare=False)

    @property
    def forced(self) -> bool:
        """Whether the quality check failed, and was overruled."""
        return bool(self.overruled)

    def examined(self, verdict: Verdict, seconds: float) -> "GateReport":
        """The same with a verdict that did not stand in the way."""
        return dataclasses.replace(
            self,
            checks=(*self.checks, *(() if verdict.refusals else (QUALITY,))),
            seconds=round(self.seconds + seconds, 1),
            verdict=verdict,
            overruled=verdict.refusals,
            seconds_by_check={**self.seconds_by_check, QUALITY: round(seconds, 1)},
        )

    def summary(self) -> str:
        """A few lines for the terminal."""
        lines = [
            f"Gate passed in {self.seconds:.0f} s: {', '.join(self.checks)}",
            *self._seconds(),
            *self._asked(),
            *(self.speed.lines() if self.speed else ()),
            f"Largest difference from the Keras model {self.largest_difference:.1e}",
            f"The run's own test part: {_shown(self.metrics)}",
            *(self.verdict.lines() if self.verdict else ()),
            *(
                f"Published by force, in spite of: expected {shown(reason)}"
                for reason in self.overruled
            ),
        ]
        return "\n".join(lines)

    def _seconds(self) -> Iterator[str]:
        told = [f"{name} {took:.1f}" for name, took in self.seconds_by_check.items() if took]
        if told:
            yield f"Seconds: {', '.join(told)}"

    def _asked(self) -> Iterator[str]:
        yield from (f"Server: {server}" for server in self.servers)
        if self.server_left_out:
            yield f"Server: none was asked, {shown(self.server_left_out)}"

    def beside(self) -> str:
        """One line more, to print below a reduced version's."""
        return f"The full model: {_shown(self.full_metrics)}"


def pass_gate(
    directory: Path,
    model: Any,
    split: TestSplit,
    *,
    tolerances: Tolerances | None = None,
    further: Sequence[str] = (),
    servers: Sequence[str] = (),
    budget: Budget | None = None,
) -> GateReport:
    """Run every check but `quality` on the SavedModel in `directory`.

    Args:
        directory: a staged version, warmup requests included.
        model: the Keras model it was made of, `[batch] string -> [batch, classes] float32`.
        split: tweets to compare on.
        tolerances: how much may differ; `Tolerances()` by default.
        further: more of them, such as an examination's.
        servers: whom to ask, see `export.served.servers`; by default the best one that this machine has.
        budget: what an answer and the files may cost; nothing is measured by default.

    Raises:
        GateError: the first check that failed.
        UnknownServerError: no such server can be asked here.
    """
    began_at, chosen = perf_counter(), choose(servers)
    checked = _Checked(directory, model, split, (tolerances or Tolerances()).probability, budget)
    checked.check_files()
    # They load while the fresh process does: both are processes anyway.
    with server_check(directory, chosen.servers) as served:
        found = checked.ask(further)
        difference = checked.check_answers(found)
        speed = check_speed(directory, budget, found.answers) if budget else None
        asked = checked.ask_servers(served, found)
    report = report_of(
        directory,
        found.answers,
        found.expected,
        split,
        checks=checked.made(asked=bool(asked)),
        difference=difference,
        began_at=began_at,
    )
    return dataclasses.replace(
        report,
        servers=asked,
        server_left_out=chosen.left_out,
        speed=speed,
        seconds_by_check=checked.seconds.rounded(),
    )


class _Found(NamedTuple):
    """What was asked of a version, and what it said.

    Attributes:
        texts: of `questions`.
        expected: the Keras model's answers to them, `[texts, classes]`.
        reasons: the reference of `explain`; None where the version has no such signature.
        answers: the version's, by `answer_key`.
    """

    texts: list[str | bytes]
    expected: Array
    reasons: Explained | None
    answers: dict[str, Any]


class _Checked:
    """A version while it is checked; the arguments are those of `pass_gate`.

    Attributes:
        seconds: how long each check took so far.
    """

    def __init__(
        self, directory: Path, model: Any, split: TestSplit, allowed: float, budget: Budget | None
    ) -> None:
        self._directory, self._model, self._split = directory, model, split
        self._allowed, self._budget = allowed, budget
        self._ours = hasattr(
            model, "token_ids"
        )  # else it was brought: its tokens are its own affair
        self._explains = can_explain(model)
        self.seconds = _Seconds()

    def check_files(self) -> None:
        """What its files tell without being loaded."""
        directory, model = self._directory, self._model
        with self.seconds.of("ops"):
            check_ops(directory, ours=self._ours)
        with self.seconds.of("signatures"):
            check_signatures(
                directory, len(model.labels), known=self._ours, explains=self._explains
            )
        with self.seconds.of("assets"):
            check_assets(directory, model)
        if self._budget:
            check_size(directory, self._budget)

    def ask(self, further: Sequence[str]) -> _Found:
        """Ask the Keras model here and the version in a fresh process."""
        with self.seconds.of("parity"):
            texts, expected = questions(self._model, self._split, further)
        with self.seconds.of(EXPLAIN):
            reasons = explained(self._model, texts, self._allowed) if self._explains else None
        with self.seconds.of("reload"):
            timed = timed_texts(self._split.texts, self._budget)
            runs = explain_runs(reasons) if reasons else ()
            answers = ask(self._directory, texts, runs, timed)
        return _Found(texts, expected, reasons, answers)

    def check_answers(self, found: _Found) -> float:
        """Compare the answers of every signature; returns the largest difference of a probability."""
        texts, expected, reasons, answers = found
        with self.seconds.of("parity"):
            loaded = {"the loaded object": answers["loaded"]}
            difference = check_parity(answers, expected, self._allowed, also=loaded)
        some = len(answers[f"label/{SCORE}"])
        with self.seconds.of("labels"):
            check_labels(answers, expected[:some], self._allowed, self._model.labels)
            if self._ours:
                check_known(answers, np.asarray(self._model.token_ids(tf.constant(texts[:some]))))
        if reasons:
            with self.seconds.of(EXPLAIN):
                check_explanations(answers, reasons)
        check_warmup(answers)
        return difference

    def ask_servers(self, served: ServerCheck, found: _Found) -> tuple[AskedServer, ...]:
        """The same texts over every protocol of the servers, which have loaded the version meanwhile."""
        known, labels = found.answers.get(f"label/{KNOWN}"), self._model.labels
        with self.seconds.of(SERVER):
            asked = Questions(
                found.texts, found.expected, known, labels, self._allowed, always=len(NASTY)
            )
            return served.ask(asked, found.reasons)

    def made(self, *, asked: bool) -> list[str]:
        """Names of the checks that this version went through; `asked`: of a server, too."""
        made = {SERVER: asked, EXPLAIN: self._explains}
        last = [SPEED] if self._budget else []
        return [*(check for check in CHECKS if made.get(check, True)), *last]


class _Seconds:
    """How long each check took; one may be timed in several parts."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def of(self, check: str) -> Iterator[None]:
        """Time what is done inside."""
        began_at = perf_counter()
        yield
        self._seconds[check] = self._seconds.get(check, 0.0) + perf_counter() - began_at

    def rounded(self) -> dict[str, float]:
        """To tenths, by check."""
        return {check: round(seconds, 1) for check, seconds in self._seconds.items()}


def report_of(
    directory: Path,
    answers: dict[str, Any],
    expected: Array,
    split: TestSplit,
    *,
    checks: Sequence[str],
    difference: float,
    began_at: float,
) -> GateReport:
    """A report with the figures on the run's test part.

    Args:
        directory: the version.
        answers: by `answer_key`, to the `questions`.
        expected: the Keras model's to the same.
        split: tweets to measure on.
        checks: those that passed.
        difference: the largest of any probability.
        began_at: `perf_counter()` before the first check.
    """
    labels = read_lines(directory / LABELS_ASSET)
    found = answers[answer_key(BATCH_SIZES[-1])][len(NASTY) :]
    metrics, full = (
        figures(split.labels, probabilities[: len(split.labels)], labels)
        for probabilities in (found, expected[len(NASTY) :])
    )
    seconds = round(perf_counter() - began_at, 1)
    return GateReport(tuple(checks), difference, metrics, full, seconds, found)


def _shown(metrics: Figures) -> str:
    return f"accuracy {metrics['accuracy']:.4f}, macro F1 {metrics['macro_f1']:.4f}"

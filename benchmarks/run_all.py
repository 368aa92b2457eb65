"""One run from the options to the table: measure, write after every measurement, judge, print."""

import argparse
import dataclasses
import importlib
import math
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.aims import judge, teacher_of
from benchmarks.measurements import MEASUREMENTS, graphs
from benchmarks.options import FULL, Options
from benchmarks.public.tables import find_tables
from benchmarks.report import Report, section_markdown
from benchmarks.shared.bench import Bench, say
from benchmarks.shared.machine import (
    Load,
    describe_machine,
    machine_lines,
    processor_times,
    stolen_share,
)
from benchmarks.shared.processes import ROOT, BenchError
from benchmarks.shared.results import Section
from benchmarks.shared.workload import find_table
from keras_pipeline.data_source import sha256_of
from keras_pipeline.errors import UserError, exits_cleanly
from keras_pipeline.run_folder import RunFolder

EXIT_INCOMPLETE = 1


@exits_cleanly
def run(options: Options, load: Load) -> int:
    """Measure what was asked for; 0, 1 if a measurement failed, 2 for bad input.

    Args:
        options: the command line.
        load: the machine's load before anything of this run was at work.
    """
    if options.run is not None and not RunFolder(options.run).is_finished:
        raise UserError(
            "`--run` must be the folder of a finished run, with model.keras and metrics.json. "
            f"Received: run={options.run}"
        )
    source = find_table(options.data)
    if options.tables is not None:
        find_tables(options.tables)
    _make_folder(options.out)
    machine, began = describe_machine(load), processor_times()
    # Absolute: child processes run in the project's root, wherever this one does.
    run_folder = None if options.run is None else options.run.resolve()
    bench = Bench(options.plan, source, options.out.resolve(), run_folder, options.tables)
    settings = _settings(bench, options)
    sections: list[Section] = []
    for name in options.only:
        sections.append(_measured(name, bench))
        machine["stolen_share"] = stolen_share(began)
        verdicts = judge(
            sections,
            quick=bench.plan.quick,
            twitter=bench.is_twitter,
            taught_by=teacher_of(bench.run or bench.trained_run),
        )
        report = Report(machine=machine, settings=settings, sections=sections, verdicts=verdicts)
        _write(report, options.out)
    print(report.to_markdown())
    say(f"written: {options.out / 'results.md'}, {options.out / 'results.json'}")
    return EXIT_INCOMPLETE if any(section.failed for section in sections) else 0


@exits_cleanly
def run_graphs(options: argparse.Namespace, load: Load) -> int:
    """Compare the builds of the serving graph and print the table; 0, or 2 for bad input.

    Args:
        options: of `benchmarks.serving_graphs`.
        load: the machine's load before anything of this run was at work.
    """
    machine = describe_machine(load)
    # As many rounds as were asked for, however long they take.
    plan = dataclasses.replace(FULL, call_rounds=options.rounds, call_budget_s=math.inf)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(plan, find_table(options.data), Path(folder))
        masked = not options.unmasked
        bench.model = graphs.untrained_model(bench, pooled=options.pooled, masked=masked)
        builds, sizes = options.graphs or graphs.BUILDS, options.batch_sizes or graphs.BATCH_SIZES
        section = graphs.measure(bench, builds, sizes)
    kind = f"{'pooled' if options.pooled else 'last state'}, {'' if masked else 'un'}masked"
    facts = [*machine_lines(machine), f"{kind}, random weights, {options.rounds} rounds"]
    print("\n".join(f"- {fact}" for fact in facts), section_markdown(section), sep="\n\n")
    return 0


def _measured(name: str, bench: Bench) -> Section:
    """One measurement; what stops it does not stop the others."""
    began = processor_times()
    try:
        section = importlib.import_module(MEASUREMENTS[name]).measure(bench)
    except BenchError as error:
        say(f"{name} failed: {error}")
        section = Section(name=name, title=name.capitalize(), failed=str(error))
    return dataclasses.replace(section, stolen_share=stolen_share(began))


def _settings(bench: Bench, options: Options) -> dict[str, Any]:
    return {
        "data": _shown_path(bench.whole.path),
        "sha256": sha256_of(bench.whole.path),
        "rows": len(bench.tweets.labels),
        "run": None if options.run is None else _shown_path(options.run),
        "only": list(options.only),
        "quick": bench.plan.quick,
        "plan": dataclasses.asdict(bench.plan),
    }


def _write(report: Report, folder: Path) -> None:
    (folder / "results.json").write_text(report.to_json(), encoding="utf-8")
    (folder / "results.md").write_text(report.to_markdown(), encoding="utf-8")


def _make_folder(path: Path) -> None:
    """A new folder, or an empty one.

    Raises:
        UserError: there is something in it, or it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        taken = any(path.iterdir())
    except OSError as error:
        raise UserError(
            f"`--out` must be a folder that can be written. Received: out={path} ({error.strerror})"
        ) from None
    if taken:
        raise UserError(
            f"`--out` must be a new folder: nothing is written over. Received: out={path}"
        )


def _shown_path(path: Path) -> str:
    """As seen from the project, where it lies in it; else its name."""
    path = path.resolve()
    if ".venv" in path.parts or not path.is_relative_to(ROOT):
        return path.name
    return str(path.relative_to(ROOT))

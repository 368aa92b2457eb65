"""How long a fresh process takes until its first answer."""

from pathlib import Path
from time import perf_counter

from benchmarks.shared.bench import Bench, say
from benchmarks.shared.processes import last_line, run_module
from benchmarks.shared.results import NOTEBOOK, PRODUCT, Row, Section
from benchmarks.shared.servers import running_server, server_name, write_models

_CLIENT = "import to first answer: client"
_LOAD_MODEL = "import to first answer: load_model"
_SERVER = f"start to first answer: {server_name()}"


def measure(bench: Bench) -> Section:
    """Client, `load_model` and server, in turns."""
    folder = bench.folder / "starts"
    config = write_models(bench.product_export, folder)
    notebook = folder / "notebook"
    notebook.mkdir()
    bench.notebook.save(notebook)
    times: dict[tuple[str, str], list[float]] = {}
    for turn in range(bench.plan.starts):
        say(f"start: turn {turn + 1} of {bench.plan.starts}")
        for key, seconds in _turn(bench, config, notebook).items():
            times.setdefault(key, []).append(seconds)
    return Section(
        name="start",
        title="Start",
        rows=[Row.time(what, who, seconds, "s") for (what, who), seconds in times.items()],
        baseline=NOTEBOOK,
        notes=(
            (
                "Fresh processes in turns, files in the page cache. Client and `load_model`: from the first "
                "import to one answer, without the start of Python. Server: from the start of its process "
                "until a client that asks ten times a second has been told that both models serve."
            ),
        ),
    )


def _turn(bench: Bench, config: Path, notebook: Path) -> dict[tuple[str, str], float]:
    log = config.with_name("start.log")
    began_at = perf_counter()
    with running_server(config, log.with_name("server.log")) as address:
        server_s = perf_counter() - began_at
        client_s = _first_answer("client", address, log)
    run, saved = str(bench.run_folder), str(notebook)
    return {
        (_CLIENT, PRODUCT): client_s,
        (_LOAD_MODEL, PRODUCT): _first_answer("load_model", run, log),
        (_LOAD_MODEL, NOTEBOOK): _first_answer("notebook", saved, log),
        (_SERVER, PRODUCT): server_s,
    }


def _first_answer(kind: str, argument: str, log: Path) -> float:
    output = run_module(["benchmarks.shared.first_answer", kind, argument], log).output
    return float(last_line(output))

"""What the documents say is so: code runs, options exist, links and files named are there."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from export.signatures import MODEL_NAME
from serving.server.embedded import EmbeddedServer
from serving.server.flags import ServerOptions
from serving.server.model_versions import ModelConfig

ROOT = Path(__file__).parent.parent
DOCUMENTS = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *(ROOT / folder / "README.md" for folder in ("data", "examples/teacher", "serving/examples")),
]
NAMES = [str(file.relative_to(ROOT)) for file in DOCUMENTS]

RUN_ELSEWHERE = {
    "docs/export.md": "tests/export/tokens/test_token_formats.py",
    "docs/bring_your_own.md": "tests/export/brought/test_bring_examples.py",
    "docs/scale.md": "tests/serving/score/test_score_by_spark.py",
}
"""Documents whose code needs more than a run and a server, and the test that runs it."""

MAKE_RUNS = {
    "train": "keras_pipeline.train",
    "best": "keras_pipeline.best",
    "serve": "serving.up",
    "ask": "serving.client",
    "app": "serving.app",
    "bench": "benchmarks",
}
"""What gets a make target's ARGS."""

NOT_IN_THE_REPOSITORY = {
    "data/Twitter_Data.csv",
    "data/corrections.csv",
    "docker/config/ssl.config",
}
ROOMS = "keras_pipeline|export|serving|tests|docker|data|benchmarks|examples|docs"


def blocks(text: str, *languages: str) -> list[str]:
    """The fenced blocks of these languages, in order."""
    fence = rf"^ *```(?:{'|'.join(languages)})\n(.*?)^ *```$"
    return [match.group(1) for match in re.finditer(fence, text, re.MULTILINE | re.DOTALL)]


def commands(text: str) -> list[list[str]]:
    """The commands of a document's console and shell blocks, as words."""
    prompted = [
        line.removeprefix("$ ")
        for block in blocks(text, "console")
        for line in block.replace("\\\n", " ").splitlines()
        if line.startswith("$ ")
    ]
    plain = [
        line
        for block in blocks(text, "sh", "bash")
        for line in block.replace("\\\n", " ").splitlines()
    ]
    indented = re.findall(
        r"^    ((?:python|make|tweet-sentiment) .*?)(?:  +\S.*)?$", text, re.MULTILINE
    )
    return [split for line in [*prompted, *plain, *indented] if (split := words_of(line))]


def words_of(line: str) -> list[str]:
    """As a shell would split them; none of a script of several lines, such as awk's."""
    try:
        return shlex.split(line, comments=True)
    except ValueError:
        return []


def asked(words: list[str]) -> tuple[str, list[str]] | None:
    """The module that a command runs and the options it gets; None for other programs."""
    if words[:1] == ["make"] and len(words) > 1:
        given = [word for word in words[2:] if word.startswith("ARGS=")]
        options = shlex.split(given[0].removeprefix("ARGS=")) if given else []
        return (MAKE_RUNS[words[1]], options) if options else None
    if words[:1] == ["tweet-sentiment"] and len(words) > 1:
        return f"tweet-sentiment {words[1]}", words[2:]
    if "-m" in words and words[0].endswith("python"):
        at = words.index("-m")
        if words[at + 1].split(".")[0] in ("keras_pipeline", "export", "serving", "benchmarks"):
            return words[at + 1], words[at + 2 :]
    if words and words[0].endswith("python") and words[1:2] and words[1].endswith(".py"):
        return words[1], words[2:]
    return None


def help_of(program: str, _known: dict[str, str] = {}) -> str:  # noqa: B006 (asked once a program)
    if program not in _known:
        if program.startswith("tweet-sentiment "):
            words = ["-m", "keras_pipeline.command", program.split()[1]]
        else:
            words = [program] if program.endswith(".py") else ["-m", program]
        ended = subprocess.run(
            [sys.executable, *words, "--help"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, (program, ended.stderr)
        _known[program] = ended.stdout
    return _known[program]


def needs_more_than_is_here(program: str) -> bool:
    """A script of examples/teacher imports fastText for its `--help`, too."""
    return program.startswith("examples/teacher/")


@pytest.mark.parametrize("file", DOCUMENTS, ids=NAMES)
def test_the_options_of_every_command_exist(file):
    text = file.read_text(encoding="utf-8")
    unknown = []
    for program, words in filter(None, map(asked, commands(text))):
        if needs_more_than_is_here(program):
            source = (ROOT / program).read_text(encoding="utf-8")
            known = set(re.findall(r'"(--[a-z-]+)"', source))
            known |= set(
                re.findall(r'"(--[a-z-]+)"', (ROOT / "examples/teacher/tweets.py").read_text())
            )
        else:
            known = set(re.findall(r"(?<![\w-])(--[a-z_0-9-]+)", help_of(program)))
        given = re.findall(r"(?<!\S)--[a-z][a-z_0-9-]*", " ".join(words))
        unknown += [(program, option) for option in given if option not in known]
    assert unknown == []


@pytest.mark.parametrize("file", DOCUMENTS, ids=NAMES)
def test_every_make_target_exists(file):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    wanted = {
        words[1] for words in commands(file.read_text(encoding="utf-8")) if words[:1] == ["make"]
    }
    assert wanted <= targets


def headings(file: Path) -> set[str]:
    """The anchors that GitHub gives a document's headings."""
    lines = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}


@pytest.mark.parametrize("file", DOCUMENTS, ids=NAMES)
def test_every_relative_link_leads_somewhere(file):
    links = re.findall(r"\]\((?!https?:)([^)\s]*)\)", file.read_text(encoding="utf-8"))
    broken = []
    for link in links:
        path, _, anchor = link.partition("#")
        target = (file.parent / path).resolve() if path else file
        if not target.exists() or (anchor and anchor not in headings(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("file", DOCUMENTS, ids=NAMES)
def test_every_file_named_exists(file):
    named = re.findall(rf"`((?:{ROOMS})/[\w./-]+)`", file.read_text(encoding="utf-8"))
    missing = [name for name in named if not (ROOT / name).exists()]
    assert set(missing) <= NOT_IN_THE_REPOSITORY


@pytest.mark.parametrize("name", RUN_ELSEWHERE)
def test_code_run_elsewhere_is_run_there(name):
    assert Path(name).name in (ROOT / RUN_ELSEWHERE[name]).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def address(tiny_run):
    """Where a server answers with the tiny run's export."""
    model = ModelConfig(MODEL_NAME, tiny_run / "exported")
    with EmbeddedServer(ServerOptions(models=(model,), port=0)) as running:
        yield running.address


@pytest.fixture
def as_a_reader(tiny_run, address, tmp_path, monkeypatch):
    """A folder where training has left `runs/NAME`, and where a server answers at the address given."""
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "NAME").symlink_to(tiny_run)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / MODEL_NAME).symlink_to(tiny_run / "exported")
    monkeypatch.chdir(tmp_path)
    return address


@pytest.mark.parametrize("file", DOCUMENTS, ids=NAMES)
def test_every_python_block_runs(file, as_a_reader, capsys):
    """In order and in one namespace, as a reader would type them."""
    name = str(file.relative_to(ROOT))
    found = blocks(file.read_text(encoding="utf-8"), "python")
    if name in RUN_ELSEWHERE or not found:
        pytest.skip(RUN_ELSEWHERE.get(name, "no Python in it"))
    namespace: dict[str, object] = {}
    for code in found:
        exec(compile(code.replace("localhost:8500", as_a_reader), name, "exec"), namespace)  # noqa: S102 (our own documents)


def test_the_readme_fits_on_a_few_screens():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_what_is_wrong_is_seen():
    """Tests that read prose can easily read nothing."""
    text = '```console\n$ make train ARGS="--epoch 3"\n$ .venv/bin/python -m export \\\n    --to x  # y\n```\n'
    assert [asked(words) for words in commands(text)] == [
        ("keras_pipeline.train", ["--epoch", "3"]),
        ("export", ["--to", "x"]),
    ]
    assert "--epoch " not in help_of("keras_pipeline.train")
    assert blocks("```python\nprint(1)\n```\n", "python") == ["print(1)\n"]
    assert "who-may-import-whom" in headings(ROOT / "docs" / "design.md")

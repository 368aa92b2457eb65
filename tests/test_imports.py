"""Who may import whom, as the table in docs/design.md has it, room by room; and nobody in a circle."""

import ast
import graphlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PRODUCT = ("keras_pipeline", "export", "serving")
MOST_FILES = 13
"""A dozen, and `__init__.py`."""


def files_of(root: Path, packages: tuple[str, ...]) -> list[Path]:
    return [f.relative_to(root) for name in packages for f in sorted((root / name).rglob("*.py"))]


def target_file(root: Path, module: str) -> Path | None:
    """Where a dotted name is in this project: a module, or a package's `__init__.py`."""
    path = Path(*module.split("."))
    found = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in found if (root / file).is_file()), None)


def imports(root: Path, file: Path) -> set[Path]:
    """Files of this project that a file imports, wherever in it, types included."""
    names: set[str] = set()
    for node in ast.walk(ast.parse((root / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}: relative imports hide the room"
            modules = {alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            names |= {m if target_file(root, m) else str(node.module) for m in modules.values()}
    return {found for name in names if (found := target_file(root, name))} - {file}


def circle(root: Path, packages: tuple[str, ...]) -> list[str]:
    """Files that import each other, one after another; none is good."""
    graph = {file: imports(root, file) for file in files_of(root, packages)}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return [str(file) for file in error.args[1]]
    return []


def table() -> dict[str, tuple[list[str], set[str]]]:
    """Rooms of docs/design.md: the paths each holds, and the rooms that it may import."""
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    text = text.partition("## Who may import whom")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\w[\w ]*) \| (`.*?`) \|(.*)\|$", text, re.MULTILINE)
    rooms = {
        room: (paths.strip("`").split("` `"), {name.strip() for name in allowed.split(",")} - {""})
        for room, paths, allowed in rows
    }
    assert all(allowed <= set(rooms) for _, allowed in rooms.values())
    return rooms


ROOMS = table()


def room_of(file: Path) -> str:
    """The one room that holds a file."""
    holders = [
        room
        for room, (paths, _) in ROOMS.items()
        if any(
            str(file) == path or (path[-1] == "/" and str(file).startswith(path)) for path in paths
        )
    ]
    assert len(holders) == 1, f"{file} must stand in one room of docs/design.md, not in {holders}"
    return holders[0]


def allowed(file: Path, target: Path) -> bool:
    """Whether the table lets a file import another."""
    mine, other = room_of(file), room_of(target)
    return mine == other or other in ROOMS[mine][1]


@pytest.mark.parametrize("file", files_of(ROOT, PRODUCT), ids=str)
def test_a_file_imports_only_what_its_room_may(file):
    assert not [str(target) for target in imports(ROOT, file) if not allowed(file, target)]


@pytest.mark.parametrize(
    ("file", "target"),
    [
        ("export/graph/saved_model.py", "keras_pipeline/model.py"),
        ("export/graph/saved_model.py", "export/gate/gate.py"),
        ("keras_pipeline/model.py", "export/exporter.py"),
        ("keras_pipeline/table/splits.py", "keras_pipeline/fit/batches.py"),
        ("keras_pipeline/train.py", "serving/client/blocking.py"),
        ("serving/client/blocking.py", "export/versions/listing.py"),
        ("serving/server/servable.py", "serving/client/codec.py"),
    ],
)
def test_the_table_forbids(file, target):
    """A rule that no import could break would protect nothing."""
    assert not allowed(Path(file), Path(target))


def test_a_wrong_import_is_seen(tmp_path):
    """In a function, under TYPE_CHECKING and of a package alike."""
    for name in ("export", "serving"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    (tmp_path / "export" / "a.py").write_text("def f():\n    from serving import b\n")
    (tmp_path / "serving" / "b.py").write_text("import export\n")
    assert imports(tmp_path, Path("export/a.py")) == {Path("serving/b.py")}
    assert imports(tmp_path, Path("serving/b.py")) == {Path("export/__init__.py")}


@pytest.mark.parametrize("packages", [PRODUCT, ("benchmarks", *PRODUCT)], ids=["product", "all"])
def test_no_file_imports_in_a_circle(packages):
    assert circle(ROOT, packages) == []


def test_a_circle_is_seen(tmp_path):
    (tmp_path / "export").mkdir()
    for name, other in (("a", "b"), ("b", "c"), ("c", "a")):
        (tmp_path / "export" / f"{name}.py").write_text(f"import export.{other}\n")
    assert len(set(circle(tmp_path, ("export",)))) == 3


def test_no_folder_holds_more_than_a_dozen_files():
    folders = {file.parent for file in files_of(ROOT, ("benchmarks", *PRODUCT))}
    counts = {str(folder): len(list((ROOT / folder).glob("*.py"))) for folder in folders}
    assert {name: count for name, count in counts.items() if count > MOST_FILES} == {}


def test_the_contract_needs_no_tensorflow():
    """The client imports it."""
    code = (
        "import sys, export.signatures, export.start.command_line, export.start.quiet_tensorflow;"
        "sys.exit(any(m in sys.modules for m in ('tensorflow', 'keras', 'numpy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0

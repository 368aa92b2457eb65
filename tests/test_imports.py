"""Data flows one way, data -> keras_pipeline -> export -> serving, and imports keep to it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("keras_pipeline", "export", "serving")
CONTRACT = "export.signatures"


def project_imports(file: Path) -> set[str]:
    """Modules of this project that a file names, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}: relative imports hide the room"
            modules = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {
                m if (ROOT / Path(*m.split("."))).with_suffix(".py").is_file() else str(node.module)
                for m in modules
            }
    return {name for name in found if name.partition(".")[0] in (*ROOMS, "benchmarks")}


def allowed(file: Path, module: str) -> bool:
    """What the table in docs/design.md says."""
    room, target = file.parts[0], module.partition(".")[0]
    if target == room or module == CONTRACT:
        return True
    if file == Path("keras_pipeline/train.py"):
        return target == "export"
    return file == Path("export/__main__.py") and target == "keras_pipeline"


@pytest.mark.parametrize(
    "file",
    [f.relative_to(ROOT) for room in ROOMS for f in sorted((ROOT / room).rglob("*.py"))],
    ids=str,
)
def test_a_file_imports_only_what_its_room_may(file):
    forbidden = {module for module in project_imports(ROOT / file) if not allowed(file, module)}
    assert not forbidden


def test_the_rule_can_be_broken():
    """A rule that no import could break would protect nothing."""
    assert not allowed(Path("export/graph/saved_model.py"), "keras_pipeline.model")
    assert not allowed(Path("keras_pipeline/model.py"), "export.exporter")
    assert not allowed(Path("keras_pipeline/train.py"), "serving.client")
    assert not allowed(Path("serving/client.py"), "export.versions.listing")
    assert not allowed(Path("keras_pipeline/model.py"), "benchmarks.peers.notebook")


def test_the_contract_needs_no_tensorflow():
    """The client imports it."""
    code = f"import sys, {CONTRACT}; sys.exit(any(m in sys.modules for m in ('tensorflow', 'keras', 'numpy')))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0

"""The contract's tests do ask a tensorflow_model_server that is on the PATH: with the stand-in there, they pass again."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import stand_in_server
from two_servers import DIFFERENCES, REAL

HERE = Path(__file__).parent
CONTRACT = ("test_server_contract.py", "test_reload_contract.py", "rest/test_rest_contract.py")


@pytest.mark.slow
def test_the_same_cases_are_asked_of_a_server_on_the_path(tmp_path):
    """All of them but those that differ, each of which is left out with its reason."""
    program = stand_in_server.install(tmp_path / "bin", record=tmp_path / "calls")
    report = tmp_path / "report.xml"
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", REAL,
            f"--junitxml={report}", *(str(HERE / name) for name in CONTRACT),
        ],
        env={**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True, text=True, check=False, timeout=300, cwd=HERE.parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    cases = list(ET.parse(report).getroot().iter("testcase"))  # noqa: S314 (our own)
    left_out = [one for one in cases if one.find("skipped") is not None]
    reasons = [one.find("skipped").get("message") for one in left_out]
    assert sorted(reasons) == sorted(f"differs: {reason}" for reason in DIFFERENCES.values())
    assert len(cases) - len(left_out) > 150
    assert len((tmp_path / "calls").read_text().splitlines()) >= 3

"""Programs that `serving.up` would find on the PATH of another machine.

Neither tensorflow_model_server nor a docker engine can be installed where the tests run: PyPI and Debian have no
tensorflow_model_server. These scripts take their place: they write down how they were called, accept only what the
real ones know, and then become our embedded server on the port they were given.
"""

import json
import sys
from pathlib import Path

_HEAD = f"#!{sys.executable}\n"

_REAL = """
import argparse, json, os, sys
parser = argparse.ArgumentParser(allow_abbrev=False)
for flag in ("port", "rest_api_port", "grpc_max_threads"):
    parser.add_argument(f"--{flag}", type=int, required=True)
for flag in ("model_name", "model_base_path"):
    parser.add_argument(f"--{flag}", required=True)
parser.add_argument("--enable_profiler", choices=["true", "false"])
given = parser.parse_args()
# The real one refuses it too.
assert os.path.isabs(given.model_base_path), "Expected an absolute path"
with open(RECORD, "a") as file:
    file.write(json.dumps({"words": sys.argv[1:], "pid": os.getpid()}) + "\\n")
os.execv(sys.executable, [sys.executable, "-m", "serving.server", f"--port={given.port}",
    f"--model_name={given.model_name}", f"--model_base_path={given.model_base_path}"])
"""

_DOCKER = """
import json, os, sys
words = sys.argv[1:]
names = ("MODEL_DIR", "MODEL_NAME", "GRPC_PORT", "REST_PORT")
environment = {name: os.environ.get(name) for name in names}
with open(RECORD, "a") as file:
    file.write(json.dumps({"words": words, "pid": os.getpid(), "environment": environment}) + "\\n")
if words == FAILS:
    sys.exit(1)
if words not in (["compose", "version"], ["info"]):
    assert words[:2] == ["compose", "-f"] and words[3:] == ["up", "serving"], words
    os.execv(sys.executable, [sys.executable, "-m", "serving.server",
        f"--port={environment['GRPC_PORT']}", f"--model_name={environment['MODEL_NAME']}",
        f"--model_base_path={environment['MODEL_DIR']}"])
"""


class ToolFolder:
    """A folder to be the whole PATH of a process.

    Attributes:
        folder: Where the programs are.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._record = folder / "calls.jsonl"

    def add(self, name, program):
        """Put a Python program there."""
        file = self.folder / name
        file.write_text(_HEAD + program, encoding="utf-8")
        file.chmod(0o755)

    def add_real(self):
        """A tensorflow_model_server."""
        self.add("tensorflow_model_server", f"RECORD = {str(self._record)!r}" + _REAL)

    def add_docker(self, fails=()):
        """A docker with compose and an engine; `fails` are the words that it cannot carry out."""
        self.add("docker", f"RECORD, FAILS = {str(self._record)!r}, {list(fails)!r}" + _DOCKER)

    def calls(self):
        """How they were called: words, process id, and of docker the environment that compose reads."""
        return [json.loads(line) for line in self._record.read_text().splitlines()]

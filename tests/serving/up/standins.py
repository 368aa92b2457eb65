"""Programs that `serving.up` would find on the PATH of another machine.

Neither tensorflow_model_server nor a docker engine can be installed where the tests run: PyPI and Debian have no
tensorflow_model_server. These scripts take their place: they write down how they were called, accept only what the
real ones know, and then become our embedded server on the port they were given.
"""

import json
import sys
from pathlib import Path

import stand_in_server

_HEAD = f"#!{sys.executable}\n"

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
        stand_in_server.install(self.folder, record=self._record)

    def add_docker(self, fails=()):
        """A docker with compose and an engine; `fails` are the words that it cannot carry out."""
        self.add("docker", f"RECORD, FAILS = {str(self._record)!r}, {list(fails)!r}" + _DOCKER)

    def calls(self):
        """How they were called: words, process id, and of docker the environment that compose reads."""
        return [json.loads(line) for line in self._record.read_text().splitlines()]

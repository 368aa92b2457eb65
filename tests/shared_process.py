"""The gate's process that has only TensorFlow, imported once for all the gates of a process of tests: each is a fork of it.

Importing TensorFlow takes 4 of the 5 seconds that such a process takes for a small model. A fork begins as a process
does that has just imported it, and ends without a trace; Keras and this project are barred as the gate bars them.
What protects the real process asks for the fixture `own_process`; every command that a test starts has its own.
"""

import subprocess
import sys
from functools import cached_property
from pathlib import Path

from export.errors import ExportError

BARRED = ("keras_pipeline", "export", "serving", "keras", "tf_keras", "jax")


class SharedProcess:
    """A process that forks; it ends with its input."""

    def __init__(self, errors: Path) -> None:
        self.errors, self.asked = errors, 0

    @cached_property
    def process(self) -> subprocess.Popen[str]:
        """Started when it is first asked: most files of tests ask no gate."""
        with self.errors.open("w") as file:
            return subprocess.Popen(
                [sys.executable, "-I", "-c", _PROGRAM],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                text=True,
            )

    def run_alone(self, script: Path, *arguments: Path) -> None:
        """As `export.gate.fresh_process.run_alone`."""
        self.process.stdin.write("\t".join(map(str, (Path.cwd(), script, *arguments))) + "\n")
        self.process.stdin.flush()
        self.asked += 1
        if self.process.stdout.readline() != "0\n":
            raise ExportError(self.errors.read_text().strip().splitlines()[-1])

    def close(self) -> None:
        if not self.asked:
            return
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()


_PROGRAM = f"""
import importlib.util, os, sys, traceback
for module in {BARRED}: sys.modules[module] = None
import numpy, tensorflow
from tensorflow_serving.apis import prediction_log_pb2
for line in sys.stdin:
    folder, script, *arguments = line.rstrip("\\n").split("\\t")
    child = os.fork()
    if not child:
        try:
            os.chdir(folder)
            spec = importlib.util.spec_from_file_location("alone", script)
            alone = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(alone)
            alone.main(*arguments)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""

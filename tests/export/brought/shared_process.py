"""The gate's process that has only TensorFlow, imported once for many models: each is asked in a fork of it.

    process = SharedProcess(errors_file)
    monkeypatch.setattr(fresh_process, "run_alone", process.run_alone)

Importing TensorFlow takes 4 of the 5 seconds that the gate takes for a small model. A fork begins as a process does that
has just imported it, and ends without a trace; Keras and this project are barred as the gate bars them.
"""

import subprocess
import sys
from pathlib import Path

from export.errors import ExportError

BARRED = ("keras_pipeline", "export", "serving", "keras", "tf_keras")


class SharedProcess:
    """A process that forks; it ends with its input."""

    def __init__(self, errors: Path) -> None:
        self.errors = errors
        with errors.open("w") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-c", _PROGRAM],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                text=True,
            )
        self.asked = 0

    def run_alone(self, script: Path, *arguments: Path) -> None:
        """As `export.gate.fresh_process.run_alone`."""
        self.process.stdin.write("\t".join(map(str, (Path.cwd(), script, *arguments))) + "\n")
        self.process.stdin.flush()
        self.asked += 1
        if self.process.stdout.readline() != "0\n":
            raise ExportError(self.errors.read_text().strip().splitlines()[-1])

    def close(self) -> None:
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

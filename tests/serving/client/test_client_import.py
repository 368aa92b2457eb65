"""What importing the client brings along: nothing that takes longer than all the rest."""

import json
import subprocess
import sys

from imported import HEAVY

PROGRAM = """
import json, sys
import serving.client
import serving.client.aio
print(json.dumps(sorted(sys.modules)))
"""


def run():
    return json.loads(subprocess.check_output([sys.executable, "-c", PROGRAM], text=True))


def test_no_tensorflow_comes_along():
    modules = run()
    assert not HEAVY & {name.partition(".")[0] for name in modules}
    outside = {name for name in modules if name.startswith(("keras_pipeline", "export"))}
    ours = ("shown", "utf8")
    assert outside <= {
        "export",
        "export.signatures",
        "export.start",
        *(f"export.start.{name}" for name in ours),
    }

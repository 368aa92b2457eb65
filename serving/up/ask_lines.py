"""The command lines that ask the server which was started, ready to be pasted."""

import json
import shlex
import shutil
import sys
from pathlib import Path
from typing import Final
from urllib.parse import quote

from export.signatures import MODEL_NAME
from serving.up.launchers import Deployment

_CLIENT_PORT: Final = 8500
"""Where `serving.client` asks if it is told nothing."""
_TEXT: Final = "I love it"


def ask_lines(deployment: Deployment) -> str:
    """One line for each way to ask, indented.

    Args:
        deployment: What the server serves, and where.
    """
    words = [shown_python(), "-m", "serving.client", _TEXT]
    if deployment.port != _CLIENT_PORT:
        words += ["--address", f"localhost:{deployment.port}"]
    if deployment.model_name != MODEL_NAME:
        words += ["--model-name", deployment.model_name]
    body = json.dumps({"instances": [_TEXT]})
    url = f"localhost:{deployment.rest_api_port}/v1/models/{quote(deployment.model_name)}:predict"
    commands = [words, ["curl", "-d", body, url]]
    return "\n".join(f"  {shlex.join(command)}" for command in commands)


def shown_python() -> str:
    """This interpreter as one would type it here."""
    found = shutil.which("python")
    if found and Path(found) == Path(sys.executable):
        return "python"
    here, interpreter = Path.cwd(), Path(sys.executable)
    return str(interpreter.relative_to(here) if interpreter.is_relative_to(here) else interpreter)

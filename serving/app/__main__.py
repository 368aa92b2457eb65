"""Open a page to try a served model, ask it about tables, correct it and see how good it is.

    python -m serving.app
    python -m serving.app --address localhost:8510 --model-name mood --port 8600

If nothing serves at the address, the server that `python -m serving.up` takes is started first, and ended with
the page.

Exit codes: 0, it was told to stop; 1, the page or the server did not start, or ended by itself; 2, wrong usage,
nothing is published, or Streamlit is not installed.
"""

import http.client
import os
import socket
import sys
import webbrowser
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from export.start.command_line import EXIT_USAGE
from export.start.shown import shown
from serving.app.look.theme import theme_flags
from serving.app.options import PROGRAM, AppOptions, parse_options
from serving.app.processes import Processes

_PAGE: Final = Path(__file__).with_name("page.py")
_HERE: Final = ("localhost", "127.0.0.1", "[::1]")
_READY_S: Final = 330.0
"""More than `serving.up` takes to give a server up."""
_PAGE_S: Final = 60.0
_FAILED: Final = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the page until told to stop.

    Args:
        arguments: The words after the program's name; those of this process by default.
    """
    options = parse_options(arguments)
    if find_spec("streamlit") is None:
        return _refuse("streamlit is needed; install it by: pip install '.[app]'", EXIT_USAGE)
    if _listens(options.host, options.port):
        return _refuse(
            f"port {options.port} is taken: stop who listens there, or choose another by --port",
            _FAILED,
        )
    with Processes() as processes:
        return _run(options, processes)


def _run(options: AppOptions, processes: Processes) -> int:
    if not _listens(*_host_and_port(options)) and options.address.rpartition(":")[0] in _HERE:
        processes.start(_server_command(options))
        if not processes.wait(lambda: _serves(options), _READY_S):
            return _code(processes)
    processes.start(_page_command(options), quiet=True)
    if not processes.wait(lambda: _page_answers(options), _PAGE_S):
        return _code(processes)
    url = f"http://{options.host}:{options.port}"
    print(f"\nThe page: {url}  (Ctrl-C here ends it)", flush=True)
    if options.browser and _has_screen():
        webbrowser.open(url)
    processes.wait()
    return _code(processes)


def _code(processes: Processes) -> int:
    """0 where it was told to stop; what a child said is told already."""
    if processes.told_to_stop:
        return 0
    code = processes.ended()
    if code is None:
        return _refuse(f"the page did not answer within {_PAGE_S:g} s", _FAILED)
    return EXIT_USAGE if code == EXIT_USAGE else _FAILED


def _server_command(options: AppOptions) -> list[str]:
    return [
        *(sys.executable, "-m", "serving.up"),
        f"--port={options.address.rpartition(':')[2]}",
        f"--rest-api-port={options.rest_api_port}",
        f"--model-name={options.model_name}",
        f"--model-base-path={options.base_path}",
    ]


def _page_command(options: AppOptions) -> list[str]:
    return [
        *(sys.executable, "-m", "streamlit", "run", str(_PAGE), *theme_flags()),
        f"--server.address={options.host}",
        f"--server.port={options.port}",
        # It would ask for an e-mail address on a terminal; the browser is opened here.
        "--server.headless=true",
        "--server.showEmailPrompt=false",
        "--server.fileWatcherType=none",
        "--browser.gatherUsageStats=false",
        "--client.toolbarMode=minimal",
        # A traceback is for the terminal.
        "--client.showErrorDetails=none",
        "--logger.level=error",
        "--",
        *options.words(),
    ]


def _serves(options: AppOptions) -> bool:
    # What gRPC reads while it is imported; and `--help` needs none of it.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from serving.client import SentimentClient  # noqa: PLC0415
    from serving.client.errors import CallError  # noqa: PLC0415

    with SentimentClient(options.address, model_name=options.model_name) as client:
        try:
            client.metadata(timeout_s=2)
        except CallError:
            return False
    return True


def _host_and_port(options: AppOptions) -> tuple[str, int]:
    host, _, port = options.address.rpartition(":")
    return host.strip("[]"), int(port)


def _page_answers(options: AppOptions) -> bool:
    connection = http.client.HTTPConnection(options.host, options.port, timeout=2)
    try:
        connection.request("GET", "/_stcore/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def _has_screen() -> bool:
    """Elsewhere a browser would be one of text, in this very terminal."""
    return sys.platform in ("darwin", "win32") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def _refuse(sentence: str, code: int) -> int:
    print(f"{PROGRAM}: {shown(sentence)}.", file=sys.stderr)
    return code


if __name__ == "__main__":
    raise SystemExit(main())

"""Serve SavedModels over gRPC and REST as tensorflow_model_server does, for machines without that server.

    python -m serving.server --rest_api_port=8501 --model_name=tweet_sentiment --model_base_path=models/tweet_sentiment

`docs/serving.md` tells in what it differs from the real one.
"""

import gc
import io
import logging
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from export.start.lean_tensorflow import import_lean_tensorflow
from export.start.quiet_tensorflow import ERRORS
from export.start.shown import shown
from serving.server.flags import PROGRAM, ServerOptions, parse_flags
from serving.server.preflight import check
from serving.server.stop_signal import StopSignal

if TYPE_CHECKING:
    from serving.server.embedded import EmbeddedServer


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT.

    Args:
        arguments: The words after the program's name; those of this process by default.

    Returns:
        0, it was told to stop; 1, this machine cannot; 2, what was asked for cannot work.
    """
    options = parse_flags(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A path may hold bytes that are no text.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        check(options)
    except (ValueError, OSError) as error:
        return _refuse(error)
    _set_up_logging()
    stop_signal = StopSignal()
    # TensorFlow takes seconds to import; a mistake in the flags was told before.
    import_lean_tensorflow(ERRORS)
    from serving.server.embedded import EmbeddedServer  # noqa: PLC0415

    # TensorFlow's 390,000 objects stay; looking through them at every unload would stop all requests
    # for a third of a second.
    gc.freeze()
    try:
        server = EmbeddedServer(options)
    except (ValueError, OSError) as error:
        return _refuse(error)
    with server:
        stop_signal.drain_for(options.drain_s)
        _serve(server, options, stop_signal)
    return 0


def _set_up_logging() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # Whoever sends bytes that are no message would fill the log with a traceback of gRPC's each time.
    logging.getLogger("grpc._common").addFilter(_without_traceback)


def _without_traceback(record: logging.LogRecord) -> bool:
    record.exc_info = None
    return True


def _refuse(error: ValueError | OSError) -> int:
    print(f"{PROGRAM}: {shown(str(error))}.", file=sys.stderr)
    return 1 if isinstance(error, OSError) else 2


def _serve(server: "EmbeddedServer", options: ServerOptions, stop_signal: StopSignal) -> None:
    """Say what is served once it is, and wait for the end."""
    _announce_empty(server, options)
    while not _all_serve(server):
        if stop_signal.wait(0.1):
            return
    for name, version in server.registry.serving().items():
        rest = f", REST at {server.rest_address}" if server.rest_address else ""
        print(f"Serving {name} version {version} at {server.address}{rest}", flush=True)
    stop_signal.wait()


def _all_serve(server: "EmbeddedServer") -> bool:
    return None not in server.registry.serving().values()


def _announce_empty(server: "EmbeddedServer", options: ServerOptions) -> None:
    serving = server.registry.serving()
    for model in options.models:
        if serving[model.name] is None:
            print(
                f"Listening at {server.address}; waiting for a version of {model.name}"
                f" under {model.base_path}",
                flush=True,
            )


if __name__ == "__main__":
    raise SystemExit(main())

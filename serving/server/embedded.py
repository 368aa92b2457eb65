"""The embedded server's life: bind, load, answer, drain. Needs TensorFlow; `serving.server` starts it."""

import functools
import os
import time
from concurrent import futures
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import grpc
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from serving.server.flags import ServerOptions
from serving.server.health import Health, HealthService
from serving.server.metrics import Metrics
from serving.server.preflight import bind, check_listening, join
from serving.server.registry import Registry
from serving.server.reload.config_file import ConfigFile
from serving.server.rest.app import RestApp
from serving.server.rest.listener import RestListener
from serving.server.servicer import ModelService, PredictionService
from serving.server.stop_signal import CANCEL_S

if TYPE_CHECKING:
    from typing import Self

_CHANNEL_OPTIONS: Final = (
    # As the real server: the model decides what is too large.
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # Linux would let a second server take the same port and half of the requests.
    ("grpc.so_reuseport", 0),
)


class EmbeddedServer:
    """A server of gRPC and REST over SavedModels, in this process.

        with EmbeddedServer(ServerOptions(models=(config,), port=0)) as server:
            print(server.address)

    Args:
        options: What to serve, and where.

    Attributes:
        port: The TCP port for gRPC, also where 0 asked for a free one.
        registry: The models.

    Raises:
        OSError: The port or the socket cannot be had.
        ValueError: The keys or certificates are none.
    """

    def __init__(self, options: ServerOptions) -> None:
        check_listening(options)
        self._options = options
        self._health = HealthService()
        self._metrics = Metrics()
        self.registry = Registry(options.models, options.poll_s, options.max_rows, self._metrics)
        self._server = grpc.server(
            futures.ThreadPoolExecutor(options.max_threads, thread_name_prefix="rpc"),
            options=_CHANNEL_OPTIONS,
        )
        self._add_services()
        self.port = self._listen(join(options.host, options.port))
        if options.socket_path is not None:
            # gRPC reads it as part of an address, where %41 is an A.
            self._listen(f"unix:{quote(os.fsencode(options.socket_path))}")
        self._rest = self._build_rest() if options.rest_api_port else None
        self._config_file = self._build_config_file()

    @property
    def address(self) -> str:
        """Where a client finds it, as `host:port`."""
        return join(self._options.host, self.port)

    @property
    def rest_address(self) -> str | None:
        """Where REST is, as `host:port`; `None` where it is not."""
        port = self._options.rest_api_port
        return join(self._options.host, port) if port else None

    def __enter__(self) -> "Self":
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self) -> None:
        """Load what is there, then answer; versions that come later are picked up by a thread."""
        self.registry.poll()
        self._server.start()
        if self._rest is not None:
            self._rest.start()
        self.registry.start()
        if self._config_file is not None:
            self._config_file.start()
        self._health.change(Health.SERVING)

    def stop(self) -> None:
        """Take no more requests, let those under way end for `drain_s` seconds, and cancel the others.

        What is inside an operation that heeds no cancellation runs on, until it ends or the process does.
        """
        self._health.change(Health.NOT_SERVING)
        self._health.close()
        give_up = time.monotonic() + self._options.drain_s + CANCEL_S
        if self._rest is not None:
            self._rest.stop()
        self._server.stop(self._options.drain_s).wait(self._options.drain_s + CANCEL_S)
        if self._rest is not None:
            self._rest.wait(max(0.0, give_up - time.monotonic()))
        if self._config_file is not None:
            self._config_file.stop(max(0.0, give_up - time.monotonic()))
        self.registry.stop(max(0.0, give_up - time.monotonic()))

    def _add_services(self) -> None:
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
            PredictionService(self.registry, self._metrics), self._server
        )
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(
            ModelService(self.registry, unavailable_labels=self._options.unavailable_labels),
            self._server,
        )
        if self._options.health_service:
            self._server.add_generic_rpc_handlers((self._health.handler(),))

    def _build_rest(self) -> RestListener:
        options = self._options
        app = RestApp(
            self.registry,
            self._metrics,
            threads=options.rest_api_threads,
            timeout_s=options.rest_api_timeout_s,
            metrics_path=options.metrics_path,
        )
        sockets = bind(options.host, options.rest_api_port, "--rest_api_port")
        return RestListener(app, sockets, options.drain_s)

    def _build_config_file(self) -> ConfigFile | None:
        options = self._options
        if options.config_file is None or not options.config_poll_s:
            return None
        reload = functools.partial(
            self.registry.reload, unavailable_labels=options.unavailable_labels
        )
        return ConfigFile(options.config_file, options.config_poll_s, reload)

    def _listen(self, address: str) -> int:
        try:
            if self._options.ssl is None:
                return self._server.add_insecure_port(address)
            return self._server.add_secure_port(address, _credentials(self._options.ssl))
        except RuntimeError as error:
            raise OSError(f"cannot listen on {address}: gRPC says why above") from error


def _credentials(ssl: Any) -> grpc.ServerCredentials:
    """Server credentials from an `SSLConfig`, read as the real server reads it."""
    return grpc.ssl_server_credentials(
        [(ssl.server_key.encode(), ssl.server_cert.encode())],
        root_certificates=ssl.custom_ca.encode() or None,
        require_client_auth=ssl.client_verify,
    )

"""Bare HTTP to ask one server's REST."""

import http.client
import socket


def free_port():
    with socket.create_server(("localhost", 0)) as probe:
        return probe.getsockname()[1]


class Rest:
    """One server's REST."""

    def __init__(self, port):
        self.port = port

    def ask(self, method, path, body=b"", headers=None):
        """Status, headers, body."""
        connection = http.client.HTTPConnection("localhost", self.port, timeout=30)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

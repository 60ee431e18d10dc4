"""What a process of the server begins once it is there, after the fork."""

import logging
import os
import threading
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from functions import VERSION
from service.service import Service
from service.watch.metrics import CONTENT_TYPE

_SILENT_SECONDS = 10.0
_logger = logging.getLogger("darkroom")
_served_in: set[tuple[int, int]] = set()
"""(process, port) of each port of metrics."""


def start(service: Service) -> None:
    """Start the background threads of this process, and its share of the port of metrics, unless they run already."""
    service.start()
    port = service.settings.metrics_port
    if port and service.metrics and (os.getpid(), port) not in _served_in:
        _served_in.add((os.getpid(), port))
        _serve(service, port)


def _serve(service: Service, port: int) -> None:
    try:
        server = make_server(service.settings.host, port, _application(service), _Server, _Handler)
    except OSError as error:
        _logger.warning("DARKROOM_METRICS_PORT: port %d cannot be served on (%s).", port, error.strerror)
        return
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()


def _application(service: Service) -> Any:
    def answer(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        if environ["PATH_INFO"] != "/metrics" or environ["REQUEST_METHOD"] != "GET":
            start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "0")])
            return []
        body = service.exposition(VERSION)
        start_response("200 OK", [("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(body)))])
        return [body]

    return answer


class _Server(ThreadingMixIn, WSGIServer):
    """Each process listens on the same port, and any of them answers for all."""

    allow_reuse_port = True
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    timeout = _SILENT_SECONDS

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing: a scrape every few seconds is no news."""

"""A client's connection, between its requests."""

import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from gunicorn import http
from gunicorn.workers.gthread import TConn

from functions.server.paced import PacedSocket

if TYPE_CHECKING:
    from functions.server.expiry import Expiry

_PIECE = 64 * 1024


class ClientConnection(TConn):  # type: ignore[misc] # gunicorn is untyped
    """A client's connection; `head` is what has come of the next request, `line` where it waits in the poller."""

    def __init__(self, cfg: Any, accepted: socket.socket, client: Any, server: Any) -> None:
        super().__init__(cfg, accepted, client, server)
        self.sock = PacedSocket.adopt(accepted)
        self.parser = http.get_parser(cfg, self.sock, client)
        self.initialized = self.data_ready = True  # so that no thread waits for the first byte
        self.head = bytearray()
        self.line: Expiry[ClientConnection] | None = None
        self.lingered = 0

    @property
    def is_closed(self) -> bool:
        """Whether it has been closed from our side."""
        return self.sock.fileno() < 0

    def receive(self) -> bytes | None:
        """What has come; None if nothing has, empty at the end."""
        try:
            return self.sock.recv(_PIECE, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def send(self, data: bytes) -> None:
        """Send a few bytes without waiting; what does not fit is lost."""
        with suppress(OSError):
            self.sock.send(data, socket.MSG_DONTWAIT)

"""A proxy before MongoDB that loses answers: the command took effect, and its sender never hears of it."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit


class Proxy:
    """Hands messages on; `lose` says of each command (its bytes) whether its answer is lost with the connection."""

    def __init__(self, uri: str) -> None:
        self._server = (urlsplit(uri).hostname or "", urlsplit(uri).port or 0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.lose: Callable[[bytes], bool] = lambda _: False
        self.lost = 0
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def uri(self) -> str:
        return f"mongodb://127.0.0.1:{self._listener.getsockname()[1]}/"

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._hand_on, args=(client,), daemon=True).start()

    def _hand_on(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._server) as server, contextlib.suppress(OSError, EOFError):
            while True:
                command = _message(client)
                server.sendall(command)
                answer = _message(server)
                if self.lose(command):
                    self.lost += 1
                    return
                client.sendall(answer)


def _message(connection: socket.socket) -> bytes:
    head = _exactly(connection, 4)
    return head + _exactly(connection, struct.unpack("<i", head)[0] - 4)


def _exactly(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        more = connection.recv(length - len(data))
        if not more:
            raise EOFError
        data += more
    return data


@contextlib.contextmanager
def proxied(uri: str) -> Iterator[Proxy]:
    """A proxy before the server of this URI."""
    proxy = Proxy(uri)
    try:
        yield proxy
    finally:
        proxy.close()

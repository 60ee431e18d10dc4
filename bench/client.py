"""A client that costs next to nothing: prepared requests over raw sockets that are kept open."""

import socket
import threading
import time
from urllib.parse import quote

BOUNDARY = "darkroom-bench"


def multipart(target: str, picture: bytes) -> bytes:
    """A whole request with the picture in the field `file`."""
    field = 'Content-Disposition: form-data; name="file"; filename="a.jpg"\r\nContent-Type: image/jpeg'
    body = f"--{BOUNDARY}\r\n{field}\r\n\r\n".encode() + picture + f"\r\n--{BOUNDARY}--\r\n".encode()
    return _request(target, f"multipart/form-data; boundary={BOUNDARY}", body)


def raw(target: str, picture: bytes, kind: str = "image/jpeg") -> bytes:
    """A whole request with the picture as its body."""
    return _request(target, kind, picture)


def get(target: str) -> bytes:
    """A whole GET request."""
    return f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def target(path: str, pipeline: str, **options: str) -> str:
    """A request target with the pipeline in its query."""
    return f"{path}?pipeline={quote(pipeline)}" + "".join(f"&{key}={value}" for key, value in options.items())


def _request(where: str, kind: str, body: bytes) -> bytes:
    head = f"POST {where} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Connection:
    """One connection to the server."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray(8 << 20)

    def exchange(self, request: bytes) -> tuple[int, memoryview]:
        """Send a prepared request; status and body of its answer, valid until the next call."""
        self.socket.sendall(request)
        have, view = 0, memoryview(self._buffer)
        while (end := self._buffer.find(b"\r\n\r\n", 0, have)) < 0:
            have += self._more(view[have:])
        status, length = _head(bytes(view[:end]))
        if end + 4 + length > len(view):
            self._buffer = bytearray(end + 4 + length)
            self._buffer[:have] = view[:have]
            view = memoryview(self._buffer)
        while have < end + 4 + length:
            have += self._more(view[have : end + 4 + length])
        return status, view[end + 4 : end + 4 + length]

    def _more(self, view: memoryview) -> int:
        got = self.socket.recv_into(view)
        if not got:
            raise RuntimeError("the server closed the connection")
        return got


def _head(head: bytes) -> tuple[int, int]:
    lines = head.lower().split(b"\r\n")
    lengths = [int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:")]
    return int(lines[0].split()[1]), lengths[0]


def load(port: int, requests: list[bytes], clients: int, seconds: float) -> tuple[int, float]:
    """How many answers so many clients get, each sending the requests in turn; and the seconds it took."""
    counts = [0] * clients
    start = threading.Barrier(clients + 1)
    threads = [
        threading.Thread(target=_client, args=(port, requests, counts, i, start, seconds)) for i in range(clients)
    ]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    return sum(counts), time.perf_counter() - began


def _client(
    port: int, requests: list[bytes], counts: list[int], number: int, start: threading.Barrier, seconds: float
) -> None:
    connection = Connection(port)
    start.wait()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        status, _ = connection.exchange(requests[(counts[number] + number) % len(requests)])
        if status != 200:
            raise RuntimeError(f"the server answered {status}")
        counts[number] += 1
    connection.socket.close()

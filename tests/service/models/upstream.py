"""A server of files that misbehaves as its path says, on this machine."""

import contextlib
import hashlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from core.models.model import WeightsFile
from tests.waiting import PATIENCE

BODY = bytes(range(256)) * 4096
"""A megabyte: more than what sockets hold."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Upstream"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def do_GET(self) -> None:
        self.close_connection = True
        with self.server.counting:
            self.server.asked.append(self.path)
        with contextlib.suppress(OSError):
            getattr(self, urlsplit(self.path).path.split("/")[1].replace("-", "_"), self.absent)()

    def head(self, status: int = 200, length: int | None = len(BODY), **headers: str) -> None:
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def good(self) -> None:
        self.head()
        self.wfile.write(BODY)

    def held(self) -> None:
        """A true file that a test put here, once the test lets it go."""
        body = self.server.files[urlsplit(self.path).path]
        self.head(length=len(body))
        self.wfile.write(body[:1000])
        self.wfile.flush()
        self.server.go.wait(PATIENCE)
        self.wfile.write(body[1000:])

    def slow(self) -> None:
        """All of it within about a second: time enough for a second one to ask."""
        self.head()
        for at in range(0, len(BODY), 65536):
            self.wfile.write(BODY[at : at + 65536])
            time.sleep(0.05)

    def unsized(self) -> None:
        self.head(length=None)
        self.wfile.write(BODY)

    def chunked(self) -> None:
        self.head(length=None, Transfer_Encoding="chunked")
        for at in range(0, len(BODY), 100_000):
            piece = BODY[at : at + 100_000]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def broken_chunk(self) -> None:
        self.head(length=None, Transfer_Encoding="chunked")
        self.wfile.write(b"10000\r\n" + BODY[:1000])

    def silent(self) -> None:
        self.server.over.wait(PATIENCE)

    def stall(self) -> None:
        self.head()
        self.wfile.write(BODY[: len(BODY) // 2])
        self.wfile.flush()
        self.server.over.wait(PATIENCE)

    def drip(self) -> None:
        self.head()
        for at in range(len(BODY)):
            self.wfile.write(BODY[at : at + 1])
            if self.server.over.wait(0.05):
                return

    def cut(self) -> None:
        self.head()
        self.wfile.write(BODY[: len(BODY) // 2])

    def short(self) -> None:
        self.head(length=1000)
        self.wfile.write(BODY[:1000])

    def says_less(self) -> None:
        self.head(length=1000)
        self.wfile.write(BODY)

    def endless(self) -> None:
        self.head(length=None)
        while not self.server.over.is_set():
            self.wfile.write(BODY)

    def longer(self) -> None:
        self.head(length=len(BODY) + 1)
        self.wfile.write(BODY + b"!")

    def wrong(self) -> None:
        self.head()
        self.wfile.write(BODY[::-1])

    def garbage(self) -> None:
        self.wfile.write(b"\x16\x03\x01 no HTTP\r\n\r\n" * 10)

    def partial(self) -> None:
        self.head(206)
        self.wfile.write(BODY)

    def to(self) -> None:
        self.head(302, 0, Location=parse_qs(urlsplit(self.path).query)["url"][0])

    def around(self) -> None:
        self.head(302, 0, Location=f"/around/{len(self.server.asked)}")

    def absent(self) -> None:
        self.head(404, 0)

    def refused(self) -> None:
        self.head(503, 0)


class Upstream(ThreadingHTTPServer):
    """Serves on a free port of this machine; `asked` lists the paths that were asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []
        self.counting = threading.Lock()
        self.over = threading.Event()
        self.go = threading.Event()
        self.files: dict[str, bytes] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def file(self, path: str, body: bytes = BODY, algorithm: str = "sha256") -> WeightsFile:
        """What the manifest says of a file at a path here: by default of the true one."""
        return WeightsFile(
            url=self.url + path, bytes=len(body), **{algorithm: hashlib.new(algorithm, body).hexdigest()}
        )


@contextlib.contextmanager
def upstream() -> Iterator[Upstream]:
    server = Upstream()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.go.set()
        server.shutdown()
        server.server_close()
        thread.join(PATIENCE)

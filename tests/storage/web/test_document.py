"""Documents of this machine; those of the web take the guarded fetcher's way."""

import contextlib
import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from core.limits import Deadline
from storage.errors import BadAddressError, StorageError
from storage.web.document import LARGEST, check_document_url, fetch_document

PAGES = {"/a?b=1": (200, b"here"), "/long": (200, b"x" * (LARGEST + 1)), "/moved": (302, b"")}


@contextlib.contextmanager
def serving() -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = PAGES.get(self.path, (404, b""))
            self.send_response(status)
            self.send_header("Location", "/a?b=1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_document_of_this_machine() -> None:
    with serving() as url:
        assert fetch_document(f"{url}/a?b=1", Deadline(10)) == b"here"
        for path in ("/long", "/moved", "/absent"):
            with pytest.raises(StorageError):
                fetch_document(url + path, Deadline(10))
    with pytest.raises(StorageError):
        fetch_document(f"{url}/a", Deadline(10))


REFUSED = [
    "http://issuer.example/keys", "ftp://issuer.example/keys", "gs://bucket/keys", "https://user@issuer.example/keys",
    "https://issuer.example:8443/keys", "https://127.1/keys", "http://user@127.0.0.1/keys", "https://[::1]/keys",
    "http://127.0.0.1.evil.example/keys", "file:///etc/passwd", "", "https://issuer.example", "https://a.b/../keys",
    "http://[", "http://[::1", "https://[", "HTTPS://issuer.example/keys", "http://127.1/keys", "http://0/keys",
]  # fmt: skip


@pytest.mark.parametrize("url", REFUSED)
def test_urls_that_are_not_asked(url: str) -> None:
    with pytest.raises(BadAddressError):
        check_document_url(url)
    with pytest.raises(BadAddressError):
        fetch_document(url, Deadline(10))


@pytest.mark.parametrize("host", ["169.254.169.254", "10.0.0.1", "127.0.0.1"])
def test_what_is_not_public_is_not_asked(host: str) -> None:
    with pytest.raises(StorageError, match="not on the public web"):
        fetch_document(f"https://{host}/keys", Deadline(10))

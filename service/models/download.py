"""Downloads a file from a URL in the operator's manifest: `https://`, `file://`, or `http://` on this machine."""

import http.client
import io
import time
import urllib.request
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from typing import IO, Protocol
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit

from storage.web.loopback import is_loopback

SILENCE = 15.0
"""Timeout for connecting, and for each read, seconds."""
MIN_BYTES_PER_SECOND = 1024
"""Bytes per second below which a download counts as stalled, once it has run for `SILENCE` seconds."""
_CHUNK = 256 * 1024
_MAX_REDIRECTS = 5


class DownloadError(Exception):
    """Why a download failed. The text contains no URL, so it may be shown to callers."""


class _Source(Protocol):
    def read1(self, size: int, /) -> bytes: ...


def is_allowed(url: str) -> bool:
    """Whether a URL may be read: one of these schemes, no credentials, and plain HTTP only on this machine."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if "@" in parts.netloc:
        return False
    if parts.scheme == "file":
        return host in {"", "localhost"} and parts.path.startswith("/")
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))


def fetch_chunks(url: str) -> Generator[bytes]:
    """The bytes at a URL, in chunks. DownloadError if it cannot be read, or stalls."""
    if not is_allowed(url):
        raise DownloadError("its URL must be https, file, or http on this machine")
    try:
        with _opened(url) as source:
            yield from _paced(source)
    except HTTPError as error:
        error.close()
        raise DownloadError(f"the server answered {error.code}") from error
    except TimeoutError as error:
        raise DownloadError("the server stopped responding") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise DownloadError("the connection failed") from error


@contextmanager
def _opened(url: str) -> Iterator[_Source]:
    if urlsplit(url).scheme == "file":
        with _local(unquote(urlsplit(url).path)) as file:
            yield file
        return
    with _opener(url).open(url, timeout=SILENCE) as response:
        yield response


def _local(path: str) -> io.BufferedReader:
    if not Path(path).is_file():  # a named pipe would block forever
        raise DownloadError("the file does not exist")
    return Path(path).open("rb")


def _paced(source: _Source) -> Iterator[bytes]:
    """The chunks of a source; TimeoutError if it is too slow, since a byte per second is a stall too."""
    began, total = time.monotonic(), 0
    while chunk := source.read1(_CHUNK):
        total += len(chunk)
        yield chunk
        elapsed = time.monotonic() - began
        if elapsed > SILENCE and total < MIN_BYTES_PER_SECOND * elapsed:
            raise TimeoutError


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects only within their scheme, so that none from outside leads into this machine."""

    max_redirections = _MAX_REDIRECTS

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> urllib.request.Request | None:
        if not is_allowed(newurl) or urlsplit(newurl).scheme != urlsplit(req.full_url).scheme:
            fp.close()
            raise DownloadError("the server redirected to a URL that is not is_allowed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def _opener(url: str) -> urllib.request.OpenerDirector:
    """Opens HTTP and HTTPS only; the environment's proxy is used only for HTTPS."""
    opener = urllib.request.OpenerDirector()
    proxies: dict[str, str] | None = None if urlsplit(url).scheme == "https" else {}
    for handler in (
        urllib.request.ProxyHandler(proxies),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Redirects(),
    ):
        opener.add_handler(handler)
    opener.addheaders = [("User-Agent", "darkroom"), ("Accept-Encoding", "identity")]
    return opener

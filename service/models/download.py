"""A file from an address that the operator's manifest names: `https://`, `file://`, or `http://` of this machine."""

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
"""Seconds in which a connection must come about, and in which some byte must come."""
SLOWEST = 1024
"""Bytes a second below which a download counts as stalled; looked at once it has run for `SILENCE` seconds."""
_CHUNK = 256 * 1024
_MOST_REDIRECTS = 5


class DownloadError(Exception):
    """Why nothing came. The text names no address: it may be shown to whoever asks for the model."""


class _Source(Protocol):
    def read1(self, size: int, /) -> bytes: ...


def allowed(url: str) -> bool:
    """Whether an address may be read: no scheme but these, no password in it, and plain HTTP on this machine only."""
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
    """The bytes at an address, piece by piece. DownloadError where it cannot be read, or stalls."""
    if not allowed(url):
        raise DownloadError("its address is none that is read (https, file, or http of this machine)")
    try:
        with _opened(url) as source:
            yield from _paced(source)
    except HTTPError as error:
        error.close()
        raise DownloadError(f"the other side answered {error.code}") from error
    except TimeoutError as error:
        raise DownloadError("the other side went silent") from error
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
    if not Path(path).is_file():  # a named pipe would wait for ever
        raise DownloadError("there is no such file")
    return Path(path).open("rb")


def _paced(source: _Source) -> Iterator[bytes]:
    """What a source gives, as long as it gives enough: a byte a second is a stall too."""
    began, total = time.monotonic(), 0
    while chunk := source.read1(_CHUNK):
        total += len(chunk)
        yield chunk
        elapsed = time.monotonic() - began
        if elapsed > SILENCE and total < SLOWEST * elapsed:
            raise TimeoutError


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirect only within its own scheme: nothing from outside may point into this machine."""

    max_redirections = _MOST_REDIRECTS

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> urllib.request.Request | None:
        if not allowed(newurl) or urlsplit(newurl).scheme != urlsplit(req.full_url).scheme:
            fp.close()
            raise DownloadError("the other side points to an address that is not read")
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def _opener(url: str) -> urllib.request.OpenerDirector:
    """Opens HTTP and nothing else; the environment's proxy is for the outside only."""
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

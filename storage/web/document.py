"""Small documents that the server itself asks for: an issuer's keys, a sender's certificate."""

import contextlib
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from core.limits import Deadline
from storage.address import Address
from storage.allow import Allowed
from storage.errors import BadAddressError, StorageError, UnreachableError
from storage.options import Options
from storage.web.fetch import Fetcher
from storage.web.loopback import is_loopback

LARGEST = 512 * 1024
"""Bytes of a document."""


def check_document_url(url: str) -> str:
    """The URL itself: `https://` on the public web, or `http://` on this machine. BadAddressError."""
    if not _is_local(url) and Address.parse(url).scheme != "https":
        raise BadAddressError("This must be an https:// URL.", got=url)
    return url


def fetch_document(url: str, deadline: Deadline) -> bytes:
    """The document at a URL; a redirect may only lead to the same host. Errors: those of storage.

    What is on this machine is asked for directly: that the operator names it is the permission, and it redirects
    nowhere.
    """
    if _is_local(url):
        return _local(url, deadline)
    address = Address.parse(check_document_url(url))
    fetcher = Fetcher(Options(web=Allowed((address.at(""),)), connect_seconds=3.0, stall_seconds=3.0))
    with contextlib.closing(fetcher.get(address, deadline)) as answer:
        data = bytearray()
        for piece in answer.pieces():
            data += piece
            _check_size(len(data))
    return bytes(data)


def _is_local(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "http" and "@" not in parts.netloc and is_loopback(parts.hostname or "")


def _local(url: str, deadline: Deadline) -> bytes:
    parts = urlsplit(url)
    try:
        with contextlib.closing(
            HTTPConnection(parts.hostname or "", parts.port, timeout=max(deadline.remaining(), 0.001))
        ) as connection:
            connection.request("GET", parts._replace(scheme="", netloc="", fragment="").geturl() or "/")
            answer = connection.getresponse()
            data = answer.read(LARGEST + 1)
    except (OSError, HTTPException, ValueError):
        raise UnreachableError("The connection to this machine failed.") from None
    if answer.status != 200:
        raise StorageError(f"The answer has the status {answer.status}.")
    _check_size(len(data))
    return data


def _check_size(size: int) -> None:
    if size > LARGEST:
        raise StorageError(f"The document has more than {LARGEST} bytes.")

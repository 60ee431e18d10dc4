"""The web as a read-only store. One GET returns the metadata, and the body is read from the same response."""

# ruff: noqa: ARG002 - methods that only refuse have the arguments of the protocol

import contextlib
import time
import weakref
from collections.abc import Iterator
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import ClassVar

from core.errors import TooManyBytesError
from core.limits import Deadline
from storage.address import Address
from storage.checksums import checksum
from storage.errors import ChangedError, ReadOnlyError, StorageError
from storage.facts import Body, Entry, ObjectMetadata, SignedUrl, Stat, UrlGrant
from storage.options import Options
from storage.reading import CHUNK, Reading
from storage.retry import check_deadline
from storage.web.fetch import Fetcher, WebResponse

_TRIES = 3
"""How many times one body is requested."""


class WebStore:
    """See `objects.Store`. A version is the strong ETag, else time and length, else the checksum of the bytes."""

    scheme: ClassVar[str]

    def __init__(self, options: Options) -> None:
        self._most = options.web_bytes
        self._fetcher = Fetcher(options)

    def read(self, address: Address, deadline: Deadline, *, at: Stat | None = None) -> Reading:
        """See `objects.Store`. TooManyBytesError past `options.web_bytes`."""
        check_deadline(deadline, address)
        address.check()
        page = _Page(self._fetcher, address, self._most, deadline, at)
        return Reading(page.stat, page.opened, deadline)

    def write(
        self, address: Address, body: Body, about: ObjectMetadata, deadline: Deadline, *, replaces: str | None = None
    ) -> Stat:
        """ReadOnlyError."""
        raise _read_only(address)

    def list(self, prefix: Address, deadline: Deadline, *, after: str = "") -> Iterator[Entry]:
        """ReadOnlyError."""
        raise _read_only(prefix)

    def delete(self, address: Address, version: str, deadline: Deadline) -> None:
        """ReadOnlyError."""
        raise _read_only(address)

    def sign(self, address: Address, grant: UrlGrant) -> SignedUrl:
        """ReadOnlyError."""
        raise _read_only(address)


def _read_only(address: Address) -> ReadOnlyError:
    return ReadOnlyError(f'"{address.scheme}://" can only be read.', got=str(address))


class _Page:
    """One version of what is at a URL: a response whose body is not read yet, or all of its bytes."""

    def __init__(self, fetcher: Fetcher, address: Address, most: int, deadline: Deadline, at: Stat | None) -> None:
        self._fetcher, self._address, self._most, self._deadline = fetcher, address, most, deadline
        self._pending: WebResponse | None = None
        self._data: bytes | None = None
        self._tries = 0
        self.stat = at or self._request()

    def _request(self) -> Stat:
        """Send the request. The body is left on the connection if the headers suffice, else read at once."""
        self._tries += 1
        answer = self._fetcher.get(self._address, self._deadline)
        weakref.finalize(self, answer.close)
        if answer.length is not None and answer.length > self._most:
            answer.close()
            raise TooManyBytesError(f'"{self._address}" has {answer.length} bytes; the limit is {self._most}.')
        version = _version(answer.headers, answer.length)
        if answer.length is not None and version:
            self._pending = answer
            return _stat(self._address, answer, version, answer.length)
        with contextlib.closing(answer):
            self._data = b"".join(self._bounded(answer.pieces()))
        version = version or f"sha256:{checksum('sha256', self._data)}"
        return _stat(self._address, answer, version, len(self._data))

    def _bounded(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        count = 0
        for piece in pieces:
            count += len(piece)
            if count > self._most:
                raise TooManyBytesError(f'"{self._address}" has more than {self._most} bytes.')
            yield piece

    @contextlib.contextmanager
    def opened(self, start: int, stop: int) -> Iterator[Iterator[bytes]]:
        """That part of the body (`reading.Opener`): from the pending response, else from one of the same version."""
        if self._pending is None and self._data is None:
            self._request_again()
        answer, self._pending = self._pending, None
        if answer is None:
            data = self._data or b""
            yield (data[at : min(at + CHUNK, stop)] for at in range(start, stop, CHUNK))
        else:
            with contextlib.closing(answer):
                yield _part(answer.pieces(), start, stop)

    def _request_again(self) -> None:
        if self._tries >= _TRIES:
            raise StorageError(f'The connection to "{self._address.bucket}" failed repeatedly.')
        found = self._request()
        if found.version != self.stat.version or found.size != self.stat.size:
            raise ChangedError(f'"{self._address}" is a different version.')


def _part(pieces: Iterator[bytes], start: int, stop: int) -> Iterator[bytes]:
    """Bytes from start up to stop of a body that is read from its beginning."""
    at = 0
    for piece in pieces:
        wanted = piece[max(start - at, 0) : max(stop - at, 0)]
        at += len(piece)
        if wanted:
            yield wanted


def _version(headers: Message, length: int | None) -> str | None:
    """The version: a strong ETag (RFC 9110, §8.8.3), else the modification time and the length."""
    etag, changed = headers.get("ETag", "").strip(), headers.get("Last-Modified", "").strip()
    if len(etag) > 2 and etag.startswith('"') and etag.endswith('"'):
        return f"etag:{etag[1:-1]}"
    return f"changed:{changed} {length}" if changed and length is not None else None


def _stat(address: Address, answer: WebResponse, version: str, size: int) -> Stat:
    kind = "".join(char for char in answer.headers.get_content_type() if char.isascii() and char.isprintable())
    return Stat(
        address=address, version=version, size=size, modified=_modified(answer.headers),
        about=ObjectMetadata(content_type=kind), checksums={},
    )  # fmt: skip


def _modified(headers: Message) -> float:
    """Unix time; the current one if the header is missing."""
    try:
        return parsedate_to_datetime(headers["Last-Modified"]).timestamp()
    except (TypeError, ValueError, OverflowError):
        return time.time()

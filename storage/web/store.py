"""The web as a store that is only read. One GET tells what is there, and its body is read from the same answer."""

# ruff: noqa: ARG002 - what only refuses has the arguments of its protocol

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
from storage.retry import keep
from storage.web.fetch import Fetcher, WebResponse

_TRIES = 3
"""How often one body is begun anew."""


class WebStore:
    """See `objects.Store`. A version is the strong ETag, else time and length, else the checksum of the bytes."""

    scheme: ClassVar[str]

    def __init__(self, options: Options) -> None:
        self._most = options.web_bytes
        self._fetcher = Fetcher(options)

    def read(self, address: Address, deadline: Deadline, *, at: Stat | None = None) -> Reading:
        """See `objects.Store`. TooManyBytesError past `options.web_bytes`."""
        keep(deadline, address)
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
    return ReadOnlyError(f"«{address.scheme}://» can only be read.", got=str(address))


class _Page:
    """One version of what is at an address: an answer whose body waits, or all of its bytes."""

    def __init__(self, fetcher: Fetcher, address: Address, most: int, deadline: Deadline, at: Stat | None) -> None:
        self._fetcher, self._address, self._most, self._deadline = fetcher, address, most, deadline
        self._waiting: WebResponse | None = None
        self._held: bytes | None = None
        self._tries = 0
        self.stat = at or self._begin()

    def _begin(self) -> Stat:
        """Ask. The body waits on its connection where the headers say enough, else it is read at once."""
        self._tries += 1
        answer = self._fetcher.get(self._address, self._deadline)
        weakref.finalize(self, answer.close)
        if answer.length is not None and answer.length > self._most:
            answer.close()
            raise TooManyBytesError(f"«{self._address}» has {answer.length} bytes; the limit is {self._most}.")
        version = _version(answer.headers, answer.length)
        if answer.length is not None and version:
            self._waiting = answer
            return _stat(self._address, answer, version, answer.length)
        with contextlib.closing(answer):
            self._held = b"".join(self._bounded(answer.pieces()))
        version = version or f"sha256:{checksum('sha256', self._held)}"
        return _stat(self._address, answer, version, len(self._held))

    def _bounded(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        count = 0
        for piece in pieces:
            count += len(piece)
            if count > self._most:
                raise TooManyBytesError(f"«{self._address}» has more than {self._most} bytes.")
            yield piece

    @contextlib.contextmanager
    def opened(self, start: int, stop: int) -> Iterator[Iterator[bytes]]:
        """That part of the body (`reading.Opener`): of the answer that waits, else of a new one of the same version."""
        if self._waiting is None and self._held is None:
            self._again()
        answer, self._waiting = self._waiting, None
        if answer is None:
            held = self._held or b""
            yield (held[at : min(at + CHUNK, stop)] for at in range(start, stop, CHUNK))
        else:
            with contextlib.closing(answer):
                yield _part(answer.pieces(), start, stop)

    def _again(self) -> None:
        if self._tries >= _TRIES:
            raise StorageError(f"The connection to «{self._address.bucket}» failed again and again.")
        found = self._begin()
        if found.version != self.stat.version or found.size != self.stat.size:
            raise ChangedError(f"«{self._address}» is another version.")


def _part(pieces: Iterator[bytes], start: int, stop: int) -> Iterator[bytes]:
    """Bytes from start up to stop of a body that comes from its beginning."""
    at = 0
    for piece in pieces:
        wanted = piece[max(start - at, 0) : max(stop - at, 0)]
        at += len(piece)
        if wanted:
            yield wanted


def _version(headers: Message, length: int | None) -> str | None:
    """What tells one version from another: a strong ETag (RFC 9110, §8.8.3), else the time of change and the length."""
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
    """Unix time; now, where nobody says."""
    try:
        return parsedate_to_datetime(headers["Last-Modified"]).timestamp()
    except (TypeError, ValueError, OverflowError):
        return time.time()

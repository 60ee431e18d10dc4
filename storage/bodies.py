"""What is written: bytes in memory or a file that can seek, read in pieces and never copied whole."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO

from storage.checksums import SUMS
from storage.reading import CHUNK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import WriteableBuffer

    from storage.objects import Body


def size(body: Body) -> int:
    """Bytes from the body's position to its end."""
    if isinstance(body, bytes | bytearray | memoryview):
        return memoryview(body).nbytes
    at = body.tell()
    end = body.seek(0, io.SEEK_END)
    body.seek(at)
    return end - at


def pieces(body: Body) -> Iterator[memoryview]:
    """The bytes in order; the file is left where it stood."""
    if isinstance(body, bytes | bytearray | memoryview):
        view = memoryview(body).cast("B")
        yield from (view[at : at + CHUNK] for at in range(0, len(view), CHUNK))
        return
    at = body.tell()
    try:
        while piece := body.read(CHUNK):
            yield memoryview(piece)
    finally:
        body.seek(at)


def checksums(body: Body, *names: str) -> dict[str, str]:
    """Several checksums in one pass."""
    running = {name: SUMS[name]() for name in names}
    for piece in pieces(body):
        for one in running.values():
            one.update(piece)
    return {name: one.hexdigest() for name, one in running.items()}


def as_file(body: Body) -> BinaryIO:
    """A body as a file at its beginning: a view of the same memory, or the file itself."""
    return _Window(body) if isinstance(body, bytes | bytearray | memoryview) else body


class _Window(io.RawIOBase, BinaryIO):
    """Reads memory that somebody else owns; io.BytesIO would copy a bytearray."""

    def __init__(self, body: bytes | bytearray | memoryview) -> None:
        super().__init__()
        self._view = memoryview(body).cast("B")
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = (0, self._at, len(self._view))[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: WriteableBuffer) -> int:
        target = memoryview(buffer).cast("B")
        piece = self._view[self._at : self._at + len(target)]
        target[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

"""Bodies of writes: bytes in memory or a seekable file, read in chunks and never copied whole."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO

from storage.checksums import SUMS
from storage.reading import CHUNK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.facts import Body


def body_size(body: Body) -> int:
    """Bytes from the body's position to its end."""
    if isinstance(body, bytes | bytearray | memoryview):
        return memoryview(body).nbytes
    at = body.tell()
    end = body.seek(0, io.SEEK_END)
    body.seek(at)
    return end - at


def pieces(body: Body) -> Iterator[memoryview]:
    """The bytes in order; the file's position is restored."""
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


def body_checksums(body: Body, *names: str) -> dict[str, str]:
    """Several checksums in one pass."""
    running = {name: SUMS[name]() for name in names}
    for piece in pieces(body):
        for checksum in running.values():
            checksum.update(piece)
    return {name: checksum.hexdigest() for name, checksum in running.items()}


def as_file(body: Body) -> BinaryIO:
    """A body as a file that begins at 0: a view of the same memory, or of the rest of the file."""
    return _Window(body)


class _Window(io.RawIOBase, BinaryIO):
    """A body from its position on; io.BytesIO would copy it, and libraries expect files to begin at 0."""

    def __init__(self, body: Body) -> None:
        super().__init__()
        self._size = body_size(body)
        self._at = 0
        if isinstance(body, bytes | bytearray | memoryview):
            self._view, self._file = memoryview(body).cast("B"), None
        else:
            self._file, self._start = body, body.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, (0, self._at, self._size)[whence] + offset)
        return self._at

    def read(self, count: int = -1) -> bytes:
        """At most this many bytes, copied once (RawIOBase would copy twice)."""
        stop = self._size if count < 0 else min(self._size, self._at + count)
        piece = self._piece(self._at, max(stop, self._at))
        self._at += len(piece)
        return piece

    def _piece(self, start: int, stop: int) -> bytes:
        if self._file is None:
            return bytes(self._view[start:stop])
        self._file.seek(self._start + start)
        return self._file.read(stop - start)

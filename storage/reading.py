"""A body that is streamed from the store once: resumed if the connection breaks, verified at its end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from core.errors import TooManyBytesError
from storage.checksums import Verifier
from storage.errors import TransientError, UnreachableError
from storage.retry import backoff, check_deadline, wait_before_retry

if TYPE_CHECKING:
    from core.limits import Deadline
    from storage.facts import Stat

CHUNK = 256 * 1024
"""Bytes of one piece, at most."""

Opener = Callable[[int, int], contextlib.AbstractContextManager[Iterator[bytes]]]
"""(start, stop) -> that part of the body, in pieces, of exactly the version of the Stat. stop is past the last byte."""


class Reading:
    """One version of an object: its metadata, and its bytes on demand."""

    def __init__(self, stat: Stat, opened: Opener, deadline: Deadline) -> None:
        self.stat = stat
        self.verified: str | None = None
        """The checksum that the bytes were verified with, once all were read; None if the store has none."""
        self.around_all: Callable[[], contextlib.AbstractContextManager[object]] = contextlib.nullcontext
        """The context in which the whole body is read at once."""
        self._opened = opened
        self._deadline = deadline

    def part(self, start: int, stop: int) -> Iterator[bytes]:
        """Bytes from start up to stop, in chunks; a broken connection is resumed. Nothing is verified."""
        failures = backoff(self._deadline)
        at = start
        while at < stop:
            try:
                with self._opened(at, stop) as pieces:
                    for piece in pieces:
                        at += len(piece)
                        yield piece
                        check_deadline(self._deadline, self.stat.address)
                if at != stop:
                    raise UnreachableError(f'"{self.stat.address}" has a different length than announced.')
            except TransientError as error:
                wait_before_retry(error, next(failures, 0.0), self._deadline)

    def pieces(self) -> Iterator[bytes]:
        """All bytes, in chunks. ChecksumError after the last one, if the bytes do not match the store's checksum."""
        verifier = Verifier(self.stat.checksums)
        for piece in self.part(0, self.stat.size):
            verifier.update(piece)
            yield piece
        verifier.check(self.stat.address)
        self.verified = verifier.name

    def all(self, most: int) -> bytearray:
        """All bytes in one buffer. TooManyBytesError before anything is fetched if there are more than `most`."""
        if self.stat.size > most:
            raise TooManyBytesError(f'"{self.stat.address}" has {self.stat.size} bytes; the limit is {most}.')
        whole = bytearray(self.stat.size)
        at = 0
        with self.around_all():
            for piece in self.pieces():
                whole[at : at + len(piece)] = piece
                at += len(piece)
        return whole

"""Sessions that people have ended before their time: one table for all workers of a container."""

import hashlib
import struct
import time
from collections.abc import Iterator
from pathlib import Path

from service.keys.shared import SharedMemory

SETS, WAYS = 512, 8
"""A session has one of so many sets by its digest; a set holds so many sessions."""
_HEAD = b"dkended1"
_SLOT = struct.Struct("<16sd")
_SIZE = len(_HEAD) + SETS * WAYS * _SLOT.size


class EndedSessions:
    """Digests of sessions, each kept until it would be over anyway.

    Where more are ended in one set than it holds, the one that has the least time left is forgotten.
    """

    def __init__(self, shared: SharedMemory) -> None:
        self._shared = shared

    @classmethod
    def open(cls, name: str, *folders: Path) -> "EndedSessions":
        """The table of this name in the first writable folder, else in memory that forked processes share."""
        return cls(SharedMemory.open(name, folders, _SIZE, _HEAD))

    def add(self, signature: str, until: float) -> None:
        """The session of this signature, which would be over at `until` (Unix time), is over now."""
        digest = _digest(signature)
        with self._shared.locked():
            place, *_ = min(self._slots(digest), key=lambda slot: 0.0 if slot[1] == digest else slot[2])
            _SLOT.pack_into(self._shared.bytes, place, digest, until)

    def has(self, signature: str) -> bool:
        """Whether the session of this signature was ended."""
        digest, now = _digest(signature), time.time()
        with self._shared.locked():
            return any(found == digest and now < until for _, found, until in self._slots(digest))

    def _slots(self, digest: bytes) -> Iterator[tuple[int, bytes, float]]:
        """Place, digest and end of each slot of a set."""
        first = len(_HEAD) + int.from_bytes(digest[:4], "little") % SETS * WAYS * _SLOT.size
        for place in range(first, first + WAYS * _SLOT.size, _SLOT.size):
            yield place, *_SLOT.unpack_from(self._shared.bytes, place)


def _digest(signature: str) -> bytes:
    return hashlib.sha256(signature.encode()).digest()[:16]

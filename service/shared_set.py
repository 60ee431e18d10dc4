"""Texts that all processes of a container have noted, each until a time of its own: one table in shared memory."""

import hashlib
import struct
import time
from collections.abc import Iterator
from pathlib import Path

from service.shared_memory import SharedMemory

SETS, WAYS = 512, 8
"""A text has one of so many sets by its digest; a set holds so many texts."""
_HEAD = b"dkshared"
_SLOT = struct.Struct("<16sd")
_SIZE = len(_HEAD) + SETS * WAYS * _SLOT.size


class SharedSet:
    """Digests of texts. Where a set is to hold more than it can, the one with the least time left is forgotten."""

    def __init__(self, shared: SharedMemory) -> None:
        self._shared = shared

    @classmethod
    def open(cls, name: str, *folders: Path) -> "SharedSet":
        """The table of this name in the first writable folder, else in memory that forked processes share."""
        return cls(SharedMemory.open(name, folders, _SIZE, _HEAD))

    def add(self, text: str, until: float) -> None:
        """Note a text until a time (Unix)."""
        digest = _digest(text)
        with self._shared.locked():
            place, *_ = min(self._slots(digest), key=lambda slot: 0.0 if slot[1] == digest else slot[2])
            _SLOT.pack_into(self._shared.bytes, place, digest, until)

    def has(self, text: str) -> bool:
        """Whether a text was noted, and its time has not come."""
        digest, now = _digest(text), time.time()
        with self._shared.locked():
            return any(found == digest and now < until for _, found, until in self._slots(digest))

    def _slots(self, digest: bytes) -> Iterator[tuple[int, bytes, float]]:
        """Place, digest and time of each slot of a set."""
        first = len(_HEAD) + int.from_bytes(digest[:4], "little") % SETS * WAYS * _SLOT.size
        for place in range(first, first + WAYS * _SLOT.size, _SLOT.size):
            yield place, *_SLOT.unpack_from(self._shared.bytes, place)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()[:16]

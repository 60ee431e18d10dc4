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
_FLOOR = struct.Struct("<d")
_SET = _FLOOR.size + WAYS * _SLOT.size
_SIZE = len(_HEAD) + SETS * _SET


class SharedSet:
    """Digests of texts. Where a set is to hold more than it can, the one with the least time left is forgotten.

    A set begins with the latest time of those that it has forgotten before their time.
    """

    def __init__(self, shared: SharedMemory) -> None:
        self._shared = shared

    @classmethod
    def open(cls, name: str, *folders: Path) -> "SharedSet":
        """The table of this name in the first writable folder, else in memory that forked processes share."""
        return cls(SharedMemory.open(name, folders, _SIZE, _HEAD))

    def add(self, text: str, until: float) -> None:
        """Note a text until a time (Unix)."""
        digest, now = _digest(text), time.time()
        with self._shared.locked():
            slots = self._slots(digest)
            place, found, ends = min(slots, key=lambda slot: 0.0 if slot[1] == digest else slot[2])
            if found != digest and ends > now:
                _FLOOR.pack_into(self._shared.bytes, _first(digest), max(ends, self._floor(digest)))
            _SLOT.pack_into(self._shared.bytes, place, digest, until)

    def has(self, text: str) -> bool:
        """Whether a text was noted, and its time has not come."""
        digest, now = _digest(text), time.time()
        with self._shared.locked():
            return any(found == digest and now < until for _, found, until in self._slots(digest))

    def may_have(self, text: str, until: float) -> bool:
        """Whether a text was noted until a time, or may have been and was forgotten since."""
        if self.has(text):
            return True
        with self._shared.locked():
            return until <= self._floor(_digest(text))

    def _floor(self, digest: bytes) -> float:
        (floor,) = _FLOOR.unpack_from(self._shared.bytes, _first(digest))
        return float(floor)

    def _slots(self, digest: bytes) -> Iterator[tuple[int, bytes, float]]:
        """Place, digest and time of each slot of a set."""
        first = _first(digest) + _FLOOR.size
        for place in range(first, first + WAYS * _SLOT.size, _SLOT.size):
            yield place, *_SLOT.unpack_from(self._shared.bytes, place)


def _first(digest: bytes) -> int:
    """Where the set of a digest begins."""
    return len(_HEAD) + int.from_bytes(digest[:4], "little") % SETS * _SET


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()[:16]

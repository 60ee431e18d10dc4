"""How much each key has used: one table in shared memory for all workers of a container.

A slot is 64 bytes.
"""

import contextlib
import hashlib
import math
import mmap
import os
import struct
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from service.errors import BudgetSpentError, RateLimitedError
from service.keys.key import Key
from service.shared_memory import SharedMemory

SLOTS = 4096
DAY_SECONDS = 86_400
_HEADER = struct.Struct("<8s16sd32x")
_SLOT = struct.Struct("<16sqdddd8x")
_MAGIC = b"dkusage1"
_SIZE = _HEADER.size + SLOTS * _SLOT.size
_FREE = bytes(16)


class UsageTable:
    """Requests and core-seconds of each key, shared by the processes that have the same file or are forked from one."""

    def __init__(self, shared: SharedMemory) -> None:
        self._shared = shared
        self._memory = shared.bytes

    @classmethod
    def open(cls, name: str, *folders: Path) -> "UsageTable":
        """The table of this name in the first writable folder, else in memory that forked processes share."""
        return cls(SharedMemory.open(name, folders, _SIZE, _HEADER.pack(_MAGIC, os.urandom(16), 0.0)))

    @property
    def instance(self) -> str:
        """A random name of this container, for the objects in which instances tell each other what they have used."""
        _, instance, _ = _HEADER.unpack_from(self._memory)
        return instance.hex()

    def admit(self, key: Key) -> None:
        """Count one request. RateLimitedError or BudgetSpentError (429): it is one too many."""
        if key.rate is None and key.budget is None:
            return
        now = time.time()
        with self._slot(key.id, now) as slot:
            if key.budget is not None and slot.spent + slot.elsewhere >= key.budget:
                raise BudgetSpentError(math.ceil(DAY_SECONDS - now % DAY_SECONDS))
            if key.rate is not None:
                slot.take_token(key.rate, now)

    def charge(self, key: Key, seconds: float) -> None:
        """Add core-seconds to what a key has spent today."""
        if key.budget is not None:
            with self._slot(key.id, time.time()) as slot:
                slot.spent += seconds

    def spent(self) -> dict[str, float]:
        """The core-seconds of today by the digest of the key's id, as this container counted them."""
        with self._shared.locked():
            today = int(time.time() // DAY_SECONDS)
            slots = (_Slot.read(self._memory, index) for index in range(SLOTS))
            return {slot.name.hex(): slot.spent for slot in slots if slot.day == today and slot.spent}

    def set_elsewhere(self, spent: Mapping[str, float]) -> None:
        """Note what other instances have spent today, by the digest of the key's id."""
        with self._shared.locked():
            now = time.time()
            for name, seconds in spent.items():
                slot = self._find(bytes.fromhex(name), now)
                slot.elsewhere = seconds
                slot.write(self._memory)

    def since_exchange(self) -> float:
        """Seconds since an exchange with other instances began."""
        *_, began = _HEADER.unpack_from(self._memory)
        return max(time.time() - began, 0.0)

    def claim_exchange(self, interval: float) -> bool:
        """Whether this process is the one that exchanges now: the last exchange began an interval ago."""
        with self._shared.locked():
            magic, instance, began = _HEADER.unpack_from(self._memory)
            now = time.time()
            if 0 <= now - began < interval:
                return False
            _HEADER.pack_into(self._memory, 0, magic, instance, now)
            return True

    @contextlib.contextmanager
    def _slot(self, id: str, now: float) -> Iterator["_Slot"]:  # noqa: A002
        with self._shared.locked():
            slot = self._find(digest_of_id(id), now)
            yield slot
            slot.write(self._memory)

    def _find(self, name: bytes, now: float) -> "_Slot":
        """The slot of a name, of today; where all are taken, the one that was not used for the longest time."""
        first = int.from_bytes(name[:4], "little") % SLOTS
        oldest: _Slot | None = None
        for step in range(SLOTS):
            slot = _Slot.read(self._memory, (first + step) % SLOTS)
            if slot.name in {name, _FREE}:
                break
            if oldest is None or slot.stamp < oldest.stamp:
                oldest = slot
        else:
            slot = oldest or slot
        if slot.name != name:
            slot = _Slot(slot.index, name, 0, 0.0, 0.0, math.inf, now)
        today = int(now // DAY_SECONDS)
        if slot.day != today:
            slot.day, slot.spent, slot.elsewhere = today, 0.0, 0.0
        return slot


class _Slot:
    """One key's usage: `tokens` are requests that may come at once, as of `stamp`."""

    __slots__ = ("day", "elsewhere", "index", "name", "spent", "stamp", "tokens")

    def __init__(
        self, index: int, name: bytes, day: int, spent: float, elsewhere: float, tokens: float, stamp: float
    ) -> None:
        self.index, self.name, self.day = index, name, day
        self.spent, self.elsewhere, self.tokens, self.stamp = spent, elsewhere, tokens, stamp

    @classmethod
    def read(cls, memory: mmap.mmap, index: int) -> "_Slot":
        return cls(index, *_SLOT.unpack_from(memory, _HEADER.size + index * _SLOT.size))

    def write(self, memory: mmap.mmap) -> None:
        at = _HEADER.size + self.index * _SLOT.size
        _SLOT.pack_into(memory, at, self.name, self.day, self.spent, self.elsewhere, self.tokens, self.stamp)

    def take_token(self, rate: float, now: float) -> None:
        """A token bucket that holds the requests of one second, and at least one."""
        self.tokens = min(max(rate, 1.0), self.tokens + max(now - self.stamp, 0.0) * rate)
        self.stamp = now
        if self.tokens < 1.0:
            raise RateLimitedError(max(math.ceil((1.0 - self.tokens) / rate), 1))
        self.tokens -= 1.0


def digest_of_id(id: str) -> bytes:  # noqa: A002
    """What stands for a key's id in the table."""
    return hashlib.sha256(id.encode()).digest()[:16]

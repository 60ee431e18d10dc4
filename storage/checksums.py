"""Checksums by name, as hexadecimal text: those that stores keep for an object."""

import hashlib
import zlib
from collections.abc import Callable, Mapping
from typing import Protocol

from storage.errors import ChecksumError


class Sum(Protocol):
    """A running checksum."""

    def update(self, data: bytes | memoryview, /) -> object:
        """Add bytes."""

    def hexdigest(self) -> str:
        """The checksum so far, in hexadecimal."""


class Crc32:
    """zlib's CRC-32 in hashlib's manner."""

    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes | memoryview) -> None:
        """Add bytes."""
        self._value = zlib.crc32(data, self._value)

    def hexdigest(self) -> str:
        """Eight hexadecimal digits."""
        return f"{self._value:08x}"


class Crc32c:
    """CRC-32C (Castagnoli), which Google Cloud Storage keeps of every object."""

    def __init__(self) -> None:
        import google_crc32c

        self._extend: Callable[[int, bytes], int] = google_crc32c.extend
        self._value = 0

    def update(self, data: bytes | memoryview) -> None:
        """Add bytes. google_crc32c takes objects of type bytes only."""
        self._value = self._extend(self._value, bytes(data))

    def hexdigest(self) -> str:
        """Eight hexadecimal digits."""
        return f"{self._value:08x}"


def _md5() -> Sum:
    return hashlib.md5(usedforsecurity=False)


SUMS: dict[str, Callable[[], Sum]] = {"crc32c": Crc32c, "crc32": Crc32, "sha256": hashlib.sha256, "md5": _md5}
"""Cheapest first."""


class Verifier:
    """Compares the bytes with the first of the store's checksums that we can compute."""

    def __init__(self, expected: Mapping[str, str]) -> None:
        self.name = next((name for name in SUMS if name in expected), None)
        """Which checksum is compared; None if the store has none that we know."""
        self._expected = expected[self.name] if self.name else ""
        self._sum = SUMS[self.name]() if self.name else None

    def update(self, data: bytes | memoryview) -> None:
        """Add bytes."""
        if self._sum:
            self._sum.update(data)

    def check(self, what: object) -> None:
        """ChecksumError if the bytes do not match."""
        if self._sum and self._sum.hexdigest() != self._expected:
            raise ChecksumError(f'The bytes of "{what}" do not match the {self.name} of the storage.')


def checksum(name: str, data: bytes | memoryview) -> str:
    """One checksum of some bytes."""
    running = SUMS[name]()
    running.update(data)
    return running.hexdigest()

"""The most similar pictures among many that are read in batches."""

from collections.abc import Sequence

import numpy as np


class Nearest:
    """Keeps the `most` ids with the smallest Hamming distance to a phash."""

    def __init__(self, phash: str, most: int) -> None:
        self._phash = np.uint64(int(phash, 16))
        self._most = most
        self._kept: list[tuple[int, str]] = []

    def look(self, ids: Sequence[str], phashes: Sequence[str]) -> None:
        """Add a batch."""
        bits = np.frombuffer(bytes.fromhex("".join(phashes)), ">u8").astype(np.uint64)
        distances = np.bitwise_count(bits ^ self._phash)
        near = np.argsort(distances, kind="stable")[: self._most]
        batch = [(int(distances[place]), ids[place]) for place in near]
        self._kept = sorted([*self._kept, *batch])[: self._most]

    @property
    def found(self) -> list[tuple[int, str]]:
        """Distances and ids, nearest first."""
        return self._kept

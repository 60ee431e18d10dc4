"""The survey of a batch: counts its objects by kind and size while the listing passes by, and keeps a few of each."""

import random
import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from storage.facts import Entry

_KEPT = 64
"""Objects that are kept of each stratum."""
_MOST_STRATA = 400
_SEED = 17


class Stratum:
    """Objects of one extension and of one magnitude: the largest has less than twice the bytes of the smallest."""

    def __init__(self) -> None:
        self.objects = self.bytes = 0
        self.sample: list[Entry] = []

    def add(self, entry: Entry, chance: random.Random) -> None:
        """Count an object, and keep it or not: each has the same chance (a reservoir)."""
        self.objects += 1
        self.bytes += entry.size
        if len(self.sample) < _KEPT:
            self.sample.append(entry)
        elif (place := chance.randrange(self.objects)) < _KEPT:
            self.sample[place] = entry


class Pick(NamedTuple):
    """An object to try, for all of its stratum."""

    stratum: Stratum
    entry: Entry


class Survey:
    """Counts of what a batch would process, and the core-seconds that the listing took."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.strata: dict[tuple[str, int], Stratum] = {}
        self.objects = self.bytes = 0
        began = time.process_time()
        chance = random.Random(_SEED)  # noqa: S311 - no secret: two surveys of the same objects agree
        for entry in entries:
            self._stratum(entry).add(entry, chance)
            self.objects += 1
            self.bytes += entry.size
        self.seconds = time.process_time() - began

    def _stratum(self, entry: Entry) -> Stratum:
        name = (entry.address.key.rpartition(".")[2].lower()[:8], entry.size.bit_length())
        if name not in self.strata and len(self.strata) >= _MOST_STRATA:
            name = ("", name[1])
        return self.strata.setdefault(name, Stratum())

    def picks(self) -> Iterator[Pick]:
        """Objects to try, the ones that tell most first: each stratum in turn, as often as it weighs.

        It weighs as much as its share of bytes and of objects: which of them costs more is not known yet.
        """
        left = {name: list(stratum.sample) for name, stratum in self.strata.items()}
        taken = dict.fromkeys(left, 0.5)
        while any(left.values()):
            name = max((one for one in left if left[one]), key=lambda one: self._weight(self.strata[one]) / taken[one])
            taken[name] += 1
            yield Pick(self.strata[name], left[name].pop(0))

    def _weight(self, stratum: Stratum) -> float:
        return stratum.objects / self.objects + stratum.bytes / max(self.bytes, 1)

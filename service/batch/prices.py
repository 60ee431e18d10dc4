"""What a batch costs: prices of `prices.toml`, times what it takes."""

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from service.batch.row import Totals


class Compute(msgspec.Struct, frozen=True):
    """Dollars for a second of one vCPU and of one GiB, how many GiB go with a vCPU, and how busy it is."""

    vcpu_second: float
    gib_second: float
    gib: float
    busy: float


class LambdaPrices(msgspec.Struct, frozen=True):
    """Dollars for a GB-second, and the megabytes that have the power of one vCPU."""

    gb_second: float
    vcpu_mb: int

    @property
    def vcpu_second(self) -> float:
        """Dollars for a second of one vCPU."""
        return self.gb_second * self.vcpu_mb / 1024


class Prices(msgspec.Struct, frozen=True):
    """Prices and when they were read; `operations` by scheme and name.

    `writing` is core-seconds of a write, by scheme.
    """

    date: date
    compute: Compute
    operations: dict[str, dict[str, float]]
    writing: dict[str, float]
    aws_lambda: LambdaPrices

    def dollars(self, totals: Totals) -> "Dollars":
        """What this costs as a job of Cloud Run."""
        compute = self.compute
        second = (compute.vcpu_second + compute.gib * compute.gib_second) / compute.busy
        return Dollars(totals.seconds * second, sum(self._of(*one) for one in totals.operations.items()))

    def _of(self, operation: str, count: int) -> float:
        scheme, name = operation.split()
        return count * self.operations.get(scheme, {}).get(name, 0.0)

    def writing_seconds(self, operations: Mapping[str, float]) -> float:
        """Core-seconds of the writes among these operations."""
        writes = ((name.split()[0], count) for name, count in operations.items() if name.endswith(" write"))
        return sum(count * self.writing.get(scheme, 0.0) for scheme, count in writes)


class Dollars(NamedTuple):
    """What computing costs, and what the operations of stores do."""

    compute: float
    operations: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.compute + self.operations


@cache
def prices() -> Prices:
    """The prices of `prices.toml`."""
    text = Path(__file__).with_name("prices.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), Prices)

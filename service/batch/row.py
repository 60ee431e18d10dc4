"""What a batch works on, and what it notes about each: the rows of its manifest."""

from collections.abc import Mapping

import msgspec

from catalog.row import StoredOutput
from service.events.event import Outcome

NAMELESS = "bad_name"


class Item(msgspec.Struct, frozen=True):
    """One object to process: its place in the listing, and the attempt, above 1 where a process died over it.

    One that is `nameless` cannot be read: its name is no text (`Entry.nameless`).
    """

    number: int
    key: str
    size: int
    attempt: int = 1
    nameless: bool = False


class BatchRow(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one object. `seconds` of a core and `operations` of stores are what it took.

    `outcome` is that of its last attempt: `done`, or why not, with `code` and `detail`. `wrote` counts the outputs that
    were written; those that were there already are in `outputs` too.
    """

    source: str
    size: int
    outcome: Outcome
    code: str = ""
    detail: str = ""
    version: str = ""
    outputs: tuple[StoredOutput, ...] = ()
    wrote: int = 0
    attempts: int = 1
    seconds: float = 0.0
    operations: dict[str, int] = {}

    @property
    def key(self) -> str:
        """The key in `source`: a listing has keys, such as those with line feeds, that no valid address has."""
        return self.source.split("/", 3)[3]

    @property
    def nameless(self) -> bool:
        """Whether it is of a file whose name is no text."""
        return self.code == NAMELESS

    @property
    def failed(self) -> bool:
        """Whether outputs are missing."""
        return self.outcome != "done"


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """What many rows add up to. `reasons` counts the failures by code; `operations` are named `gs write` and so on."""

    objects: int = 0
    failed: int = 0
    wrote: int = 0
    bytes: int = 0
    seconds: float = 0.0
    operations: dict[str, int] = {}
    reasons: dict[str, int] = {}

    def plus(self, row: BatchRow) -> "Totals":
        """With one row more."""
        return Totals(
            objects=self.objects + 1,
            failed=self.failed + row.failed,
            wrote=self.wrote + row.wrote,
            bytes=self.bytes + row.size,
            seconds=self.seconds + row.seconds,
            operations=added(self.operations, row.operations),
            reasons=added(self.reasons, {row.code: 1}) if row.failed else self.reasons,
        )

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(
            objects=self.objects + other.objects,
            failed=self.failed + other.failed,
            wrote=self.wrote + other.wrote,
            bytes=self.bytes + other.bytes,
            seconds=self.seconds + other.seconds,
            operations=added(self.operations, other.operations),
            reasons=added(self.reasons, other.reasons),
        )


def added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    """The sum of two counts by name."""
    return {**one, **{name: one.get(name, 0) + count for name, count in other.items()}}

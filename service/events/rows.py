"""The catalog's row as one more output: looked at first, written by compare and swap, and never in the way."""

from typing import NamedTuple

from catalog.base import Catalog
from catalog.row import Row, id_of
from catalog.row import StoredOutput as Stored
from service.errors import GoingError
from service.events.context import EventContext
from storage.address import Address
from storage.facts import Stat


class CatalogState(NamedTuple):
    """The catalog, the row as it was first seen, and what went wrong with it: outputs are made all the same."""

    catalog: Catalog | None = None
    row: Row | None = None
    trouble: Exception | None = None

    @property
    def works(self) -> bool:
        """Whether there is a catalog to be kept right."""
        return self.catalog is not None and self.trouble is None

    def agrees(self, source: Stat, outputs: tuple[Stored, ...]) -> bool:
        """Whether the row tells of this version and these outputs already, or there is none to tell."""
        if not self.works:
            return True
        row = self.row
        return row is not None and (row.state, row.version, row.outputs) == ("ready", source.version, outputs)


def find_row(context: EventContext, source: Address) -> CatalogState:
    """The row of a source, whatever its state."""
    catalog = None
    try:
        catalog = context.catalog()
        return CatalogState(catalog, catalog.get(id_of(str(source)), hidden=True) if catalog else None)
    except Exception as error:  # noqa: BLE001 - outputs are made before a catalog's trouble is told, whatever it is
        return CatalogState(catalog, None, error)


def put_row(seen: CatalogState, row: Row) -> bool:
    """Write over what was seen first; whether it was still there."""
    if seen.row and seen.row.state == "deleting":
        raise GoingError("The row of this source is still being deleted; it comes again afterwards.")
    assert seen.catalog is not None  # noqa: S101 - for the type checker
    return seen.catalog.put(row, over=seen.row.revision if seen.row else "") is not None


def drop_row(seen: CatalogState, *, pending: bool) -> bool:
    """Remove what was seen first; whether it was still there.

    A row that is `pending` belongs to an upload whose object may still come, one that is `deleting` to its deleter.
    """
    if seen.catalog is None or seen.row is None or seen.row.state not in {"ready", *(["pending"] if pending else [])}:
        return True
    return seen.catalog.delete(seen.row)

"""The catalog row as one more output: looked up first, written by compare-and-swap, and never blocking the others."""

from typing import NamedTuple

from catalog.base import Catalog
from catalog.row import Row, id_of
from catalog.row import StoredOutput as Stored
from service.errors import RowDeletingError
from service.events.context import EventContext
from storage.address import Address
from storage.facts import Stat


class CatalogState(NamedTuple):
    """The catalog, the row as found first, and the error if the catalog failed: outputs are made nevertheless."""

    catalog: Catalog | None = None
    row: Row | None = None
    error: Exception | None = None

    @property
    def available(self) -> bool:
        """Whether there is a working catalog."""
        return self.catalog is not None and self.error is None

    def matches(self, source: Stat, outputs: tuple[Stored, ...]) -> bool:
        """Whether the row has this version and these outputs already, or there is no catalog."""
        if not self.available:
            return True
        row = self.row
        return row is not None and (row.state, row.version, row.outputs) == ("ready", source.version, outputs)


def find_row(context: EventContext, source: Address) -> CatalogState:
    """The row of a source, whatever its state."""
    catalog = None
    try:
        catalog = context.catalog()
        return CatalogState(catalog, catalog.get(id_of(str(source)), hidden=True) if catalog else None)
    except Exception as error:  # noqa: BLE001 - outputs are made before any catalog error is raised
        return CatalogState(catalog, None, error)


def put_row(found: CatalogState, row: Row) -> bool:
    """Write a row over the one found first. False if that has changed."""
    if found.row and found.row.state == "deleting":
        raise RowDeletingError("The row of this source is still being deleted; the event is retried afterwards.")
    assert found.catalog is not None  # noqa: S101 - for the type checker
    return found.catalog.put(row, over=found.row.revision if found.row else "") is not None


def delete_row(found: CatalogState, *, pending: bool) -> bool:
    """Delete the row found first. False if that has changed.

    A `pending` row belongs to an upload whose object may still arrive, a `deleting` one to its deleter.
    """
    if (
        found.catalog is None
        or found.row is None
        or found.row.state not in {"ready", *(["pending"] if pending else [])}
    ):
        return True
    return found.catalog.delete(found.row)

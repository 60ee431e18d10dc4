"""The protocol of catalogs."""

from collections.abc import Iterator
from typing import Protocol

from catalog.query import Page, Query
from catalog.row import Row, State

TRANSITIONS = {("pending", "ready"), ("pending", "deleting"), ("ready", "deleting")}
"""Allowed state transitions. A row being deleted never becomes ready again: its object may be gone."""


class Catalog(Protocol):
    """Rows by id. Each write takes effect at once or not at all.

    Raises CatalogBusyError and CatalogError (503) if the database does not answer, ValueError for a row whose values
    are out of bounds.
    """

    def put(self, row: Row, over: str | None = None) -> Row | None:
        """Write a row and return it as stored, with its new revision; None if it is not.

        `over`: the revision it may replace; "" only a key that does not exist, None any.
        """
        ...

    def get(self, id: str, *, hidden: bool = False) -> Row | None:  # noqa: A002
        """The row of this id, if there is one that is ready; with `hidden` in any state."""
        ...

    def find(self, query: Query) -> Page:
        """Rows that are ready and match, in the query's order.

        Raises BadCursorError (400) for a cursor that was not made for this query, BadParameterError (400) if
        `similar_to` is not the id of a ready picture with a fingerprint.
        """
        ...

    def change(self, row: Row, state: State) -> Row | None:
        """Move a row to another state if it still has this revision, else None. ValueError: not in TRANSITIONS."""
        ...

    def delete(self, row: Row) -> bool:
        """Remove a row if it still has this revision; returns whether it did."""
        ...

    def pending(self, older: float) -> Iterator[Row]:
        """Rows that are not ready and have not changed for `older` seconds, oldest first: work to resume at startup."""
        ...

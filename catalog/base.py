"""What every catalog does."""

from collections.abc import Iterator
from typing import Protocol

from catalog.query import Page, Query
from catalog.row import Row, State

MOVES = {("pending", "ready"), ("pending", "deleting"), ("ready", "deleting")}
"""How a row's state may change. A row that is going never comes back: its object may be gone."""


class Catalog(Protocol):
    """Rows by id. Each write takes effect at once or not at all.

    Raises CatalogBusyError and CatalogError (503) where the store does not answer, ValueError for a row that breaks
    its own fields' bounds.
    """

    def put(self, row: Row, over: str | None = None) -> Row | None:
        """Write a row and return it as stored, with its new revision; None if something else is there.

        `over`: the revision it may replace; "" only a key that is not there, None whatever is there.
        """
        ...

    def get(self, id: str, *, hidden: bool = False) -> Row | None:  # noqa: A002
        """The row of this id, if there is one that is ready; with `hidden` in whatever state."""
        ...

    def find(self, query: Query) -> Page:
        """Rows that are ready and match, in the query's order.

        Raises BadCursorError (400) for a cursor that is not this catalog's and query's, BadParameterError (400) where
        `similar_to` is the id of no ready picture that has a fingerprint.
        """
        ...

    def change(self, row: Row, state: State) -> Row | None:
        """Move a row to another state if it is still of this revision; None if it is not. ValueError: not in MOVES."""
        ...

    def delete(self, row: Row) -> bool:
        """Remove a row if it is still of this revision; whether it was."""
        ...

    def pending(self, older: float) -> Iterator[Row]:
        """Rows that are not ready and have not changed for `older` seconds, oldest first: what a start finishes."""
        ...

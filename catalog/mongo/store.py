"""One document per row, and only operations that are atomic on one document."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import msgspec

from catalog.base import TRANSITIONS
from catalog.bounds import check_row
from catalog.errors import CatalogBusyError
from catalog.mongo.client import client_of, mongo_errors, prepared
from catalog.mongo.documents import Document, beyond, document_of, row_from_document
from catalog.mongo.finder import MongoFinder
from catalog.query import Page, Query
from catalog.row import Row, State, new_revision, revised

_BATCH = 100
_TRIES = 20
"""How often a write is tried while other writers change the row between our read and our write."""


class MongoCatalog:
    """A catalog in the collections `pictures` and `meta` of a database. See `catalog.base.Catalog`.

    Threads share it. `wait`: seconds until a server that does not answer is given up. Indexes are created at startup.
    Raises CatalogTooNewError for a database of a later version, CatalogError if no server answers.
    """

    def __init__(
        self, uri: str, database: str = "darkroom", *, wait: float = 10.0, now: Callable[[], float] = time.time
    ) -> None:
        self._client = client_of(uri, wait)
        self._rows = self._client[database]["pictures"]
        self._now = now
        with mongo_errors(), ExitStack() as undo:
            undo.callback(self._client.close)
            self._finder = MongoFinder(self._rows, prepared(self._client[database]))
            undo.pop_all()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def put(self, row: Row, over: str | None = None) -> Row | None:
        """Write a row over what may be replaced.

        A lost response is not a failure: the revision tells whether the write took effect.
        """
        check_row(row)
        revision = new_revision()
        for _ in range(_TRIES):
            old = self.get(row.id, hidden=True)
            if old and old.revision == revision:
                return old
            if over is not None and over != (old.revision if old else ""):
                return None
            new = revised(row, old, self._now(), revision)
            if self._written(new, old):
                return new
        raise CatalogBusyError("Too many writers changed this picture at the same time; try again.")

    def _written(self, new: Row, old: Row | None) -> bool:
        """Replace exactly `old`; False if something else is there now, or the response was lost."""
        from pymongo.errors import AutoReconnect, DuplicateKeyError

        with mongo_errors():
            try:
                if old is None:
                    self._rows.insert_one(document_of(new))
                    return True
                return self._rows.replace_one(_exactly(old), document_of(new)).matched_count == 1
            except (AutoReconnect, DuplicateKeyError):
                return False

    def get(self, id: str, *, hidden: bool = False) -> Row | None:  # noqa: A002
        """The row of this id."""
        with mongo_errors():
            found = self._rows.find_one({"_id": str(id)})
        return row_from_document(found) if found and (hidden or found["state"] == "ready") else None

    def find(self, query: Query) -> Page:
        """Rows that match."""
        with mongo_errors():
            return self._finder.find(query)

    def change(self, row: Row, state: State) -> Row | None:
        """Move a row to another state."""
        if (row.state, state) not in TRANSITIONS:
            raise ValueError(f"A row cannot change from {row.state} to {state}.")
        return self.put(msgspec.structs.replace(row, state=state), over=row.revision)

    def delete(self, row: Row) -> bool:
        """Remove a row. If the response was lost, what counts is that this revision is gone."""
        from pymongo.errors import AutoReconnect

        with mongo_errors():
            try:
                return self._rows.delete_one(_exactly(row)).deleted_count == 1
            except AutoReconnect:
                return self._rows.delete_one(_exactly(row)).deleted_count == 1 or not self._rows.find_one(
                    {"_id": str(row.id)}
                )

    def pending(self, older: float) -> Iterator[Row]:
        """Rows that are not ready, a batch at a time, so that the caller may take its time in between."""
        until = round((self._now() - older) * 1000)
        place: tuple[int, str] | None = None
        while found := self._unfinished(until, place):
            yield from found
            place = (found[-1].changed, found[-1].id)

    def _unfinished(self, until: int, place: tuple[int, str] | None) -> list[Row]:
        conditions: list[Document] = [{"state": {"$in": ["pending", "deleting"]}}, {"changed": {"$lte": until}}]
        conditions += [beyond("changed", place, "$gt")] if place else []
        with mongo_errors():
            found = self._rows.find({"$and": conditions}, sort=[("changed", 1), ("_id", 1)], limit=_BATCH)
            return [row_from_document(one) for one in found]


def _exactly(row: Row) -> Document:
    return {"_id": str(row.id), "revision": {"$eq": row.revision}}

"""Answers queries from MongoDB's indexes; `similar_to` scans one field of all matching rows."""

from typing import TYPE_CHECKING

from catalog.cursor import open_cursor, seal_cursor
from catalog.mongo.documents import Document, filter_of, order_of, row_from_document
from catalog.mongo.nearest import Nearest
from catalog.query import Page, Query, value_of
from core.errors import BadParameterError

if TYPE_CHECKING:
    from pymongo.collection import Collection

    from catalog.row import Row

_BATCH = 2000


class MongoFinder:
    """The searches over one collection."""

    def __init__(self, rows: "Collection[Document]", secret: bytes) -> None:
        self._rows, self._secret = rows, secret

    def find(self, query: Query) -> Page:
        """Rows that match, in order. See `catalog.base.Catalog.find`."""
        if query.similar_to is not None:
            return self._alike(query, query.similar_to)
        place = open_cursor(query, self._secret, (str if query.key == "name" else int, str))
        where = filter_of(query, place)
        found = [row_from_document(one) for one in self._rows.find(where, sort=order_of(query), limit=query.limit + 1)]
        rows = tuple(found[: query.limit])
        if len(found) <= query.limit:
            return Page(rows)
        return Page(rows, seal_cursor((value_of(rows[-1], query.key), rows[-1].id), query, self._secret))

    def _alike(self, query: Query, like: str) -> Page:
        nearest = Nearest(self._phash(like), query.limit)
        where = filter_of(query, None)
        where["$and"] += [{"phash": {"$ne": None}}, {"_id": {"$ne": like}}]
        batch: list[Document] = []
        for found in self._rows.find(where, {"phash": 1}, batch_size=_BATCH):
            batch.append(found)
            if len(batch) == _BATCH:
                _look(nearest, batch)
                batch = []
        _look(nearest, batch)
        return self._page({found: distance for distance, found in nearest.found})

    def _page(self, near: dict[str, int]) -> Page:
        """The rows of these ids that are still ready, and their distances."""
        found = self._rows.find({"_id": {"$in": list(near)}, "state": {"$eq": "ready"}})
        rows: dict[str, Row] = {one["_id"]: row_from_document(one) for one in found}
        here = [one for one in near if one in rows]
        return Page(tuple(rows[one] for one in here), None, tuple(near[one] for one in here))

    def _phash(self, like: str) -> str:
        if len(like) == 16:
            return like
        found = self._rows.find_one({"_id": str(like), "state": {"$eq": "ready"}}, {"phash": 1})
        if not found or not found["phash"]:
            raise BadParameterError("similar_to", "the id of a picture that is here and has a phash, or a phash", like)
        return str(found["phash"])


def _look(nearest: Nearest, batch: list[Document]) -> None:
    nearest.look([found["_id"] for found in batch], [found["phash"] for found in batch])

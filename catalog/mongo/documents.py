"""Rows and queries as MongoDB documents. A value always follows an operator and can never be read as one.

Ids are matched directly, as `str(id)`: a string is not an operator either, and the lookup uses the index.
"""

from typing import Any

from catalog.cursor import Place
from catalog.query import Query, after_prefix
from catalog.row import Row, casefolded, row_from_json, row_to_dict

Document = dict[str, Any]

SCHEMA = 2
"""Version 1 had no `at`, `folded` and `schema`."""

SORTED = {"added": "added", "taken": "at", "width": "width", "height": "height", "bytes": "bytes", "name": "folded"}
INDEXES = {
    **{f"by_{field}": [("state", 1), (field, 1), ("_id", 1)] for field in SORTED.values()},
    **{
        f"{field}_by_added": [("state", 1), (field, 1), ("added", 1), ("_id", 1)]
        for field in ("format", "camera", "labels")
    },
    "by_phash": [("state", 1), ("phash", 1)],
    "unfinished": [("state", 1), ("changed", 1), ("_id", 1)],
    "by_schema": [("schema", 1)],
}
"""A compound index ends with `_id`, the tie-breaker."""


def document_of(row: Row) -> Document:
    """A row as a document. Labels may be any text and MongoDB's keys may not, so counts are a list of pairs."""
    made = row_to_dict(row)
    made["_id"] = made.pop("id")
    counts = [{"label": label, "count": count} for label, count in row.counts.items()]
    return {**made, "counts": counts, "at": row.at, "folded": casefolded(row.name), "schema": SCHEMA}


def row_from_document(document: Document) -> Row:
    """The row of a document."""
    found = {field: document[field] for field in Row.__struct_fields__ if field in document}
    values = {field: int(value) if isinstance(value, int) else value for field, value in found.items()}  # from Int64
    counts = {one["label"]: int(one["count"]) for one in document["counts"]}
    return row_from_json({**values, "id": document["_id"], "counts": counts})


def filter_of(query: Query, place: Place | None) -> Document:
    """The filter of a query and the place in its cursor."""
    conditions: list[Document] = [{"state": {"$eq": "ready"}}]
    for field, text in (("format", query.format), ("camera", query.camera), ("labels", query.label)):
        if text is not None:
            conditions.append({field: {"$eq": text}})
    for field, low, high in (
        ("width", query.min_width, query.max_width), ("height", query.min_height, query.max_height),
    ):  # fmt: skip
        conditions += _bounds(field, "$gte", low) + _bounds(field, "$lte", high)
    conditions += _bounds("at", "$gte", query.after) + _bounds("at", "$lt", query.before)
    if query.name is not None:
        conditions += _bounds("folded", "$gte", (prefix := casefolded(query.name)))
        conditions += _bounds("folded", "$lt", after_prefix(prefix))
    if place is not None:
        conditions.append(beyond(SORTED[query.key], place, "$lt" if query.descending else "$gt"))
    return {"$and": conditions}


def _bounds(field: str, operator: str, value: int | str | None) -> list[Document]:
    return [] if value is None else [{field: {operator: value}}]


def beyond(field: str, place: Place, operator: str) -> Document:
    """The filter for what comes after a place in the order of a field and `_id`."""
    return {"$or": [{field: {operator: place[0]}}, {field: {"$eq": place[0]}, "_id": {operator: place[1]}}]}


def order_of(query: Query) -> list[tuple[str, int]]:
    """What a query sorts by."""
    way = -1 if query.descending else 1
    return [(SORTED[query.key], way), ("_id", way)]

"""The connection: PyMongo, imported late; its errors as ours; indexes and schema at startup."""

import secrets
from typing import TYPE_CHECKING

from catalog.cursor import SECRET_BYTES
from catalog.errors import CatalogBusyError, CatalogError, CatalogTooNewError
from catalog.mongo.documents import INDEXES, SCHEMA, Document, document_of, row_from_document
from core.errors import ErrorTranslation

if TYPE_CHECKING:
    from pymongo import MongoClient
    from pymongo.collection import Collection
    from pymongo.database import Database

_META = {"_id": "catalog"}


def client_of(uri: str, wait: float) -> "MongoClient[Document]":
    """A client that gives up after `wait` seconds; nothing is connected yet."""
    from pymongo import MongoClient

    with mongo_errors():
        return MongoClient(uri, serverSelectionTimeoutMS=round(wait * 1000), timeoutMS=round(wait * 1000))


def mongo_errors() -> ErrorTranslation:
    """PyMongo's errors as ours; its own text, which holds addresses, stays in the cause."""
    return ErrorTranslation(_ours)


def _ours(error: BaseException) -> CatalogError | None:
    from pymongo.errors import InvalidURI, PyMongoError

    if isinstance(error, InvalidURI):
        return CatalogError("The catalog's address is not a mongodb:// URI.")
    if not isinstance(error, PyMongoError):
        return None
    if error.timeout:
        return CatalogBusyError("The catalog's server did not answer in time; try again.")
    return CatalogError("The catalog's server does not answer.")


def prepared(database: "Database[Document]") -> bytes:
    """Create what is missing and migrate older documents; the secret that cursors are signed with."""
    meta, rows = database["meta"], database["pictures"]
    found = meta.find_one(_META) or _founded(meta)
    if found["schema"] > SCHEMA:
        raise CatalogTooNewError(found["schema"], SCHEMA)
    _index(rows)
    _migrate(rows)
    meta.update_one({**_META, "schema": {"$lt": SCHEMA}}, {"$set": {"schema": SCHEMA}})
    return bytes(found["secret"])


def _founded(meta: "Collection[Document]") -> Document:
    """Of several processes that start at once, one creates the document, and all use it."""
    from pymongo.errors import DuplicateKeyError

    made = {"_id": "catalog", "schema": SCHEMA, "secret": secrets.token_bytes(SECRET_BYTES)}
    try:
        meta.insert_one(made)
    except DuplicateKeyError:
        return meta.find_one(_META) or made
    return made


def _index(rows: "Collection[Document]") -> None:
    """Make the indexes that are missing: one per call, since FerretDB fails if two exist already."""
    for name, keys in INDEXES.items():
        rows.create_index(keys, name=name)


def _migrate(rows: "Collection[Document]") -> None:
    """Rewrite documents of an earlier version, including those that one still running wrote since the last start."""
    for found in rows.find({"schema": {"$in": [None, *range(1, SCHEMA)]}}):
        unchanged = {"_id": found["_id"], "revision": {"$eq": found["revision"]}}
        rows.replace_one(unchanged, document_of(row_from_document(found)))

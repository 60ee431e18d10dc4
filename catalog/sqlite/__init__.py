"""The embedded catalog: SQLite stores the rows, columns in memory answer the filters."""

from catalog.sqlite.store import SqliteCatalog

__all__ = ["SqliteCatalog"]

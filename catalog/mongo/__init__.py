"""The catalog in MongoDB, for servers that share one over machines."""

from catalog.mongo.store import MongoCatalog

__all__ = ["MongoCatalog"]

"""The catalog in MongoDB, for servers on several machines that share one."""

from catalog.mongo.store import MongoCatalog

__all__ = ["MongoCatalog"]

"""The catalog of stored pictures: one row each, found by size, format, label, camera, name, time and similarity."""

from catalog.base import Catalog
from catalog.query import Page, Query
from catalog.row import ImageId, ImageRow, PaletteColor, Row, StoredOutput, id_of, row_json

__all__ = [
    "Catalog", "ImageId", "ImageRow", "Page", "PaletteColor", "Query", "Row", "StoredOutput", "id_of", "row_json",
]  # fmt: skip

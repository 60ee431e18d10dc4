"""What is known of stored pictures: one row a key, found by size, format, label, camera, name, time and likeness."""

from catalog.base import Catalog
from catalog.query import Page, Query
from catalog.row import PaletteColor, Row, StoredOutput, id_of, row_json

__all__ = ["Catalog", "Page", "PaletteColor", "Query", "Row", "StoredOutput", "id_of", "row_json"]

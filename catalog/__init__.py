"""What is known of stored pictures: one row a key, found by size, format, label, camera, name, time and likeness."""

from catalog.base import Catalog
from catalog.query import Page, Query
from catalog.row import Color, Output, Row, id_of, shown

__all__ = ["Catalog", "Color", "Output", "Page", "Query", "Row", "id_of", "shown"]

"""Stored pictures: what the catalog knows of them, and how they are stored and deleted."""

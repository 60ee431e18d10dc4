"""Scopes: what a caller may do. Every route declares one, and every key, token and link has some."""

from typing import Literal

Scope = Literal["public", "process", "read", "write", "metrics", "admin"]
"""`public` needs no permission. The others do not contain each other: a caller has exactly those it was given."""

"""Moved to `main.on_lambda`; this path works until 0.3."""

from functions.moved import warn
from main import on_lambda

__all__ = ["on_lambda"]

warn("functions.events.door.on_lambda", "main.on_lambda")

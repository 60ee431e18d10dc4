"""What a route is."""

from collections.abc import Callable
from typing import Any, Literal

import msgspec

Scope = Literal["process", "read", "write", "admin"]


class Route(msgspec.Struct, frozen=True):
    """One route: its path, the view that answers, the scope that a caller needs, and its methods."""

    path: str
    view: Callable[..., Any] | str
    scope: Scope
    methods: tuple[str, ...] = ("GET",)

    @property
    def endpoint(self) -> str:
        """Its name in the application."""
        return self.view if isinstance(self.view, str) else self.view.__name__

"""URL rules that compile what builds their URLs when it is first needed: Werkzeug's do so twice a rule at the start."""

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule


class LazyRule(Rule):
    """A rule of Werkzeug's that matches as its own do, and starts in a fraction of their time."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled: list[Callable[..., tuple[str, str]]] = []

        def build(*arguments: Any, **values: Any) -> tuple[str, str]:
            if not compiled:
                compiled.append(super(LazyRule, self)._compile_builder(append_unknown))
            return compiled[0](*arguments, **values)

        return build

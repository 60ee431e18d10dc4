"""What both clouds' rules share: a rule is a function from what was applied to what is wrong with it."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from service.settings import Settings, read_settings
from tools.terraform.run import Resource

Rule = Callable[["Plan"], Iterable[str]]


class Plan:
    """The resources of one run, by kind."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self.resources = list(resources)

    def of(self, *kinds: str) -> list[Resource]:
        """All of these kinds."""
        return [one for one in self.resources if one.kind in kinds]

    def ending(self, *ends: str) -> list[Resource]:
        """All whose kind ends so."""
        return [one for one in self.resources if one.kind.endswith(ends)]


def first(value: Any) -> dict[str, Any]:
    """The one block of a list of blocks; empty without one."""
    return value[0] if isinstance(value, list) and value else {}


def document(text: str | None) -> dict[str, Any]:
    """A JSON document; empty if there is none."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def listed(value: Any) -> list[Any]:
    """A list, or the one value that stands in the place of one."""
    return [] if value is None else value if isinstance(value, list) else [value]


def setting_problems(address: str, environment: dict[str, str], *, secret: Iterable[str] = ()) -> Iterator[str]:
    """What the server itself would refuse of an environment. `secret`: names whose values are known later only."""
    known = {f"DARKROOM_{name.upper()}" for name in Settings.__struct_fields__}
    for name in secret:
        if name.startswith("DARKROOM_") and name not in known:
            yield f"{address}: {name} is no setting"
    for problem in read_settings(environment)[1]:
        yield f"{address}: {problem}"


def max_seconds(environment: dict[str, str]) -> float:
    """The server's own limit for one request, seconds."""
    return float(environment.get("DARKROOM_MAX_SECONDS") or Settings().max_seconds)

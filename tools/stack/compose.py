"""Reads compose.yaml: its services, with variables filled in and the paths of containers as those of this machine."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
STATE = ".up"
"""The folder of data, logs and process ids, in the repository's root."""
_VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")


class Part(msgspec.Struct, frozen=True):
    """A service as a process: its program (None: only an image plays it), its arguments, its own variables.

    `folders` are what must be there before it starts, relative to the root; `url` is where it listens.
    """

    name: str
    url: str
    program: str | None
    arguments: list[str]
    environment: dict[str, str]
    folders: list[str]

    @property
    def port(self) -> int:
        """The port it listens on, of loopback."""
        port = urlsplit(self.url).port
        assert port
        return port


def read_parts(text: str, environ: Mapping[str, str]) -> list[Part]:
    """The services in the order in which they start: what others depend on comes first."""
    services: dict[str, Any] = yaml.safe_load(_filled(text, environ))["services"]
    first = [name for one in services.values() for name in one.get("depends_on", [])]
    names = [*dict.fromkeys(first), *(name for name in services if name not in first)]
    return [_part(name, services[name]) for name in names]


def _filled(text: str, environ: Mapping[str, str]) -> str:
    """`${NAME:-default}` as the variable's value, or the default where it is unset or empty, as compose has it."""
    return _VARIABLE.sub(lambda found: environ.get(found[1]) or found[2], text)


def _part(name: str, service: Mapping[str, Any]) -> Part:
    volumes = [str(volume).split(":")[:2] for volume in service.get("volumes", [])]
    places = {inside: _on_this_machine(outside) for outside, inside in volumes}
    program, *arguments = service.get("x-program", [None])
    arguments += [_relocated(word, places) for word in service.get("command", [])]
    environment = {
        key: _relocated(str(value), places) for key, value in service.get("environment", {}).items() if value
    }
    own = [place for place in places.values() if place.startswith(f"{STATE}/")]
    return Part(name, service["x-url"], program, arguments, environment, own)


def _on_this_machine(outside: str) -> str:
    """The folder of a bind mount, or of a named volume."""
    return outside.removeprefix("./") if outside.startswith("./") else f"{STATE}/{outside}"


def _relocated(word: str, places: Mapping[str, str]) -> str:
    """A word with the path inside a container, if it has one, as the path on this machine."""
    option, equals, path = word.partition("=") if word.startswith("-") else ("", "", word)
    for inside, place in places.items():
        if path == inside or path.startswith(f"{inside}/"):
            return f"{option}{equals}{place}{path.removeprefix(inside)}"
    return word

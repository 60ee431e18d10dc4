"""What requirements*.txt pin, and what the packages that are installed say about their licence."""

import re
from collections.abc import Iterator, Mapping
from importlib.metadata import distribution
from pathlib import Path
from typing import NamedTuple

from packaging.markers import Marker

ROOT = Path(__file__).resolve().parent.parent
_PINNED = re.compile(
    r"(?P<name>[a-z0-9.-]+)(?:\[[\w,-]+\])?==(?P<version>[\w.+-]+)(?: ; (?P<marker>[^\\]+?))?(?: --hash=\S+)+"
)


class Pinned(NamedTuple):
    """A package of a lock."""

    name: str
    version: str


def pinned(lock: str, environment: Mapping[str, str] | None = None) -> Iterator[Pinned]:
    """The packages of a lock that are for this Python and system, or for the one that `environment` describes."""
    text = re.sub(r"^ *#.*\n", "", (ROOT / lock).read_text(), flags=re.MULTILINE)
    for entry in re.sub(r" *\\\n *", " ", text).splitlines():
        found = _PINNED.fullmatch(entry)
        if found and (not found["marker"] or Marker(found["marker"]).evaluate(dict(environment or {}))):
            yield Pinned(found["name"], found["version"])


def licence(package: str) -> str:
    """The licence that an installed package states: an SPDX expression, else its classifiers, else its own words."""
    metadata = distribution(package).metadata
    classified = [entry for entry in metadata.get_all("Classifier", []) if entry.startswith("License ::")]
    (expression,), (words,) = (metadata.get_all(name, [""])[:1] for name in ("License-Expression", "License"))
    return expression or "; ".join(classified) or words[:80]

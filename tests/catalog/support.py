"""Rows to test with, a clock that is set by hand, and what a catalog should do in plain Python."""

import hashlib
import random
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from catalog import Catalog, Page, PaletteColor, Query, Row, StoredOutput, id_of
from catalog.query import value_of
from catalog.row import casefolded

START = 1_700_000_000.0
FORMATS, LABELS, CAMERAS = (
    ("jpeg", "png", "webp"),
    ("cat", "dog", "person", "$where", "a.b"),
    ("Canon R5", "X-T5", None),
)


class Clock:
    """Seconds since 1970 that pass when it is told."""

    def __init__(self) -> None:
        self.seconds = START

    def __call__(self) -> float:
        return self.seconds


def row(number: int, **changes: Any) -> Row:
    """A row that is like others with the same number; few values of each kind, so that many rows are level."""
    dice = random.Random(number)
    source = changes.pop("source", f"file:///in/IMG_{number:04}.jpg")
    values: dict[str, Any] = {
        "id": id_of(source),
        "source": source,
        "name": dice.choice(("IMG", "img", "Bild ä", "an-even-longer-name-than-that")) + f"_{number % 7}.jpg",
        "version": str(dice.getrandbits(32)),
        "width": dice.choice((1, 640, 1920, 4000, 65535)),
        "height": dice.choice((1, 480, 1080, 3000)),
        "format": dice.choice(FORMATS),
        "bytes": dice.choice((0, 1000, 2**40)),
        "sha256": hashlib.sha256(source.encode()).hexdigest(),
        "phash": dice.choice((None, f"{dice.getrandbits(64):016x}", f"{2 ** dice.randrange(64):016x}")),
        "colors": (PaletteColor("ff8800", 0.75), PaletteColor("000000", 0.25)),
        "taken": dice.choice((None, 0, -5, 1_600_000_000_000)),
        "camera": dice.choice(CAMERAS),
        "labels": tuple(dice.sample(LABELS, dice.randrange(3))),
        "counts": {label: dice.randrange(5) for label in dice.sample(LABELS, 2)},
        "outputs": (StoredOutput("small", "gs://out/a.webp", "17", "ab" * 32),),
        "state": "ready",
    }
    return Row(**{**values, **changes})


def meets(found: Row, query: Query) -> bool:
    """Whether a row meets every filter, in plain Python."""
    tests: dict[str, Callable[[Any], bool]] = {
        "min_width": lambda value: found.width >= value, "max_width": lambda value: found.width <= value,
        "min_height": lambda value: found.height >= value, "max_height": lambda value: found.height <= value,
        "format": lambda value: found.format == value, "label": lambda value: value in found.labels,
        "camera": lambda value: found.camera == value,
        "name": lambda value: casefolded(found.name).startswith(casefolded(value)),
        "after": lambda value: found.at >= value, "before": lambda value: found.at < value,
    }  # fmt: skip
    asked = {name: getattr(query, name) for name in tests}
    return found.state == "ready" and all(tests[name](value) for name, value in asked.items() if value is not None)


def distance(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def pages(catalog: Catalog, query: Query) -> Iterator[Page]:
    """Every page of a query."""
    while True:
        page = catalog.find(query)
        yield page
        if page.next is None:
            return
        query = msgspec.structs.replace(query, cursor=page.next)


def listed(catalog: Catalog, query: Query) -> list[Row]:
    """All rows of a query; every page but the last one is full."""
    found = list(pages(catalog, query))
    assert all(len(page.images) == query.limit for page in found[:-1])
    return [one for page in found for one in page.images]


def assert_answers(found: list[Row], rows: list[Row], query: Query) -> None:
    """Exactly the rows that match, each once, in order. Rows that are level may come in any order."""
    expected = [one for one in rows if meets(one, query)]
    assert sorted(found, key=lambda one: one.id) == sorted(expected, key=lambda one: one.id)
    keys = [value_of(one, query.key) for one in found]
    assert keys == sorted(keys, reverse=query.descending)  # type: ignore[type-var]

"""Queries of a catalog: filters, sort order and cursor, parsed from text and checked."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from catalog.row import EPOCH, LONGEST_SIDE, Row, casefolded
from core.errors import BadParameterError, UnknownParameterError, nearest

SORTS = ("added", "taken", "width", "height", "bytes", "name")
"""Sort keys. `taken` falls back to the time of adding; `name` ignores case."""
MOST = 200
LONGEST = 256
LONGEST_CURSOR = 4096

_WHOLE = re.compile(r"[0-9]{1,10}\Z")
_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)?\Z", re.ASCII)
"""`fromisoformat` alone accepts much more, even three hundred digits."""
_LIKE = re.compile(r"[0-9a-f]{16}(?:[0-9a-f]{16})?\Z")


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Filters, all of which a row must meet. Sides in pixels; `after` and `before` in milliseconds since 1970 UTC.

    `name` is a prefix of the name, ignoring case; `format`, `label` and `camera` are exact. `after` is inclusive,
    `before` is not; both refer to when a picture was taken, or else added.
    `similar_to` is a row's id or a phash: the `limit` nearest by Hamming distance, nearest first, in one page.
    """

    min_width: int | None = None
    max_width: int | None = None
    min_height: int | None = None
    max_height: int | None = None
    format: str | None = None
    label: str | None = None
    camera: str | None = None
    name: str | None = None
    after: int | None = None
    before: int | None = None
    similar_to: str | None = None
    sort: str = "-added"
    limit: int = 50
    cursor: str | None = None

    @classmethod
    def read(cls, texts: Mapping[str, str]) -> "Query":
        """A query from URL parameters. UnknownParameterError, BadParameterError (400)."""
        for name in texts:
            if name not in cls.__struct_fields__:
                raise UnknownParameterError("images", name, cls.__struct_fields__)
        query = cls(**{name: _READERS[name](name, text) for name, text in texts.items()})
        _consistent(query)
        return query

    @property
    def key(self) -> str:
        """The sort key."""
        return self.sort.removeprefix("-")

    @property
    def descending(self) -> bool:
        """Whether the largest come first."""
        return self.sort.startswith("-")

    @property
    def filtered(self) -> bool:
        """Whether any filter is set."""
        return any(getattr(self, name) is not None for name in FILTERS)


FILTERS = Query.__struct_fields__[: Query.__struct_fields__.index("similar_to")]


class Page(msgspec.Struct, frozen=True):
    """Rows of one page, the cursor of the next (None: there are no more), and distances for `similar_to`."""

    images: tuple[Row, ...]
    next: str | None = None
    distances: tuple[int, ...] | None = None


def _side(name: str, text: str) -> int:
    if not _WHOLE.match(text) or not 1 <= (value := int(text)) <= LONGEST_SIDE:
        raise BadParameterError(name, f"a whole number from 1 to {LONGEST_SIDE}", text)
    return value


def _limit(name: str, text: str) -> int:
    if not _WHOLE.match(text) or not 1 <= (value := int(text)) <= MOST:
        raise BadParameterError(name, f"a whole number from 1 to {MOST}", text)
    return value


def _text(name: str, text: str) -> str:
    """Text that a database can store: no control characters, no lone surrogates."""
    if not 1 <= len(text) <= LONGEST or any(ord(char) < 32 or 0xD800 <= ord(char) < 0xE000 for char in text):
        raise BadParameterError(name, f"1 to {LONGEST} characters, none of them a control character", text)
    return text


def _moment(name: str, text: str) -> int:
    """Milliseconds of an ISO 8601 day or time; without a zone it is UTC."""
    try:
        read = datetime.fromisoformat(text if _TIME.match(text) else "")
        read = read if read.tzinfo else read.replace(tzinfo=UTC)
        return (read - EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        raise BadParameterError(name, "a day or time such as 2024-05-01 or 2024-05-01T12:30:00Z", text) from None


def _sort(name: str, text: str) -> str:
    if text.removeprefix("-") not in SORTS:
        guess = nearest(text, SORTS)
        raise BadParameterError(
            name, f"one of {', '.join(SORTS)}, with - before it for the largest first", guess or text
        )
    return text


def _like(name: str, text: str) -> str:
    if not _LIKE.match(text):
        raise BadParameterError(name, "a picture's id (32 hex digits) or a phash (16)", text)
    return text


def _cursor(name: str, text: str) -> str:
    if len(text) > LONGEST_CURSOR:
        raise BadParameterError(name, "the `next` of an earlier answer", text)
    return text


_READERS: dict[str, Any] = {
    "min_width": _side, "max_width": _side, "min_height": _side, "max_height": _side,
    "format": _text, "label": _text, "camera": _text, "name": _text,
    "after": _moment, "before": _moment, "similar_to": _like, "sort": _sort, "limit": _limit, "cursor": _cursor,
}  # fmt: skip


def _consistent(query: Query) -> None:
    """`similar_to` has an order of its own, and one page."""
    if query.similar_to is None:
        return
    if query.cursor is not None:
        raise BadParameterError("cursor", "left out beside similar_to, whose answer is one page", query.cursor)
    if query.sort != "-added":
        raise BadParameterError("sort", "left out beside similar_to, which sorts by likeness", query.sort)


def value_of(row: Row, key: str) -> int | str:
    """A row's sort key."""
    if key == "name":
        return casefolded(row.name)
    found: int = row.at if key == "taken" else getattr(row, key)
    return found


def after_prefix(prefix: str) -> str | None:
    """The least text above all that begin with `prefix`, in code point order; None if there is none."""
    while prefix:
        last = ord(prefix[-1]) + 1
        if last <= 0x10FFFF:
            return prefix[:-1] + chr(0xE000 if last == 0xD800 else last)
        prefix = prefix[:-1]
    return None

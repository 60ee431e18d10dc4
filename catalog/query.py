"""Queries of a catalog: filters, sort order and cursor, parsed from text and checked."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

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
        query = cls(**{name: _PARAMETERS[name].read(name, text) for name, text in texts.items()})
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


class QueryParameter(NamedTuple):
    """The reader of a parameter's text, and its JSON Schema."""

    read: Callable[[str, str], Any]
    schema: dict[str, Any]


def _described(read: Callable[[str, str], Any], description: str, **schema: Any) -> QueryParameter:
    return QueryParameter(read, {"description": description, "type": "string", **schema})


_TEXT = {"pattern": rf"^[^\x00-\x1f]{{1,{LONGEST}}}$"}
"""Surrogates are not named: no valid JSON or URL holds a lone one. A range up to the last character would take whoever
generates text from it seconds to expand."""
_SIDE = {"type": "integer", "minimum": 1, "maximum": LONGEST_SIDE}
_MOMENT = {
    "pattern": "^(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z)?$"
}
_PARAMETERS = {
    "min_width": _described(_side, "Minimum width, pixels", **_SIDE),
    "max_width": _described(_side, "Maximum width, pixels", **_SIDE),
    "min_height": _described(_side, "Minimum height, pixels", **_SIDE),
    "max_height": _described(_side, "Maximum height, pixels", **_SIDE),
    "format": _described(_text, "The file's format, such as `jpeg`", **_TEXT),
    "label": _described(_text, "Something that was detected in it", **_TEXT),
    "camera": _described(_text, "Maker and model", **_TEXT),
    "name": _described(_text, "The beginning of its name, ignoring case", **_TEXT),
    "after": _described(
        _moment, "Taken, or else added, on or after this date or time; UTC if no zone is given", **_MOMENT
    ),
    "before": _described(_moment, "Taken, or else added, before this date or time", **_MOMENT),
    "similar_to": _described(
        _like,
        "A picture's id or a phash: the `limit` most similar pictures, most similar first, on one page",
        pattern="^[0-9a-f]{16}([0-9a-f]{16})?$",
    ),
    "sort": _described(
        _sort,
        "Sort order; descending with -",
        enum=[f"{sign}{name}" for name in SORTS for sign in ("", "-")],
        default="-added",
    ),
    "limit": _described(_limit, "Maximum pictures per page", type="integer", minimum=1, maximum=MOST, default=50),
    "cursor": _described(_cursor, "`next` of the previous page", maxLength=LONGEST_CURSOR),
}
PARAMETERS = {name: parameter.schema for name, parameter in _PARAMETERS.items()}
"""The JSON Schemas of a query's parameters by name."""


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

"""Bounds of a row's values, checked when a row is written."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from catalog.row import LONGEST_SIDE, Row, State, row_to_dict

MOST = 2**53 - 1
"""Whole numbers up to here are the same in every JSON reader."""
EARLIEST, LATEST = -62_135_596_800_000, 253_402_300_799_999
"""Milliseconds of the years 1 to 9999, which is what a date can be."""

_Moment = Annotated[int, Meta(ge=EARLIEST, le=LATEST)]
_Side = Annotated[int, Meta(ge=1, le=LONGEST_SIDE)]
_Text = Annotated[str, Meta(max_length=2048)]
_Word = Annotated[str, Meta(min_length=1, max_length=128)]
_Count = Annotated[int, Meta(ge=0, le=MOST)]


def _hex(digits: int) -> Any:
    return Annotated[str, Meta(pattern=f"^[0-9a-f]{{{digits}}}\\Z")]


_COLOR = msgspec.defstruct("BoundedColor", [("color", _hex(6)), ("share", Annotated[float, Meta(ge=0, le=1)])])
_OUTPUT = msgspec.defstruct("BoundedOutput", [("name", _Word), ("url", _Text), ("version", _Text), ("digest", _Text)])
BOUNDS: dict[str, Any] = {
    "id": _hex(32), "source": _Text, "name": Annotated[str, Meta(max_length=1024)], "version": _Text,
    "width": _Side, "height": _Side, "format": _Word, "bytes": _Count, "sha256": _hex(64), "phash": _hex(16) | None,
    "colors": Annotated[list[_COLOR], Meta(max_length=32)], "taken": _Moment | None, "camera": _Word | None,  # type: ignore[valid-type]
    "labels": Annotated[tuple[_Word, ...], Meta(max_length=1024)],
    "counts": Annotated[dict[_Word, _Count], Meta(max_length=1024)],
    "outputs": Annotated[list[_OUTPUT], Meta(max_length=64)], "state": State,  # type: ignore[valid-type]
    "added": _Moment, "changed": _Moment, "revision": Annotated[str, Meta(max_length=32)],
    "blurhash": Annotated[str, Meta(min_length=6, max_length=168)] | None,
}  # fmt: skip
_BOUNDED = msgspec.defstruct("BoundedRow", [(name, BOUNDS[name]) for name in Row.__struct_fields__])


def check_row(row: Row) -> None:
    """ValueError unless a row's values are within these bounds, and its text can be encoded as UTF-8."""
    try:
        msgspec.convert(row_to_dict(row), _BOUNDED)
        msgspec.json.encode(row)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"This row cannot be stored: {error}") from error

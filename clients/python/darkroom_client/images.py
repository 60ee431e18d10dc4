"""The server's catalog: rows of stored pictures as typed values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from darkroom_client.errors import BrokenResponseError


@dataclass(frozen=True)
class Image:
    """A stored picture. Times are ISO 8601; `distance` is 0 to 64, for `similar_to` only."""

    id: str
    name: str
    source: str
    width: int
    height: int
    format: str
    bytes: int
    sha256: str
    added: str
    taken: str | None = None
    camera: str | None = None
    labels: tuple[str, ...] = ()
    distance: int | None = None


@dataclass(frozen=True)
class ImagePage:
    """Rows of one page; `next` is the cursor of the next page, None if there is none."""

    images: tuple[Image, ...]
    next: str | None = None


def image_of(row: Any) -> Image:
    """One row; BrokenResponseError if it is not one. Unknown members are ignored."""
    try:
        return _image(row)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BrokenResponseError("The server's picture cannot be read. Is it a Darkroom server?") from error


def page_of(answer: Mapping[str, Any]) -> ImagePage:
    """A page; BrokenResponseError if it is not one."""
    rows, cursor = answer.get("images"), answer.get("next")
    if not isinstance(rows, list) or not (cursor is None or isinstance(cursor, str)):
        raise BrokenResponseError("The server's list of pictures cannot be read. Is it a Darkroom server?")
    return ImagePage(tuple(map(image_of, rows)), cursor)


def _image(row: Mapping[str, Any]) -> Image:
    taken, camera, distance = (row.get(name) for name in ("taken", "camera", "distance"))
    return Image(
        id=str(row["id"]),
        name=str(row["name"]),
        source=str(row["source"]),
        width=int(row["width"]),
        height=int(row["height"]),
        format=str(row["format"]),
        bytes=int(row["bytes"]),
        sha256=str(row["sha256"]),
        added=str(row["added"]),
        taken=None if taken is None else str(taken),
        camera=None if camera is None else str(camera),
        labels=tuple(map(str, row.get("labels") or ())),
        distance=None if distance is None else int(distance),
    )

"""What a request brings, whichever door it came through."""

from typing import Any

import msgspec

from storage.facts import Stat


class Payload(msgspec.Struct, frozen=True):
    """A picture and its file's name, second pictures by name, and options by the place they were given in.

    Where an option `source` says where the picture is, it is empty until it is fetched, and `stat` is of that object.
    """

    picture: bytes
    filename: str
    pictures: dict[str, bytes]
    options: list[dict[str, Any]]
    stat: Stat | None = None

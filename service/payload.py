"""The content of a request, whichever way it was sent."""

from typing import Any

import msgspec

from storage.facts import Stat


class Payload(msgspec.Struct, frozen=True):
    """A picture and its file name, second pictures by name, and the options of each place they were given in.

    If the option `source` says where the picture is, `picture` is empty until it is fetched; `stat` is of that object.
    """

    picture: bytes
    filename: str
    pictures: dict[str, bytes]
    options: list[dict[str, Any]]
    stat: Stat | None = None

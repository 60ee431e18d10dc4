"""What a web socket sends, whole."""

from typing import Literal

import msgspec

from functions.server.sockets.codes import NORMAL


class Received(msgspec.Struct, frozen=True):
    """A whole message, or the end: `code` and `text` are those of the close frame."""

    kind: Literal["text", "frame", "close"]
    text: str = ""
    data: bytes = b""
    code: int = NORMAL

"""From HTTP to a web socket (RFC 6455, §4): the handshake, and what becomes of its connection."""

import base64
import binascii
import hashlib
import socket
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455, §1.3."""
_KEY_BYTES = 16
VERSION = "13"


class Upgrade(msgspec.Struct, frozen=True):
    """What follows on the answer 101: the socket is taken over, or `farewell` is sent and the connection closed.

    `take` gets the socket, what has come of its first frames, and what is called once it is closed.
    """

    take: Callable[[socket.socket, bytes, Callable[[], object]], None] | None = None
    farewell: bytes = b""


def asks_to_upgrade(environ: Mapping[str, Any]) -> bool:
    """Whether a request asks for a web socket: then it is no mere reading, whatever its method."""
    return "websocket" in _tokens(environ.get("HTTP_UPGRADE", ""))


def is_handshake(environ: Mapping[str, Any]) -> bool:
    """Whether a request is a valid handshake of this version of the protocol."""
    return (
        asks_to_upgrade(environ)
        and environ["REQUEST_METHOD"] == "GET"
        and environ.get("SERVER_PROTOCOL") == "HTTP/1.1"
        and "upgrade" in _tokens(environ.get("HTTP_CONNECTION", ""))
        and environ.get("HTTP_SEC_WEBSOCKET_VERSION") == VERSION
        and _is_key(environ.get("HTTP_SEC_WEBSOCKET_KEY", ""))
    )


def accepted(environ: Mapping[str, Any]) -> dict[str, str]:
    """The headers of the answer 101 to a handshake; no extension and no subprotocol is agreed."""
    digest = hashlib.sha1(environ["HTTP_SEC_WEBSOCKET_KEY"].strip().encode() + _GUID, usedforsecurity=False).digest()
    return {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Accept": base64.b64encode(digest).decode(),
    }


def _tokens(header: str) -> set[str]:
    return {token.strip().lower() for token in header.split(",")}


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text.strip(), validate=True)) == _KEY_BYTES
    except (binascii.Error, ValueError):
        return False

"""A web socket client of bytes: it can send what no library would, and not read what it is sent."""

import base64
import os
import socket
import struct
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import msgspec

CONTINUED, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
KEY = base64.b64encode(b"0123456789abcdef").decode()
_PATIENCE = 120.0
"""Seconds until an answer is given up."""
UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": KEY}


def packed(opcode: int, data: bytes, *, end: bool = True, masked: bool = True, bits: int = 0) -> bytes:
    """A frame (RFC 6455, §5.2)."""
    size = len(data)
    head = bytes([end << 7 | bits << 4 | opcode])
    if size < 126:
        head += bytes([masked << 7 | size])
    elif size < 2**16:
        head += bytes([masked << 7 | 126]) + struct.pack("!H", size)
    else:
        head += bytes([masked << 7 | 127]) + struct.pack("!Q", size)
    if not masked:
        return head + data
    mask = os.urandom(4)
    key = int.from_bytes((mask * (size // 4 + 1))[:size]) if size else 0
    return head + mask + (int.from_bytes(data) ^ key).to_bytes(size)


class ClosedError(Exception):
    """The server closed: its code and reason; code 0 without a close frame."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code, self.reason = code, reason


class RawSocket:
    """The client's side, over a connected socket."""

    def __init__(self, sock: socket.socket, early: bytes = b"") -> None:
        self.sock, self._held = sock, bytearray(early)

    @classmethod
    def open(
        cls, url: str, path: str = "/v1/stream", headers: Mapping[str, str] | None = None, buffer: int = 0
    ) -> Self:
        """A handshake with a server, which must accept it."""
        status, head, sock, rest = handshake(url, path, headers, buffer)
        assert status == 101, head
        return cls(sock, rest)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.sock.close()

    def send(self, opcode: int, data: bytes) -> None:
        """Send one frame of the protocol."""
        self.sock.sendall(packed(opcode, data))

    def options(self, **options: str | int) -> None:
        """Send options for the pictures that follow."""
        self.send(TEXT, msgspec.json.encode(options))

    def frame(self, data: bytes) -> None:
        """Send a picture."""
        self.send(BINARY, data)

    def receive(self) -> tuple[int, bytes]:
        """The next frame of the server: its opcode and data. ClosedError."""
        first, size = self._taken(2)
        assert not size & 128, "a server masks nothing"
        if size == 126:
            (size,) = struct.unpack("!H", self._taken(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self._taken(8))
        data = bytes(self._taken(size))
        opcode = first & 15
        if opcode == CLOSE:
            raise ClosedError(int.from_bytes(data[:2]), data[2:].decode())
        return opcode, data

    def said(self) -> dict[str, object]:
        """The next text, as JSON."""
        opcode, data = self.receive()
        assert opcode == TEXT, opcode
        told: dict[str, object] = msgspec.json.decode(data)
        return told

    def end(self) -> ClosedError:
        """What the server closes with, after whatever else it sends."""
        try:
            while True:
                self.receive()
        except ClosedError as closed:
            return closed

    def is_eof(self) -> bool:
        """Whether nothing comes any more."""
        return not self._held and not self.sock.recv(1)

    def _taken(self, size: int) -> bytearray:
        while len(self._held) < size:
            try:
                data = self.sock.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                raise ClosedError(0, "no close frame")
            self._held += data
        taken = self._held[:size]
        del self._held[:size]
        return taken


def handshake(
    url: str, path: str = "/v1/stream", headers: Mapping[str, str] | None = None, buffer: int = 0
) -> tuple[int, str, socket.socket, bytes]:
    """The status and head of the answer to a handshake, its connection, and what came after the head."""
    host, _, port = url.rpartition("/")[2].partition(":")
    sock = socket.socket()
    sock.settimeout(_PATIENCE)
    if buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    sock.connect((host, int(port)))
    fields = {"Host": f"{host}:{port}", **UPGRADE, **(headers or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    sock.sendall(f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode())
    received = b""
    while b"\r\n\r\n" not in received:
        data = sock.recv(65536)
        assert data, received
        received += data
    head, _, rest = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode(), sock, rest

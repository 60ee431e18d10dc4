"""Just enough HTTP/1.1 for a proxy between a client and a server on loopback: whole messages, read and written."""

import asyncio
import contextlib
import socket
import struct
from urllib.parse import unquote

import msgspec

_MOST_HEAD = 64 * 1024


class Message(msgspec.Struct):
    """A request or an answer: the first line, the headers in order, the whole body."""

    first: str
    headers: list[tuple[str, str]]
    body: bytes = b""

    def get(self, name: str) -> str | None:
        """A header's value."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def without(self, *names: str) -> list[tuple[str, str]]:
        """The headers but for some."""
        return [(key, value) for key, value in self.headers if key.lower() not in names]

    @property
    def method(self) -> str:
        """A request's method."""
        return self.first.split(" ")[0]

    @property
    def target(self) -> str:
        """A request's raw target."""
        return self.first.split(" ")[1]

    @property
    def path(self) -> str:
        """The target's path, as it was sent."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        """The target's query; a later value of a name wins."""
        pairs = (part.partition("=") for part in self.target.partition("?")[2].split("&") if part)
        return {unquote(name.replace("+", " ")): unquote(value.replace("+", " ")) for name, _, value in pairs}

    @property
    def status(self) -> int:
        """An answer's status."""
        return int(self.first.split(" ")[1])

    def head(self) -> bytes:
        """First line and headers as they are sent."""
        lines = [self.first, *(f"{name}: {value}" for name, value in self.headers), "", ""]
        return "\r\n".join(lines).encode("latin-1")


async def read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Message | None:
    """The next request of a connection, None at its end. A client that waits for 100 Continue gets it."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    request = _parsed(head)
    if (request.get("Expect") or "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.body = await _body(reader, request)
    return request


async def exchange(request: Message, upstream: tuple[str, int]) -> Message:
    """Send a request over a connection of its own and read the whole answer."""
    reader, writer = await asyncio.open_connection(*upstream, limit=_MOST_HEAD)
    try:
        headers = request.without("connection", "expect", "transfer-encoding", "content-length")
        length = (
            [("Content-Length", str(len(request.body)))] if request.body or request.method in {"PUT", "POST"} else []
        )
        writer.write(Message(request.first, [*headers, *length, ("Connection", "close")]).head() + request.body)
        answer = _parsed(await reader.readuntil(b"\r\n\r\n"))
        while answer.status == 100:
            answer = _parsed(await reader.readuntil(b"\r\n\r\n"))
        if request.method != "HEAD" and answer.status not in {204, 304}:
            answer.body = await _body(reader, answer, to_end=True)
            answer.headers = [*answer.without("content-length"), ("Content-Length", str(len(answer.body)))]
        answer.headers = answer.without("connection", "transfer-encoding", "keep-alive")
        return answer
    finally:
        writer.close()


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection by RST: the other side sees a connection reset, not an orderly close."""
    ours: socket.socket | None = writer.get_extra_info("socket")
    if ours is not None:
        with contextlib.suppress(OSError):
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _parsed(head: bytes) -> Message:
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return Message(first, [(name, value.strip()) for name, _, value in pairs])


async def _body(reader: asyncio.StreamReader, message: Message, *, to_end: bool = False) -> bytes:
    if "chunked" in (message.get("Transfer-Encoding") or "").lower():
        return await _chunks(reader)
    length = message.get("Content-Length")
    if length is None:
        return await reader.read() if to_end else b""
    return await reader.readexactly(int(length))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    whole = bytearray()
    while size := int((await reader.readline()).split(b";")[0], 16):
        whole += await reader.readexactly(size)
        await reader.readexactly(2)
    while (await reader.readline()).strip():
        pass
    return bytes(whole)

"""Bytes of web sockets, good and hostile: what they are taken for."""

import pytest

from bench.sockets import BINARY, CLOSE, CONTINUED, PING, PONG, TEXT, packed
from functions.server.sockets.messages import Received
from functions.server.sockets.wire import Wire, close_frame

MOST = 100_000


def taken(data: bytes, size: int) -> list[Received]:
    """What comes of bytes that arrive in pieces; the first close ends it."""
    wire, found = Wire(MOST, b""), list[Received]()
    for start in range(0, len(data), size):
        wire.feed(data[start : start + size])
        while (received := wire.next()) is not None:
            found.append(received)
            if received.kind == "close":
                return found
    return found


def frame(data: bytes) -> Received:
    return Received("frame", data=data)


MESSAGES: dict[str, tuple[bytes, list[Received]]] = {
    "a frame": (packed(BINARY, b"x" * 200), [frame(b"x" * 200)]),
    "an empty frame": (packed(BINARY, b""), [frame(b"")]),
    "a long frame": (packed(BINARY, b"x" * 70_000), [frame(b"x" * 70_000)]),
    "the longest frame": (packed(BINARY, b"x" * MOST), [frame(b"x" * MOST)]),
    "a text": (packed(TEXT, "grün".encode()), [Received("text", text="grün")]),
    "two": (packed(BINARY, b"1") + packed(TEXT, b"2"), [frame(b"1"), Received("text", text="2")]),
    "fragments": (
        packed(BINARY, b"a", end=False) + packed(CONTINUED, b"b", end=False) + packed(CONTINUED, b"c"), [frame(b"abc")],
    ),
    "a letter in two fragments": (
        packed(TEXT, b"gr\xc3", end=False) + packed(CONTINUED, b"\xbcn"), [Received("text", text="grün")],
    ),
    "a ping between fragments": (
        packed(BINARY, b"a", end=False) + packed(PING, b"p") + packed(CONTINUED, b"b"), [frame(b"ab")],
    ),
    "pongs that nobody asked for": (packed(PONG, b"") * 3, []),
}  # fmt: skip


@pytest.mark.parametrize("size", [7, 10**6])
@pytest.mark.parametrize(("data", "expected"), MESSAGES.values(), ids=MESSAGES)
def test_messages(data: bytes, expected: list[Received], size: int) -> None:
    assert taken(data, size) == expected


HOSTILE: dict[str, tuple[bytes, int]] = {
    "not masked": (packed(BINARY, b"x", masked=False), 1002),
    "a reserved bit": (packed(BINARY, b"x", bits=4), 1002),
    "a reserved opcode": (packed(3, b"x"), 1002),
    "a reserved control opcode": (packed(11, b"x"), 1002),
    "a fragmented ping": (packed(PING, b"x", end=False), 1002),
    "a ping too long": (packed(PING, b"x" * 126), 1002),
    "a continuation of nothing": (packed(CONTINUED, b"x"), 1002),
    "a message within a message": (packed(BINARY, b"x", end=False) + packed(BINARY, b"y"), 1002),
    "a length written too long": (b"\x82\xfe\0\1mask", 1002),
    "a length of 2**63": (b"\x82\xff" + b"\xff" * 8, 1002),
    "text that is no UTF-8": (packed(TEXT, b"\xff"), 1007),
    "text that ends in a letter": (packed(TEXT, b"\xc3"), 1007),
    "a close of one byte": (packed(CLOSE, b"x"), 1002),
    "a close with a reserved code": (packed(CLOSE, (1005).to_bytes(2)), 1002),
    "a close with a reason that is no UTF-8": (packed(CLOSE, (1000).to_bytes(2) + b"\xff"), 1007),
    "a frame too large": (packed(BINARY, b"x" * (MOST + 1)), 1009),
    "fragments too large": (
        packed(BINARY, b"x" * MOST, end=False) + packed(CONTINUED, b"x"), 1009,
    ),
    "a frame of 4 EB": (b"\x82\xff" + (2**62).to_bytes(8) + b"mask" + b"x" * (MOST + 1), 1009),
    "a text too long": (packed(TEXT, b"x" * 300_000), 1009),
    "fragments of nothing": (packed(BINARY, b"", end=False) + packed(CONTINUED, b"", end=False) * 9000, 1009),
    "http": (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 1002),
}  # fmt: skip


@pytest.mark.parametrize("size", [97, 10**6])
@pytest.mark.parametrize(("data", "code"), HOSTILE.values(), ids=HOSTILE)
def test_what_breaks_the_protocol_or_a_bound(data: bytes, code: int, size: int) -> None:
    (*_, last) = taken(data, size)
    assert (last.kind, last.code) == ("close", code)


@pytest.mark.parametrize(
    ("data", "code"),
    [(packed(CLOSE, b""), 1005), (packed(CLOSE, (1001).to_bytes(2) + b"bye"), 1001)],
    ids=["no status", "going away"],
)
def test_a_close_is_answered_by_one(data: bytes, code: int) -> None:
    wire = Wire(MOST, data)
    received = wire.next()
    assert received is not None
    assert (received.kind, received.code) == ("close", code)
    assert wire.close(received.code, received.text)[0] == 0x88
    assert wire.close(1000, "again") == b""


def test_only_the_last_ping_is_answered() -> None:
    wire = Wire(MOST, packed(PING, b"1") + packed(PING, b"2"))
    assert wire.next() is None
    assert wire.pong == b"\x8a\x012"


@pytest.mark.parametrize("reason", ["", "why", "ä" * 200])
def test_a_farewell_fits_its_frame(reason: str) -> None:
    farewell = close_frame(1013, reason)
    assert farewell[0] == 0x88
    assert farewell[1] == len(farewell) - 2 <= 125
    assert farewell[2:4] == (1013).to_bytes(2)
    assert reason.startswith(farewell[4:].decode())

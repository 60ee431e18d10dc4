"""Requests before they are parsed."""

import pytest

from functions.server.early import SLOW, TOO_LONG, is_ready

LINE = b"GET / HTTP/1.1\r\n"


@pytest.mark.parametrize(
    ("head", "ready"),
    [
        pytest.param(b"", False, id="nothing"),
        pytest.param(b"G", False, id="one-byte"),
        pytest.param(b"\r\n", False, id="an-empty-line-before"),
        pytest.param(LINE, False, id="a-line"),
        pytest.param(LINE + b"Host: a\r\n", False, id="a-field"),
        pytest.param(LINE + b"Host: a\r\n\r", False, id="all-but-one"),
        pytest.param(LINE + b"\r\n", True, id="no-field"),
        pytest.param(b"\r\n" + LINE + b"Host: a\r\n\r\n", True, id="whole-after-an-empty-line"),
        pytest.param(LINE + b"Host: a\r\n\r\nbody", True, id="whole-and-more"),
        pytest.param(LINE[:-2] + b"\n", True, id="bare-line-feed"),
        pytest.param(LINE + b"Host: a\n", True, id="bare-line-feed-in-a-field"),
        pytest.param(b"G" * 102, False, id="as-long-a-line-as-may-be"),
        pytest.param(b"G" * 103, True, id="too-long-a-line"),
        pytest.param(LINE + b"X: " + b"x" * 200, False, id="a-long-field"),
    ],
)
def test_a_head_is_ready_however_it_comes(head: bytes, ready: bool) -> None:
    assert is_ready(bytearray(head), 0, 100) is ready
    for split in range(len(head)):
        first = is_ready(bytearray(head[:split]), 0, 100)
        assert (first or is_ready(bytearray(head), split, 100)) is ready, split


def test_a_byte_at_a_time() -> None:
    whole, head = LINE + b"Host: localhost\r\nX: y\r\n\r\n", bytearray()
    seen = []
    for byte in whole:
        head.append(byte)
        seen.append(is_ready(head, len(head) - 1, 100))
    assert seen == [False] * (len(whole) - 1) + [True]


@pytest.mark.parametrize("refusal", [SLOW, TOO_LONG], ids=["slow", "long"])
def test_a_refusal_is_a_whole_response(refusal: object, capsys: pytest.CaptureFixture[str]) -> None:
    head, _, body = refusal.answer().partition(b"\r\n\r\n")  # type: ignore[attr-defined]
    assert b"\r\nConnection: close\r\n" in head
    assert f"Content-Length: {len(body)}".encode() in head
    assert b'"code":"' in body

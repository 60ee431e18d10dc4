"""Bodies that are streams: divided into the same frames however they come, and refused where they cannot be."""

import io
from collections.abc import Iterator

import pytest
from flask import Request
from PIL import Image
from werkzeug.test import EnvironBuilder

from functions.errors import BadFrameError
from functions.requests.frames import frames_of
from tests.functions.support import picture

MOST = 200_000


def with_thumbnail() -> bytes:
    """A JPEG with another one in its header."""
    inner, outer = picture("jpg", width=32, height=32), io.BytesIO()
    exif = b"Exif\0\0" + inner
    Image.open(io.BytesIO(picture("jpg"))).save(outer, "JPEG", exif=exif)
    assert outer.getvalue().count(b"\xff\xd9") > 1
    return outer.getvalue()


def progressive() -> bytes:
    made = io.BytesIO()
    Image.open(io.BytesIO(picture("jpg", width=200, height=150))).save(made, "JPEG", progressive=True)
    return made.getvalue()


def with_restarts() -> bytes:
    made = io.BytesIO()
    Image.open(io.BytesIO(picture("jpg"))).save(made, "JPEG", restart_marker_blocks=1)
    assert b"\xff\xd0" in made.getvalue()
    return made.getvalue()


JPEG, OTHER = picture("jpg"), picture("jpg", width=40, height=30)
FRAMES = [JPEG, with_thumbnail(), progressive(), with_restarts(), OTHER]


def parts(frames: list[bytes], *, lengths: bool, end: bytes = b"--\r\n", line: bytes = b"\r\n") -> bytes:
    """A multipart body with the boundary `b`."""
    made = b"--b" + line
    for number, frame in enumerate(frames):
        made += b"Content-Type: image/jpeg" + line
        made += b"Content-Length: %d" % len(frame) + line if lengths else b""
        made += line + frame + line + b"--b" + (line if number < len(frames) - 1 else end)
    return made


BODIES: dict[str, tuple[str, bytes]] = {
    "jpegs": ("image/jpeg", b"".join(FRAMES)),
    "jpegs with gaps": ("video/x-motion-jpeg", b"\n" + b"\r\n".join(FRAMES) + b"\0\0"),
    "no type": ("", b"".join(FRAMES)),
    "parts with lengths": ("multipart/x-mixed-replace; boundary=b", parts(FRAMES, lengths=True)),
    "parts without": ("multipart/mixed; boundary=b", parts(FRAMES, lengths=False)),
    "parts of a quoted boundary": ('multipart/x-mixed-replace;boundary="b"', parts(FRAMES, lengths=True)),
    "parts with bare line feeds": ("multipart/mixed; boundary=b", parts(FRAMES, lengths=False, line=b"\n")),
    "parts without an end": ("multipart/x-mixed-replace; boundary=b", parts(FRAMES, lengths=True, end=b"\r\n")),
    "parts after a preamble": ("multipart/mixed; boundary=b", b"hello\r\n" + parts(FRAMES, lengths=False)),
    "parts before an epilogue": ("multipart/mixed; boundary=b", parts(FRAMES, lengths=False) + b"bye" * 100),
}


def request_of(media_type: str) -> Request:
    return Request(
        EnvironBuilder(method="POST", headers={"Content-Type": media_type} if media_type else {}).get_environ()
    )


def chunked(body: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


@pytest.mark.parametrize("size", [1, 7, 1000, 10**6])
@pytest.mark.parametrize(("media_type", "body"), BODIES.values(), ids=BODIES)
def test_the_same_frames_however_they_come(media_type: str, body: bytes, size: int) -> None:
    assert list(frames_of(request_of(media_type), chunked(body, size), MOST)) == FRAMES


def test_each_frame_comes_as_soon_as_it_is_whole() -> None:
    came = 0

    def body() -> Iterator[bytes]:
        nonlocal came
        for frame in FRAMES:
            came += 1
            yield frame

    for number, _ in enumerate(frames_of(request_of("image/jpeg"), body(), MOST), 1):
        assert came == number


REFUSED: dict[str, tuple[str, bytes]] = {
    "a png": ("image/png", picture("png")),
    "text": ("text/plain", b"hello"),
    "half a jpeg": ("image/jpeg", JPEG[: len(JPEG) // 2]),
    "one and a half": ("image/jpeg", JPEG + JPEG[: len(JPEG) // 2]),
    "a short segment": ("image/jpeg", b"\xff\xd8\xff\xe0\0\1" + JPEG),
    "no end at all": ("image/jpeg", JPEG[:-2] + b"\xff\0" * MOST),
    "no boundary": ("multipart/mixed", parts(FRAMES, lengths=True)),
    "another boundary": ("multipart/mixed; boundary=x", parts(FRAMES, lengths=True)),
    "a part that does not end": ("multipart/mixed; boundary=b", b"--b\r\n\r\n" + JPEG),
    "a part too large": ("multipart/mixed; boundary=b", b"--b\r\nContent-Length: 9999999\r\n\r\n" + JPEG),
    "a part too large, untold": ("multipart/mixed; boundary=b", b"--b\r\n\r\n" + b"x" * 2 * MOST),
    "a header without end": ("multipart/mixed; boundary=b", b"--b\r\n" + b"X: y\r\n" * 5000),
}


@pytest.mark.parametrize("size", [1000, 10**7])
@pytest.mark.parametrize(("media_type", "body"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_divided(media_type: str, body: bytes, size: int) -> None:
    with pytest.raises(BadFrameError):
        list(frames_of(request_of(media_type), chunked(body, size), MOST))

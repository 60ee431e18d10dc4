"""The frames of a body that is a stream: the parts of a multipart body, or JPEGs one after the other.

Sources: RFC 2046, §5.1 (multipart; cameras and FFmpeg's mpjpeg write multipart/x-mixed-replace that way);
ITU-T T.81, annex B (JPEG's markers).
"""

import re
from collections.abc import Iterable, Iterator

from flask import Request

from functions.errors import BadFrameError

_HEAD_BYTES = 16 * 1024
"""Most bytes before a part's empty line."""
_LENGTH = re.compile(rb"^content-length:[ \t]*(\d{1,12})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_BLANK = re.compile(rb"\r?\n\r?\n")
_SPACE = b" \t\r\n\0"
_STARTS, _ENDS, _SCAN = 0xD8, 0xD9, 0xDA
_ALONE = {0x01, *range(0xD0, 0xD8)}
"""Markers without a length: TEM and RST0 to RST7."""
_NEXT_MARKER = re.compile(rb"\xff(?=[^\x00\xff\xd0-\xd7])")
"""In a scan: a marker that is neither a stuffed byte, nor filling, nor a restart."""


def frames_of(request: Request, body: Iterable[bytes], most: int) -> Iterator[bytes]:
    """The frames of a body that comes in chunks, each as soon as it is whole.

    BadFrameError (400) if they cannot be told apart, or one has more than `most` bytes.
    """
    if request.mimetype.startswith("multipart/"):
        boundary = request.mimetype_params.get("boundary", "")
        if not (0 < len(boundary) <= 200 and boundary.isascii() and boundary.isprintable()):
            raise BadFrameError("A multipart body needs a boundary in its Content-Type.")
        return _Parts(boundary.encode(), most).of(body)
    return _Jpegs(most).of(body)


class _Splitter:
    """Gathers what comes and takes frames off its beginning."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = bytearray()
        self._searched = 0

    def of(self, body: Iterable[bytes]) -> Iterator[bytes]:
        """The frames of a body."""
        for chunk in body:
            self._held += chunk
            while (frame := self._take()) is not None:
                yield frame
            if len(self._held) > self._most + _HEAD_BYTES:
                raise BadFrameError(f"A frame may have {self._most} bytes.")
        self._end()

    def _take(self) -> bytes | None:
        """The next frame, if it is whole."""
        raise NotImplementedError

    def _end(self) -> None:
        """The body is over. BadFrameError in the middle of a frame."""
        if self._held.strip(_SPACE):
            raise BadFrameError("The last frame is incomplete.")


class _Jpegs(_Splitter):
    """JPEGs one after the other. Their markers are followed: thumbnails in them have ends of their own."""

    def _take(self) -> bytes | None:
        held = self._held
        if not self._searched:
            skipped = len(held) - len(held.lstrip(_SPACE))
            del held[:skipped]
            if len(held) < 2:
                return None
            if held[:2] != bytes((0xFF, _STARTS)):
                raise BadFrameError("Frames must be JPEGs one after the other, or the parts of a multipart body.")
            self._searched = 2
        end = self._follow()
        if end is None:
            return None
        frame = bytes(held[:end])
        del held[:end]
        self._searched = 0
        return frame

    def _follow(self) -> int | None:
        """Where the picture ends; None if more must come. `_searched` is at a marker, or in a scan."""
        held = self._held
        while (found := _NEXT_MARKER.search(held, max(2, self._searched))) is not None:
            place, marker = found.start(), held[found.start() + 1]
            if marker == _ENDS:
                return place + 2
            if marker in _ALONE:
                self._searched = place + 2
                continue
            if len(held) < place + 4:
                self._searched = place
                return None
            length = int.from_bytes(held[place + 2 : place + 4])
            if length < 2:
                raise BadFrameError("A frame is no JPEG: a segment of it is too short.")
            if len(held) < place + 2 + length:
                self._searched = place
                return None
            self._searched = place + 2 + length
        self._searched = max(self._searched, len(held) - 1)
        return None


class _Parts(_Splitter):
    """The parts of a multipart body; a part that tells its length is not searched."""

    def __init__(self, boundary: bytes, most: int) -> None:
        super().__init__(most)
        self._delimiter = b"--" + boundary
        self._is_over = False

    def _take(self) -> bytes | None:
        held, line = self._held, self._delimiter
        if self._is_over:
            held.clear()
            return None
        start = held.find(line)  # what stands before the first boundary is not for us
        if start < 0:
            return None
        body = start + len(line)
        if held[body : body + 2] == b"--":
            self._is_over = True
            held.clear()
            return None
        blank = _BLANK.search(held, body, body + _HEAD_BYTES)
        if blank is None:
            if len(held) - body > _HEAD_BYTES:
                raise BadFrameError("A part's header is too long.")
            return None
        return self._part(body, blank.start(), blank.end())

    def _part(self, head: int, blank: int, start: int) -> bytes | None:
        """The part whose header ends at `blank`, and whose frame begins at `start`."""
        held = self._held
        told = _LENGTH.search(held, head, blank)
        if told is not None:
            end = start + int(told[1])
            if end - start > self._most:
                raise BadFrameError(f"A frame may have {self._most} bytes.")
            if len(held) < end:
                return None
            following = end
        else:
            end = held.find(b"\n" + self._delimiter, max(start - 1, self._searched))
            if end < 0:
                self._searched = max(start - 1, len(held) - len(self._delimiter) - 1)
                return None
            following = end + 1
            end -= held[end - 1] == ord("\r") and end > start
            end = max(end, start)
        frame = bytes(held[start:end])
        del held[:following]
        self._searched = 0
        return frame

    def _end(self) -> None:
        if not self._is_over and self._held.strip(_SPACE).removeprefix(
            self._delimiter
        ):  # not every camera writes the last one
            raise BadFrameError("The last part is incomplete: its boundary does not follow.")

"""PBM, PGM, PPM and PAM by NumPy: OpenCV does not scale a maximum other than 255. Source: Netpbm's manual pages."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from core.codecs.base import Codec, DecodedFrame, DecodeHints, Format, Header, codec_errors, damaged, unsupported
from core.codecs.pixels import Raw, as_channels, swapped
from core.cost import Cost
from core.errors import TooMuchWorkError
from core.picture import Origin, Pixels, Size

FORMAT = Format(
    name="pnm",
    media_type="image/x-portable-anymap",
    extensions=("pnm", "pbm", "pgm", "ppm", "pam"),
    alpha=True,
    lossless=True,
    side=2**31 - 1,
)

_COMMENT = re.compile(rb"#[^\r\n]*")
_NUMBERS = {
    count: re.compile(rb"P[1-6]" + rb"(?:\s|#[^\r\n]*[\r\n])+(\d{1,9})" * count + rb"(?:#[^\r\n]*[\r\n])?\s")
    for count in (2, 3)
}
_PAM = re.compile(rb"P7\s(?:[^\n\0]*\n){0,256}?[ \t]*ENDHDR[ \t\r]*\n")
_PAM_LINE = re.compile(rb"^[ \t]*(WIDTH|HEIGHT|DEPTH|MAXVAL)[ \t]+(\d{1,9})[ \t\r]*$", re.MULTILINE)
_SPACES = b" \t\r\n\v\f"
_DIGITS = b"0123456789" + _SPACES
_SPACE = re.compile(rb"[ \t\r\n\v\f]")
_MOST_COMMENTS = 4096
_MOST_SAMPLES = 4
_BAND = 1 << 20


class _Head(NamedTuple):
    kind: int
    size: Size
    depth: int
    most: int
    start: int


def _matches(data: bytes) -> bool:
    return bool(re.match(rb"P[1-7][\s#]", data[:3]))


def _head(data: bytes) -> _Head:
    kind = data[1] - ord("0")
    if kind == 7:
        return _pam_head(data)
    found = _NUMBERS[2 if kind in {1, 4} else 3].match(data[:4096])
    if not found:
        raise damaged("pnm", "its header is broken")
    width, height, most = [*map(int, found.groups()), 1][:3]
    return _checked(_Head(kind, Size(width, height), 3 if kind in {3, 6} else 1, most, found.end()))


def _pam_head(data: bytes) -> _Head:
    found = _PAM.match(data[:4096])
    if not found:
        raise damaged("pnm", "its header is broken")
    fields = {name: int(number) for name, number in _PAM_LINE.findall(found.group())}
    if len(fields) < 4:
        raise damaged("pnm", "its header is broken")
    size = Size(fields[b"WIDTH"], fields[b"HEIGHT"])
    return _checked(_Head(7, size, fields[b"DEPTH"], fields[b"MAXVAL"], found.end()))


def _checked(head: _Head) -> _Head:
    if not 1 <= head.most <= 65535 or not head.depth:
        raise damaged("pnm", "its header is broken")
    if head.depth > _MOST_SAMPLES:
        raise unsupported("pnm", f"{head.depth} samples a pixel")
    return head


def _header(data: bytes) -> Header:
    head = _head(data)
    return Header(size=head.size, channels={1: 1, 2: 4, 3: 3, 4: 4}[head.depth], depth=16 if head.most > 255 else 8)


def _decode(data: bytes, origin: Origin, hints: DecodeHints) -> Iterator[DecodedFrame]:
    with codec_errors("pnm"):
        head = _head(data)
        values = _samples(data, head)
        if values.size < head.size.pixels * head.depth:
            raise damaged("pnm", "its end is missing")
        shaped = values[: head.size.pixels * head.depth].reshape(head.size.height, head.size.width, head.depth)
        pixels = _scaled(shaped, head.most, 65535 if hints.deep else 255)
        yield DecodedFrame(as_channels(swapped(pixels) if head.depth >= 3 else pixels, origin.channels))


def _samples(data: bytes, head: _Head) -> Raw:
    """The numbers of the picture in file order; 1 is white also where the file says 1 for black."""
    if head.kind <= 3:
        return _written_out(data[head.start :], head)
    if head.kind == 4:
        return _bits(data, head)
    count = min(head.size.pixels * head.depth, (len(data) - head.start) // (2 if head.most > 255 else 1))
    return np.frombuffer(data, ">u2" if head.most > 255 else np.uint8, count, head.start)


def _bits(data: bytes, head: _Head) -> Pixels:
    row = (head.size.width + 7) // 8
    rows = np.frombuffer(data, np.uint8, row * head.size.height, head.start).reshape(-1, row)
    return (1 - np.unpackbits(rows, axis=1)[:, : head.size.width]).reshape(-1)


def _written_out(text: bytes, head: _Head) -> Raw:
    if text.count(b"#") > _MOST_COMMENTS:
        raise TooMuchWorkError(f"The PNM has more than {_MOST_COMMENTS} comments.")
    text = _COMMENT.sub(b" ", text)
    if head.kind == 1:
        # Here digits may stand without space between them.
        return np.uint16(1) - (np.frombuffer(text.translate(None, _SPACES), np.uint8) & 1)
    if text.translate(None, _DIGITS):
        raise damaged("pnm", "its numbers cannot be read")
    return np.concatenate([np.zeros(0, np.uint16), *_numbers(text, head.size.pixels * head.depth)])


def _numbers(text: bytes, wanted: int) -> Iterator[Raw]:
    """So many numbers of a text, if it has them, a band of it at a time."""
    place = 0
    while place < len(text) and wanted > 0:
        space = _SPACE.search(text, place + _BAND)
        end = space.start() if space else len(text)
        found = np.fromstring(text[place:end].decode() + " ", dtype=np.int64, sep=" ")
        wanted, place = wanted - len(found), end
        yield np.minimum(found, 65535).astype(np.uint16)


def _scaled(values: Raw, most: int, whole: int) -> Raw:
    """0 to `most` spread over 0 to `whole`, 255 or 65,535, rounded."""
    kind = np.dtype(np.uint8 if whole == 255 else np.uint16)
    if most == whole and values.itemsize == kind.itemsize:
        return values.astype(kind, copy=False)
    known = np.arange(65536 if values.dtype != np.uint8 else 256, dtype=np.int64)
    table = ((np.minimum(known, most) * whole + most // 2) // most).astype(kind)
    made = np.empty(values.shape, kind)
    rows = max(1, _BAND // values[0].size)
    for top in range(0, len(values), rows):  # NumPy makes indices of eight bytes
        np.take(table, values[top : top + rows], out=made[top : top + rows])
    return made


def _reading(origin: Origin, _hints: DecodeHints) -> Cost:
    """Numbers that are written out take long; samples of one byte are taken as they are."""
    written_out = origin.nbytes > 1.5 * origin.size.pixels * origin.channels * (origin.depth // 8)
    return Cost(pixel=0.6, byte=60.0 if written_out else 0.0, fixed=30, grey=0.6)


CODECS = (Codec(FORMAT, _matches, _header, _decode, reading=_reading, deep=True, read_memory=lambda _: 2.4),)

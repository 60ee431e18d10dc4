"""Hostile pictures of JPEG XL, JPEG 2000, JPEG of 12 bits and without loss, and of moving AVIF."""

import io
import struct
from functools import cache

import imagecodecs
import numpy as np
from PIL import Image

from core import codecs
from core.picture import Origin, Picture, Size
from tests.hostile.pictures import filled, picture, pixels

# --- JPEG XL and JPEG 2000 ---


def box(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


_JXL_HEAD = b"\0\0\0\x0cJXL \r\n\x87\n" + box(b"ftyp", b"jxl \0\0\0\0jxl ")


@cache
def _jxl(width: int = 8, height: int = 8) -> bytes:
    return bytes(imagecodecs.jpegxl_encode(np.zeros((height, width, 3), np.uint8), lossless=True, effort=1))


@picture
def jxl_empty_boxes(size: int) -> bytes:
    """Boxes without a content before the codestream."""
    return _JXL_HEAD + filled(box(b"free"), size) + box(b"jxlc", _jxl())


@picture
def jxl_empty_parts(size: int) -> bytes:
    """A codestream in parts, nearly all of them empty."""
    empty = b"".join(box(b"jxlp", struct.pack(">I", number)) for number in range(size // 12))
    return _JXL_HEAD + empty + box(b"jxlp", struct.pack(">I", 1 << 31 | size // 12) + _jxl())


@picture
def jxl_black_and_large(_size: int) -> bytes:
    """As many black pixels as are served, in a few kilobytes."""
    return _jxl(8000, 8000)


@picture
def jxl_packed_exif(size: int) -> bytes:
    """EXIF that unpacks to a thousand times its bytes."""
    packed = bytes(imagecodecs.brotli_encode(bytes(4) + b"II*\0" + bytes(1000 * min(size, 40_000)), level=5))
    return _JXL_HEAD + box(b"jxlc", _jxl()) + box(b"brob", b"Exif" + packed)


@picture
def jxl_tail(size: int) -> bytes:
    """Zeros behind the codestream."""
    return _jxl() + bytes(size)


@cache
def _jp2(width: int, height: int, tile: int) -> bytes:
    file = io.BytesIO()
    Image.new("L", (width, height)).save(file, "JPEG2000", no_jp2=True, tile_size=(tile, tile))
    return file.getvalue()


@picture
def jp2_small_tiles(_size: int) -> bytes:
    """A tile for every 64 pixels."""
    return _jp2(512, 512, 8)


@picture
def jp2_black_and_large(_size: int) -> bytes:
    """Many black pixels in a few kilobytes."""
    return _jp2(6000, 6000, 6000)


@picture
def jp2_empty_boxes(size: int) -> bytes:
    """Boxes without a content before the codestream."""
    return b"\0\0\0\x0cjP  \r\n\x87\n" + filled(box(b"free"), size) + box(b"jp2c", _jp2(64, 64, 64))


# --- JPEG of 12 bits, and without loss ---


@cache
def _deep(width: int, height: int, *, lossless: bool, bits: int = 12) -> bytes:
    samples = np.arange(width * height, dtype=np.uint32).reshape(height, width) % 251
    samples = samples.astype(np.uint16 if bits > 8 else np.uint8)
    return bytes(imagecodecs.jpeg8_encode(samples, bitspersample=bits, lossless=lossless))


def _scan(file: bytes) -> bytes:
    return file[file.index(b"\xff\xda") : -2]


@picture
def jpeg_12_bit_scans(size: int) -> bytes:
    file = _deep(8, 8, lossless=False)
    return file[:-2] + filled(_scan(file), size) + b"\xff\xd9"


@picture
def jpeg_lossless_scans(size: int) -> bytes:
    file = _deep(8, 8, lossless=True)
    return file[:-2] + filled(_scan(file), size) + b"\xff\xd9"


@picture
def jpeg_lossless_stuffed_bytes(size: int) -> bytes:
    return _deep(8, 8, lossless=True, bits=8)[:-2] + filled(b"\xff\0", size)


@picture
def jpeg_lossless_tables(size: int) -> bytes:
    file = _deep(8, 8, lossless=True)
    tables = file[file.index(b"\xff\xc4") : file.index(b"\xff\xda")]
    return file.replace(tables, filled(tables, size), 1)


@cache
def _black(width: int, height: int, *, lossless: bool) -> bytes:
    return bytes(imagecodecs.jpeg8_encode(np.zeros((height, width), np.uint16), bitspersample=12, lossless=lossless))


@picture
def jpeg_12_bit_black_and_large(_size: int) -> bytes:
    """Many black pixels in a few kilobytes."""
    return _black(4000, 4000, lossless=False)


@picture
def jpeg_lossless_black_and_large(_size: int) -> bytes:
    """Many black pixels in an eighth of a byte each."""
    return _black(4000, 4000, lossless=True)


# --- moving AVIF ---


@cache
def _moving(frames: int = 3, side: int = 16) -> bytes:
    origin = Origin(format="png", size=Size(side, side), channels=3, duration=40)
    shown = (Picture(pixels=np.roll(pixels(side, side), at, 1), origin=origin) for at in range(frames))
    return codecs.encode(shown, "avif")


def _with_tables(change: tuple[bytes, bytes]) -> bytes:
    """The sequence with a table of its track replaced, in a copy of the tables behind: the data stays in its place."""
    file, (name, content) = _moving(), change
    start = file.index(b"moov") - 4
    (length,) = struct.unpack_from(">I", file, start)
    moved = _replaced(file[start : start + length], name, content)
    return file[: start + 4] + b"free" + file[start + 8 :] + moved


def _replaced(inside: bytes, name: bytes, content: bytes) -> bytes:
    """A box of boxes with the content of one in it replaced, and all lengths made right."""
    length, own = struct.unpack_from(">I4s", inside)
    if own == name:
        return box(name, content)
    if own not in {b"moov", b"trak", b"mdia", b"minf", b"stbl"}:
        return inside
    parts, place = [], 8
    while place < length:
        (part,) = struct.unpack_from(">I", inside, place)
        parts.append(_replaced(inside[place : place + part], name, content))
        place += part
    return box(own, b"".join(parts))


@picture
def avif_moving_times(size: int) -> bytes:
    """A time for no frames, again and again."""
    return _with_tables((b"stts", struct.pack(">II", 0, size // 8) + bytes(8 * (size // 8))))


@picture
def avif_moving_samples(size: int) -> bytes:
    """More frames than anybody may send, each of no bytes."""
    return _with_tables((b"stsz", struct.pack(">III", 0, 0, size // 4) + bytes(4 * (size // 4))))


@picture
def avif_moving_samples_of_one_size(_size: int) -> bytes:
    """Four thousand million frames in four bytes."""
    return _with_tables((b"stsz", struct.pack(">III", 0, 1, 0xFFFFFFFF)))


@picture
def avif_moving_chunks(size: int) -> bytes:
    """A place for every four bytes."""
    return _with_tables((b"stco", struct.pack(">II", 0, size // 4) + bytes(4 * (size // 4))))


@picture
def avif_moving_key_frames(size: int) -> bytes:
    """A list of key frames as long as the file."""
    return _with_tables((b"stss", struct.pack(">II", 0, size // 4) + b"\0\0\0\1" * (size // 4)))


@picture
def avif_moving_boxes(size: int) -> bytes:
    """Boxes without a content behind the sequence."""
    return _moving() + filled(box(b"free"), size)


@picture
def avif_moving_and_large(_size: int) -> bytes:
    """Frames that are hardly any bytes."""
    return _moving(40, 512)

"""Pictures that would cost more than their bytes deserve: each function makes one of about so many bytes.

All are made here, of a small sound picture and a repeated part. They are slow to read at most.
"""

import struct
import zlib
from collections.abc import Callable
from functools import cache

import cv2
import numpy as np

from core.picture import Pixels

Made = Callable[[int], bytes]
PICTURES: dict[str, Made] = {}


def picture(make: Made) -> Made:
    """Register a family under its name, with hyphens."""
    PICTURES[make.__name__.replace("_", "-")] = make
    return make


def filled(part: bytes, size: int) -> bytes:
    """A part again and again, as often as it fits."""
    return part * max(1, size // len(part))


def pixels(width: int = 8, height: int = 8, channels: int = 3) -> Pixels:
    return (np.arange(width * height * channels) % 251).astype(np.uint8).reshape(height, width, channels)


def encoded(extension: str, *options: int, width: int = 8, height: int = 8) -> bytes:
    return bytes(cv2.imencode(f".{extension}", pixels(width, height), options)[1])


# --- JPEG ---


def _progressive(width: int = 8, height: int = 8) -> bytes:
    return encoded("jpg", cv2.IMWRITE_JPEG_PROGRESSIVE, 1, width=width, height=height)


def _segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


DC_SCAN = _segment(0xDA, bytes((1, 1, 0, 0, 0, 0x10)))


def _before(marker: bytes, inserted: bytes, file: bytes) -> bytes:
    place = file.index(marker)
    return file[:place] + inserted + file[place:]


@picture
def jpeg_scans(size: int) -> bytes:
    return _progressive()[:-2] + filled(DC_SCAN + b"\0", size) + b"\xff\xd9"


@picture
def jpeg_scans_without_an_end(size: int) -> bytes:
    return _progressive()[:-2] + filled(DC_SCAN, size)


@picture
def jpeg_scans_of_255_components(size: int) -> bytes:
    return _progressive()[:-2] + filled(b"\xff\xda\0\x0c\xff" + bytes(range(1, 5)), size)


@picture
def jpeg_scans_over_a_megapixel(size: int) -> bytes:
    return _progressive(1000, 800)[:-2] + filled(DC_SCAN, min(size, 480 * len(DC_SCAN))) + b"\xff\xd9"


@picture
def jpeg_scans_in_a_segment(size: int) -> bytes:
    return _progressive()[:2] + filled(_segment(0xE5, b"\xff\xda\xff" * 20_000), size) + _progressive()[2:-2]


@picture
def jpeg_empty_segments_first(size: int) -> bytes:
    return b"\xff\xd8" + filled(b"\xff\xe0\0\2", size) + _progressive()[2:]


@picture
def jpeg_empty_segments_after_the_frame(size: int) -> bytes:
    return _before(b"\xff\xda", filled(b"\xff\xfe\0\2", size), _progressive())


@picture
def jpeg_empty_segments_between_scans(size: int) -> bytes:
    return _progressive()[:-2] + filled(b"\xff\xe9\0\2", size) + b"\xff\xd9"


@picture
def jpeg_fill_bytes(size: int) -> bytes:
    return b"\xff\xd8" + filled(b"\xff", size) + _progressive()[2:]


@picture
def jpeg_stuffed_bytes(size: int) -> bytes:
    return _progressive()[:-2] + filled(b"\xff\0", size)


@picture
def jpeg_restarts(size: int) -> bytes:
    return _progressive()[:-2] + filled(b"\xff\xd0\xff\xd1", size)


@picture
def jpeg_reserved_markers(size: int) -> bytes:
    return _progressive()[:-2] + filled(b"\xff\2\xff\xbf", size)


@picture
def jpeg_profile_parts(size: int) -> bytes:
    parts = (_segment(0xE2, b"ICC_PROFILE\0" + bytes((n % 255 + 1, 255)) + bytes(size // 1000)) for n in range(1000))
    return b"\xff\xd8" + b"".join(parts if size < 60_000_000 else ()) + encoded("jpg")[2:]


@picture
def jpeg_exif_entries(size: int) -> bytes:
    entries = min(size // 12, 5000)
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", entries)
    exif += b"".join(struct.pack("<HHII", n, 5, 4000, 8) for n in range(entries))
    return b"\xff\xd8" + _segment(0xE1, exif) + filled(_segment(0xE1, exif), size) + encoded("jpg")[2:]


@picture
def jpeg_exif_text(size: int) -> bytes:
    exif = b"Exif\0\0II*\0\x08\0\0\0\1\0" + struct.pack("<HHII", 0x010E, 2, 60_000, 26) + b"\0\0\0\0" + b"\x1b" * 60_000
    return b"\xff\xd8" + filled(_segment(0xE1, exif), size) + encoded("jpg")[2:]


@picture
def jpeg_tables(size: int) -> bytes:
    return _before(b"\xff\xda", filled(_segment(0xDB, bytes(1) + bytes(range(1, 65))), size), encoded("jpg"))


@picture
def jpeg_tail(size: int) -> bytes:
    return _progressive() + filled(b"\xff\xda\0\x08", size)


# --- PNG ---


def _chunk(name: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


@cache
def _packed_zeros(size: int) -> bytes:
    """A zlib stream of so many zeros, which are never in memory: after a full flush, blocks may be repeated."""
    packer = zlib.compressobj(wbits=-15)
    block = packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)
    end = packer.compress(bytes(size % 2**20)) + packer.flush()
    checksum = (size % 65521 << 16) + 1  # Adler-32 of zeros
    return b"\x78\x9c" + block * (size >> 20) + end + checksum.to_bytes(4, "big")


def _in_png(inserted: bytes, *, before: bytes = b"IDAT") -> bytes:
    file = encoded("png")
    place = file.index(before) - 4
    return file[:place] + inserted + file[place:]


def _in_apng(inserted: bytes, *, frames: int = 2) -> bytes:
    file = encoded("png")
    data = file[file.index(b"IDAT") + 4 : file.index(b"IEND") - 8]
    control = struct.pack(">5I2H2B", 0, 8, 8, 0, 0, 1, 10, 0, 0)
    second = _chunk(b"fcTL", struct.pack(">I", 1) + control[4:]) + _chunk(b"fdAT", struct.pack(">I", 2) + data)
    head = file[:33] + _chunk(b"acTL", struct.pack(">2I", frames, 0)) + _chunk(b"fcTL", control)
    return b"".join((head, _chunk(b"IDAT", data), second, inserted, _chunk(b"IEND")))


@picture
def png_unknown_chunks(size: int) -> bytes:
    return _in_png(filled(_chunk(b"abCd"), size))


@picture
def png_unknown_chunks_behind(size: int) -> bytes:
    return _in_png(filled(_chunk(b"abCd"), size), before=b"IEND")


@picture
def png_empty_data(size: int) -> bytes:
    return _in_png(filled(_chunk(b"IDAT"), size), before=b"IEND")


@picture
def png_tables(size: int) -> bytes:
    return _in_png(filled(_chunk(b"PLTE", b"abc"), size))


@picture
def png_texts(size: int) -> bytes:
    return _in_png(filled(_chunk(b"tEXt", b"a\0b"), size))


@picture
def png_packed_texts(size: int) -> bytes:
    return _in_png(filled(_chunk(b"zTXt", b"a\0\0" + _packed_zeros(900_000)), size))


@picture
def png_packed_profile(size: int) -> bytes:
    return _in_png(_chunk(b"iCCP", b"a\0\0" + _packed_zeros(min(size * 500, 30_000_000))))


@picture
def png_tail(size: int) -> bytes:
    return encoded("png") + filled(b"\0", size)


@picture
def apng_controls(size: int) -> bytes:
    return _in_apng(filled(_chunk(b"fcTL", bytes(26)), size))


@picture
def apng_announced_frames(size: int) -> bytes:
    return _in_apng(filled(_chunk(b"fcTL", bytes(26)), min(size, 200 * 38)), frames=200)


@picture
def apng_empty_data(size: int) -> bytes:
    return _in_apng(filled(_chunk(b"fdAT", bytes(4)), size))


@picture
def apng_packed_texts(size: int) -> bytes:
    return _in_apng(filled(_chunk(b"zTXt", b"a\0\0" + _packed_zeros(900_000)), size))


def _behind_the_rows(size: int) -> bytes:
    """A stream of so many bytes that unpacks to a thousand times as many."""
    return _packed_zeros(size * 1000)


def _one_pixel(packed: bytes, *, interlaced: bool = False) -> bytes:
    head = _chunk(b"IHDR", struct.pack(">II5B", 1, 1, 8, 6, 0, 0, interlaced))
    return b"\x89PNG\r\n\x1a\n" + head + _chunk(b"IDAT", packed) + _chunk(b"IEND")


@picture
def png_behind_the_rows(size: int) -> bytes:
    return _one_pixel(_behind_the_rows(size))


@picture
def png_interlaced_behind_the_rows(size: int) -> bytes:
    return _one_pixel(_behind_the_rows(size), interlaced=True)


@picture
def png_in_many_pieces_behind_the_rows(size: int) -> bytes:
    packed = _behind_the_rows(size)
    pieces = (_chunk(b"IDAT", packed[start : start + 8192]) for start in range(0, len(packed), 8192))
    return _one_pixel(b"").replace(_chunk(b"IDAT"), b"".join(pieces))


@picture
def apng_behind_the_rows(size: int) -> bytes:
    control = struct.pack(">5I2H2B", 0, 8, 8, 0, 0, 1, 10, 0, 0)
    file, packed = encoded("png"), _behind_the_rows(size)
    data = file[file.index(b"IDAT") + 4 : file.index(b"IEND") - 8]
    head = file[:33] + _chunk(b"acTL", struct.pack(">2I", 2, 0)) + _chunk(b"fcTL", control) + _chunk(b"IDAT", data)
    second = _chunk(b"fcTL", struct.pack(">I", 1) + control[4:]) + _chunk(b"fdAT", struct.pack(">I", 2) + packed)
    return head + second + _chunk(b"IEND")


@picture
def ico_behind_the_rows(size: int) -> bytes:
    inner = _one_pixel(_behind_the_rows(size))
    return b"\0\0\1\0\1\0" + b"\1\1\0\0\1\0\x20\0" + struct.pack("<II", len(inner), 22) + inner


# --- GIF ---

_GIF = b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff"
_GIF_FRAME = b"\x2c\0\0\0\0\1\0\1\0\0\2\2\x44\1\0"
_GIF_CONTROL = b"\x21\xf9\4\4\0\0\0\0"


@picture
def gif_zeros_behind(size: int) -> bytes:
    return _GIF + _GIF_FRAME + filled(b"\0", size)


@picture
def gif_zeros_first(size: int) -> bytes:
    return _GIF + filled(b"\0", size) + _GIF_FRAME + b";"


@picture
def gif_tail(size: int) -> bytes:
    return _GIF + _GIF_FRAME + b";" + filled(b"\x21\xfe\0", size)


@picture
def gif_small_sub_blocks(size: int) -> bytes:
    return _GIF + _GIF_FRAME[:-1] + filled(b"\1\0", size) + b"\0;"


@picture
def gif_sub_blocks_of_seven(size: int) -> bytes:
    return _GIF + _GIF_FRAME[:-1] + filled(b"\7\0\0\0\0\0\0\0", size) + b"\0;"


@picture
def gif_sub_blocks_of_a_comment(size: int) -> bytes:
    return _GIF + b"\x21\xfe" + filled(b"\7comment", size) + b"\0" + _GIF_FRAME + b";"


@picture
def gif_comments(size: int) -> bytes:
    return _GIF + filled(b"\x21\xfe\1a\0", size) + _GIF_FRAME + b";"


@picture
def gif_empty_extensions(size: int) -> bytes:
    return _GIF + filled(b"\x21\xff\0", size) + _GIF_FRAME + b";"


@picture
def gif_controls(size: int) -> bytes:
    return _GIF + filled(_GIF_CONTROL, size) + _GIF_FRAME + b";"


@picture
def gif_frames(size: int) -> bytes:
    return _GIF + filled(_GIF_CONTROL + _GIF_FRAME, size) + b";"


@picture
def gif_256_frames_and_comments(size: int) -> bytes:
    comment = b"\x21\xfe" + filled(b"\xff" + b"c" * 255, size // 256) + b"\0"
    return _GIF + (comment + _GIF_FRAME) * 250 + b";"

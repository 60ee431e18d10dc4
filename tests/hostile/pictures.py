"""Pictures that would cost more than their bytes deserve: each function makes one of about so many bytes.

All are made here, of a small sound picture and a repeated part. They are slow to read at most.
"""

import io
import struct
import zlib
from collections.abc import Callable, Iterator
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


def _pixels(width: int = 8, height: int = 8, channels: int = 3) -> Pixels:
    return (np.arange(width * height * channels) % 251).astype(np.uint8).reshape(height, width, channels)


def _encoded(extension: str, *options: int, width: int = 8, height: int = 8) -> bytes:
    return bytes(cv2.imencode(f".{extension}", _pixels(width, height), options)[1])


def _by_pillow(name: str, **options: object) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(_pixels()).save(file, name, **options)
    return file.getvalue()


# --- JPEG ---


def _progressive(width: int = 8, height: int = 8) -> bytes:
    return _encoded("jpg", cv2.IMWRITE_JPEG_PROGRESSIVE, 1, width=width, height=height)


def _segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


_DC_SCAN = _segment(0xDA, bytes((1, 1, 0, 0, 0, 0x10)))


def _before(marker: bytes, inserted: bytes, file: bytes) -> bytes:
    place = file.index(marker)
    return file[:place] + inserted + file[place:]


@picture
def jpeg_scans(size: int) -> bytes:
    return _progressive()[:-2] + filled(_DC_SCAN + b"\0", size) + b"\xff\xd9"


@picture
def jpeg_scans_without_an_end(size: int) -> bytes:
    return _progressive()[:-2] + filled(_DC_SCAN, size)


@picture
def jpeg_scans_of_255_components(size: int) -> bytes:
    return _progressive()[:-2] + filled(b"\xff\xda\0\x0c\xff" + bytes(range(1, 5)), size)


@picture
def jpeg_scans_over_a_megapixel(size: int) -> bytes:
    return _progressive(1000, 800)[:-2] + filled(_DC_SCAN, min(size, 480 * len(_DC_SCAN))) + b"\xff\xd9"


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
    return b"\xff\xd8" + b"".join(parts if size < 60_000_000 else ()) + _encoded("jpg")[2:]


@picture
def jpeg_exif_entries(size: int) -> bytes:
    entries = min(size // 12, 5000)
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", entries)
    exif += b"".join(struct.pack("<HHII", n, 5, 4000, 8) for n in range(entries))
    return b"\xff\xd8" + _segment(0xE1, exif) + filled(_segment(0xE1, exif), size) + _encoded("jpg")[2:]


@picture
def jpeg_exif_text(size: int) -> bytes:
    exif = b"Exif\0\0II*\0\x08\0\0\0\1\0" + struct.pack("<HHII", 0x010E, 2, 60_000, 26) + b"\0\0\0\0" + b"\x1b" * 60_000
    return b"\xff\xd8" + filled(_segment(0xE1, exif), size) + _encoded("jpg")[2:]


@picture
def jpeg_tables(size: int) -> bytes:
    return _before(b"\xff\xda", filled(_segment(0xDB, bytes(1) + bytes(range(1, 65))), size), _encoded("jpg"))


@picture
def jpeg_tail(size: int) -> bytes:
    return _progressive() + filled(b"\xff\xda\0\x08", size)


# --- PNG ---


def _chunk(name: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


@cache
def _packed_zeros(size: int) -> bytes:
    return zlib.compress(bytes(size))


def _in_png(inserted: bytes, *, before: bytes = b"IDAT") -> bytes:
    file = _encoded("png")
    place = file.index(before) - 4
    return file[:place] + inserted + file[place:]


def _in_apng(inserted: bytes, *, frames: int = 2) -> bytes:
    file = _encoded("png")
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
    return _encoded("png") + filled(b"\0", size)


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


# --- WebP ---


def _webp(*chunks: tuple[bytes, bytes, int]) -> bytes:
    """A RIFF file of chunks, each so many times."""
    body = b"WEBP" + b"".join(
        (name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) & 1)) * n for name, data, n in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _bitstream() -> bytes:
    return _encoded("webp", cv2.IMWRITE_WEBP_QUALITY, 80)[20:]


_WEBP_HEAD = bytes((0, 0, 0, 0, 7, 0, 0, 7, 0, 0))
_WEBP_MOVES = bytes((2,)) + _WEBP_HEAD[1:]


@picture
def webp_unknown_chunks(size: int) -> bytes:
    return _webp((b"VP8X", _WEBP_HEAD, 1), (b"abcd", b"", size // 8), (b"VP8 ", _bitstream(), 1))


@picture
def webp_unknown_chunks_behind(size: int) -> bytes:
    return _webp((b"VP8X", _WEBP_HEAD, 1), (b"VP8 ", _bitstream(), 1), (b"abcd", b"", size // 8))


@picture
def webp_metadata(size: int) -> bytes:
    return _webp((b"VP8X", _WEBP_HEAD, 1), (b"VP8 ", _bitstream(), 1), (b"EXIF", b"II*\0", size // 12))


@picture
def webp_empty_frames(size: int) -> bytes:
    return _webp((b"VP8X", _WEBP_MOVES, 1), (b"ANIM", bytes(6), 1), (b"ANMF", bytes(16), size // 24))


@picture
def webp_frames(size: int) -> bytes:
    data = _bitstream()
    frame = bytes(6) + bytes((7, 0, 0, 7, 0, 0)) + bytes(4) + b"VP8 " + struct.pack("<I", len(data)) + data
    return _webp((b"VP8X", _WEBP_MOVES, 1), (b"ANIM", bytes(6), 1), (b"ANMF", frame, max(1, size // len(frame))))


# --- HEIF and AVIF ---


def _box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", len(body) + 8) + kind + body


def _heif(
    *, brand: bytes = b"avif", top: bytes = b"", meta: bytes = b"", properties: bytes = b"", items: int = 1,
    indices: bytes = b"\1", entries: int = 0, data: bytes = b"\x12\0", kind: bytes = b"av01",
) -> bytes:  # fmt: skip
    """The boxes of a picture of 8×8 pixels; `items` all have the same data."""
    head = _box(b"ftyp", brand, bytes(4), brand, b"mif1") + top
    ids = range(1, items + 1)
    infos = b"".join(_box(b"infe", b"\2\0\0\0", struct.pack(">HH", n, 0), kind, b"\0") for n in ids)
    inner = _box(b"hdlr", bytes(8), b"pict", bytes(13)) + _box(b"pitm", bytes(4), struct.pack(">H", 1)) + meta
    inner += _box(b"iinf", bytes(4), struct.pack(">H", items), infos)
    stored = _box(b"ispe", bytes(4), struct.pack(">II", 8, 8)) + properties
    others = b"".join(struct.pack(">HB", 2, len(indices)) + indices for _ in range(entries))
    linked = struct.pack(">I", 1 + entries) + others + struct.pack(">HB", 1, 1) + b"\1"
    inner += _box(b"iprp", _box(b"ipco", stored), _box(b"ipma", bytes(4), linked))
    place = len(head) + 12 + len(inner) + 16 + 14 * items + 8
    extents = b"".join(struct.pack(">HHHII", n, 0, 1, place, len(data)) for n in ids)
    inner += _box(b"iloc", bytes(4), b"\x44\0", struct.pack(">H", items), extents)
    return head + _box(b"meta", bytes(4), inner) + _box(b"mdat", data)


@picture
def heif_boxes(size: int) -> bytes:
    return _heif(top=filled(_box(b"free"), size))


@picture
def heif_boxes_in_meta(size: int) -> bytes:
    return _heif(meta=filled(_box(b"free"), size))


@picture
def heif_properties(size: int) -> bytes:
    return _heif(properties=filled(_box(b"free"), size))


@picture
def heif_links(size: int) -> bytes:
    return _heif(entries=size // 258, indices=b"\1" * 255)


@picture
def heif_items(size: int) -> bytes:
    return _heif(items=min(size // 36, 60_000), data=b"\x12\0" * 60)


@picture
def heif_items_of_units(size: int) -> bytes:
    return _heif(items=min(size // 40, 2000), data=filled(b"\x12\0", size))


@picture
def heif_units(size: int) -> bytes:
    return _heif(data=filled(b"\x12\0", size))


@picture
def heif_zeros(size: int) -> bytes:
    return _heif(properties=_box(b"auxC", filled(b"\0", size)))


@picture
def heif_nal_units(size: int) -> bytes:
    array = b"\x20" + struct.pack(">H", 65_535) + bytes(2 * 65_535)
    return _heif(brand=b"heic", kind=b"hvc1", properties=_box(b"hvcC", bytes(22), b"\xff", filled(array, size)))


@picture
def heif_configurations(size: int) -> bytes:
    units = b"\x20\0\x40" + bytes(128)
    return _heif(brand=b"heic", kind=b"hvc1", properties=filled(_box(b"hvcC", bytes(22), b"\1", units), size))


@picture
def heif_tables(size: int) -> bytes:
    top = filled(_box(b"free"), size)
    for kind in (b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        top = _box(kind, top)
    return _heif(brand=b"avis", top=top)


# --- TIFF ---


def _tiff(entries: list[tuple[int, int, int, int]], behind: bytes = b"", following: int = 0) -> bytes:
    """A little-endian TIFF of one directory; entries are tag, type, count and value."""
    head = b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries))
    return head + b"".join(struct.pack("<HHII", *entry) for entry in entries) + struct.pack("<I", following) + behind


def _layout(height: int = 8, compression: int = 1, rows: int = 8) -> list[tuple[int, int, int, int]]:
    shorts = ((256, 8), (257, height), (258, 8), (259, compression), (262, 1), (277, 1), (278, rows))
    return [(tag, 3, 1, value) for tag, value in shorts]


@picture
def tiff_entries_that_claim_the_file(size: int) -> bytes:
    entries = [*_layout(), (273, 4, 1, 8), (279, 4, 1, 64)]
    entries += [(tag, 7, size, 8) for tag in range(40_000, 60_000)]
    return _tiff(entries, bytes(size))


@picture
def tiff_strips(size: int) -> bytes:
    number = size // 8
    start = 8 + 2 + 9 * 12 + 4
    entries = [*_layout(16_000, rows=1), (273, 4, number, start), (279, 4, number, start + 4 * number)]
    return _tiff(entries, filled(struct.pack("<I", 8), 4 * number) + filled(struct.pack("<I", 8), 4 * number))


@picture
def tiff_strips_that_overlap(size: int) -> bytes:
    number, start = 16_000, 8 + 2 + 9 * 12 + 4
    entries = [*_layout(number, 5, rows=1), (273, 4, number, start), (279, 4, number, start + 4 * number)]
    counts = struct.pack("<I", max(size, 64))
    return _tiff(entries, struct.pack("<I", 8) * number + counts * number + filled(b"\x80\x0b\x60", size))


@picture
def tiff_a_ring_of_directories(size: int) -> bytes:
    return _tiff([*_layout(), (273, 4, 1, 8), (279, 4, 1, 64)], bytes(size), following=8)


@picture
def tiff_a_profile(size: int) -> bytes:
    return _tiff([*_layout(), (273, 4, 1, 8), (279, 4, 1, 64), (34_675, 7, size, 8)], bytes(size))


@picture
def tiff_jpeg_scans(size: int) -> bytes:
    from PIL import Image

    gray = io.BytesIO()
    Image.fromarray(_pixels(channels=1)[:, :, 0]).save(gray, "JPEG", progressive=True)
    data = gray.getvalue()[:-2] + filled(_DC_SCAN, size) + b"\xff\xd9"
    return _tiff([*_layout(compression=7), (273, 4, 1, 8 + 2 + 9 * 12 + 4), (279, 4, 1, len(data))], data)


# --- BMP, ICO, PNM ---


def _bmp(width: int, height: int, bits: int, compression: int, data: bytes) -> bytes:
    palette = bytes(4 << bits)
    start = 54 + len(palette)
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, len(data), 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + info + palette + data


@picture
def bmp_runs(size: int) -> bytes:
    return _bmp(4000, 4000, 8, 1, filled(b"\1\1", size))


@picture
def bmp_runs_over_the_edge(size: int) -> bytes:
    return _bmp(4, 4000, 8, 1, filled(b"\xff\1", size))


@picture
def bmp_ends_of_lines(size: int) -> bytes:
    return _bmp(1000, 1000, 4, 2, filled(b"\0\0", size))


@picture
def bmp_empty_runs(size: int) -> bytes:
    return _bmp(40, 40, 8, 1, filled(b"\0\2\0\0", size))


@picture
def ico_entries(size: int) -> bytes:
    number = min(256, size // 16)
    entry = bytes((8, 8, 0, 0, 1, 0, 24, 0)) + struct.pack("<II", size, 6 + 16 * number)
    dib = struct.pack("<IiiHHIIiiII", 40, 8, 16, 1, 24, 0, 0, 0, 0, 0, 0)
    return struct.pack("<HHH", 0, 1, number) + entry * number + dib + bytes(size)


@picture
def ico_runs(size: int) -> bytes:
    entry = bytes((0, 0, 0, 0, 1, 0, 8, 0)) + struct.pack("<II", size, 22)
    dib = struct.pack("<IiiHHIIiiII", 40, 2000, 4000, 1, 8, 1, 0, 0, 0, 0, 0)
    return b"\0\0\1\0\1\0" + entry + dib + bytes(1024) + filled(b"\1\1", size)


@picture
def ico_a_png_of_chunks(size: int) -> bytes:
    entry = bytes((8, 8, 0, 0, 1, 0, 32, 0)) + struct.pack("<II", size, 22)
    return b"\0\0\1\0\1\0" + entry + png_unknown_chunks(size)


@picture
def pnm_comments(size: int) -> bytes:
    return b"P2 8 8 255\n" + filled(b"#\n", size) + b"1 " * 64


@picture
def pnm_more_numbers(size: int) -> bytes:
    return b"P2 8 8 255\n" + filled(b"1 ", size)


@picture
def pnm_spaces(size: int) -> bytes:
    return b"P3 8 8 255\n" + filled(b" ", size) + b"1 " * 192


@picture
def pnm_a_long_number(size: int) -> bytes:
    return b"P2 8 8 255\n" + filled(b"9", size)


@picture
def pnm_bits(size: int) -> bytes:
    return b"P1 8 8\n" + filled(b"1 ", size)


@picture
def pnm_a_header_of_spaces(size: int) -> bytes:
    return b"P7\n" + filled(b"#\n", size)


@picture
def no_picture_at_all(size: int) -> bytes:
    return filled(b"\0\1\2", size)


def second_pictures(size: int, number: int = 190) -> Iterator[bytes]:
    """Many files of small parts that share a size."""
    each = max(size // number, 64)
    makers = (png_unknown_chunks, gif_comments, webp_unknown_chunks, heif_boxes_in_meta)
    made = [*(make(each) for make in makers), png_packed_profile(8000)]
    return (made[n % len(made)] for n in range(number))

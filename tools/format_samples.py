"""Small files of many kinds, made here, by which `docs/formats.md` tells what is read and what is refused."""

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import cv2
import imagecodecs
import numpy as np
from PIL import Image

from core import codecs
from core.codecs import cicp
from core.codecs.apng import pack
from core.codecs.ifd import LONG, IfdEntry, write_ifd
from core.picture import Origin, Picture, Pixels, Size

SIDE = 16


class Sample(NamedTuple):
    """A file of a format, of some kind; only the header of a file that is not `whole` is read."""

    format: str
    kind: str
    file: bytes
    whole: bool = True


def pixels(channels: int) -> Pixels:
    """A ramp, half transparent where there is alpha."""
    ramp = np.arange(SIDE * SIDE, dtype=np.uint8).reshape(SIDE, SIDE, 1)
    return np.ascontiguousarray(np.concatenate([ramp, 255 - ramp, ramp, ramp // 2 + 64][:channels], axis=2))


def frames(channels: int, count: int) -> list[Picture]:
    """Frames of 70 and more milliseconds that play three times."""
    size = Size(SIDE, SIDE)
    return [
        Picture(
            pixels=np.roll(pixels(channels), number, axis=0),
            origin=Origin(format="png", size=size, channels=channels, duration=70 + 10 * number, loop=3, frames=count),
        )
        for number in range(count)
    ]


def samples() -> Iterator[Sample]:
    """All of them, by format."""
    for family in (_jpeg, _png, _moving, _jp2, _tiff, _bmp, _ico, _pnm):
        yield from family()


def _pillow(name: str, image: Image.Image, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def _image(mode: str) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(pixels(3)[:, :, ::-1])).convert(mode)


def _jpeg() -> Iterator[Sample]:
    grey, colour = _pillow("JPEG", _image("L")), _pillow("JPEG", _image("RGB"))
    yield Sample("jpeg", "grey", grey)
    for name in ("4:4:4", "4:2:2", "4:2:0", "4:1:1"):
        yield Sample("jpeg", f"YCbCr {name}", _pillow("JPEG", _image("RGB"), subsampling=name))
    yield Sample("jpeg", "progressive", _pillow("JPEG", _image("RGB"), progressive=True))
    yield Sample("jpeg", "RGB (Adobe's marker)", _pillow("JPEG", _image("RGB"), keep_rgb=True))
    yield Sample("jpeg", "CMYK", _pillow("JPEG", _image("CMYK")))
    frame = colour.index(b"\xff\xc0")
    for marker, name in ((0xC3, "lossless"), (0xC5, "hierarchical"), (0xC9, "arithmetic")):
        yield Sample("jpeg", name, colour[: frame + 1] + bytes((marker,)) + colour[frame + 2 :], whole=False)
    yield Sample("jpeg", "12 bits", colour[: frame + 1] + b"\xc1\0\x11\x0c" + colour[frame + 5 :], whole=False)


_PNG_COLOURS = {0: ("grey", 1), 2: ("RGB", 3), 3: ("palette", 1), 4: ("grey and alpha", 2), 6: ("RGBA", 4)}
_PNG_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}


def _png_file(colour: int, depth: int, *chunks: tuple[bytes, bytes], interlaced: bool = False) -> bytes:
    """All black; in seven passes of one pixel each where it is interlaced."""
    side = 1 if interlaced else SIDE
    rows = (b"\0" + bytes((side * depth * _PNG_COLOURS[colour][1] + 7) // 8)) * side
    head = struct.pack(">IIBBBBB", side, side, depth, colour, 0, 0, interlaced)
    found = [(b"IHDR", head), *chunks, *([(b"PLTE", bytes(3 << depth))] if colour == 3 else [])]
    found += [(b"tRNS", b"\0")] if colour == 3 and depth == 1 else []
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        pack(name, content) for name, content in (*found, (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    )


def _png() -> Iterator[Sample]:
    for colour, (name, _) in _PNG_COLOURS.items():
        for depth in _PNG_DEPTHS[colour]:
            clear = ", an entry transparent" if colour == 3 and depth == 1 else ""
            yield Sample("png", f"{name}, {depth} bits{clear}", _png_file(colour, depth))
    yield Sample("png", "interlaced", _png_file(2, 8, interlaced=True))
    p3 = cicp.of_code_points(12, 13) or b""
    said = {
        "`iCCP`": (b"iCCP", b"p3\0\0" + zlib.compress(p3)),
        "`gAMA`": (b"gAMA", struct.pack(">I", 100_000)),
        "`cICP` of Display P3": (b"cICP", b"\x0c\x0d\0\1"),
        "`cICP` of PQ": (b"cICP", b"\x09\x10\0\1"),
        "`cICP` of HLG": (b"cICP", b"\x09\x12\0\1"),
    }
    for name, chunk in said.items():
        yield Sample("png", name, _png_file(2, 8, chunk))


def _moving() -> Iterator[Sample]:
    """Stills and animations that we write ourselves."""
    for name, format_ in codecs.FORMATS.items():
        if format_.writes and name not in {"jpeg", "png", "tiff"}:
            for channels, told in ((1, "grey"), (3, "colour"), (4, "alpha")):
                count = 1 if name != "apng" else 2
                file = codecs.encode(frames(channels, count), name)
                yield Sample(name, told, file)
            if format_.animates:
                yield Sample(name, "animation", codecs.encode(frames(4, 3), name))


def _jp2() -> Iterator[Sample]:
    """Codestreams, bare and under a header that says what the components are."""
    for bits in (4, 8, 16):
        for name, channels in (("grey", 1), ("RGB", 3)):
            yield Sample("jp2", f"bare codestream, {name}, {bits} bits", _codestream(channels, bits))
    for kind, number, channels in (
        ("grey", 17, 1), ("sRGB", 16, 3), ("sRGB and alpha", 16, 4), ("YCbCr", 18, 3), ("CMYK", 12, 4),
        ("CIELab", 14, 3),
    ):  # fmt: skip
        yield Sample("jp2", kind, _jp2_file(channels, _box(b"colr", b"\1\0\0" + struct.pack(">I", number))))
    table = _box(b"pclr", struct.pack(">HB", 16, 3) + b"\7\7\7" + bytes(48))
    mapped = _box(b"cmap", b"\0\0\1\0\0\0\1\1\0\0\1\2")
    yield Sample("jp2", "palette", _jp2_file(1, _box(b"colr", b"\1\0\0" + struct.pack(">I", 16)) + table + mapped))


def _codestream(channels: int, bits: int) -> bytes:
    values = (pixels(channels) >> max(0, 8 - bits)).astype(np.uint8 if bits <= 8 else np.uint16)
    options: dict[str, Any] = {"codecformat": "j2k", "bitspersample": bits, "reversible": True, "numthreads": 1}
    return bytes(imagecodecs.jpeg2k_encode(values.squeeze(), **options))


def _jp2_file(channels: int, header: bytes) -> bytes:
    image = _box(b"ihdr", struct.pack(">IIHBBBB", SIDE, SIDE, channels, 7, 7, 0, 0))
    parts = (_box(b"ftyp", b"jp2 \0\0\0\0jp2 "), _box(b"jp2h", image + header), _box(b"jp2c", _codestream(channels, 8)))
    return b"\0\0\0\x0cjP  \r\n\x87\n" + b"".join(parts)


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + name + content


_GREYS = (1, 2, 4, 8, 10, 12, 14, 16, 24, 32, 64)
_PACKED_BY_PILLOW = {
    "fax, modified Huffman": ("1", "tiff_ccitt"), "fax, group 3": ("1", "group3"), "fax, group 4": ("1", "group4"),
    "LZW": ("RGB", "tiff_lzw"), "deflate": ("RGB", "tiff_adobe_deflate"), "PackBits": ("RGB", "packbits"),
    "JPEG": ("RGB", "jpeg"), "LZMA": ("RGB", "lzma"), "Zstandard": ("RGB", "zstd"),
}  # fmt: skip
_PACKED_OTHERWISE = {
    "JBIG": 34661, "PNG": 34933, "JPEG XR": 34934, "JPEG XL": 50002, "ThunderScan": 32809,
}  # fmt: skip
_TIFF_COLOURS = {
    "grey, 0 is white": (0, 1, 8, {}),
    "RGB": (2, 3, 8, {}),
    "RGB, deep": (2, 3, 16, {}),
    "RGB in planes": (2, 3, 16, {284: [2]}),
    "RGB and straight alpha": (2, 4, 8, {338: [2]}),
    "RGB multiplied by alpha": (2, 4, 16, {338: [1]}),
    "palette": (3, 1, 8, {320: [0] * 768}),
    "CMYK": (5, 4, 8, {}),
    "CMYK and alpha": (5, 5, 16, {338: [2]}),
    "YCbCr 4:2:0": (6, 3, 8, {530: [2, 2]}),
    "CIELab": (8, 3, 8, {}),
    "ICCLab": (9, 3, 16, {}),
    "ITULab": (10, 3, 8, {}),
    "LogL": (32844, 1, 16, {}),
    "LogLuv": (32845, 3, 16, {}),
    "a camera's raw samples": (32803, 1, 16, {}),
    "six samples": (2, 6, 8, {338: [0, 0, 0]}),
    "samples of different depths": (2, 3, 8, {258: [5, 6, 5]}),
}


def _tiff_file(
    photometric: int, each: int, bits: int, more: dict[int, list[int]], kind: int = 1, body: bytes = b""
) -> bytes:
    """All 0, in one strip, or one for each plane; or one strip of these bytes."""
    planes = each if more.get(284) == [2] else 1
    row = (SIDE * each * bits // planes + 7) // 8
    tags = {
        256: [SIDE], 257: [SIDE], 258: [bits] * each, 259: [1], 262: [photometric], 277: [each], 278: [SIDE],
        273: [0] * planes, 279: [len(body) or row * SIDE] * planes, 339: [kind] * each, **more,
    }  # fmt: skip
    body = body or bytes(planes * row * SIDE)
    entries = {tag: _entry(numbers) for tag, numbers in tags.items()}
    made = write_ifd({0: entries}, "<")
    moved = {**entries, 273: _entry([len(made) + row * SIDE * plane for plane in range(planes)])}
    return write_ifd({0: moved}, "<") + body


def _entry(numbers: list[int]) -> IfdEntry:
    code, kind = ("H", 3) if max(numbers) < 65536 and len(numbers) > 16 else ("I", LONG)
    return IfdEntry(kind, len(numbers), struct.pack(f"<{len(numbers)}{code}", *numbers), "<")


def _blocks() -> dict[str, bytes]:
    """A strip that is a file of its own."""
    shown = np.ascontiguousarray(pixels(3)[:, :, ::-1])
    deep = shown.astype(np.uint16) * np.uint16(257)
    made: dict[str, tuple[int, int, Any]] = {
        "JPEG 2000": (34712, 8, imagecodecs.jpeg2k_encode(shown, level=0, reversible=True, codecformat="j2k")),
        "JPEG 2000 of 16 bits": (
            34712,
            16,
            imagecodecs.jpeg2k_encode(deep, level=0, reversible=True, codecformat="j2k"),
        ),
        "LERC": (34887, 8, imagecodecs.lerc_encode(shown)),
        "LERC of 16 bits": (34887, 16, imagecodecs.lerc_encode(deep)),
        "WebP": (50001, 8, imagecodecs.webp_encode(shown, level=80)),
    }
    return {
        name: _tiff_file(2, 3, bits, {259: [number]}, body=bytes(block)) for name, (number, bits, block) in made.items()
    }


def _tiff() -> Iterator[Sample]:
    for bits in _GREYS:
        yield Sample("tiff", f"grey, {bits} bits", _tiff_file(1, 1, bits, {}))
    for kind, name, depths in ((2, "signed", (8, 16, 32, 64)), (3, "floats", (16, 24, 32, 64)), (5, "complex", (64,))):
        for bits in depths:
            yield Sample("tiff", f"grey, {name} of {bits} bits", _tiff_file(1, 1, bits, {}, kind))
    for name, (photometric, each, bits, more) in _TIFF_COLOURS.items():
        yield Sample("tiff", name, _tiff_file(photometric, each, bits, more))
    for name, (mode, packing) in _PACKED_BY_PILLOW.items():
        yield Sample("tiff", f"packed by {name}", _pillow("TIFF", _image(mode), compression=packing))
    for name, block in _blocks().items():
        yield Sample("tiff", f"packed by {name}", block)
    for name, number in _PACKED_OTHERWISE.items():
        yield Sample("tiff", f"packed by {name}", _tiff_file(2, 3, 8, {259: [number]}), whole=False)
    yield Sample("tiff", "JPEG of 12 bits inside", _tiff_file(2, 3, 12, {259: [7]}), whole=False)
    yield Sample("tiff", "BigTIFF", _pillow("TIFF", _image("RGB"), big_tiff=True))


def _bmp_file(bits: int, packing: int, length: int = 40, body: bytes | None = None) -> bytes:
    head = struct.pack("<IiiHHIIiiII", length, SIDE, SIDE, 1, bits, packing, 0, 0, 0, 0, 0)
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000) if bits == 32 else struct.pack("<3I", 31744, 992, 31)
    told = (head + masks).ljust(length, b"\0") if length > 40 else head + (masks if packing in {3, 6} else b"")
    if length == 12:
        told = struct.pack("<I4H", 12, SIDE, SIDE, 1, bits)
    colours = bytes((3 if length == 12 else 4) << bits) if bits <= 8 else b""
    start = 14 + len(told) + len(colours)
    rows = bytes((SIDE * bits + 31) // 32 * 4 * SIDE)
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, start) + told + colours + (rows if body is None else body)


def _bmp() -> Iterator[Sample]:
    for bits in (1, 2, 4, 8, 16, 24, 32, 64):
        yield Sample("bmp", f"{bits} bits", _bmp_file(bits, 0))
    for name, bits, packing, length in (
        ("bit fields", 16, 3, 40), ("bit fields and alpha", 32, 6, 40), ("BITMAPCOREHEADER", 24, 0, 12),
        ("OS/2 header, cut", 24, 0, 16), ("BITMAPV4HEADER and alpha", 32, 3, 108), ("JPEG inside", 24, 4, 40),
        ("PNG inside", 24, 5, 40), ("Huffman's code (OS/2)", 1, 3, 64),
    ):  # fmt: skip
        yield Sample("bmp", name, _bmp_file(bits, packing, length))
    for name, bits, packing, length in (("RLE8", 8, 1, 40), ("RLE4", 4, 2, 40), ("RLE24 (OS/2)", 24, 4, 64)):
        yield Sample("bmp", name, _bmp_file(bits, packing, length, body=b"\0\1"))


def _ico() -> Iterator[Sample]:
    for bits in (1, 4, 8, 24, 32):
        head = struct.pack("<IiiHH24x", 40, SIDE, 2 * SIDE, 1, bits)
        rows = bytes((4 << bits if bits <= 8 else 0) + SIDE * SIDE * bits // 8 + 4 * SIDE)
        yield Sample("ico", f"bitmap of {bits} bits with a mask", _icon(1, head + rows))
    yield Sample("ico", "PNG inside", _icon(1, cv2.imencode(".png", pixels(4))[1].tobytes()))
    yield Sample("ico", "cursor (CUR)", _icon(2, cv2.imencode(".png", pixels(4))[1].tobytes()))


def _icon(kind: int, content: bytes) -> bytes:
    return struct.pack("<3H4B2H2I", 0, kind, 1, SIDE, SIDE, 0, 0, 0, 0, len(content), 22) + content


def _pnm() -> Iterator[Sample]:
    for number, name in ((1, "PBM as text"), (4, "PBM")):
        yield Sample("pnm", name, b"P%d 2 2\n" % number + (b"0 1 1 0" if number == 1 else b"\0\0"))
    for number, name, each in ((2, "PGM as text", 1), (5, "PGM", 1), (3, "PPM as text", 3), (6, "PPM", 3)):
        for most in (255, 65535):
            body = b"0 " * 4 * each if number < 4 else bytes(4 * each * (2 if most > 255 else 1))
            yield Sample("pnm", f"{name}, greatest value {most}", b"P%d 2 2 %d\n" % (number, most) + body)
    for each, name in ((1, "grey"), (2, "grey and alpha"), (3, "RGB"), (4, "RGBA")):
        head = b"P7\nWIDTH 2\nHEIGHT 2\nDEPTH %d\nMAXVAL 255\nTUPLTYPE X\nENDHDR\n" % each
        yield Sample("pnm", f"PAM, {name}", head + bytes(4 * each))
    yield Sample("pnm", "PFM (floats)", b"PF\n2 2\n-1.0\n" + bytes(48))

"""Strips and tiles of a TIFF that each are a small file of their own: JPEG 2000, WebP or LERC.

Sources: libtiff's codec pages and LercParameters tag (50674), Aperio's digital slides (33003, 33005), Esri's LERC
specification (Lerc2). The header of each is read first, and has to say the size that the TIFF says: what a decoder
makes room for is what was declared, whatever the block holds.
"""

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.codecs import ifd, jp2, libjxl, webp
from core.codecs.base import DecodeHints, damaged, unsupported
from core.codecs.ifd import IfdEntry
from core.codecs.pixels import swapped
from core.errors import TooMuchWorkError
from core.picture import Origin, Pixels, Size

LERC_PARAMETERS = 50674
_YCBCR_J2K = 33003
_J2K, _LERC, _WEBP = {_YCBCR_J2K, 33004, 33005, 34712}, 34887, 50001
NAMES = {**dict.fromkeys(_J2K, "JPEG 2000"), _LERC: "LERC", _WEBP: "WebP"}
"""Compressions of such blocks."""
_WIDTH, _HEIGHT, _COMPRESSION, _ROWS, _TILE_HEIGHT = 256, 257, 259, 278, 323
_OFFSETS, _COUNTS = (273, 324), (279, 325)
_RGB, _RGBA = 3, 4
_FEW, _SAMPLES_OF_A_BLOCK = 256, {"JPEG 2000": 2048, "LERC": 1024, "WebP": 2048}
"""As many blocks as a file may have beside one for so many samples: each costs 10 to 80 microseconds or more."""
_LEAST_ROWS = 8
"""OpenJPEG decodes squares of 64 pixels, whatever there is of them."""
_DEFLATE, _ZSTD = 1, 2
_SLACK = 1 << 16
"""Bytes by which LERC may be longer than the samples that it holds."""
_LERC_KINDS = ("i1", "u1", "i2", "u2", "i4", "u4", "f4", "f8")
Values = NDArray[Any]


class Samples(NamedTuple):
    """What each block has to hold: `each` samples a pixel of a `kind` such as `u2`, of which the last may be alpha."""

    each: int
    kind: str
    alpha: bool


def has_blocks(page: Mapping[int, IfdEntry]) -> bool:
    """Whether the strips or tiles are files of their own, and their decoder is there."""
    return _packing(page) in NAMES and libjxl.installed()


def number_order(data: bytes, page: Mapping[int, IfdEntry]) -> str:
    """In which order the bytes of `plane` are: libtiff swaps the numbers that it gives to LERC."""
    return (ifd.byte_order(data) or "<") if _packing(page) == _LERC else "="


def is_ycbcr(page: Mapping[int, IfdEntry]) -> bool:
    """Whether the colours are light and two differences, whatever the photometric interpretation says."""
    return _packing(page) == _YCBCR_J2K


def _packing(page: Mapping[int, IfdEntry]) -> int:
    return ifd.first_number(page, _COMPRESSION, 1)


def refuse(page: Mapping[int, IfdEntry], bits: int, each: int, *, whole: bool) -> None:
    """NotAnImageError (415) for samples that such a block does not hold: of these bits, so many a pixel of a plane.

    TooMuchWorkError (413) for far more blocks than a picture of this size needs: each costs, whatever its size.
    """
    packing, number = _packing(page), max((page[tag].number for tag in _OFFSETS if tag in page), default=0)
    pixels = ifd.first_number(page, _WIDTH, 0) * ifd.first_number(page, _HEIGHT, 0)
    if number > _FEW + pixels * each // _SAMPLES_OF_A_BLOCK[NAMES[packing]]:
        raise TooMuchWorkError("The TIFF consists of far more strips or tiles than its size needs.", got=number)
    height = ifd.first_number(page, _HEIGHT, 0)
    rows = ifd.first_number(page, _TILE_HEIGHT if _TILE_HEIGHT in page else _ROWS, height)
    if packing in _J2K and rows < min(height, _LEAST_ROWS):
        raise TooMuchWorkError("JPEG 2000 in strips of few rows takes far more than its size needs.", got=rows)
    if packing == _WEBP and (bits != 8 or each not in {_RGB, _RGBA} or not whole):
        raise unsupported("tiff", f"WebP of {each} samples of {bits} bits")
    if packing in _J2K and (bits not in {8, 16} or not whole):
        raise unsupported("tiff", f"JPEG 2000 of {bits} bits")
    if packing == _LERC and bits not in {8, 16, 32, 64}:
        raise unsupported("tiff", f"LERC of {bits} bits")


def plane(data: bytes, page: Mapping[int, IfdEntry], tile: int, width: int, number: int, wanted: Samples) -> Pixels:
    """The bytes of one plane, height × bytes of a row; `tile` is 0 for strips."""
    height = ifd.first_number(page, _HEIGHT, 0)
    down = ifd.first_number(page, _TILE_HEIGHT if tile else _ROWS, height)
    down, across = (down if tile else min(down or height, height)), tile or width
    columns, rows = -(-width // across), -(-height // max(1, down))
    if down < 1 or (not tile and columns != 1):
        raise damaged("tiff", "its tiles have no height")
    pieces = list(_pieces(data, page, number * rows * columns, rows * columns))
    size = across * wanted.each * np.dtype(wanted.kind).itemsize
    made = np.empty((height, columns * size), np.uint8)
    read = _READERS[NAMES[_packing(page)]]
    for place, piece in enumerate(pieces):
        top, left = place // columns * down, place % columns * size
        expected = Size(across, down if tile else min(down, height - top))
        values = read(piece, page, expected, wanted)
        if values.shape != (expected.height, expected.width, wanted.each) or values.dtype != wanted.kind:
            raise damaged("tiff", "a strip or tile holds other samples")
        bare = np.ascontiguousarray(values).view(np.uint8)
        made[top : top + down, left : left + size] = bare.reshape(expected.height, -1)[: height - top]
    return made


def _pieces(data: bytes, page: Mapping[int, IfdEntry], first: int, count: int) -> Iterator[bytes]:
    offsets, counts = (next((page[tag].numbers() for tag in tags if tag in page), []) for tags in (_OFFSETS, _COUNTS))
    if min(len(offsets), len(counts)) < first + count:
        raise damaged("tiff", "it lacks strips or tiles")
    for place in range(first, first + count):
        start, length = int(offsets[place]), int(counts[place])
        piece = data[start : start + length]
        if not length or len(piece) < length:
            raise damaged("tiff", "a strip or tile is cut short")
        yield piece


def _jpeg2000(piece: bytes, _page: Mapping[int, IfdEntry], expected: Size, wanted: Samples) -> Values:
    from imagecodecs import jpeg2k_decode

    header = jp2.codestream(piece)
    bits = 8 * np.dtype(wanted.kind).itemsize
    if header.size != expected or header.components != wanted.each or header.depth != bits:
        raise damaged("tiff", "its JPEG 2000 is of another size")
    if header.subsampled:
        raise unsupported("tiff", "JPEG 2000 of fewer colours than pixels")
    jp2.refuse_cut(piece)
    return np.asarray(jpeg2k_decode(piece, planar=False, numthreads=1)).reshape(*expected[::-1], wanted.each)


def _webp(piece: bytes, _page: Mapping[int, IfdEntry], expected: Size, wanted: Samples) -> Values:
    (codec,) = webp.CODECS
    header = codec.header(piece)
    if header.size != expected or header.frames != 1:
        raise damaged("tiff", "its WebP is of another size")
    origin = Origin(format="webp", size=expected, channels=wanted.each)
    return swapped(next(codec.decode(piece, origin, DecodeHints())).pixels)


def _lerc(piece: bytes, page: Mapping[int, IfdEntry], expected: Size, wanted: Samples) -> Values:
    """All samples in one blob, or one in each; alpha that is 0 or the most may be no sample, but the mask (libtiff)."""
    plain = memoryview(_unwrapped(piece, page, expected, wanted))
    values, valid, length = _blob(plain, expected, wanted)
    if values.shape[2] == 1:
        found = [values]
        for _ in range(1, wanted.each):
            plain = plain[length:]
            values, _, length = _blob(plain, expected, wanted)
            found.append(values)
        return np.concatenate(found, axis=2)
    if values.shape[2] == wanted.each - 1 and wanted.alpha and wanted.kind in {"u1", "u2"}:
        most = np.iinfo(values.dtype).max
        return np.concatenate([values, (valid * most).astype(values.dtype)], axis=2)
    return values


def _blob(plain: memoryview, expected: Size, wanted: Samples) -> tuple[Values, Values, int]:
    """Height × width × its samples of the first blob, which samples are valid, and its length in bytes."""
    from imagecodecs import lerc_decode

    (version,) = struct.unpack_from("<i", plain, 6)
    place = 14 if version >= 3 else 10
    rows, columns = struct.unpack_from("<ii", plain, place)
    (each,) = struct.unpack_from("<i", plain, place + 8) if version >= 4 else (1,)
    _valid, _block, length, kind = struct.unpack_from("<4i", plain, place + (12 if version >= 4 else 8))
    if bytes(plain[:6]) != b"Lerc2 " or (columns, rows) != expected or not 1 <= each <= wanted.each:
        raise damaged("tiff", "its LERC is of another size")
    if not 0 <= kind < len(_LERC_KINDS) or _LERC_KINDS[kind] != wanted.kind or not 0 < length <= len(plain):
        raise damaged("tiff", "its LERC is of other samples, or cut short")
    found: tuple[Any, Any] = lerc_decode(bytes(plain[:length]), masks=True)  # no mask is None, whatever its type says
    values, valid = found
    values = np.asarray(values).reshape(rows, columns, each)
    if valid is None:
        return values, np.ones((rows, columns, 1), bool), length
    valid = np.asarray(valid, bool).reshape(rows, columns, -1)
    nothing = values.dtype.type(np.nan if values.dtype.kind == "f" else 0)
    return np.where(valid, values, nothing), valid[:, :, :1], length


def _unwrapped(piece: bytes, page: Mapping[int, IfdEntry], expected: Size, wanted: Samples) -> bytes:
    """LERC without the deflate or Zstandard that may be around it."""
    numbers = page[LERC_PARAMETERS].numbers() if LERC_PARAMETERS in page else []
    around = int(numbers[1]) if len(numbers) > 1 else 0
    most = expected.pixels * wanted.each * np.dtype(wanted.kind).itemsize + _SLACK
    if around == _DEFLATE:
        return zlib.decompressobj().decompress(piece, most)
    if around == _ZSTD:
        from imagecodecs import zstd_decode

        return bytes(zstd_decode(piece, out=most))
    return piece


_READERS: dict[str, Callable[[bytes, Mapping[int, IfdEntry], Size, Samples], Values]] = {
    "JPEG 2000": _jpeg2000,
    "LERC": _lerc,
    "WebP": _webp,
}

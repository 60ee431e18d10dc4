"""TIFF and BigTIFF: the first page. Source: TIFF 6.0.

Pillow reads what has eight bits or fewer and no oddities, `tiff_samples` the rest; OpenCV writes.
"""

import math
import struct
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.codecs import exif, icc, ifd, lab, tiff_blocks, tiff_samples
from core.codecs.base import (
    Codec,
    DecodedFrame,
    DecodeHints,
    EncodeJob,
    EncodeOptions,
    Format,
    Header,
    codec_errors,
    damaged,
    unsupported,
)
from core.codecs.ifd import IfdEntry
from core.codecs.pillow import ignore_warnings, to_pixels
from core.cost import Cost
from core.errors import TooMuchWorkError
from core.picture import Origin, Picture, Size

FORMAT = Format(
    name="tiff",
    media_type="image/tiff",
    extensions=("tif", "tiff"),
    writes=True,
    alpha=True,
    lossless=True,
    options=("keep", "profile", "depth"),
    depths=(16,),
    side=2**31 - 1,
    revision=2,
)

_WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC = 256, 257, 258, 262
_SAMPLES, _TILE_WIDTH, _TILE_HEIGHT, _EXTRA, _SAMPLE_FORMAT, _ICC, _COLORS = 277, 322, 323, 338, 339, 34675, 320
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR = 0, 1, 2, 3, 5, 6
_GREYS = {_WHITE_IS_ZERO, _BLACK_IS_ZERO}
_READ = {*_GREYS, _RGB, _PALETTE, _CMYK, _YCBCR, lab.CIE_LAB, lab.ICC_LAB}
_OTHERS = {
    4: "a transparency mask", 10: "ITULab", 32803: "a camera's raw samples", 32844: "LogL", 32845: "LogLuv",
    34892: "a camera's raw samples",
}  # fmt: skip
_COMPRESSION, _FILL_ORDER = 259, 266
_DECODED = {1, 2, 3, 4, 5, 6, 7, 8, 32771, 32773, 32946, 34925, 50000}
_COMPRESSIONS = {
    9: "JBIG", 10: "JBIG", 32766: "NeXT's", 32809: "ThunderScan", 33007: "JPEG", 34661: "JBIG", 34676: "SGI LogLuv",
    34677: "SGI LogLuv", 34892: "lossy JPEG", 34933: "PNG", 34934: "JPEG XR", 50002: "JPEG XL", 52546: "JPEG XL",
}  # fmt: skip
_STRAIGHT, _PLANAR = 2, 284
_SIDES = ((_WIDTH, _TILE_WIDTH), (_HEIGHT, _TILE_HEIGHT))
_UNSIGNED = 1
_OF_SAMPLES = {2, 3, 4, 6, 7, 32771}
"""Compressions that know what a sample is: those of fax machines, and JPEG."""
_JPEG = {6, 7}
_DEPTHS = {*range(1, 17), 24, 32, 64}
_MOST_SAMPLES = 5
_LARGEST_TILE = 1 << 24
_PADDING, _MOST_PADDED = 1 << 24, 4
"""Tiles are decoded whole: bytes that they may hold beyond so many times those of the picture."""

_OFFSETS, _COUNTS = (273, 324), (279, 325)
_LAYOUT = {
    *(254, 255, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 292, 293, 317, 320, 322, 323, 324, 325),
    *(338, 339, 347, *range(512, 522), 529, 530, 531, 532, tiff_blocks.LERC_PARAMETERS),
}
"""The tags that say how the pixels lie in the file: what decoders need of a directory. Not those of the least and the
greatest sample or of inks' names (332 to 337, 340, 341): libtiff refuses them beside another count of samples.
"""
_LONGEST_VALUE = 1 << 20
_XMP, _IPTC, _PHOTOSHOP = 700, 33723, 34377
_LONGEST = {**dict.fromkeys((*_LAYOUT, _XMP, _IPTC, _PHOTOSHOP), _LONGEST_VALUE), _ICC: icc.MAX_BYTES}
_MOST_PIECES = 1 << 15
_FEW_PIECES, _MOST_READ = 64, 8
"""The pieces of a file may overlap, but real ones hardly do: together they are at most so many times the file."""


def _matches(data: bytes) -> bool:
    return ifd.byte_order(data) is not None or ifd.is_big(data)


def _header(data: bytes) -> Header:
    data = ifd.classic(data, _LONGEST)
    page = ifd.first_directory(data)
    if not page:
        raise damaged("tiff", "it has no directory")
    if not _LAYOUT & ifd.first_tags(data) <= page.keys():
        raise damaged("tiff", "its directory is cut short")
    _refuse_strange(page, len(data))
    return Header(
        size=Size(ifd.first_number(page, _WIDTH, 0), ifd.first_number(page, _HEIGHT, 0)),
        channels=_channels(page),
        depth=ifd.first_number(page, _BITS, 1),
        packing=tiff_blocks.NAMES.get(ifd.first_number(page, _COMPRESSION, 1), ""),
        orientation=exif.orientation(data),
        exif=exif.copied(data),
        xmp=_raw(page, _XMP),
        iptc=_raw(page, _IPTC) or _raw(page, _PHOTOSHOP),
        icc=_raw(page, _ICC),
        grey=ifd.first_number(page, _PHOTOMETRIC, -1) in _GREYS,
    )


def _raw(page: dict[int, IfdEntry], tag: int) -> bytes | None:
    """The bytes of a tag, as far as anybody would read them."""
    return bytes(page[tag].raw) if tag in page and len(page[tag].raw) <= _LONGEST[tag] else None


def _refuse_strange(page: dict[int, IfdEntry], length: int) -> None:
    """Files that no decoder gets: unknown colours, too many samples, tiles far larger than any picture."""
    photometric, samples = ifd.first_number(page, _PHOTOMETRIC, -1), ifd.first_number(page, _SAMPLES, 1)
    if photometric not in _READ:
        raise unsupported("tiff", _OTHERS.get(photometric, "its photometric interpretation is unknown"))
    compression = ifd.first_number(page, _COMPRESSION, 1)
    if compression not in _DECODED and not tiff_blocks.has_blocks(page):
        name = {**_COMPRESSIONS, **tiff_blocks.NAMES}.get(compression, f"method {compression}")
        raise unsupported("tiff", f"it is compressed by {name}")
    if compression in _JPEG and ifd.first_number(page, _BITS, 1) != 8:
        raise unsupported("tiff", f"JPEG of {ifd.first_number(page, _BITS, 1)} bits")
    if compression in _JPEG and photometric == _YCBCR and ifd.first_number(page, _PLANAR, 1) != 1:
        raise unsupported("tiff", "JPEG of YCbCr in planes")
    if photometric == _CMYK and not 4 <= samples <= _MOST_SAMPLES:
        raise unsupported("tiff", "it does not have four inks")
    if not 1 <= samples <= _MOST_SAMPLES or ifd.first_number(page, _BITS, 1) not in _DEPTHS:
        raise unsupported("tiff", "it has too many samples or bits")
    if not _is_simple(page):
        tiff_samples.layout(page)
    if ifd.first_number(page, _PHOTOMETRIC, -1) == _PALETTE and not _has_palette(page):
        raise damaged("tiff", "its palette is incomplete")
    _refuse_many_pieces(page, length)
    _refuse_large_tiles(page)


def _refuse_large_tiles(page: dict[int, IfdEntry]) -> None:
    """Files of tiles far larger than the picture: work and memory are declared by its own size."""
    sides = [(ifd.first_number(page, one, 0), ifd.first_number(page, tile, 1)) for one, tile in _SIDES]
    if math.prod(tile for _, tile in sides) > _LARGEST_TILE:
        raise damaged("tiff", "its tiles are too large")
    pixel = ifd.first_number(page, _SAMPLES, 1) * -(-ifd.first_number(page, _BITS, 1) // 8)
    padded = math.prod(-(-side // max(1, tile)) * tile for side, tile in sides)
    if padded * pixel > _MOST_PADDED * math.prod(side for side, _ in sides) * pixel + _PADDING:
        raise TooMuchWorkError("The tiles of the TIFF are far larger than the picture.", got=padded)


def _has_palette(page: dict[int, IfdEntry]) -> bool:
    return _COLORS in page and page[_COLORS].number == 3 << ifd.first_number(page, _BITS, 1)


def _refuse_many_pieces(page: dict[int, IfdEntry], length: int) -> None:
    """Files of more strips or tiles than anybody writes, or of strips that are the same bytes again and again."""
    number = max((page[tag].number for tag in (*_OFFSETS, *_COUNTS) if tag in page), default=0)
    if number > _MOST_PIECES:
        raise TooMuchWorkError(f"The TIFF has {number} strips or tiles; at most {_MOST_PIECES} are read.", got=number)
    counts = next((_whole_numbers(page[tag]) for tag in _COUNTS if tag in page), np.zeros(0))
    if len(counts) > _FEW_PIECES and np.minimum(counts, length).sum() > _MOST_READ * length:
        raise damaged("tiff", "its strips or tiles are far larger together than the file")


def _whole_numbers(entry: IfdEntry) -> NDArray[Any]:
    """The numbers of an entry of shorts or longs."""
    return np.frombuffer(entry.raw, f"{entry.order}u{len(entry.raw) // entry.number}").astype(np.int64)


def _has_alpha(page: dict[int, IfdEntry]) -> bool:
    colours = {**dict.fromkeys(_GREYS, 1), _PALETTE: 1, _CMYK: 4}.get(ifd.first_number(page, _PHOTOMETRIC, 1), 3)
    return ifd.first_number(page, _SAMPLES, 1) > colours and ifd.first_number(page, _EXTRA, 0) in {1, 2}


def _channels(page: dict[int, IfdEntry]) -> int:
    photometric = ifd.first_number(page, _PHOTOMETRIC, 1)
    if photometric in _READ - {_YCBCR} and _has_alpha(page):
        return 4
    return 1 if photometric in _GREYS else 3


def _is_simple(page: dict[int, IfdEntry]) -> bool:
    """Whether Pillow makes of it what it is."""
    compression = ifd.first_number(page, _COMPRESSION, 1)
    if compression in _OF_SAMPLES or tiff_blocks.has_blocks(page):
        return compression in _OF_SAMPLES
    photometric, samples = ifd.first_number(page, _PHOTOMETRIC, -1), ifd.first_number(page, _SAMPLES, 1)
    bits = ifd.first_number(page, _BITS, 1)
    if bits == 8 and (ifd.first_number(page, _FILL_ORDER, 1) != 1 or page[_BITS].kind != ifd.SHORT):
        return False
    if ifd.first_number(page, _SAMPLE_FORMAT, _UNSIGNED) != _UNSIGNED:
        return False
    simple = {
        _WHITE_IS_ZERO: samples == 1,
        _BLACK_IS_ZERO: samples == 1,
        _RGB: samples == 3 or (samples > 3 and ifd.first_number(page, _PLANAR, 1) == 1),
        _CMYK: samples == 4,
    }.get(photometric, False)
    return simple and (bits == 8 or (bits in {1, 2, 4} and samples == 1))


def _decode(data: bytes, origin: Origin, hints: DecodeHints) -> Iterator[DecodedFrame]:
    with codec_errors("tiff"):
        data = ifd.classic(data, _LONGEST)
        page = ifd.first_directory(data)
        if not _is_simple(page):
            yield tiff_samples.decode_samples(data, {tag: page[tag] for tag in _needed(page)}, deep=hints.deep)
            return
        data = _with_layout(data, page)
        image = _by_pillow(data)
        cmyk = image.mode == "CMYK"
        pixels = 255 - np.asarray(image) if cmyk else to_pixels(image, origin.channels)
        yield DecodedFrame(pixels, upright=True, cmyk=cmyk)


def _needed(page: dict[int, IfdEntry]) -> set[int]:
    """The tags that decoders need: they keep in memory whatever any other tag claims."""
    return {tag for tag in _LAYOUT & page.keys() if len(page[tag].raw) <= _LONGEST_VALUE}


def _with_layout(data: bytes, page: dict[int, IfdEntry]) -> bytes:
    return ifd.reduced(data, _needed(page))


def _by_pillow(data: bytes) -> Any:
    """Loaded, and turned upright by Pillow itself."""
    from PIL.TiffImagePlugin import TiffImageFile

    ignore_warnings()
    image = TiffImageFile(BytesIO(data))
    image.load()
    return image


def _encode(frames: Iterator[Picture], job: EncodeJob) -> bytes:
    """LZW over differences, which every reader knows."""
    pixels = next(frames).pixels
    wanted = [cv2.IMWRITE_TIFF_COMPRESSION, cv2.IMWRITE_TIFF_COMPRESSION_LZW]
    wanted += [cv2.IMWRITE_TIFF_PREDICTOR, cv2.IMWRITE_TIFF_PREDICTOR_HORIZONTAL]
    data: bytes = cv2.imencode(".tiff", pixels, wanted)[1].tobytes()
    return _with_tags(data, job, alpha=pixels.shape[2] == 4)


def _with_tags(data: bytes, job: EncodeJob, *, alpha: bool) -> bytes:
    """The file with a new directory at its end that also says what OpenCV left out: what the fourth sample is."""
    order = ifd.byte_order(data) or "<"
    found = exif.groups(job.exif) if job.exif else {0: {}}
    found[0].update(ifd.first_directory(data))
    if alpha:
        found[0][_EXTRA] = ifd.value(order, ifd.SHORT, _STRAIGHT)
    if job.icc:
        found[0][_ICC] = IfdEntry(ifd.UNDEFINED, len(job.icc), job.icc, order)
    start = len(data) + len(data) % 2
    return b"".join(
        (data[:4], struct.pack(order + "I", start), data[8:].ljust(start - 8, b"\0"), ifd.tree(found, start, order))
    )


def _writing(_options: EncodeOptions) -> Cost:
    return Cost(pixel=52, fixed=250, grey=0.37, flat=0.36)


_OF_BLOCKS = {
    "JPEG 2000": Cost(pixel=30.0, byte=115.0, fixed=800, grey=0.4),
    "LERC": Cost(pixel=11.0, byte=4.0, fixed=800, grey=0.3),
    "WebP": Cost(pixel=15.0, byte=20.0, fixed=800),
}


def _reading(origin: Origin, _hints: DecodeHints) -> Cost:
    if origin.packing:
        return _OF_BLOCKS[origin.packing]
    whole = origin.depth in {1, 2, 4, 8}
    return Cost(pixel=5.8 if whole else 10.0 + 5.0 * max(origin.depth, 8) / 8, byte=13.0, fixed=650, grey=0.8)


def _read_memory(origin: Origin) -> float:
    """Samples as they are, twice while they are copied; beside the one of grey there may be another."""
    if origin.packing == "JPEG 2000":  # OpenJPEG has 32 bits a sample
        return 6.5 if origin.depth <= 8 else 12.0
    most_of_one = 2 if origin.channels == 1 else 4 / 3
    return 4.6 if origin.depth <= 8 else 1.5 + 2 * most_of_one * origin.depth / 8


CODECS = (
    Codec(
        FORMAT, _matches, _header, _decode, _encode, deep=True, usual=1.7,
        reading=_reading, writing=_writing, read_memory=_read_memory, write_memory=lambda _options, _channels: 2.5,
    ),
)  # fmt: skip

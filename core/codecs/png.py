"""PNG, still and animated. Source: W3C PNG (third edition), with APNG. An animated PNG is another format.

`png` is always written still and `apng` may be animated, so the name alone says whether all frames are needed.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np

from core.codecs import apng, exif, png_colour, png_data, png_samples
from core.codecs.animation import patches
from core.codecs.apng import pack as _pack
from core.codecs.base import (
    PALETTE,
    Codec,
    DecodedFrame,
    DecodeHints,
    EncodeJob,
    EncodeOptions,
    Format,
    Header,
    codec_errors,
    damaged,
    parts,
)
from core.codecs.opencv import decode_with_opencv
from core.codecs.pixels import Raw, as_channels, eight_bits
from core.cost import Cost
from core.imaging.indexed import MOST, SAMPLES, Indexed, with_colors, within_error
from core.imaging.palette import clustering, halving
from core.picture import Origin, Picture, Pixels, Size

_OPTIONS = ("effort", "keep", "profile")
_STILL_OPTIONS = ("quality", "effort", "colors", "dither", "keep", "profile", "depth")
PNG = Format(
    name="png",
    media_type="image/png",
    extensions=("png",),
    writes=True,
    alpha=True,
    lossless=True,
    in_browsers=True,
    preference=4,
    options=_STILL_OPTIONS,
    depths=(16,),
    side=2**31 - 1,
    revision=7,
)
APNG = Format(
    name="apng",
    media_type="image/apng",
    extensions=("apng",),
    writes=True,
    animates=True,
    alpha=True,
    lossless=True,
    for_stills=False,
    in_browsers=True,
    options=_OPTIONS,
    side=2**31 - 1,
    revision=6,
)

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SHARED = {b"IHDR", b"PLTE", b"tRNS"}
_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 4, 6: 4}
_GREY = {0, 4}
_INDEXED = 3
_TOLD = {b"tRNS", b"eXIf", b"iTXt", *png_colour.CHUNKS}
_XMP = b"XML:com.adobe.xmp\0\0\0"
"""The keyword, and that the text is not compressed."""

_ONE_FRAME = struct.pack(">II", 1, 0)
_LEVELS = (1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9)
"""The level of libdeflate for each effort; those above 9 take seconds a megapixel, which no deadline could stop."""


def png_chunks(data: bytes, start: int = 8) -> Iterator[tuple[bytes, memoryview]]:
    """Name and content of each chunk that is whole; the decoder verifies the checksums."""
    return ((name, chunk[8:-4]) for name, chunk in _whole_chunks(data, start))


def _whole_chunks(data: bytes, start: int) -> Iterator[tuple[bytes, memoryview]]:
    """Name and all bytes of each chunk up to IEND."""
    view = memoryview(data)
    place = start
    for _ in parts("png", len(data)):
        if place + 12 > len(data):
            return
        length, name = struct.unpack_from(">I4s", data, place)
        if place + 12 + length > len(data):
            return
        yield name, view[place : place + 12 + length]
        if name == b"IEND":
            return
        place += 12 + length


def _xmp(content: bytes) -> bytes | None:
    """The packet of an iTXt chunk, behind its language and the keyword in that language."""
    return content[len(_XMP) :].split(b"\0", 2)[-1] or None


def _is_animated(data: bytes) -> bool:
    """Whether an animation control chunk with two frames or more comes before the picture's data."""
    for name, content in png_chunks(data):
        if name == b"acTL" and len(content) >= 8:
            return struct.unpack_from(">I", content)[0] > 1
        if name == b"IDAT":
            break
    return False


def _matches_png(data: bytes) -> bool:
    return data.startswith(SIGNATURE)


def _matches_apng(data: bytes) -> bool:
    return data.startswith(SIGNATURE) and _is_animated(data)


def header(data: bytes) -> Header:
    """What the chunks say; the first must be a sound IHDR."""
    if data[12:16] != b"IHDR" or zlib.crc32(data[12:29]) != struct.unpack_from(">I", data, 29)[0]:
        raise damaged("png", "its header is broken")
    width, height, depth, color = struct.unpack_from(">IIBB", data, 16)
    if color not in _CHANNELS:
        raise damaged("png", "its header is broken")
    found: dict[bytes, bytes] = {}
    controls: list[bytes] = []
    for name, content in png_chunks(data, 33):
        if name == b"fcTL":
            controls.append(bytes(content))
        elif name == b"iTXt" and bytes(content[: len(_XMP)]) != _XMP:
            continue
        elif name in _TOLD or (name == b"acTL" and b"IDAT" not in found):
            found.setdefault(name, bytes(content))
        elif name == b"IDAT":
            found[name] = b""
    wanted, plays = struct.unpack_from(">II", found.get(b"acTL", _ONE_FRAME).ljust(8, b"\0"))
    wanted, plays = (wanted, plays) if wanted > 1 else (1, 0)
    if wanted > max(len(controls), 1):
        raise damaged("png", "frames are missing")
    found_exif = exif.without_prefix(found.get(b"eXIf"))
    clear = b"tRNS" in found or (wanted > 1 and apng.leaves_nothing(controls[:wanted], Size(width, height)))
    grey = color in _GREY
    colour = png_colour.colour(found, grey=grey)
    return Header(
        size=Size(width, height),
        channels=4 if clear else _CHANNELS[color],
        frames=wanted,
        depth=depth,
        progressive=bool(data[28]),
        packing=PALETTE if color == _INDEXED else "",
        loop=plays,
        orientation=exif.orientation(found_exif),
        exif=found_exif,
        xmp=_xmp(found.get(b"iTXt", b"")),
        icc=colour.icc,
        hdr=colour.hdr,
        grey=grey,
    )


def decode_png(data: bytes, origin: Origin, hints: DecodeHints) -> Iterator[DecodedFrame]:
    """The still picture. OpenCV rejects damaged files, as we do."""
    with codec_errors("png"):
        yield DecodedFrame(_still_pixels(data, origin.channels, deep=hints.deep))


def _still_pixels(data: bytes, channels: int, *, deep: bool = False) -> Pixels:
    pixels = decode_with_opencv("png", _essential(data))
    key = _grey_key(data) if channels == 4 else None
    if key is not None:
        pixels = _with_grey_key(pixels, key, deep=deep)
    return as_channels(pixels if deep else eight_bits(pixels), channels)


def _essential(data: bytes) -> bytes:
    """The chunks that make the picture, its rows unpacked and no more.

    OpenCV 5.0 allocates whatever length a chunk claims, even 4 GB, and reads the chunks of animations.
    """
    before: list[bytes | memoryview] = [SIGNATURE]
    packed: list[memoryview] = []
    name = b""
    for name, chunk in _whole_chunks(data, 8):
        if name == b"IDAT":
            packed.append(_verified(chunk))
        elif name in _SHARED and not packed:
            before.append(chunk)
    if name != b"IEND":
        raise damaged("png", "its end is missing")
    return b"".join((*before, *png_data.idat_of(b"".join(packed), data[16:29]), _pack(b"IEND", b"")))


def _verified(chunk: memoryview) -> memoryview:
    """The content of a chunk, which its sum confirms."""
    if zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:], "big"):
        raise damaged("png", "a checksum is wrong")
    return chunk[8:-4]


def _grey_key(data: bytes) -> int | None:
    """The one transparent level of a grey picture, which OpenCV does not see, on the scale OpenCV gives."""
    depth, color = struct.unpack_from(">BB", data, 24)
    keys = [content for name, content in png_chunks(data, 33) if name == b"tRNS"]
    if color or not keys:
        return None
    key, most = int.from_bytes(keys[0][:2], "big"), (1 << depth) - 1
    return key if depth == 16 else (key & most) * 255 // most


def _with_grey_key(pixels: Raw, key: int, *, deep: bool) -> Pixels:
    light = pixels if deep else eight_bits(pixels)
    alpha = np.where(pixels == key, 0, np.iinfo(light.dtype).max).astype(light.dtype)
    return cv2.merge([light, light, light, alpha])


def _decode_apng(data: bytes, origin: Origin, hints: DecodeHints) -> Iterator[DecodedFrame]:
    """All frames, composed. A still decode gives the default image, even if it is not part of the animation."""
    if not hints.animate:
        yield from decode_png(data, origin, hints)
        return
    with codec_errors("apng"):
        yield from apng.composed(SIGNATURE, _whole_chunks(data, 8), origin, _still_pixels)


def _level(options: EncodeOptions) -> int | None:
    return None if options.effort is None else _LEVELS[options.effort]


def _head(size: Size, data: png_samples.Data) -> bytes:
    return SIGNATURE + _pack(b"IHDR", struct.pack(">II5B", *size, data.depth, data.kind, 0, 0, 0))


def _metadata(job: EncodeJob) -> bytes:
    profile = _pack(b"iCCP", b"icc\0\0" + zlib.compress(job.icc)) if job.icc else b""
    return profile + (_pack(b"eXIf", job.exif) if job.exif else b"")


def _data(picture: Picture, job: EncodeJob) -> png_samples.Data:
    """The samples; in fewer colours where the options ask for that and the picture has more."""
    pixels, level, tagged = picture.pixels, _level(job.options), job.icc is not None
    found = _in_fewer(pixels, job.options)
    if found is None:
        return png_samples.smallest(pixels, level, tagged=tagged)
    if pixels.shape[2] == 1:
        return png_samples.smallest(found.colors[found.indices][:, :, :1], level, tagged=tagged)
    return png_samples.indexed(found, level)


def _in_fewer(pixels: Pixels, options: EncodeOptions) -> Indexed | None:
    """The picture in the colours that the options ask for; None where it is to be exact, or has no more."""
    colors = options.colors or (MOST if options.dither else None)
    quality = 100 if options.quality is None else options.quality
    found = None
    if quality < 100:
        found = within_error(pixels, (100 - quality) / 4, colors or MOST, dither=options.dither)
    if found is not None or colors is None:
        return found
    own = png_samples.color_count(pixels)
    return None if own and own <= colors else with_colors(pixels, colors, dither=options.dither)


def _encode(frames: Iterator[Picture], job: EncodeJob) -> bytes:
    picture = next(frames)
    is_deep = picture.pixels.dtype == np.uint16
    data = png_samples.of_16_bits(picture.pixels, _level(job.options)) if is_deep else _data(picture, job)
    chunks = [_pack(b"PLTE", data.palette)] if data.palette else []
    chunks += [_pack(b"tRNS", data.alpha)] if data.alpha else []
    end = (_pack(b"IDAT", data.packed), _pack(b"IEND", b""))
    return b"".join((_head(picture.size, data), _metadata(job), *chunks, *end))


def _encode_apng(frames: Iterator[Picture], job: EncodeJob) -> bytes:
    """Nothing is blended, so alpha needs no care."""
    head = b""
    parts: list[bytes] = []
    sequence = 0
    for patch in patches(frames, job):
        data = png_samples.plain(patch.pixels, _level(job.options))
        height, width = patch.pixels.shape[:2]
        place = (sequence, width, height, patch.x, patch.y)
        parts.append(_pack(b"fcTL", struct.pack(">5I2H2B", *place, *apng.delay(patch.duration), 0, 0)))
        head = head or _head(Size(width, height), data)
        later = struct.pack(">I", sequence + 1) if sequence else b""
        parts.append(_pack(b"fdAT" if sequence else b"IDAT", later + data.packed))
        sequence += 2 if sequence else 1
    control = _pack(b"acTL", struct.pack(">II", (sequence + 1) // 2, job.loop))
    return b"".join((head, _metadata(job), control, *parts, _pack(b"IEND", b"")))


_QUICK = 5
"""The last level of libdeflate that is quicker where there is less detail."""
_BY_LEVEL = {None: 51.0, 1: 51.0, 2: 51.0, 3: 52.0, 4: 53.0, 5: 60.0, 6: 130.0, 7: 200.0, 8: 330.0, 9: 450.0}


def _writing_exact(options: EncodeOptions) -> Cost:
    level = _level(options)
    flat = 1.0 if level and level > _QUICK else 0.2  # the others look longest where much is alike
    return Cost(pixel=_BY_LEVEL[level], fixed=700, grey=0.36, flat=flat)


_ERROR_OF_MOST = 2.0
"""How far off a photograph is in as many colours as a palette holds."""


_SEARCHED, _TRIED, _CUT = 300.0, 1000.0, 45.0
"""Nanoseconds a sample and microseconds a colour that it takes to find how many colours hold an error, and the most
nanoseconds a sample that these take: where many do not hold it, none are chosen."""


def _writing(options: EncodeOptions) -> Cost:
    if not (options.colors or options.dither or (options.quality or 100) < 100):
        return _writing_exact(options)
    colors, dithered = options.colors or MOST, 15.0 if options.dither else 0.0
    error = (100 - (options.quality or 100)) / 4
    if error:  # as many as hold it
        colors = round(min(colors, MOST * (_ERROR_OF_MOST / error) ** 2))
    found = _SEARCHED + min(clustering(colors), _TRIED) if error else clustering(colors)
    packing = 0.15 * _BY_LEVEL[_level(options)]
    return Cost(
        pixel=packing,
        made=10 + packing + dithered,
        sampled=found,
        samples=SAMPLES,
        fixed=3200 + (_CUT * colors if error else halving(colors)),
        grey=1.0,
        flat=0.04,
    )


def _reading(origin: Origin, _hints: DecodeHints) -> Cost:
    pixel = 4.4 + 11.0 * (origin.depth > 8) + 8.0 * origin.progressive + 15.0 * (origin.frames > 1)
    return Cost(pixel=pixel, byte=12.5, fixed=50, grey=0.5)


def _read_memory(origin: Origin) -> float:
    return 7.0 if origin.depth > 8 else 3.6


def _write_memory(_options: EncodeOptions, _channels: int) -> float:
    return 2.7


_COMMON: dict[str, Any] = {
    "deep": True, "usual": 1.4, "reading": _reading, "read_memory": _read_memory, "write_memory": _write_memory,
}  # fmt: skip
CODECS = (
    Codec(APNG, _matches_apng, header, _decode_apng, _encode_apng, writing=_writing_exact, **_COMMON),
    Codec(PNG, _matches_png, header, decode_png, _encode, writing=_writing, **_COMMON),
)

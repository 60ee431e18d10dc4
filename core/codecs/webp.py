"""WebP, still and animated. Source: RFC 9649.

OpenCV decodes stills (it ignores EXIF, which we read ourselves), Pillow the rest; OpenCV cannot choose the encoder's
method, Pillow can. Animations are put together here, because Pillow holds all frames before it begins.
"""

import struct
from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import chain

import cv2
import numpy as np

from core.codecs import exif, webp_native
from core.codecs.animation import Patch, patches
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
    parts,
)
from core.codecs.opencv import decode_with_opencv
from core.codecs.pillow import ignore_warnings, saved, to_pixels
from core.codecs.pixels import as_channels
from core.cost import Cost
from core.picture import Origin, Picture, Pixels, Size

FORMAT = Format(
    name="webp",
    media_type="image/webp",
    extensions=("webp",),
    writes=True,
    animates=True,
    alpha=True,
    grey=False,
    in_browsers=True,
    preference=2,
    options=("quality", "lossless", "effort", "sharp", "near_lossless", "keep", "profile", "max_bytes"),
    side=16383,
    revision=2,
)

QUALITY = 80

_METHOD, _LOSSLESS_METHOD = 2, 0
"""On photographs method 2 takes half the time of 4 and 3 % more bytes; lossless, 0 takes a fifteenth and 8 % more."""
_NEAR_METHOD = 1
"""The least that predicts pixels: without, changing them a little gains nothing."""
_LOSSLESS_EFFORT = 20
"""Lossless, quality is effort. At 100 the encoder tries everything: 15 s a megapixel where 80 takes 1."""

_ANIMATION, _EXIF, _ALPHA, _ICC = 0x02, 0x08, 0x10, 0x20
_NO_BLEND, _TO_BACKGROUND = 0x02, 0x01
_FRAME_HEAD = 16


def riff_chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Name and content of each chunk of the RIFF form; the last may be cut short."""
    return riff_parts(memoryview(data)[12 : 8 + int.from_bytes(data[4:8], "little")])


def riff_parts(view: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Name and content of each chunk; the last may be cut short."""
    place = 0
    for _ in parts("webp", len(view)):
        if place + 8 > len(view):
            return
        name, length = struct.unpack_from("<4sI", view, place)
        yield name, view[place + 8 : place + 8 + length]
        place += 8 + length + (length & 1)


def _matches(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def _header(data: bytes) -> Header:
    if struct.unpack_from("<I", data, 4)[0] + 8 > len(data) + 1:
        raise damaged("webp", "its end is missing")
    flags, canvas, sizes, frames, loop = 0, None, [], [], 1
    found: dict[bytes, bytes] = {}
    for name, content in riff_chunks(data):
        if name == b"VP8X":
            flags, canvas = content[0], Size(_three(content, 4) + 1, _three(content, 7) + 1)
        elif name == b"ANIM":
            (loop,) = struct.unpack_from("<H", content, 4)
        elif name == b"ANMF":
            sizes.append(Size(_three(content, 6) + 1, _three(content, 9) + 1))
            frames.append(content[:_FRAME_HEAD])
        elif name in {b"VP8 ", b"VP8L"}:
            size, alpha = _bitstream(name, content)
            sizes.append(size)
            flags |= _ALPHA if alpha and canvas is None else 0
        elif name in {b"ICCP", b"EXIF", b"XMP "}:
            found.setdefault(name, bytes(content))
    if not sizes or (canvas and any(size.width > canvas.width or size.height > canvas.height for size in sizes)):
        raise damaged("webp", "its frames do not fit its header")
    moves = bool(flags & _ANIMATION)
    clear = flags & _ALPHA or (moves and _leaves_nothing(frames, canvas))
    found_exif = exif.without_prefix(found.get(b"EXIF"))
    return Header(
        size=canvas or sizes[0],
        channels=4 if clear else 3,
        frames=len(sizes) if moves else 1,
        loop=loop if moves else 0,
        orientation=exif.orientation(found_exif),
        exif=found_exif,
        xmp=found.get(b"XMP "),
        icc=found.get(b"ICCP"),
    )


def _leaves_nothing(frames: list[memoryview], canvas: Size | None) -> bool:
    """Whether nothing is somewhere in some frame, whatever the flags say: no browser shows the background colour."""
    first = [_three(head, place) for head in frames[:1] for place in (0, 3, 6, 9)]
    fills = canvas is None or first == [0, 0, canvas.width - 1, canvas.height - 1]
    return not fills or any(head[15] & _TO_BACKGROUND for head in frames[:-1])


def _three(content: memoryview, place: int) -> int:
    return int.from_bytes(content[place : place + 3], "little")


def _bitstream(name: bytes, content: memoryview) -> tuple[Size, bool]:
    """Size and whether alpha is used, from the first bytes of a lossy or lossless stream."""
    if name == b"VP8 ":
        if bytes(content[3:6]) != b"\x9d\x01\x2a":
            raise damaged("webp")
        width, height = struct.unpack_from("<HH", content, 6)
        return Size(width & 0x3FFF, height & 0x3FFF), False
    if content[0] != 0x2F:
        raise damaged("webp")
    (bits,) = struct.unpack_from("<I", content, 1)
    return Size((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1), bool(bits >> 28 & 1)


def _decode(data: bytes, origin: Origin, hints: DecodeHints) -> Iterator[DecodedFrame]:
    with codec_errors("webp"):
        if _is_animated(data):
            yield from _decode_frames(data, origin, origin.frames if hints.animate else 1)
            return
        yield DecodedFrame(as_channels(decode_with_opencv("webp", data), origin.channels))


def _is_animated(data: bytes) -> bool:
    return data[12:16] == b"VP8X" and bool(data[20] & _ANIMATION)


def _decode_frames(data: bytes, origin: Origin, count: int) -> Iterator[DecodedFrame]:
    from PIL.WebPImagePlugin import WebPImageFile

    ignore_warnings()
    # Pillow drops what is clear in a file that does not announce it.
    image = WebPImageFile(
        BytesIO(data[:20] + bytes((data[20] | _ALPHA,)) + data[21:] if origin.channels == 4 else data)
    )
    durations = [_three(content, 12) for name, content in riff_chunks(data) if name == b"ANMF"]
    for number in range(count):
        image.seek(number)
        image.load()
        yield DecodedFrame(to_pixels(image, origin.channels), durations[number])


def _lossy(options: EncodeOptions) -> bool:
    return not (options.lossless or options.near_lossless is not None)


def _still(pixels: Pixels, options: EncodeOptions) -> bytes:
    code = {1: cv2.COLOR_GRAY2RGBA, 3: cv2.COLOR_BGR2RGBA, 4: cv2.COLOR_BGRA2RGBA}[pixels.shape[2]]
    rgba = cv2.cvtColor(np.ascontiguousarray(pixels), code)
    method = _effort(options)[1]
    try:
        return _by_method(rgba, pixels.shape[2] == 4, options, method)
    except (ValueError, RuntimeError):
        if method >= _METHOD or not _lossy(options):
            raise
        # VP8 has 512 KiB for how blocks are predicted, which the quickest methods do not look at.
        return _by_method(rgba, pixels.shape[2] == 4, options, _METHOD)


def _by_method(rgba: Pixels, alpha: bool, options: EncodeOptions, method: int) -> bytes:
    quality, lossless = _effort(options)[0], options.lossless
    if options.sharp or options.near_lossless is not None:
        near = 100 if lossless or options.near_lossless is None else options.near_lossless
        sharp = options.sharp and _lossy(options)
        return webp_native.webp_file(rgba, webp_native.WebpSettings(quality, method, not _lossy(options), near, sharp))
    from PIL import Image

    # RGBX shares our memory; RGB would be copied.
    image = Image.frombuffer("RGBA" if alpha else "RGBX", rgba.shape[1::-1], rgba, "raw")
    return saved(image, "WEBP", quality=quality, method=method, lossless=lossless, exact=lossless)


def _effort(options: EncodeOptions) -> tuple[int, int]:
    """Quality, which is effort where nothing is lost, and method."""
    effort = options.effort
    if _lossy(options):
        return options.quality or QUALITY, _METHOD if effort is None else round(effort * 0.6)
    least = _LOSSLESS_METHOD if options.near_lossless is None else _NEAR_METHOD
    if effort is None:
        return _LOSSLESS_EFFORT, least
    return effort * 8, max(least, round(effort * 0.6))


def _encode(frames: Iterator[Picture], job: EncodeJob) -> bytes:
    first = next(frames)
    second = next(frames, None)
    if second is not None:
        flags, parts = _animation(chain((first, second), frames), job)
        return _container(flags, first.size, parts, job)
    file = _still(first.pixels, job.options)
    if not job.exif and not job.icc:
        return file
    return _container(_ALPHA if first.pixels.shape[2] == 4 else 0, first.size, _bitstreams(file), job)


def _animation(frames: Iterator[Picture], job: EncodeJob) -> tuple[int, list[bytes]]:
    """Flags of the container, and its chunks."""
    parts = [chunk(b"ANIM", struct.pack("<IH", 0, min(job.loop, 65535)))]
    flags = _ANIMATION
    for patch in patches(frames, job, grid=2):
        flags |= _ALPHA if patch.pixels.shape[2] == 4 else 0
        parts.append(_frame(patch, job.options))
    return flags, parts


def _frame(patch: Patch, options: EncodeOptions) -> bytes:
    """A frame that replaces what lies under it, unblended."""
    height, width = patch.pixels.shape[:2]
    fields = (patch.x // 2, patch.y // 2, width - 1, height - 1, min(patch.duration, 0xFFFFFF))
    head = b"".join(field.to_bytes(3, "little") for field in fields) + bytes((_NO_BLEND,))
    return chunk(b"ANMF", head + b"".join(_bitstreams(_still(patch.pixels, options))))


def _bitstreams(file: bytes) -> Iterator[bytes]:
    return (chunk(name, content) for name, content in riff_chunks(file) if name in {b"ALPH", b"VP8 ", b"VP8L"})


def _container(flags: int, size: Size, parts: Iterable[bytes], job: EncodeJob) -> bytes:
    """The extended format around bitstreams or frames."""
    flags |= (_ICC if job.icc else 0) | (_EXIF if job.exif else 0)
    canvas = bytes((flags, 0, 0, 0)) + b"".join((side - 1).to_bytes(3, "little") for side in size)
    body = [chunk(b"VP8X", canvas)]
    body += [chunk(b"ICCP", job.icc)] if job.icc else []
    body += parts
    body += [chunk(b"EXIF", job.exif)] if job.exif else []
    file = b"WEBP" + b"".join(body)
    return b"RIFF" + struct.pack("<I", len(file)) + file


def chunk(name: bytes, content: bytes | memoryview) -> bytes:
    """A chunk of the RIFF form."""
    return b"".join((name, struct.pack("<I", len(content)), content, b"\0" * (len(content) & 1)))


_BY_METHOD = (43.0, 46.0, 54.0, 98.0, 100.0, 140.0, 225.0)
_ALPHA_BY_METHOD = (90.0, 90.0, 90.0, 90.0, 110.0, 2000.0, 3900.0)
_LOSSLESS_BY_EFFORT = (75.0, 220.0, 260.0, 310.0, 480.0, 700.0, 660.0, 850.0, 3100.0, 3300.0, 3400.0)


_NEAR = 900.0
"""Nanoseconds a pixel that it takes to change pixels so that they pack better."""
_SHARPENING = 90.0
"""Nanoseconds a pixel that it takes to fit colours of a quarter of the resolution to the brightness."""


def _writing(options: EncodeOptions) -> Cost:
    effort = options.effort
    if not _lossy(options):
        plain = 90.0 if effort is None else _LOSSLESS_BY_EFFORT[effort]
        pixel = plain if options.near_lossless is None else _NEAR + max(plain, _LOSSLESS_BY_EFFORT[2])
        return Cost(pixel=pixel, fixed=200, grey=0.9, flat=0.18)
    method = _METHOD if effort is None else round(effort * 0.6)
    pixel = _BY_METHOD[method] * (1.3 + 1.85 * ((options.quality or QUALITY) / 100) ** 6)
    pixel += _SHARPENING * options.sharp
    return Cost(pixel=pixel, alpha=_ALPHA_BY_METHOD[method], fixed=250, grey=0.9, flat=0.3)


_MOST_OF_LOSSY = 0.7
"""Bytes a pixel above which a file is most likely lossless, which is decoded quicker by the byte."""


def _reading(origin: Origin, _hints: DecodeHints) -> Cost:
    lossless = origin.nbytes > _MOST_OF_LOSSY * origin.size.pixels * origin.frames
    moves = 3.0 if origin.frames > 1 else 0.0
    return Cost(pixel=4.2 + moves, byte=22.0 if lossless else 95.0, fixed=60, alpha=5.0)


def _write_memory(options: EncodeOptions, channels: int) -> float:
    by_libwebp = 4.0 if options.sharp or options.near_lossless is not None else 0.0
    return by_libwebp + (8.3 if not _lossy(options) else 9.0 if channels == 4 else 3.5)


CODECS = (
    Codec(
        FORMAT, _matches, _header, _decode, _encode,
        lossy=_lossy, quality=QUALITY, usual=0.16,
        reading=_reading, writing=_writing, read_memory=lambda _: 2.5, write_memory=_write_memory,
    ),
)  # fmt: skip

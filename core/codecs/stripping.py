"""A file without what is not its picture, nothing recoded. Sources: those of the formats' own files.

What comes back of an untouched picture is the smaller of this and the encoded one, so everything that the encoder would
leave out has to be gone: metadata, previews, comments, unknown parts, and bytes behind the end of anything.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from itertools import groupby

import numpy as np
import simplejpeg

from core.codecs import gif_blocks, icc, jpeg_segments, png, png_data, webp
from core.codecs.apng import pack
from core.codecs.base import DecodeHints, EncodeOptions
from core.codecs.registry import codec_of
from core.cost import Estimate
from core.errors import DamagedImageError, TooMuchWorkError
from core.imaging.alpha import emptied
from core.limits import Deadline
from core.picture import Origin

_DEFAULTS = EncodeOptions()
_ALL = DecodeHints(animate=True)
_INKS = 4


def can_strip(origin: Origin, format: str, options: EncodeOptions) -> bool:  # noqa: A002
    """Whether a source may come back stripped: as it is, in sRGB, upright, and without anything that is to be kept."""
    as_is = format == origin.format and origin.orientation == 1 and origin.hdr is None
    if format not in _WAYS or not as_is or not _all_default(origin, options):
        return False
    seen = origin.frames == 1 or origin.channels < 4 or format == "gif"  # else frames may hide what nobody sees
    return seen and (origin.icc is None or ("icc" not in options.keep and icc.changes_nothing(origin.icc)))


def _all_default(origin: Origin, options: EncodeOptions) -> bool:
    """Whether nothing is asked of the encoder, nor anything kept that there is."""
    told = {name for name in options.__struct_fields__ if getattr(options, name) != getattr(_DEFAULTS, name)}
    return not told or (told == {"keep"} and options.keep <= {"exif", "icc"} and origin.exif is None)


def stripped(data: bytes, origin: Origin, deadline: Deadline | None = None) -> bytes | None:
    """The source without all that is not its picture; None where it is not certain that nothing else is left."""
    try:
        file = _WAYS[origin.format](data)
        return file if file is None or origin.channels < 4 or _hides_nothing(file, origin, deadline) else None
    except (DamagedImageError, TooMuchWorkError, ValueError, IndexError, struct.error, zlib.error):
        return None


def stripping(origin: Origin) -> Estimate:
    """What it costs at most."""
    codec, work = codec_of(origin.format), 3e-9 * origin.nbytes
    if origin.format == "jpeg" or origin.channels == 4:
        nbytes = origin.nbytes // origin.frames
        work += codec.reading(origin, _ALL).seconds(origin.size.pixels, origin.channels, nbytes=nbytes) * origin.frames
    return Estimate(work=work, memory=2 * origin.nbytes)


def _hides_nothing(file: bytes, origin: Origin, deadline: Deadline | None) -> bool:
    """Whether no frame has colours under alpha 0, which the encoder takes out."""
    for number, frame in enumerate(codec_of(origin.format).decode(file, origin, _ALL)):
        if deadline:
            deadline.check(f"look at frame {number}")
        if not np.array_equal(emptied(frame.pixels), frame.pixels):
            return False
    return True


def _jpeg(data: bytes) -> bytes | None:
    """TurboJPEG, when it is strict, finds what lies in the coded data and is none of it. Inks mean different things."""
    if jpeg_segments.components(data) == _INKS:
        return None
    file = jpeg_segments.picture_alone(data)
    simplejpeg.decode_jpeg(file, "GRAY", min_height=1, min_width=1, min_factor=8)
    return file


_PNG_KEPT = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}


def _png(data: bytes) -> bytes | None:
    """The chunks of the picture, all IDAT as one."""
    made = [png.SIGNATURE]
    kept = ((name, content) for name, content in png.png_chunks(data) if name in _PNG_KEPT)
    for name, group in groupby(kept, key=lambda chunk: chunk[0]):
        content = b"".join(content for _, content in group)
        if name == b"IDAT" and not _nothing_behind(content, png_data.length(data[16:29])):
            return None
        made.append(pack(name, content))
    return b"".join(made)


def _nothing_behind(packed: bytes, length: int) -> bool:
    """Whether a stream unpacks to so many bytes, and ends where its data does."""
    stream = zlib.decompressobj()
    rows = stream.decompress(packed, length + 1)
    return len(rows) == length and stream.eof and not stream.unused_data


_BITSTREAMS = {b"VP8 ", b"VP8L", b"ALPH"}
_FRAME_FIELDS = 16
_ANIMATED_OR_ALPHA = 0x02 | 0x10


def _webp(data: bytes) -> bytes:
    """Bitstreams, and the container around them where there is one, without flags of what is gone."""
    found = list(webp.riff_chunks(data))
    body = b"".join(_webp_chunks(found))
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def _webp_chunks(found: list[tuple[bytes, memoryview]]) -> Iterator[bytes]:
    for name, content in found:
        if name == b"VP8X":
            flags = content[0] & _ANIMATED_OR_ALPHA
            if flags or any(other == b"VP8L" for other, _ in found):
                yield webp.chunk(name, bytes((flags, 0, 0, 0)) + bytes(content[4:10]))
        elif name == b"ANIM":
            yield webp.chunk(name, bytes(content[:6]))
        elif name == b"ANMF":
            inner = webp.riff_parts(content[_FRAME_FIELDS:])
            parts = b"".join(webp.chunk(name, part) for name, part in inner if name in _BITSTREAMS)
            yield webp.chunk(b"ANMF", bytes(content[:_FRAME_FIELDS]) + parts)
        elif name in _BITSTREAMS:
            yield webp.chunk(name, content)


def _gif(data: bytes) -> bytes:
    """Screen, tables, images with their controls, and how often they are repeated."""
    made = [data[: 13 + gif_blocks.table_bytes(data[10])]]
    control = b""
    for block in gif_blocks.blocks(data):
        whole = data[block.start : block.end]
        if block.kind == gif_blocks.IMAGE:
            made += [control, whole]
            control = b""
        elif block.kind == gif_blocks.CONTROL:
            control = data[block.start : block.start + 7] + b"\0"
        elif block.kind == gif_blocks.APPLICATION and gif_blocks.repeats(data, block) is not None:
            made.append(whole[:18] + b"\0")
    return b"".join((*made, b";"))


_WAYS: dict[str, Callable[[bytes], bytes | None]] = {
    "jpeg": _jpeg,
    "png": _png,
    "webp": _webp,
    "gif": _gif,
}

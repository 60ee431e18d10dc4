"""Bytes to pictures: the header first, the limits next, the pixels last."""

from collections.abc import Iterator

import cv2
import msgspec

from core.codecs import hdr, icc
from core.codecs.base import PALETTE, Colours, DecodedFrame, DecodeHints, Header, codec_errors, damaged
from core.codecs.gain_maps import in_stops
from core.codecs.pixels import upright
from core.codecs.registry import codec_of, sniff
from core.cost import Estimate
from core.detail import PHOTOGRAPH, Detail
from core.errors import DarkroomError, EmptyPictureError, TooManyBytesError, TooManyFramesError, TooManyPixelsError
from core.limits import Deadline, Limits
from core.picture import GainMap, Origin, Picture, Pixels, Size

_FIRST_FRAME = DecodeHints()
_LONGEST_TOLD = 1 << 20
"""Bytes of XMP or IPTC that are kept with a picture's header; what is longer holds pictures of its own."""
_SIDEWAYS = 5
"""From this EXIF orientation on, width and height are swapped."""


def probe(data: bytes, limits: Limits) -> Origin:
    """What the header says, refused if it exceeds the limits; no pixel is decoded.

    Errors: empty_body (400), too_many_bytes, too_many_pixels (413), not_an_image (415), damaged_image (422).
    """
    if not data:
        raise EmptyPictureError("The picture has no bytes.")
    if len(data) > limits.body_bytes:
        raise TooManyBytesError(f"The picture has {len(data)} bytes; the limit is {limits.body_bytes}.", got=len(data))
    name = sniff(data)
    with codec_errors(name):
        header = codec_of(name).header(data)
    if min(header.size) < 1:
        raise damaged(name, "its width or height is 0")
    for size in (header.size, header.coded):
        _refuse_large(size, limits)
    return _origin(name, header, len(data))


def _refuse_large(size: Size, limits: Limits) -> None:
    if max(size) <= limits.side and size.pixels <= limits.pixels:
        return
    shown = f"The picture is {size.width}×{size.height} pixels"
    if max(size) > limits.side:
        raise TooManyPixelsError(f"{shown}; the limit of a side is {limits.side}.")
    raise TooManyPixelsError(f"{shown}; the limit is {limits.pixels} in all.", got=size.pixels)


def refuse_long(origin: Origin, limits: Limits) -> None:
    """TooManyFramesError (413) if not all frames may be decoded; a still and a measure need the first one only."""
    if origin.frames > limits.frames:
        detail = f"The animation has {origin.frames} frames; the limit is {limits.frames}."
        raise TooManyFramesError(detail, got=origin.frames)
    all_pixels = origin.frames * max(origin.size.pixels, origin.decoded)
    if origin.frames > 1 and all_pixels > limits.frame_pixels:
        detail = f"The animation has {all_pixels} pixels over all frames; the limit is {limits.frame_pixels}."
        raise TooManyFramesError(detail)


def _origin(name: str, header: Header, length: int) -> Origin:
    width, height = header.size
    return Origin(
        format=name,
        size=Size(height, width) if header.orientation >= _SIDEWAYS else header.size,
        decoded=max(header.size.pixels, header.coded.pixels),
        channels=header.channels,
        nbytes=length,
        frames=header.frames,
        loop=header.loop,
        orientation=header.orientation,
        depth=header.depth,
        progressive=header.progressive,
        packing=header.packing,
        coarse=header.coarse,
        exif=header.exif,
        xmp=_short(header.xmp),
        iptc=_short(header.iptc),
        gain_map=header.gain_map,
        icc=header.icc if _fits(header) else None,
        hdr=header.hdr,
    )


def _short(told: bytes | None) -> bytes | None:
    return told if told and len(told) <= _LONGEST_TOLD else None


def _fits(header: Header) -> bool:
    """Whether the profile is of what is stored: one of grey describes nothing but grey."""
    described = icc.channels(header.icc)
    return described > 1 or (described == 1 and (header.grey or header.channels == 1))


def decode(
    data: bytes,
    origin: Origin,
    *,
    limits: Limits,
    hints: DecodeHints = _FIRST_FRAME,
    colours: Colours = "srgb",
    gain_map: bool = False,
    deadline: Deadline | None = None,
) -> Iterator[Picture]:
    """The frames, one at a time, upright and in sRGB or Display P3 (in the profile's own space with `keep`).

    `origin` is what `probe` returned for the same bytes. A codec may return more than the hints ask for. `icc` of a
    picture's origin is the profile its pixels are in, None once they are converted. The first frame has the gain map,
    if it is asked for and can be read.
    Errors: damaged_image (422), too_many_pixels (413), deadline_exceeded (504).
    """
    codec = codec_of(origin.format)
    for number, frame in enumerate(codec.decode(data, _stored(origin), effective(hints, origin, colours))):
        if deadline and number:
            deadline.check(f"decode frame {number}")
        picture = _picture(frame, number, origin, limits, colours)
        if gain_map and not number:
            picture = msgspec.structs.replace(picture, gain_map=_gain_map(data, origin, colours, deadline))
        yield picture


def _gain_map(data: bytes, origin: Origin, colours: Colours, deadline: Deadline | None) -> GainMap | None:
    """The gain map, upright; None where it cannot be read, or is of colours that the picture is no longer in."""
    source, read = origin.gain_map, codec_of(origin.format).gain_map
    if source is None or read is None:
        return None
    moved = colours != "keep" and icc.converts(origin.icc, colours)
    if moved and source.channels > 1:
        return None
    if deadline:
        deadline.check("decode the gain map")
    try:
        pixels = read(data, source)
    except DarkroomError:
        return None
    if source.apple:
        pixels = in_stops(pixels, source.metadata)
    turned = origin.orientation >= _SIDEWAYS and _stands_already(pixels, origin.size)
    pixels = pixels if turned else upright(pixels, origin.orientation)
    return GainMap(pixels, source.metadata, source.icc)


def _stands_already(pixels: Pixels, size: Size) -> bool:
    """Whether a map has the upright picture's aspect where the picture is stored on its side."""
    height, width = pixels.shape[:2]
    return height != width and (height > width) == (size.height > size.width)


_MOST_THAT_SHARE = 256
"""Frames among which the bytes of a file are shared out, however many it claims."""
_CONVERTED = 25.0
"""Nanoseconds a pixel that a conversion to sRGB takes."""
_MAPPED = 90.0
"""Nanoseconds a pixel that mapping HDR to SDR takes."""
_UNPACKED = 4.0
"""Nanoseconds a sample that reading a gain map takes."""
_TURNED = 2.0
"""Nanoseconds a pixel that turning upright takes."""


def decoding(
    origin: Origin, hints: DecodeHints = _FIRST_FRAME, *, colours: Colours = "srgb", gain_map: bool = False
) -> Estimate:
    """What decoding one frame costs: `work`, and `memory` at its peak with the frame itself."""
    codec, stored = codec_of(origin.format), max(origin.size.pixels, origin.decoded)
    hints = effective(hints, origin, colours)
    channels, pixels = decoded_channels(origin, hints), stored / hints.scale**2
    nbytes = origin.nbytes // min(origin.frames, _MOST_THAT_SHARE)
    memory = codec.read_memory(origin) * (stored if origin.progressive else pixels) * channels
    work = codec.reading(origin, hints).seconds(pixels, channels, nbytes=nbytes)
    converted = colours != "keep" and icc.converts(origin.icc, colours)
    if gain_map and origin.gain_map:
        mapped = origin.gain_map.size.pixels * origin.gain_map.channels
        work, memory = work + _UNPACKED * mapped * 1e-9, memory + 2 * mapped
    each = _CONVERTED * converted + _MAPPED * (origin.hdr is not None) + _TURNED * (origin.orientation > 1)
    work += each * pixels * 1e-9
    if hints.deep:
        work, memory = 2 * work, 2 * memory
    return Estimate(work=work, memory=int(memory))


_UNKNOWN_DETAIL = Detail(lossy=0.4, exact=0.65)
"""Of a file that packs nothing."""
_LEAST_DETAIL, _MOST_DETAIL = 0.03, 1.2
"""What a file that loses something tells at the least and at the most: its quality is not known."""
_GREY_FILE, _DEEP_FILE = 0.36, 1.7
"""Bytes of an exact file of one channel, and of 16 bits, beside those of one in colour."""
_PALETTE_FILE = 0.2
"""Those of one with a palette: most have lost the rest."""


def detail(origin: Origin) -> Detail:
    """How much detail a picture has, as far as the length of its file tells.

    Encoders that take a third of the bytes for a blurred picture have also taken a third of the time. Files that lose
    nothing become shorter by the root of that only.
    """
    codec, pixels = codec_of(origin.format), origin.size.pixels * origin.frames
    if not origin.nbytes:
        return PHOTOGRAPH
    if not codec.usual:
        return _UNKNOWN_DETAIL
    told = origin.nbytes / pixels / codec.usual
    if origin.packing == PALETTE:
        told /= _PALETTE_FILE
    elif not codec.quality:
        told /= (_GREY_FILE if origin.channels == 1 else 1.0) * (_DEEP_FILE if origin.depth > 8 else 1.0)
        told **= 2
    lossy = min(_MOST_DETAIL, max(_LEAST_DETAIL, told))
    return Detail(lossy=lossy, exact=lossy**0.55)


def decoded_channels(origin: Origin, hints: DecodeHints) -> int:
    """How many channels decoding gives."""
    return 1 if effective(hints, origin).luma else origin.channels


def effective(hints: DecodeHints, origin: Origin, colours: Colours = "srgb") -> DecodeHints:
    """The hints without those that change nothing for this source: where the rest is equal, so are the pixels."""
    codec = codec_of(origin.format)
    colored = codec.shortcuts and origin.channels > 1
    converted = origin.hdr is not None or icc.converts(origin.icc, "p3" if colours == "p3" else "srgb")
    luma = hints.luma and colored and not converted  # a conversion needs the colours
    moves = origin.frames > 1 or origin.format == "apng"  # whose only frame need not be its default image
    averaged = hints.averaged and colored and not luma
    scale = hints.scale if hints.scale in codec.scales else 1
    deep = hints.deep and origin.depth > 8
    return DecodeHints(animate=hints.animate and moves, luma=luma, averaged=averaged, deep=deep, scale=scale)


def reads_deep(origin: Origin) -> bool:
    """Whether more than eight bits of a source can be read: of its format, and of colours that need no tone mapping."""
    grey_with_alpha = icc.channels(origin.icc) == 1 and origin.channels == 4  # a profile that no file of it can carry
    return codec_of(origin.format).deep and origin.hdr is None and not grey_with_alpha


def _stored(origin: Origin) -> Origin:
    """The origin with the size as stored in the file."""
    width, height = origin.size
    return msgspec.structs.replace(origin, size=Size(height, width)) if origin.orientation >= _SIDEWAYS else origin


def _picture(frame: DecodedFrame, number: int, origin: Origin, limits: Limits, colours: Colours) -> Picture:
    pixels, profile = frame.pixels, origin.icc
    space: icc.Space = "p3" if colours == "p3" else "srgb"
    if frame.cmyk:
        pixels, profile = icc.from_cmyk(pixels, profile, space), None
        if frame.alpha is not None:
            pixels = cv2.merge([*cv2.split(pixels), frame.alpha])
    elif origin.hdr:
        pixels, profile = hdr.to_sdr(pixels, *origin.hdr, space), None
    elif not (colours == "keep" and (profile is None or icc.holds(profile, pixels))):
        with codec_errors(origin.format):
            pixels, profile = icc.converted(pixels, profile, space), None
    if not frame.upright:
        pixels = upright(pixels, origin.orientation)
    size = Size(pixels.shape[1], pixels.shape[0])
    _refuse_large(size, limits)
    own = msgspec.structs.replace(
        origin, size=size, channels=pixels.shape[2], frame=number, duration=frame.duration, icc=profile
    )
    return Picture(pixels=pixels, origin=own)

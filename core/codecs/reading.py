"""Bytes to pictures: the header first, the limits next, the pixels last."""

from collections.abc import Iterator

import cv2
import msgspec

from core.codecs import hdr, icc
from core.codecs.base import DecodedFrame, DecodeHints, Header, codec_errors, damaged
from core.codecs.pixels import upright
from core.codecs.registry import codec_of, sniff
from core.cost import Estimate
from core.errors import EmptyPictureError, TooManyBytesError, TooManyFramesError, TooManyPixelsError
from core.limits import Deadline, Limits
from core.picture import Origin, Picture, Size

_FIRST_FRAME = DecodeHints()
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
    shown = f"The picture is {size.width}×{size.height} pixels"
    if max(size) > limits.side:
        raise TooManyPixelsError(f"{shown}; the limit of a side is {limits.side}.")
    if size.pixels > limits.pixels:
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
        exif=header.exif,
        icc=header.icc if _fits(header) else None,
        hdr=header.hdr,
    )


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
    keep_icc: bool = False,
    deadline: Deadline | None = None,
) -> Iterator[Picture]:
    """The frames, one at a time, upright and in sRGB (in the profile's own space with `keep_icc`).

    `origin` is what `probe` returned for the same bytes. A codec may return more than the hints ask for. `icc` of a
    picture's origin is the profile its pixels are in, None once they are converted.
    Errors: damaged_image (422), too_many_pixels (413), deadline_exceeded (504).
    """
    codec = codec_of(origin.format)
    for number, frame in enumerate(codec.decode(data, _stored(origin), effective(hints, origin))):
        if deadline and number:
            deadline.check(f"decode frame {number}")
        yield _picture(frame, number, origin, limits, keep_icc=keep_icc)


_MOST_THAT_SHARE = 256
"""Frames among which the bytes of a file are shared out, however many it claims."""
_CONVERTED = 25.0
"""Nanoseconds a pixel that a conversion to sRGB takes."""
_MAPPED = 90.0
"""Nanoseconds a pixel that mapping HDR to SDR takes."""
_TURNED = 2.0
"""Nanoseconds a pixel that turning upright takes."""


def decoding(origin: Origin, hints: DecodeHints = _FIRST_FRAME, *, keep_icc: bool = False) -> Estimate:
    """What decoding one frame costs: `work`, and `memory` at its peak with the frame itself."""
    codec, stored = codec_of(origin.format), max(origin.size.pixels, origin.decoded)
    hints = effective(hints, origin)
    channels, pixels = decoded_channels(origin, hints), stored / hints.scale**2
    nbytes = origin.nbytes // min(origin.frames, _MOST_THAT_SHARE)
    work = codec.reading(origin, hints).seconds(pixels, channels, nbytes=nbytes)
    converted = origin.icc is not None and not keep_icc and not icc.is_srgb(origin.icc)
    each = _CONVERTED * converted + _MAPPED * (origin.hdr is not None) + _TURNED * (origin.orientation > 1)
    work += each * pixels * 1e-9
    memory = codec.read_memory(origin) * (stored if origin.progressive else pixels) * channels
    return Estimate(work=work, memory=int(memory))


def decoded_channels(origin: Origin, hints: DecodeHints) -> int:
    """How many channels decoding gives."""
    return 1 if effective(hints, origin).luma else origin.channels


def effective(hints: DecodeHints, origin: Origin) -> DecodeHints:
    """The hints without those that change nothing for this source: where the rest is equal, so are the pixels."""
    codec = codec_of(origin.format)
    colored = codec.shortcuts and origin.channels > 1
    converted = origin.hdr is not None or (origin.icc is not None and not icc.is_srgb(origin.icc))
    luma = hints.luma and colored and not converted  # a conversion needs the colours
    moves = origin.frames > 1 or origin.format == "apng"  # whose only frame need not be its default image
    averaged = hints.averaged and colored and not luma
    scale = hints.scale if hints.scale in codec.scales else 1
    return DecodeHints(animate=hints.animate and moves, luma=luma, averaged=averaged, scale=scale)


def _stored(origin: Origin) -> Origin:
    """The origin with the size as stored in the file."""
    width, height = origin.size
    return msgspec.structs.replace(origin, size=Size(height, width)) if origin.orientation >= _SIDEWAYS else origin


def _picture(frame: DecodedFrame, number: int, origin: Origin, limits: Limits, *, keep_icc: bool) -> Picture:
    pixels, profile = frame.pixels, origin.icc
    if frame.cmyk:
        pixels, profile = icc.from_cmyk(pixels, profile), None
        if frame.alpha is not None:
            pixels = cv2.merge([*cv2.split(pixels), frame.alpha])
    elif origin.hdr:
        pixels, profile = hdr.to_sdr(pixels, *origin.hdr), None
    elif profile and not (keep_icc and icc.holds(profile, pixels)):
        with codec_errors(origin.format):
            pixels, profile = icc.to_srgb(pixels, profile), None
    if not frame.upright:
        pixels = upright(pixels, origin.orientation)
    size = Size(pixels.shape[1], pixels.shape[0])
    _refuse_large(size, limits)
    own = msgspec.structs.replace(
        origin, size=size, channels=pixels.shape[2], frame=number, duration=frame.duration, icc=profile
    )
    return Picture(pixels=pixels, origin=own)

"""Bytes to pictures: the header first, the limits next, the pixels last."""

from collections.abc import Iterator

import msgspec

from core.codecs import icc
from core.codecs.base import DecodedFrame, DecodeHints, Header, damaged, reading
from core.codecs.pixels import upright
from core.codecs.registry import codec_of, sniff
from core.errors import EmptyPictureError, TooManyBytesError, TooManyFramesError, TooManyPixelsError
from core.limits import Deadline, Limits
from core.picture import Origin, Picture, Size

_FIRST_FRAME = DecodeHints()
_SIDEWAYS = 5
"""From this EXIF orientation on, width and height change places."""


def probe(data: bytes, limits: Limits) -> Origin:
    """What the header says, refused where it asks for too much; no pixel is decoded.

    Errors: empty_body (400), too_many_bytes, too_many_pixels, too_many_frames (413), not_an_image (415),
    damaged_image (422).
    """
    if not data:
        raise EmptyPictureError("The picture has no bytes.")
    if len(data) > limits.body_bytes:
        raise TooManyBytesError(f"{len(data)} bytes are more than {limits.body_bytes}.", got=len(data))
    name = sniff(data)
    with reading(name):
        header = codec_of(name).header(data)
    if min(header.size) < 1:
        raise damaged(name, "it has no width or no height")
    for size in (header.size, header.coded):
        _refuse_large(size, limits)
    _refuse_long(header, limits)
    return _origin(name, header, len(data))


def _refuse_large(size: Size, limits: Limits) -> None:
    if max(size) > limits.side:
        raise TooManyPixelsError(f"{size.width}×{size.height}: a side is longer than {limits.side} pixels.")
    if size.pixels > limits.pixels:
        raise TooManyPixelsError(f"{size.width}×{size.height} are more than {limits.pixels} pixels.", got=size.pixels)


def _refuse_long(header: Header, limits: Limits) -> None:
    if header.frames > limits.frames:
        raise TooManyFramesError(f"{header.frames} frames are more than {limits.frames}.", got=header.frames)
    if header.frames > 1 and header.frames * header.size.pixels > limits.frame_pixels:
        all_pixels = header.frames * header.size.pixels
        raise TooManyFramesError(f"{all_pixels} pixels over all frames are more than {limits.frame_pixels}.")


def _origin(name: str, header: Header, length: int) -> Origin:
    width, height = header.size
    return Origin(
        format=name,
        size=Size(height, width) if header.orientation >= _SIDEWAYS else header.size,
        channels=header.channels,
        nbytes=length,
        frames=header.frames,
        loop=header.loop,
        orientation=header.orientation,
        exif=header.exif,
        icc=header.icc if icc.channels(header.icc) else None,
    )


def decode(
    data: bytes,
    origin: Origin,
    *,
    limits: Limits,
    wish: DecodeHints = _FIRST_FRAME,
    keep_icc: bool = False,
    deadline: Deadline | None = None,
) -> Iterator[Picture]:
    """The frames, one at a time, upright and in sRGB (in the profile's own space with `keep_icc`).

    `origin` is what `probe` gave for the same bytes. What the wish leaves out may still come. `icc` of a picture's
    origin is the profile its pixels are in, None once they were converted.
    Errors: damaged_image (422), too_many_pixels (413), deadline_exceeded (504).
    """
    codec = codec_of(origin.format)
    if wish.luma and origin.icc and not icc.is_srgb(origin.icc):
        wish = wish._replace(luma=False)  # its conversion needs the colours
    for number, frame in enumerate(codec.decode(data, _stored(origin), wish)):
        if deadline and number:
            deadline.check(f"decode frame {number}")
        yield _picture(frame, number, origin, limits, keep_icc=keep_icc)


def _stored(origin: Origin) -> Origin:
    """The origin with the size that lies in the file."""
    width, height = origin.size
    return msgspec.structs.replace(origin, size=Size(height, width)) if origin.orientation >= _SIDEWAYS else origin


def _picture(frame: DecodedFrame, number: int, origin: Origin, limits: Limits, *, keep_icc: bool) -> Picture:
    pixels, profile = frame.pixels, origin.icc
    if frame.cmyk:
        pixels, profile = icc.from_cmyk(pixels, profile), None
    elif profile and not keep_icc:
        with reading(origin.format):
            pixels, profile = icc.to_srgb(pixels, profile), None
    if not frame.upright:
        pixels = upright(pixels, origin.orientation)
    size = Size(pixels.shape[1], pixels.shape[0])
    _refuse_large(size, limits)
    own = msgspec.structs.replace(
        origin, size=size, channels=pixels.shape[2], frame=number, duration=frame.duration, icc=profile
    )
    return Picture(pixels=pixels, origin=own)

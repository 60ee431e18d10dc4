"""JPEG XL, still and animated. Sources: ISO/IEC 18181-1 (codestream), 18181-2 (container), and libjxl's headers.

EXIF orientation means nothing here: the codestream has its own, by which libjxl turns. A frame that is shown for no
time is a layer of the next one.
"""

from collections import deque
from collections.abc import Iterator
from ctypes import byref, c_int, c_size_t, c_void_p
from functools import cache
from math import isqrt
from typing import NamedTuple

import numpy as np

from core.codecs import cicp, exif, isobmff, jxl_writing, libjxl
from core.codecs.base import (
    Codec,
    DecodedFrame,
    DecodeHints,
    Format,
    Header,
    codec_errors,
    parts,
    unsupported,
)
from core.codecs.pixels import Raw, as_channels, swapped
from core.cost import Cost
from core.errors import TooMuchWorkError
from core.picture import Origin, Pixels, Size

FORMAT = Format(
    name="jxl",
    media_type="image/jxl",
    extensions=("jxl",),
    writes=True,
    animates=True,
    alpha=True,
    preference=0,
    options=("quality", "lossless", "effort", "keep", "profile", "depth", "max_bytes"),
    depths=(16,),
    revision=2,
)

_CONTAINER = b"\0\0\0\x0cJXL \r\n\x87\n"
_CODESTREAM = b"\xff\x0a"
_D65 = 1
_NUMBERED = {1: 1, 9: 9, 11: 12}
"""Primaries as JPEG XL and as H.273 number them, where white is D65."""
_LINEAR, _SRGB = 8, 13
_OF_PIXELS = 1
"""The profile of what the decoder gives, not of what the encoder was given."""
_LONGEST_TOLD, _COMPRESSED = 1 << 20, b"brob"
_FOR_HEADER, _FOR_ANY, _FOR_PIXEL = 1 << 26, 1 << 26, 400
"""Bytes that libjxl may ask for: to read a header, and to decode a picture, the latter also for each pixel."""


class _Colour(NamedTuple):
    """Primaries and transfer as H.273 numbers them, or the profile that says the same."""

    numbers: tuple[int, int] | None = None
    icc: bytes | None = None


def _matches(data: bytes) -> bool:
    return data.startswith((_CODESTREAM, _CONTAINER))


def _header(data: bytes) -> Header:
    info, colour, layers = libjxl.BasicInfo(), _Colour(), []
    wanted = libjxl.BASIC_INFO | libjxl.COLOUR | libjxl.FRAME
    if data.startswith(_CONTAINER):
        deque(isobmff.boxes(memoryview(data), "jxl"), maxlen=0)  # too many are refused
    with libjxl.Decoder(data, libjxl.Budget(_FOR_HEADER + 8 * len(data))) as decoder:
        for _, event in zip(parts("jxl", len(data)), decoder.events(wanted, coalesced=False), strict=False):
            if event == libjxl.BASIC_INFO:
                info = decoder.got("GetBasicInfo", libjxl.BasicInfo)
                _refuse_inks(decoder, info)
            elif event == libjxl.COLOUR:
                colour = _colour(decoder)
            else:
                layers.append(decoder.got("GetFrameHeader", libjxl.FrameHeader))
    size, grey, moves = Size(info.width, info.height), info.colour_channels == 1, bool(info.have_animation)
    frames = _frames(layers)
    hdr = colour.numbers if colour.numbers and colour.numbers[1] in {cicp.PQ, cicp.HLG} else None
    return Header(
        size=size,
        coded=_coded(size, frames),
        channels=4 if info.alpha_bits else 1 if grey else 3,
        frames=len(frames) if moves else 1,
        loop=info.loops if moves else 0,
        depth=info.bits,
        exif=_exif(data),
        xmp=_told(data, b"xml "),
        icc=colour.icc if colour.numbers is None else None if hdr else cicp.of_code_points(*colour.numbers, grey=grey),
        hdr=hdr,
        grey=grey,
    )


def _refuse_inks(decoder: libjxl.Decoder, info: libjxl.BasicInfo) -> None:
    for number in range(info.extra_channels):
        if decoder.got("GetExtraChannelInfo", libjxl.ExtraChannel, c_size_t(number)).kind == libjxl.BLACK:
            raise unsupported("jxl", "CMYK")


def _frames(layers: list[libjxl.FrameHeader]) -> list[list[libjxl.FrameHeader]]:
    """The layers of each frame: those that are shown for no time, and the one that ends it."""
    frames: list[list[libjxl.FrameHeader]] = [[]]
    for layer in layers:
        frames[-1].append(layer)
        if layer.duration and not layer.is_last:
            frames.append([])
    return frames


def _coded(size: Size, frames: list[list[libjxl.FrameHeader]]) -> Size:
    """A size of as many pixels as the layers of the largest frame have together, if those are more than it shows."""
    pixels = max((sum(layer.width * layer.height for layer in frame) for frame in frames), default=0)
    side = isqrt(max(pixels - 1, 0)) + 1
    return size if pixels <= size.pixels else Size(side, -(-pixels // side))


def _colour(decoder: libjxl.Decoder) -> _Colour:
    """What the decoded pixels are in. Linear light counts as sRGB's curve, which decoding applies."""
    try:
        found = decoder.got("GetColorAsEncodedProfile", libjxl.ColourEncoding, c_int(_OF_PIXELS))
    except libjxl.LibraryError:
        return _Colour(icc=decoder.profile(_OF_PIXELS))
    primaries = 1 if found.space == libjxl.GREY else _NUMBERED.get(found.primaries)
    if primaries is None or found.white != _D65 or found.transfer > libjxl.MOST_NUMBERED:
        return _Colour(icc=decoder.profile(_OF_PIXELS))
    return _Colour((primaries, _SRGB if found.transfer == _LINEAR else found.transfer))


def _exif(data: bytes) -> bytes | None:
    """EXIF of a container: four bytes that say how far the TIFF structure lies behind them, then it."""
    box = _told(data, b"Exif")
    return exif.without_prefix(box[int.from_bytes(box[:4], "big") + 4 :]) if box else None


def _told(data: bytes, kind: bytes) -> bytes | None:
    """The first box of a kind in a container, also where it is compressed."""
    boxes = isobmff.boxes(memoryview(data), "jxl") if data.startswith(_CONTAINER) else ()
    there = any(kind in {name, bytes(content[:4]) if name == _COMPRESSED else b""} for name, content in boxes)
    return libjxl.container_box(data, kind, _LONGEST_TOLD) if there else None


def _decode(data: bytes, origin: Origin, hints: DecodeHints) -> Iterator[DecodedFrame]:
    pixels = max(origin.size.pixels, origin.decoded) * (origin.frames if hints.animate else 1)
    budget = libjxl.Budget(_FOR_ANY + _FOR_PIXEL * pixels)
    with codec_errors("jxl"):
        try:
            yield from _decoded(data, origin, hints, budget)
        except libjxl.OverBudgetError:
            detail = "This JPEG XL has hidden frames or parts that need far more than its size."
            raise TooMuchWorkError(detail) from None


def _decoded(data: bytes, origin: Origin, hints: DecodeHints, budget: libjxl.Budget) -> Iterator[DecodedFrame]:
    wanted = libjxl.BASIC_INFO | libjxl.COLOUR | libjxl.FRAME | libjxl.FULL_IMAGE
    info, linear, ticks, shown = libjxl.BasicInfo(), False, 0, 0
    pixels: Raw = np.empty(0, np.uint8)
    with libjxl.Decoder(data, budget) as decoder:
        for event in decoder.events(wanted):
            if event == libjxl.BASIC_INFO:
                info = decoder.got("GetBasicInfo", libjxl.BasicInfo)
            elif event == libjxl.COLOUR:
                linear = _is_linear(decoder)
            elif event == libjxl.FRAME:
                ticks += decoder.got("GetFrameHeader", libjxl.FrameHeader).duration
            elif event == libjxl.NEEDS_BUFFER:
                pixels = _given(decoder, info, deep=linear or hints.deep)
            else:
                until = _milliseconds(ticks, info)
                yield DecodedFrame(
                    _finished(pixels, linear, origin.channels, deep=hints.deep), until - shown, upright=True
                )
                shown = until
                if not hints.animate:
                    return


def _is_linear(decoder: libjxl.Decoder) -> bool:
    try:
        found = decoder.got("GetColorAsEncodedProfile", libjxl.ColourEncoding, c_int(_OF_PIXELS))
    except libjxl.LibraryError:
        return False
    return found.transfer == _LINEAR


def _milliseconds(ticks: int, info: libjxl.BasicInfo) -> int:
    """When a frame ends that so many ticks have passed: rounded in all, so that no error adds up."""
    return round(ticks * 1000 * info.ticks_below / info.ticks) if info.have_animation and info.ticks else 0


def _given(decoder: libjxl.Decoder, info: libjxl.BasicInfo, *, deep: bool) -> Raw:
    """An array into which the decoder writes the next frame."""
    channels = info.colour_channels + bool(info.alpha_bits)
    pixels = np.empty((info.height, info.width, channels), np.uint16 if deep else np.uint8)
    kind = libjxl.PixelFormat(channels, libjxl.UINT16 if deep else libjxl.UINT8, 0, 0)
    decoder.call("SetImageOutBuffer", byref(kind), c_void_p(pixels.ctypes.data), c_size_t(pixels.nbytes))
    return pixels


def _finished(pixels: Raw, linear: bool, channels: int, *, deep: bool) -> Pixels:
    """Grey, BGR or BGRA in 8 bits, or 16 where it is `deep`."""
    if linear:
        alpha = pixels.shape[2] in {2, 4}
        coded = np.take(_srgb_codes(deep=deep), pixels)
        if alpha:
            coded[:, :, -1] = pixels[:, :, -1] if deep else (pixels[:, :, -1].astype(np.uint32) + 128) // 257
        pixels = coded
    return as_channels(swapped(pixels) if pixels.shape[2] > 2 else pixels, channels)


@cache
def _srgb_codes(*, deep: bool) -> Raw:
    """The codes of sRGB, of 8 bits or 16, for 65,536 levels of light."""
    light = np.arange(65536) / 65535
    code = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.power(light, 1 / 2.4) - 0.055)
    return np.rint(code * 65535).astype(np.uint16) if deep else np.rint(code * 255).astype(np.uint8)


_MOST_OF_LOSSY = 0.5
"""Bytes a pixel above which a file is most likely lossless, which is decoded by the byte."""


def _reading(origin: Origin, _hints: DecodeHints) -> Cost:
    lossless = origin.nbytes > _MOST_OF_LOSSY * origin.size.pixels * origin.frames
    return Cost(pixel=24.0, byte=60.0 if lossless else 0.0, alpha=15.0, fixed=300, grey=0.8)


def _read_memory(origin: Origin) -> float:
    return 5.6 if origin.channels == 1 else 3.6


CODECS = (
    Codec(
        FORMAT, _matches, _header, _decode, jxl_writing.encode_frames, deep=True,
        lossy=jxl_writing.lossy, quality=jxl_writing.QUALITY, usual=0.11,
        reading=_reading, writing=jxl_writing.writing, read_memory=_read_memory,
        write_memory=jxl_writing.write_memory, write_part=jxl_writing.PART, write_rest=jxl_writing.REST,
    ),
)  # fmt: skip

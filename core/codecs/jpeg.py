"""JPEG. Sources: ITU-T T.81 (markers), T.871 (JFIF), T.872 (Adobe's colour transform), ICC.1:2022 B.4.

Decoding is simplejpeg's: libjpeg-turbo without OpenCV's second copy (47 against 67 ms for 12 megapixels, quiet
machine). Encoding is OpenCV's: as fast, and it writes progressive files.
"""

import struct
from collections.abc import Iterator

import cv2
import simplejpeg

from core.codecs import exif
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
    unsupported,
)
from core.cost import Cost
from core.errors import TooMuchWorkError
from core.imaging.pixels import three_axes
from core.picture import Origin, Picture, Size

FORMAT = Format(
    name="jpeg",
    media_type="image/jpeg",
    extensions=("jpg", "jpeg", "jpe", "jfif"),
    writes=True,
    in_browsers=True,
    preference=3,
    options=("quality", "progressive", "effort", "chroma", "background", "keep", "max_bytes"),
)

QUALITY = 85

_SOI, _EOI = b"\xff\xd8", b"\xff\xd9"
_READ_FRAMES = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}
_OTHER_FRAMES = {0xC3, 0xC5, 0xC6, 0xC7, 0xCB, 0xCD, 0xCE, 0xCF}
_PROGRESSIVE = 0xC2
_OF_MANY_SCANS = {0xC2, 0xCA}
_MOST_COMPONENTS = 4
_EOI_MARKER, _SOS, _APP1, _APP2 = 0xD9, 0xDA, 0xE1, 0xE2
_MARKERS = {*range(0xC0, 0xD0), *range(0xD9, 0xFF)}
"""Markers of a segment, or of the end. Behind a scan's header come coded bytes, in which FF is followed by 00, by a
restart marker, or, where a file is damaged, by what libjpeg skips: such pairs are no segments.
"""
_CLASSES = bytes(2 if byte in _MARKERS else byte == 0xFF for byte in range(256))
_WINDOW = 1 << 16

_MOST_SCANS = 500
"""The limit of TurboJPEG's own tools; encoders write about ten."""
_SCANS_OF_ANYONE = 32
_SCANNED_PIXELS = 400_000_000
"""A progressive file may ask for a pass over all pixels with a few bytes."""

_UNTIDY = ("extraneous bytes", "Adobe color transform", "JFIF revision")
"""libjpeg's warnings about data outside the picture."""

_SAMPLING = {
    "420": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    "422": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
    "444": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
}


def _matches(data: bytes) -> bool:
    return data[:3] == b"\xff\xd8\xff"


def segments(data: bytes, *, scans: bool = False) -> Iterator[tuple[int, bytes]]:
    """Marker and payload of each segment up to the first scan's header, with `scans` up to the end.

    Stray and coded bytes between segments are skipped. TooMuchWorkError (413) if there are far too many segments.
    """
    place = 2
    for _ in parts("jpeg", len(data)):
        place = _next_marker(data, place)
        if place + 4 > len(data):
            return
        marker, place = data[place + 1], place + 2
        (length,) = struct.unpack_from(">H", data, place)
        if marker == _EOI_MARKER or length < 2:
            return
        yield marker, data[place + 2 : place + length]
        if marker == _SOS and not scans:
            return
        place += length


def _next_marker(data: bytes, place: int) -> int:
    """Where the next marker is, or the end."""
    if data[place : place + 1] == b"\xff" and data[place + 1 : place + 2] and data[place + 1] in _MARKERS:
        return place
    for start in range(place, len(data), _WINDOW):
        found = data[start : start + _WINDOW + 1].translate(_CLASSES).find(b"\1\2")
        if found >= 0:
            return start + found
    return len(data)


def _header(data: bytes) -> Header:
    frame, progressive = None, False
    found_exif = None
    profile: dict[int, bytes] = {}
    for marker, payload in segments(data):
        if marker in _OTHER_FRAMES:
            raise unsupported("jpeg", "lossless or hierarchical")
        if marker in _READ_FRAMES and frame is None:
            progressive = marker in _OF_MANY_SCANS
            frame = struct.unpack_from(">BHHB", payload)
        elif marker == _APP1 and payload.startswith(b"Exif\0") and found_exif is None:
            found_exif = exif.without_prefix(payload)
        elif marker == _APP2 and payload.startswith(b"ICC_PROFILE\0") and len(payload) > 14:
            profile.setdefault(payload[12], payload[14:])
    if frame is None:
        raise damaged("jpeg", "it has no frame header")
    precision, height, width, components = frame
    if precision != 8 or components not in {1, 3, 4}:
        raise unsupported("jpeg", f"{precision} bits, {components} components")
    return Header(
        size=Size(width, height),
        channels=1 if components == 1 else 3,
        progressive=progressive,
        orientation=exif.orientation(found_exif),
        exif=found_exif,
        icc=b"".join(profile[number] for number in sorted(profile)) or None,
    )


def _decode(data: bytes, origin: Origin, hints: DecodeHints) -> Iterator[DecodedFrame]:
    scans = [] if _one_scan(data) else list(_scans(data))
    _refuse_many_scans(len(scans), origin.size)
    with codec_errors("jpeg"):
        if _EOI not in data[-64:]:
            # A missing end marker is harmless; missing scan data is still detected with the marker added.
            if not _all_scans(data, scans):
                raise damaged("jpeg", "its last scans are missing")
            data += _EOI
        space = simplejpeg.decode_jpeg_header(data, strict=False)[2]
        cmyk = space in {"CMYK", "YCCK"}
        colorspace = "CMYK" if cmyk else "GRAY" if origin.channels == 1 or hints.luma else "BGR"
        try:
            pixels = simplejpeg.decode_jpeg(data, colorspace, fastupsample=hints.averaged)
        except ValueError as error:
            if not any(words in str(error) for words in _UNTIDY):
                raise
            pixels = simplejpeg.decode_jpeg(_tidied(data), colorspace, strict=False)
    # Adobe stores ink inverted, as light, and everyone follows it.
    yield DecodedFrame(three_axes(pixels), cmyk=cmyk)


def _tidied(data: bytes) -> bytes:
    """Without the bytes between the segments, which TurboJPEG rejects."""
    found = [_segment(marker, payload) for marker, payload in segments(data)]
    scan = data.find(found[-1])
    return b"".join((_SOI, *found[:-1], data[scan:])) if scan >= 0 else data


def _all_scans(data: bytes, scans: list[bytes]) -> bool:
    """Whether every bit of every coefficient was sent; a progressive file may end between two scans (T.81, G.1)."""
    frame = dict(segments(data)).get(_PROGRESSIVE)
    if frame is None:
        return True
    low_bit = {frame[place]: [13] * 64 for place in range(6, 6 + 3 * min(frame[5], _MOST_COMPONENTS), 3)}
    for scan in scans:
        count = scan[0]
        first, last, bits = scan[1 + 2 * count : 4 + 2 * count].ljust(3, b"\0")
        for component in scan[1 : 1 + 2 * count : 2]:
            low_bit.get(component, [0] * 64)[first : last + 1] = [bits & 15] * (min(last, 63) - first + 1)
    return all(max(bits) == 0 for bits in low_bit.values())


def _scans(data: bytes) -> Iterator[bytes]:
    """The header of each scan of at most four components, as all decoders demand. TooMuchWorkError (413): too many."""
    headers = (payload for marker, payload in segments(data, scans=True) if marker == _SOS)
    for number, header in enumerate(headers, 1):
        if number > _MOST_SCANS:
            raise TooMuchWorkError(f"This JPEG has more than {_MOST_SCANS} scans, each a pass over all its pixels.")
        if 1 <= (header[:1] or b"\0")[0] <= _MOST_COMPONENTS:
            yield header


def _refuse_many_scans(scans: int, size: Size) -> None:
    if scans > _SCANS_OF_ANYONE and scans * size.pixels > _SCANNED_PIXELS:
        raise TooMuchWorkError(f"This JPEG has {scans} scans, each a pass over all its pixels.", got=scans)


def _one_scan(data: bytes) -> bool:
    """Whether the decoder stops after the first scan: it holds every component, and the file is not progressive."""
    found = dict(segments(data))
    frame = next((payload for marker, payload in found.items() if marker in _READ_FRAMES), b"")
    scan = found.get(_SOS, b"")
    return not _OF_MANY_SCANS & found.keys() and len(frame) > 5 and scan[:1] == frame[5:6]


def _encode(frames: Iterator[Picture], job: EncodeJob) -> bytes:
    options = job.options
    wanted = [cv2.IMWRITE_JPEG_QUALITY, options.quality or QUALITY]
    wanted += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, _SAMPLING[options.chroma or "420"]]
    wanted += [cv2.IMWRITE_JPEG_PROGRESSIVE, int(options.progressive)]
    wanted += [cv2.IMWRITE_JPEG_OPTIMIZE, int((options.effort or 0) >= 5)]
    data: bytes = cv2.imencode(".jpg", next(frames).pixels, wanted)[1].tobytes()
    return _with_metadata(data, job)


def _with_metadata(data: bytes, job: EncodeJob) -> bytes:
    """EXIF and profile as segments right after the JFIF header."""
    added = [_segment(_APP1, b"Exif\0\0" + job.exif)] if job.exif and len(job.exif) < 65526 else []
    parts = [job.icc[at : at + 65519] for at in range(0, len(job.icc), 65519)] if job.icc else []
    if len(parts) < 256:
        for number, part in enumerate(parts, 1):
            added.append(_segment(_APP2, b"ICC_PROFILE\0" + bytes((number, len(parts))) + part))
    if not added:
        return data
    behind = 4 + struct.unpack_from(">H", data, 4)[0] if data[2:4] == b"\xff\xe0" else 2
    return b"".join((data[:behind], *added, data[behind:]))


def _segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def _lossy(_options: EncodeOptions) -> bool:
    return True


def _writing(options: EncodeOptions) -> Cost:
    quality = options.quality or QUALITY
    pixel = 3.0 + 2.5 * (quality / 100) ** 3
    if options.progressive:
        pixel = 12.0 + 20.0 * (quality / 100) ** 3
    elif (options.effort or 0) >= 5:
        pixel *= 1.6
    return Cost(pixel=pixel * (1.5 if options.chroma == "444" else 1.0), fixed=70, grey=0.6, flat=0.55)


def _reading(origin: Origin, hints: DecodeHints) -> Cost:
    """Unpacking is by the byte; a progressive file is gone through once for each scan."""
    pixel = 1.2 if hints.luma else 2.2
    return Cost(pixel=pixel + 14.0 if origin.progressive else pixel, byte=12.0, fixed=100, grey=0.6)


def _read_memory(origin: Origin) -> float:
    return 3.4 if origin.progressive else 1.2


def _write_memory(options: EncodeOptions, _channels: int) -> float:
    return 2.4 if options.progressive or options.effort else 0.3


CODECS = (
    Codec(
        FORMAT, _matches, _header, _decode, _encode,
        lossy=_lossy, quality=QUALITY, shortcuts=True,
        reading=_reading, writing=_writing, read_memory=_read_memory, write_memory=_write_memory,
    ),
)  # fmt: skip

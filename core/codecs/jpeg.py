"""JPEG. Sources: ITU-T T.81 (markers), T.871 (JFIF), T.872 (Adobe's colour transform), ICC.1:2022 B.4.

Decoding is simplejpeg's: libjpeg-turbo without OpenCV's second copy (47 against 67 ms for 12 megapixels, quiet
machine). Encoding is OpenCV's: as fast, and it writes progressive files.
"""

import struct
from collections.abc import Iterator, Mapping
from io import BytesIO

import cv2
import numpy as np
import simplejpeg

from core.codecs import exif, icc, jpeg_deep, libjxl, ultra_hdr
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
    refuse_unread_side,
    unsupported,
)
from core.codecs.jpeg_segments import (
    APP1,
    APP2,
    APP13,
    EOI,
    OF_MANY_SCANS,
    READ_FRAMES,
    SOS,
    XMP,
    segment_bytes,
    segments,
    tidied,
)
from core.codecs.opencv import decode_with_opencv
from core.codecs.pillow import ignore_warnings
from core.cost import Cost
from core.errors import TooMuchWorkError
from core.imaging.pixels import three_axes
from core.picture import GainMapSource, Origin, Picture, Pixels, Size

FORMAT = Format(
    name="jpeg",
    media_type="image/jpeg",
    extensions=("jpg", "jpeg", "jpe", "jfif"),
    writes=True,
    in_browsers=True,
    gain_maps=True,
    preference=3,
    options=("quality", "progressive", "effort", "chroma", "background", "keep", "profile", "max_bytes"),
    side=65500,  # libjpeg's, which nearly all readers and writers are
)

QUALITY = 85

_HIERARCHICAL = "arithmetic-coded lossless, or hierarchical"
_OTHER_FRAMES = {**dict.fromkeys((0xC5, 0xC6, 0xC7, 0xCB, 0xCD, 0xCE, 0xCF), _HIERARCHICAL), 0xF7: "JPEG-LS"}
_FRAMES = READ_FRAMES | {jpeg_deep.LOSSLESS}
_PROGRESSIVE = 0xC2
_EXIF, _PHOTOSHOP = b"Exif\0", b"Photoshop 3.0\0"
_TOLD = ((APP1, _EXIF), (APP1, XMP), (APP2, ultra_hdr.MPF), (APP13, _PHOTOSHOP))
"""What is told beside the picture, by how its segment begins."""
_MOST_COMPONENTS = 4
_DEPTH = 8
_MOST_SCANS = 500
"""The limit of TurboJPEG's own tools; encoders write about ten."""
_SCANS_OF_ANYONE = 32
_SCANNED_PIXELS = 400_000_000
"""A progressive file may ask for a pass over all pixels with a few bytes."""

_INKS = 4
_UNTIDY = ("extraneous bytes", "Adobe color transform")
"""libjpeg's warnings about data outside the picture that is left in a tidied file."""
_UNNAMED = ("subsampling",)
"""TurboJPEG's refusal of samplings for which it has no name."""

_SAMPLING = {
    "420": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    "422": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
    "444": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
}


def _matches(data: bytes) -> bool:
    return data[:3] == b"\xff\xd8\xff"


def _header(data: bytes) -> Header:
    frame, coarse, progressive, deep, plain = None, 1, False, False, False
    told: dict[bytes, bytes] = {}
    profile: list[bytes] = []
    for marker, payload in segments(data):
        if marker in _OTHER_FRAMES:
            raise unsupported("jpeg", _OTHER_FRAMES[marker])
        if marker in _FRAMES and frame is None:
            progressive = marker in OF_MANY_SCANS
            frame, coarse = struct.unpack_from(">BHHB", payload), _coarse(payload)
            deep = jpeg_deep.reads(marker, frame[0], frame[3])
            plain = marker != jpeg_deep.LOSSLESS and frame[0] == 8
        elif marker == APP2 and payload.startswith(b"ICC_PROFILE\0"):
            profile.append(payload)
        else:
            told |= {start: payload for kind, start in _TOLD if kind == marker and payload.startswith(start)} | told
    if frame is None:
        raise damaged("jpeg", "it has no frame header")
    precision, height, width, count = frame
    if deep and not libjxl.installed():
        raise unsupported("jpeg", f"{f'{precision} bits' if precision != 8 else 'lossless'}; {libjxl.MISSING}")
    if not deep and (not plain or count not in {1, 3, _INKS}):
        raise unsupported("jpeg", f"{precision} bits, {count} components{'' if plain else ', or lossless'}")
    found_exif = exif.without_prefix(told.get(_EXIF))
    return Header(
        size=Size(width, height),
        channels=1 if count == 1 else 3,
        depth=precision,
        progressive=progressive,
        coarse=coarse,
        orientation=exif.orientation(found_exif),
        exif=found_exif,
        xmp=told.get(XMP, b"")[len(XMP) :] or None,
        iptc=told.get(_PHOTOSHOP),
        icc=icc.profile_of(profile),
        gain_map=ultra_hdr.found(data, Size(width, height), found_exif) if ultra_hdr.MPF in told else None,
    )


_COMPONENT, _FACTORS = 3, 7
"""Bytes of what a frame header says of each component, and where it says the first one's sampling (T.81 B.2.2)."""


def _coarse(payload: bytes) -> int:
    """By how many times colours are coarser along one axis than along the other: 2 of 4:2:2, 4 of 4:1:1, else 1."""
    factors = payload[_FACTORS::_COMPONENT] or b"\x11"
    sides = zip(*((factor >> 4 or 1, factor & 15 or 1) for factor in factors), strict=True)
    wide, high = (max(side) / min(side) for side in sides)
    return round(max(wide / high, high / wide))


def _gain_map(data: bytes, source: GainMapSource) -> Pixels:
    """The map's pixels, decoded as any other JPEG's."""
    origin = Origin(format="jpeg", size=source.size, channels=source.channels)
    return next(_decode(data[source.start : source.start + source.length], origin, DecodeHints())).pixels


def _decode(data: bytes, origin: Origin, hints: DecodeHints) -> Iterator[DecodedFrame]:
    found = _first_of_each(data)
    marker, frame = next(((one, found[one]) for one in found if one in _FRAMES), (0, b""))
    scans = [] if _one_scan(found, frame) else list(_scans(data))
    _refuse_many_scans(len(scans), origin.size)
    with codec_errors("jpeg"):
        refuse_unread_side("jpeg", origin.size, FORMAT.side)
        if marker == jpeg_deep.LOSSLESS or not (origin.depth == frame[0] == _DEPTH):
            yield DecodedFrame(jpeg_deep.decode_deep(data, origin.depth))
            return
        if EOI not in data[-64:]:
            # A missing end marker is harmless; missing scan data is still detected with the marker added.
            if not _all_scans(data, scans):
                raise damaged("jpeg", "its last scans are missing")
            data += EOI
        cmyk = frame[5] == _INKS
        colorspace = "CMYK" if cmyk else "GRAY" if origin.channels == 1 or hints.luma else "BGR"
        asked = _asked(origin.size, hints)
        try:
            pixels = simplejpeg.decode_jpeg(data, colorspace, **asked)
        except ValueError:
            pixels = _with_patience(tidied(data), colorspace, asked)
    # Adobe stores ink inverted, as light, and everyone follows it.
    yield DecodedFrame(three_axes(pixels), cmyk=cmyk)


def _asked(size: Size, hints: DecodeHints) -> dict[str, int]:
    """What TurboJPEG is told of the hints: the least sides, and by how much it has to scale."""
    if hints.scale == 1:
        return {"fastupsample": hints.averaged}
    width, height = (-(-side // hints.scale) for side in size)
    return {"fastupsample": hints.averaged, "min_width": width, "min_height": height, "min_factor": hints.scale}


def _with_patience(data: bytes, colorspace: str, asked: dict[str, int]) -> Pixels:
    """The pixels of a file that TurboJPEG refuses for what lies beside its picture, or for its sampling.

    TurboJPEG takes samplings that have a name; OpenCV all that T.81 allows (B.2.2). Of inks it makes colours at once,
    so that Pillow has to give them; Pillow fills up what is missing, so that OpenCV has to have read the file before.
    Both give the whole picture, whatever scale was asked for.
    """
    try:
        return simplejpeg.decode_jpeg(data, colorspace, **asked)
    except ValueError as error:
        if any(words in str(error) for words in _UNTIDY):
            return simplejpeg.decode_jpeg(data, colorspace, strict=False, **{**asked, "fastupsample": False})
        if not any(words in str(error) for words in _UNNAMED):
            raise
    pixels = decode_with_opencv("jpeg", data, cv2.IMREAD_GRAYSCALE if colorspace == "GRAY" else cv2.IMREAD_COLOR_BGR)
    return _inks(data) if colorspace == "CMYK" else pixels


def _inks(data: bytes) -> Pixels:
    from PIL.JpegImagePlugin import JpegImageFile

    ignore_warnings()
    image = JpegImageFile(BytesIO(data))
    image.load()
    return 255 - np.asarray(image)


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
    headers = (payload for marker, payload in segments(data, scans=True) if marker == SOS)
    for number, header in enumerate(headers, 1):
        if number > _MOST_SCANS:
            raise TooMuchWorkError(f"This JPEG has more than {_MOST_SCANS} scans, each a pass over all its pixels.")
        if 1 <= (header[:1] or b"\0")[0] <= _MOST_COMPONENTS:
            yield header


def _refuse_many_scans(scans: int, size: Size) -> None:
    if scans > _SCANS_OF_ANYONE and scans * size.pixels > _SCANNED_PIXELS:
        raise TooMuchWorkError(f"This JPEG has {scans} scans, each a pass over all its pixels.", got=scans)


def _first_of_each(data: bytes) -> dict[int, bytes]:
    """The first segment of each kind up to the first scan's header, in their order."""
    found: dict[int, bytes] = {}
    for marker, payload in segments(data):
        found.setdefault(marker, payload)
    return found


def _one_scan(found: Mapping[int, bytes], frame: bytes) -> bool:
    """Whether the decoder stops after the first scan: it holds every component, and the file is not progressive."""
    scan = found.get(SOS, b"")
    return not OF_MANY_SCANS & found.keys() and len(frame) > 5 and scan[:1] == frame[5:6]


def _encode(frames: Iterator[Picture], job: EncodeJob) -> bytes:
    options = job.options
    wanted = [cv2.IMWRITE_JPEG_QUALITY, options.quality or QUALITY]
    wanted += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, _SAMPLING[options.chroma or "420"]]
    wanted += [cv2.IMWRITE_JPEG_PROGRESSIVE, int(options.progressive)]
    wanted += [cv2.IMWRITE_JPEG_OPTIMIZE, int((options.effort or 0) >= 5)]
    picture = next(frames)
    data: bytes = cv2.imencode(".jpg", picture.pixels, wanted)[1].tobytes()
    data = _with_metadata(data, job)
    return ultra_hdr.with_gain_map(data, picture.gain_map) if picture.gain_map else data


def _with_metadata(data: bytes, job: EncodeJob) -> bytes:
    """EXIF and profile as segments right after the JFIF header."""
    added = [segment_bytes(APP1, b"Exif\0\0" + job.exif)] if job.exif and len(job.exif) < 65526 else []
    parts = [job.icc[at : at + 65519] for at in range(0, len(job.icc), 65519)] if job.icc else []
    if len(parts) < 256:
        for number, part in enumerate(parts, 1):
            added.append(segment_bytes(APP2, b"ICC_PROFILE\0" + bytes((number, len(parts))) + part))
    if not added:
        return data
    behind = 4 + struct.unpack_from(">H", data, 4)[0] if data[2:4] == b"\xff\xe0" else 2
    return b"".join((data[:behind], *added, data[behind:]))


def _lossy(_options: EncodeOptions) -> bool:
    return True


def _writing(options: EncodeOptions) -> Cost:
    quality = options.quality or QUALITY
    chroma = 1.7 if options.chroma == "444" else 1.0
    grey = 0.8 / chroma  # without colours there are none to keep
    if options.progressive:
        return Cost(pixel=(24.0 + 42.0 * (quality / 100) ** 3) * chroma, fixed=60, grey=grey, flat=0.22)
    pixel = 3.3 + 3.4 * (quality / 100) ** 3
    if (options.effort or 0) >= 5:
        return Cost(pixel=3.3 * pixel * chroma, fixed=60, grey=grey, flat=0.2)
    return Cost(pixel=pixel * chroma, fixed=60, grey=grey, flat=0.55)


def _reading(origin: Origin, hints: DecodeHints) -> Cost:
    """Unpacking is by the byte; a progressive file is gone through once for each scan."""
    pixel = (0.9 if hints.luma else 1.5) + 4.0 * (origin.depth > 8)
    if origin.progressive:
        return Cost(pixel=pixel + 10.0, byte=42.0, fixed=60, grey=0.6)
    return Cost(pixel=pixel, byte=22.0, fixed=60, grey=0.6)


def _read_memory(origin: Origin) -> float:
    return 3.4 if origin.progressive else 1.2


def _write_memory(options: EncodeOptions, _channels: int) -> float:
    return 2.4 if options.progressive or options.effort else 0.3


CODECS = (
    Codec(
        FORMAT, _matches, _header, _decode, _encode,
        lossy=_lossy, quality=QUALITY, shortcuts=True, usual=0.2, scales=(2, 4, 8), gain_map=_gain_map,
        reading=_reading, writing=_writing, read_memory=_read_memory, write_memory=_write_memory,
    ),
)  # fmt: skip

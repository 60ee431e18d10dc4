"""Pictures with gain maps: as libultrahdr writes them, and as Apple's phones do, put together byte by byte."""

import io
import struct
from functools import cache
from typing import Any

import cv2
import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.codecs.jpeg_segments import APP1, APP2, XMP, segment_bytes

WIDTH, HEIGHT = 480, 320
Values = NDArray[np.float64]


def light() -> Values:
    """Linear light, 1 being white: a smooth ground, and a bright spot off the middle."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
    spot = 3.0 * np.exp(-((x - 330) ** 2 + (y - 110) ** 2) / (2 * 45**2))
    grounds = (0.15 + 0.5 * x / WIDTH, 0.2 + 0.4 * y / HEIGHT, np.full_like(x, 0.3))
    return np.stack([ground + spot * share for ground, share in zip(grounds, (1.0, 0.9, 0.7), strict=True)], axis=2)


@cache
def ultra_hdr_file(scale: int = 4) -> bytes:
    """What libultrahdr makes of that light; its map is so many times smaller."""
    pixels = np.dstack([light(), np.ones((HEIGHT, WIDTH))]).astype(np.float16)
    return bytes(imagecodecs.ultrahdr_encode(pixels, 97, scale=scale))


def shown_by_libultrahdr(data: bytes) -> Values:
    """Linear light as libultrahdr makes it of base and map."""
    return np.asarray(imagecodecs.ultrahdr_decode(data))[:, :, :3].astype(np.float64)


NOTES = {"near-dark": (0.5, 0.005), "near": (0.5, 0.4), "far-dark": (1.2, 0.004), "far": (1.01, 0.5)}
"""The two numbers of the maker note, one for each of Apple's four formulas."""


def headroom(near: float, far: float) -> float:
    """How many times brighter than white, by Apple's «Applying Apple HDR effect to your photos»."""
    if near < 1:
        stops = -20.0 * far + 1.8 if far <= 0.01 else -0.101 * far + 1.601
    else:
        stops = -70.0 * far + 3.0 if far <= 0.01 else -0.303 * far + 2.303
    return float(2 ** max(stops, 0))


@cache
def apple_file(note: str = "far-dark", orientation: int = 1, *, told: bool = False, map_stands: bool = False) -> bytes:
    """A JPEG as a phone exports it: base, maker note, index and a grey map of a quarter; `told`: XMP has the headroom.

    Base and map lie on their sides where the orientation says so, the map not where it stands.
    """
    near, far = NOTES[note]
    base, gains = _undone(_apple_base(), orientation), _undone(_apple_codes(), 1 if map_stands else orientation)
    first = _jpeg(base, "RGB")
    said = f"<HDRGainMap:HDRGainMapHeadroom>{headroom(near, far):.6f}</HDRGainMap:HDRGainMapHeadroom>" if told else ""
    xmp = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:apdi="http://ns.apple.com/pixeldatainfo/1.0/" '
        'xmlns:HDRGainMap="http://ns.apple.com/HDRGainMap/1.0/"><apdi:AuxiliaryImageType>'
        "urn:com:apple:photo:2020:aux:hdrgainmap</apdi:AuxiliaryImageType>"
        f"<HDRGainMap:HDRGainMapVersion>65536</HDRGainMap:HDRGainMapVersion>{said}"
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()
    second = _jpeg(gains, "L")
    second = second[:2] + segment_bytes(APP1, XMP + xmp) + second[2:]
    exif = b"" if told else _with_note(near, far, orientation)
    return _with_second(first, exif, second)


def apple_light(note: str) -> Values:
    """The light of that file by Apple's formula, the map enlarged linearly."""
    base = np.asarray(Image.open(io.BytesIO(_jpeg(_apple_base(), "RGB")))) / 255
    small = np.asarray(Image.open(io.BytesIO(_jpeg(_apple_codes(), "L")))) / 255
    gains = np.where(small < 0.081, small / 4.5, ((small + 0.099) / 1.099) ** (1 / 0.45))
    gains = cv2.resize(gains, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)[:, :, None]
    linear = np.where(base <= 0.04045, base / 12.92, ((base + 0.055) / 1.055) ** 2.4)
    return linear * (1 + (headroom(*NOTES[note]) - 1) * gains)


def _apple_base() -> NDArray[np.uint8]:
    clipped = np.clip(light(), 0, 1)
    code = np.where(clipped <= 0.0031308, 12.92 * clipped, 1.055 * clipped ** (1 / 2.4) - 0.055)
    return np.rint(255 * code).astype(np.uint8)


def _apple_codes() -> NDArray[np.uint8]:
    small = cv2.resize(light().max(axis=2), (WIDTH // 4, HEIGHT // 4), interpolation=cv2.INTER_AREA)
    return np.rint(255 * np.clip((small - 0.5) / 3, 0, 1) ** 0.5).astype(np.uint8)


def _jpeg(pixels: NDArray[Any], mode: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, "JPEG", quality=96, subsampling=0)
    return file.getvalue()


def _undone(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """As a camera on its side stores it."""
    return np.ascontiguousarray(
        {1: pixels, 3: pixels[::-1, ::-1], 6: np.rot90(pixels), 8: np.rot90(pixels, -1)}[orientation]
    )


def _with_note(near: float, far: float, orientation: int) -> bytes:
    """EXIF with an orientation and Apple's note, in which offsets count from its own start."""
    note = b"Apple iOS\0\0\1MM" + struct.pack(">H", 2)
    behind = len(note) + 2 * 12 + 4
    for number, tag in enumerate((0x21, 0x30)):
        note += struct.pack(">HHII", tag, 10, 1, behind + 8 * number)
    note += bytes(4) + b"".join(struct.pack(">ii", round(value * 100_000), 100_000) for value in (near, far))
    main = struct.pack(">H", 2) + struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    main += struct.pack(">HHII", 0x8769, 4, 1, 8 + 2 + 24 + 4) + bytes(4)
    photo = struct.pack(">HHHII", 1, 0x927C, 7, len(note), 8 + len(main) + 18) + bytes(4)
    return b"Exif\0\0MM\0*\0\0\0\10" + main + photo + note


def _with_second(first: bytes, exif: bytes, second: bytes) -> bytes:
    """Both pictures, and the index of CIPA DC-007 in the first."""
    head = segment_bytes(APP1, exif) if exif else b""
    place = 2 + len(head) + 4 + 4
    length = len(first) + len(head) + 4 + 4 + 82
    index = b"MPF\0MM\0*" + struct.pack(">IH", 8, 3) + struct.pack(">HHI4s", 0xB000, 7, 4, b"0100")
    index += struct.pack(">HHII", 0xB001, 4, 1, 2) + struct.pack(">HHIII", 0xB002, 7, 32, 50, 0)
    index += struct.pack(">8I", 0x030000, length, 0, 0, 0, len(second), length - place, 0)
    return first[:2] + head + segment_bytes(APP2, index) + first[2:] + second

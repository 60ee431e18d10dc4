"""AVIF and HEIC. Sources: ISO/IEC 23008-12 (HEIF), AOM's AVIF 1.1.

Pillow decodes AVIF, pi-heif HEIC (it has no encoder; pillow-heif's is GPL). OpenCV writes AVIF, Pillow only where
another chroma is asked for. Of a HEIC with several pictures, the primary one is decoded.
EXIF orientation means nothing here, `irot` does.
"""

from collections.abc import Iterator
from io import BytesIO

import cv2
import numpy as np
from numpy.typing import NDArray

from core.codecs import cicp, exif, isobmff
from core.codecs.base import Codec, DecodedFrame, DecodeHints, EncodeJob, EncodeOptions, Format, Header, codec_errors
from core.codecs.pillow import ignore_warnings, saved, to_image, to_pixels
from core.codecs.pixels import as_channels, swapped, upright
from core.cost import Cost
from core.imaging.alpha import straight
from core.imaging.pixels import three_axes
from core.picture import Origin, Picture, Pixels, Size

AVIF = Format(
    name="avif",
    media_type="image/avif",
    extensions=("avif", "avifs"),
    writes=True,
    alpha=True,
    in_browsers=True,
    preference=1,
    options=("quality", "lossless", "effort", "chroma", "keep", "max_bytes"),
    side=65535,
    revision=2,
)
HEIC = Format(name="heic", media_type="image/heic", extensions=("heic", "heif"), alpha=True)

QUALITY = 60
_SPEED = 9
"""AOM's speed; effort goes down to 6, for 5 takes 4 s a megapixel and gains 2 %."""

_ANY_BRANDS = {b"mif1", b"mif2", b"msf1", b"miaf"}
"""They say that it is a HEIF, and not how its picture is coded."""
_TURNED_BACK = {6: 8, 8: 6}
"""EXIF's orientations that undo another one; all others undo themselves."""
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}


def _matches_avif(data: bytes) -> bool:
    return _matches(data, _AVIF_BRANDS, {b"av01"})


def _matches_heic(data: bytes) -> bool:
    return _matches(data, _HEIC_BRANDS, {b"hvc1", b"hev1"})


def _matches(data: bytes, names: set[bytes], codings: set[bytes]) -> bool:
    brands = set(isobmff.brands(data))
    return bool(brands & names) or bool(brands & _ANY_BRANDS and isobmff.coding(data) in codings)


def _header(main: isobmff.Primary, size: Size, frames: int, turn: int) -> Header:
    profile, hdr = main.icc, None
    if profile is None and main.nclx and main.nclx[1] in {cicp.PQ, cicp.HLG}:
        hdr = main.nclx
    elif profile is None and main.nclx:
        profile = cicp.of_code_points(*main.nclx, grey=main.grey)
    return Header(
        size=size,
        coded=main.coded,
        channels=4 if main.alpha else 1 if main.grey else 3,
        frames=frames,
        orientation=turn,
        exif=exif.without_prefix(main.exif),
        icc=profile,
        hdr=hdr,
        grey=main.grey,
    )


def _header_avif(data: bytes) -> Header:
    """The size after cropping, which Pillow leaves to us as it leaves turning."""
    main = isobmff.primary(data)
    frames = isobmff.frames(data) if b"avis" in isobmff.brands(data) else 1
    return _header(main, Size(*main.aperture[2:]), frames, main.turn)


def _header_heic(data: bytes) -> Header:
    """The size after cropping and turning, which libheif does by itself."""
    main = isobmff.primary(data)
    width, height = main.aperture[2:]
    size = Size(width, height) if main.turn < 5 else Size(height, width)
    return _header(main, size, 1, 1)


def _decode_avif(data: bytes, origin: Origin, hints: DecodeHints) -> Iterator[DecodedFrame]:
    from PIL.AvifImagePlugin import AvifImageFile

    ignore_warnings()
    with codec_errors("avif"):
        left, top, width, height = isobmff.primary(data).aperture
        image = AvifImageFile(BytesIO(data))
        for number in range(min(origin.frames, image.n_frames) if hints.animate else 1):
            image.seek(number)
            image.load()
            pixels = to_pixels(image, origin.channels)
            if pixels.shape[:2] != (height, width):
                pixels = np.ascontiguousarray(pixels[top : top + height, left : left + width])
            yield DecodedFrame(pixels, round(image.info.get("duration", 0)))


def _decode_heic(data: bytes, origin: Origin, _hints: DecodeHints) -> Iterator[DecodedFrame]:
    import pi_heif

    with codec_errors("heic"):
        main = isobmff.primary(data)
        cropped = main.aperture[2:] != main.size
        image = pi_heif.open_heif(isobmff.uncropped(data) if cropped else data, convert_hdr_to_8bit=True)
        # A copy, while the image is alive: the array shows its memory, and does not keep it.
        pixels = as_channels(swapped(three_axes(np.array(image))), origin.channels)
        if main.multiplied and pixels.shape[2] == 4:
            pixels = straight(pixels)
        yield DecodedFrame(_cropped(pixels, main) if cropped else pixels, upright=True)


def _cropped(pixels: Pixels, main: isobmff.Primary) -> Pixels:
    """What clap leaves of pixels that were turned already: libheif 1.23 crops only after it has refused by the crop."""
    left, top, width, height = main.aperture
    stored = upright(pixels, _TURNED_BACK.get(main.turn, main.turn))
    return upright(np.ascontiguousarray(stored[top : top + height, left : left + width]), main.turn)


def _lossy(options: EncodeOptions) -> bool:
    return not options.lossless


def _encode(frames: Iterator[Picture], job: EncodeJob) -> bytes:
    pixels = next(frames).pixels
    options = job.options
    quality = 100 if options.lossless else options.quality or QUALITY
    speed = _SPEED if options.effort is None else 10 - round(options.effort * 0.4)
    if options.chroma in {"422", "444"} and not options.lossless and pixels.shape[2] > 1:
        return _with_chroma(pixels, quality, speed, job)
    wanted = [cv2.IMWRITE_AVIF_QUALITY, quality, cv2.IMWRITE_AVIF_SPEED, speed]
    kinds, metadata = _metadata(job)
    data: bytes = cv2.imencodeWithMetadata(".avif", pixels, kinds, metadata, wanted)[1].tobytes()
    return data


def _metadata(job: EncodeJob) -> tuple[list[int], list[NDArray[np.uint8]]]:
    found = ((cv2.IMAGE_METADATA_EXIF, job.exif), (cv2.IMAGE_METADATA_ICCP, job.icc))
    given = [(kind, np.frombuffer(content, np.uint8)) for kind, content in found if content]
    return [kind for kind, _ in given], [content for _, content in given]


def _with_chroma(pixels: Pixels, quality: int, speed: int, job: EncodeJob) -> bytes:
    subsampling = {"422": "4:2:2", "444": "4:4:4"}[job.options.chroma or "444"]
    return saved(
        to_image(pixels),
        "AVIF",
        quality=quality,
        speed=speed,
        subsampling=subsampling,
        max_threads=1,
        exif=job.exif,
        icc_profile=job.icc,
    )


_BY_SPEED = {10: 45.0, 9: 50.0, 8: 190.0, 7: 400.0, 6: 700.0}


def _writing(options: EncodeOptions) -> Cost:
    speed = _SPEED if options.effort is None else 10 - round(options.effort * 0.4)
    pixel = _BY_SPEED[speed]
    if options.lossless:
        return Cost(pixel=220.0 + 2.0 * pixel, fixed=3000, grey=0.4, flat=0.45)
    pixel *= 0.8 + 1.0 * ((options.quality or QUALITY) / 100) ** 4
    chroma = 1.0 if options.chroma in {None, "420"} else 2.0
    return Cost(pixel=pixel * chroma, alpha=30.0, fixed=3000, grey=0.9, flat=0.45)


def _reading(_origin: Origin, _hints: DecodeHints) -> Cost:
    return Cost(pixel=8.0, byte=110.0, fixed=1200, grey=0.9)


def _write_memory(options: EncodeOptions, _channels: int) -> float:
    return 13.5 if options.lossless or options.chroma in {"422", "444"} else 6.5


CODECS = (
    Codec(
        AVIF, _matches_avif, _header_avif, _decode_avif, _encode,
        lossy=_lossy, quality=QUALITY,
        reading=_reading, writing=_writing, read_memory=lambda _: 5.5, write_memory=_write_memory,
    ),
    Codec(HEIC, _matches_heic, _header_heic, _decode_heic, reading=_reading, read_memory=lambda _: 5.5),
)  # fmt: skip

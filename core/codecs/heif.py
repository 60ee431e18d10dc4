"""AVIF and HEIC. Sources: ISO/IEC 23008-12 (HEIF), AOM's AVIF 1.1.

Pillow decodes AVIF, pi-heif HEIC (it has no encoder; pillow-heif's is GPL). OpenCV writes AVIF, Pillow only where
another chroma is asked for, and sequences, unless nothing is to be lost. Of a HEIC with several pictures, the primary
one is decoded. EXIF orientation means nothing here, `irot` does.
"""

from collections.abc import Iterator
from io import BytesIO
from itertools import chain
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.codecs import cicp, exif, gain_maps, isobmff, isobmff_edits, isobmff_gain_maps, isobmff_tracks
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
)
from core.codecs.pillow import ignore_warnings, saved, to_image, to_pixels
from core.codecs.pixels import as_channels, swapped, upright
from core.cost import Cost
from core.errors import BadDepthError, BadParameterError
from core.imaging.alpha import straight
from core.imaging.pixels import three_axes
from core.picture import GainMapSource, Origin, Picture, Pixels, Size

AVIF = Format(
    name="avif",
    media_type="image/avif",
    extensions=("avif", "avifs"),
    writes=True,
    animates=True,
    alpha=True,
    in_browsers=True,
    preference=1,
    options=("quality", "lossless", "effort", "chroma", "keep", "profile", "depth", "max_bytes"),
    depths=(10, 12),
    side=32768,  # the most that libavif reads unless it is told otherwise
    revision=3,
)
HEIC = Format(name="heic", media_type="image/heic", extensions=("heic", "heif"), alpha=True)

QUALITY = 60
_SPEED = 9
"""AOM's speed; effort goes down to 6, for 5 takes 4 s a megapixel and gains 2 %."""

_SUBSAMPLING = {"420": "4:2:0", "422": "4:2:2", "444": "4:4:4"}

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


def _header(
    main: isobmff.Primary, size: Size, frames: int, turn: int, gain_map: GainMapSource | None, loop: int = 0
) -> Header:
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
        loop=loop,
        orientation=turn,
        exif=exif.without_prefix(main.exif),
        xmp=main.xmp,
        gain_map=gain_map,
        icc=profile,
        hdr=hdr,
        grey=main.grey,
    )


def _gain_map_source(main: isobmff.Primary) -> GainMapSource | None:
    """Apple's gain map, where its headroom is told."""
    if main.gain_map is None:
        return None
    item, size, xmp = main.gain_map
    metadata = gain_maps.of_apple(xmp, exif.without_prefix(main.exif))
    if metadata is None or not 0 < size.pixels <= main.size.pixels:
        return None
    return GainMapSource(size=size, start=item, metadata=metadata, apple=True)


def _gain_map_avif(data: bytes, source: GainMapSource) -> Pixels:
    """The map's pixels: the picture of the file whose primary item it is."""
    from PIL.AvifImagePlugin import AvifImageFile

    ignore_warnings()
    with codec_errors("avif"):
        image = AvifImageFile(BytesIO(isobmff_edits.with_primary(data, source.start)))
        if image.size != source.size:
            raise damaged("avif", "its gain map is of another size")
        image.load()
        pixels = to_pixels(image, 3)
        return np.ascontiguousarray(pixels[:, :, :1]) if source.channels == 1 else pixels


def _gain_map(data: bytes, source: GainMapSource) -> Pixels:
    """The map's pixels, turned by libheif as its own properties say: pi-heif reads deep ones as pictures only."""
    import pi_heif

    with codec_errors("heic"):
        given = isobmff_edits.with_primary(isobmff_edits.without_metadata(data), source.start)
        image = pi_heif.open_heif(given, convert_hdr_to_8bit=True)
        pixels = as_channels(swapped(_in_8_bits(three_axes(np.array(image)), image)), 3)
        if pixels.shape[0] * pixels.shape[1] != source.size.pixels:
            raise damaged("heic", "its gain map is of another size")
        return np.ascontiguousarray(pixels[:, :, :1]) if source.channels == 1 else pixels


def _header_avif(data: bytes) -> Header:
    """The size after cropping, which Pillow leaves to us as it leaves turning."""
    main = isobmff.primary(data)
    frames = isobmff.frames(data) if b"avis" in isobmff.brands(data) else 1
    loop = isobmff_tracks.plays(data) if frames > 1 else 0
    return _header(main, Size(*main.aperture[2:]), frames, main.turn, isobmff_gain_maps.of_primary(data), loop)


def _header_heic(data: bytes) -> Header:
    """The size after cropping and turning, which libheif does by itself."""
    main = isobmff.primary(data)
    width, height = main.aperture[2:]
    size = Size(width, height) if main.turn < 5 else Size(height, width)
    gain_map = isobmff_gain_maps.of_primary(data) or _gain_map_source(main)
    return _header(main, size, 1, 1, gain_map)


def _decode_avif(data: bytes, origin: Origin, hints: DecodeHints) -> Iterator[DecodedFrame]:
    from PIL.AvifImagePlugin import AvifImageFile

    ignore_warnings()
    with codec_errors("avif"):
        refuse_unread_side("avif", origin.size, AVIF.side)
        left, top, width, height = isobmff.primary(data).aperture
        image = AvifImageFile(BytesIO(data))
        count = min(origin.frames, image.n_frames) if hints.animate else 1
        durations = isobmff_tracks.durations(data, count) if origin.frames > 1 else [0]
        for number in range(count):
            image.seek(number)
            image.load()
            pixels = to_pixels(image, origin.channels)
            if pixels.shape[:2] != (height, width):
                pixels = np.ascontiguousarray(pixels[top : top + height, left : left + width])
            yield DecodedFrame(pixels, durations[number])


def _decode_heic(data: bytes, origin: Origin, _hints: DecodeHints) -> Iterator[DecodedFrame]:
    import pi_heif

    with codec_errors("heic"):
        main = isobmff.primary(data)
        cropped = main.aperture[2:] != main.size
        given = isobmff_edits.without_metadata(isobmff_edits.uncropped(data) if cropped else data)
        image = pi_heif.open_heif(given, convert_hdr_to_8bit=True)
        # A copy, while the image is alive: the array shows its memory, and does not keep it.
        pixels = as_channels(swapped(_in_8_bits(three_axes(np.array(image)), image)), origin.channels)
        if main.multiplied and pixels.shape[2] == 4:
            pixels = straight(pixels)
        yield DecodedFrame(_cropped(pixels, main) if cropped else pixels, upright=True)


def _in_8_bits(pixels: NDArray[Any], image: Any) -> Pixels:
    """Deep grey in eight bits: pi-heif 1.4 leaves it in the high bits of 16, whatever is asked for."""
    if pixels.dtype == np.uint8:
        return pixels
    bits = int(image.info["bit_depth"])
    levels = np.rint(np.linspace(0, 255, 1 << bits)).astype(np.uint8)
    return levels[pixels >> (16 - bits)]


def _cropped(pixels: Pixels, main: isobmff.Primary) -> Pixels:
    """What clap leaves of pixels that were turned already: libheif 1.23 crops only after it has refused by the crop."""
    left, top, width, height = main.aperture
    stored = upright(pixels, _TURNED_BACK.get(main.turn, main.turn))
    return upright(np.ascontiguousarray(stored[top : top + height, left : left + width]), main.turn)


def _lossy(options: EncodeOptions) -> bool:
    return not options.lossless


def _encode(frames: Iterator[Picture], job: EncodeJob) -> bytes:
    first = next(frames)
    second = next(frames, None)
    pixels, options = first.pixels, job.options
    quality = 100 if options.lossless else options.quality or QUALITY
    speed = _SPEED if options.effort is None else 10 - round(options.effort * 0.4)
    if options.depth != "8" and pixels.dtype == np.uint16:
        return _deep(pixels, quality, speed, job, moves=second is not None)
    if second is not None:
        moving = _exact_sequence if options.lossless else _sequence
        return isobmff_tracks.settled(moving(chain((first, second), frames), quality, speed, job), job.loop)
    if options.chroma in {"422", "444"} and not options.lossless and pixels.shape[2] > 1:
        return _with_chroma(pixels, quality, speed, job)
    wanted = [cv2.IMWRITE_AVIF_QUALITY, quality, cv2.IMWRITE_AVIF_SPEED, speed]
    kinds, metadata = _metadata(job)
    data: bytes = cv2.imencodeWithMetadata(".avif", pixels, kinds, metadata, wanted)[1].tobytes()
    return data


def _deep(pixels: NDArray[Any], quality: int, speed: int, job: EncodeJob, *, moves: bool) -> bytes:
    """A still of 10 or 12 bits a channel, by OpenCV, which writes colour at a quarter of the resolution or exactly."""
    options = job.options
    if moves:
        raise BadDepthError("An animated AVIF is written with 8 bits: leave out the depth.", parameter="depth")
    if options.chroma in {"422", "444"} and not options.lossless:
        raise BadParameterError("chroma", f"420, or nothing, with depth={options.depth}", options.chroma)
    bits = int(options.depth)
    samples = pixels.astype(np.uint32)
    samples *= (1 << bits) - 1
    samples += 32767  # rounded, without numbers of twice the width
    samples //= 65535
    wanted = [cv2.IMWRITE_AVIF_QUALITY, quality, cv2.IMWRITE_AVIF_SPEED, speed, cv2.IMWRITE_AVIF_DEPTH, bits]
    kinds, metadata = _metadata(job)
    data: bytes = cv2.imencodeWithMetadata(".avif", samples.astype(np.uint16), kinds, metadata, wanted)[1].tobytes()
    return data


def _sequence(frames: Iterator[Picture], quality: int, speed: int, job: EncodeJob) -> bytes:
    """One frame after the other, by the part of Pillow that its plugin of AVIF uses once it holds all of them."""
    from PIL import _avif

    encoder: Any = None
    channels = 0
    for number, picture in enumerate(frames):
        job.check(f"encode frame {number}")
        channels = channels or picture.pixels.shape[2]
        chroma = "4:0:0" if channels == 1 else _SUBSAMPLING[job.options.chroma or "420"]
        encoder = encoder or _avif.AvifEncoder(
            picture.size, chroma, quality, speed, 1, "auto", "full", 0, 0, False, False,
            job.icc or b"", job.exif or b"", 1, b"", None,
        )  # fmt: skip
        samples = np.ascontiguousarray(swapped(as_channels(picture.pixels, channels)))
        mode = {1: "L", 3: "RGB", 4: "RGBA"}[channels]
        encoder.add(samples.tobytes(), max(1, picture.origin.duration), picture.size, mode, False)
    data: bytes = encoder.finish()
    return data


def _exact_sequence(frames: Iterator[Picture], _quality: int, speed: int, job: EncodeJob) -> bytes:
    """By OpenCV, which holds all frames, and whose colours come back as they were; it takes no metadata."""
    if job.exif or job.icc:
        raise BadParameterError("keep", "nothing for an animated AVIF that is lossless", "+".join(job.options.keep))
    held = list(frames)
    moving: Any = cv2.Animation()
    channels = max(3, held[0].pixels.shape[2])
    moving.frames = [as_channels(picture.pixels, channels) for picture in held]
    moving.durations = np.array([max(1, picture.origin.duration) for picture in held], np.int32)
    job.check("encode all frames")
    wanted = [cv2.IMWRITE_AVIF_QUALITY, 100, cv2.IMWRITE_AVIF_SPEED, speed]
    data: bytes = cv2.imencodeanimation(".avif", moving, wanted)[1].tobytes()
    return data


def _metadata(job: EncodeJob) -> tuple[list[int], list[NDArray[np.uint8]]]:
    found = ((cv2.IMAGE_METADATA_EXIF, job.exif), (cv2.IMAGE_METADATA_ICCP, job.icc))
    given = [(kind, np.frombuffer(content, np.uint8)) for kind, content in found if content]
    return [kind for kind, _ in given], [content for _, content in given]


def _with_chroma(pixels: Pixels, quality: int, speed: int, job: EncodeJob) -> bytes:
    subsampling = _SUBSAMPLING[job.options.chroma or "444"]
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


_BY_SPEED = {10: 64.0, 9: 75.0, 8: 270.0, 7: 650.0, 6: 1140.0}


_EVEN, _EVEN_BY_SPEED = 13.0, 0.08
"""Nanoseconds a pixel of a picture without detail, and the share of those of a photograph on top of it."""


def _writing(options: EncodeOptions) -> Cost:
    speed = _SPEED if options.effort is None else 10 - round(options.effort * 0.4)
    pixel = _BY_SPEED[speed]
    if options.lossless:
        return Cost(pixel=240.0 + 1.15 * pixel, fixed=2500, grey=0.4, flat=0.35)
    pixel *= 1.3 * (options.quality or QUALITY) / 100
    chroma = 1.0 if options.chroma in {None, "420"} else 1.6
    even = _EVEN + _EVEN_BY_SPEED * pixel
    # A picture without colours has none to keep.
    return Cost(pixel=(even + pixel) * chroma, fixed=1400, grey=0.8 / chroma, flat=even / (even + pixel))


def _reading(_origin: Origin, _hints: DecodeHints) -> Cost:
    return Cost(pixel=10.0, byte=127.0, fixed=800, grey=0.9)


def _write_memory(options: EncodeOptions, _channels: int) -> float:
    return 13.5 if options.lossless or options.chroma in {"422", "444"} else 6.5


_MOVING, _MOVING_EXACT = {1: 38.0, 3: 14.0, 4: 24.0}, {1: 115.0, 3: 34.0, 4: 34.0}
_LOOKS_AHEAD, _AHEAD = 6, 4.6
"""From this speed down the encoder holds frames that are to come, and how many times the memory that takes."""


def _moving_memory(options: EncodeOptions, channels: int) -> float:
    speed = _SPEED if options.effort is None else 10 - round(options.effort * 0.4)
    once = (
        _MOVING_EXACT[channels]
        if options.lossless
        else _MOVING[channels] + (12.0 if options.chroma in {"422", "444"} else 0.0)
    )
    return once * (_AHEAD if speed <= _LOOKS_AHEAD else 1.0)


CODECS = (
    Codec(
        AVIF, _matches_avif, _header_avif, _decode_avif, _encode,
        gain_map=_gain_map_avif, lossy=_lossy, quality=QUALITY, usual=0.17,
        reading=_reading, writing=_writing, read_memory=lambda _: 5.5, write_memory=_write_memory,
        moving_memory=_moving_memory, holds=lambda options: bool(options.lossless),
    ),
    Codec(
        HEIC, _matches_heic, _header_heic, _decode_heic,
        gain_map=_gain_map, usual=0.15, reading=_reading, read_memory=lambda _: 5.5,
    ),
)  # fmt: skip

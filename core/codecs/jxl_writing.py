"""JPEG XL as it is written: stills, and animations whose frames replace the part that changed."""

from collections.abc import Iterator
from ctypes import byref, c_int, c_size_t, c_void_p
from itertools import chain

from core.codecs import libjxl
from core.codecs.animation import Patch, patches
from core.codecs.base import EncodeJob, EncodeOptions
from core.codecs.pixels import swapped
from core.cost import Cost
from core.picture import Picture, Size

QUALITY = 70
_EFFORT, _LOSSLESS_EFFORT, _ALPHA_EFFORT = 4, 3, 3
"""libjxl's. Effort 4 takes less CPU than AVIF's default and no more bytes at an equal score; with alpha, 3 does."""


def lossy(options: EncodeOptions) -> bool:
    """Whether `quality` means something."""
    return not options.lossless


def encode_frames(frames: Iterator[Picture], job: EncodeJob) -> bytes:
    """The file."""
    first = next(frames)
    second = next(frames, None)
    moves = second is not None
    rest = (first,) if second is None else chain((first, second), frames)
    with libjxl.Encoder() as encoder:
        _begin(encoder, first, job, moves=moves)
        made: list[bytes] = []
        found = patches(iter(rest), job)
        patch = next(found)
        while True:
            _add(encoder, patch, first.size, job.options, moves=moves)
            following = next(found, None)
            if following is None:
                encoder.status("CloseInput")
            made += encoder.take()
            if following is None:
                return b"".join(made)
            patch = following


def _begin(encoder: libjxl.Encoder, first: Picture, job: EncodeJob, *, moves: bool) -> None:
    """What holds for the whole file: size, colour and metadata."""
    info, channels = libjxl.BasicInfo(), first.pixels.shape[2]
    libjxl.library().JxlEncoderInitBasicInfo(byref(info))
    info.width, info.height, info.colour_channels = *first.size, 1 if channels == 1 else 3
    info.bits = 8 * first.pixels.itemsize
    info.extra_channels, info.alpha_bits = (1, info.bits) if channels == 4 else (0, 0)
    info.uses_original_profile = int(job.options.lossless)
    if moves:
        info.have_animation, info.ticks, info.ticks_below, info.loops = 1, 1000, 1, job.loop
    encoder.status("UseBoxes") if job.exif else None
    encoder.call("SetBasicInfo", byref(info))
    if job.icc:
        encoder.call("SetICCProfile", job.icc, c_size_t(len(job.icc)))
    else:
        colour = libjxl.ColourEncoding()
        libjxl.library().JxlColorEncodingSetToSRGB(byref(colour), c_int(channels == 1))
        encoder.call("SetColorEncoding", byref(colour))
    if job.exif:
        encoder.call("AddBox", b"Exif", bytes(4) + job.exif, c_size_t(4 + len(job.exif)), c_int(0))
        encoder.status("CloseBoxes")


_SLOT = 1
"""Where each frame of an animation is kept for the next one, which replaces a part of it."""


def _add(encoder: libjxl.Encoder, patch: Patch, whole: Size, options: EncodeOptions, *, moves: bool) -> None:
    height, width, channels = patch.pixels.shape
    settings = encoder.settings(_effort(options, channels))
    if options.lossless:
        encoder.frame("SetFrameLossless", settings, c_int(1))
    else:
        encoder.frame("SetFrameDistance", settings, libjxl.distance(options.quality or QUALITY))
    if moves:
        header = libjxl.FrameHeader()
        libjxl.library().JxlEncoderInitFrameHeader(byref(header))
        header.duration, header.save_as_reference, header.blend_source = max(patch.duration, 1), _SLOT, _SLOT
        if (width, height) != whole:
            header.have_crop, header.x, header.y, header.width, header.height = 1, patch.x, patch.y, width, height
        encoder.frame("SetFrameHeader", settings, byref(header))
        if channels == 4:
            blend = libjxl.BlendInfo(0, _SLOT, 0, 0)
            encoder.frame("SetExtraChannelBlendInfo", settings, c_size_t(0), byref(blend))
    pixels = swapped(patch.pixels)
    kind = libjxl.PixelFormat(channels, libjxl.UINT8 if pixels.itemsize == 1 else libjxl.UINT16, 0, 0)
    encoder.frame("AddImageFrame", settings, byref(kind), c_void_p(pixels.ctypes.data), c_size_t(pixels.nbytes))


def _effort(options: EncodeOptions, channels: int = 3) -> int:
    if options.effort is not None:
        return 1 + round(options.effort * 0.6)
    return _LOSSLESS_EFFORT if options.lossless else _ALPHA_EFFORT if channels == _BGRA else _EFFORT


_BY_EFFORT = {1: 44.0, 2: 44.0, 3: 44.0, 4: 69.0, 5: 282.0, 6: 390.0, 7: 470.0}
_LOSSLESS_BY_EFFORT = {1: 12.0, 2: 150.0, 3: 150.0, 4: 700.0, 5: 1200.0, 6: 1800.0, 7: 3000.0}
_ALPHA_FROM, _BGRA = 4, 4
"""The effort from which libjxl looks for patterns in what it does not lose, as in alpha."""


_HALVES = 4
"""Up to this quality libjxl codes half the size, which it makes in many passes; a search for a size tries it too."""


def writing(options: EncodeOptions) -> Cost:
    """What a frame costs."""
    effort = _effort(options)
    if options.lossless:
        return Cost(pixel=_LOSSLESS_BY_EFFORT[effort], fixed=2500, grey=0.5, flat=0.6)
    quality = options.quality or QUALITY
    pixel = _BY_EFFORT[effort] * (0.85 + 0.35 * (quality / 100) ** 4)
    pixel *= 5 if quality <= _HALVES else 1.5 if options.max_bytes else 1
    return Cost(
        pixel=pixel,
        alpha=120.0 if options.effort is not None and effort >= _ALPHA_FROM else 35.0,
        fixed=1200,
        grey=0.85,
        flat=0.65,
    )


_REPEATS_FROM = 5
"""The least effort of libjxl at which flat pictures without loss take five times the memory: what was drawn, not
photographs."""
PART, REST = 2048 * 2048, 3.6
"""Larger pictures are encoded by parts of so many pixels: what is held of one, and bytes a byte of all others."""


def write_memory(options: EncodeOptions, channels: int) -> float:
    """The peak of encoding a part, in bytes a byte of it."""
    if _effort(options) == 1 and options.lossless:
        return 3.0
    if options.lossless and _effort(options) >= _REPEATS_FROM:
        return 140.0 if channels == 1 else 48.0
    if channels == 1:
        return 22.0 if options.lossless else 36.0
    return 18.5 if _effort(options) > _ALPHA_FROM else 13.5

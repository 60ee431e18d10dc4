"""Pictures to bytes."""

from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from typing import Any

import cv2
import msgspec
import numpy as np

from core.codecs import cicp, exif, icc, rights
from core.codecs.base import Codec, Colours, EncodeJob, EncodeOptions
from core.codecs.registry import writer_of
from core.cost import Estimate
from core.detail import PHOTOGRAPH, Detail
from core.errors import CannotFitError, SideTooLongError
from core.imaging.alpha import emptied, filled, flattened, opaque
from core.limits import Deadline
from core.picture import Origin, Picture, Pixels, Size

_DEFAULTS = EncodeOptions()


def encode(
    frames: Iterable[Picture],
    format: str,  # noqa: A002 - the name that callers know
    options: EncodeOptions = _DEFAULTS,
    *,
    deadline: Deadline | None = None,
) -> bytes:
    """The frames as a file: animated if there are several and the format can be, else only the first.

    `frames` holds at least one and is read lazily. `png` is always still, `apng` may be animated.
    Errors: unknown_format, bad_size (400), cannot_fit (422), deadline_exceeded (504).
    """
    codec = writer_of(format)
    pictures = iter(frames)
    first = next(pictures)
    rest = pictures if codec.format.animates else ()
    job = _job(first, options, deadline)
    made = (_prepared(picture, codec, job) for picture in chain((first,), rest))
    if options.max_bytes is None:
        return _encode(codec, made, job)
    return _fit_into(codec, list(made), job, options.max_bytes)


_SEARCH = 8
"""How often a search for the quality that fits `max_bytes` encodes at most."""
_DEEPER = 5.0
"""Further bytes a sample that 16 bits take while they are ordered and packed."""
_FILL, _EMPTY, _FLATTEN = 38.0, 2.0, 16.0
"""Nanoseconds a pixel that it takes to fill what is transparent, to empty it, and to lay it on a background."""


def encoding(
    format: str,  # noqa: A002 - as `encode` names it
    size: Size,
    channels: int,
    options: EncodeOptions = _DEFAULTS,
    *,
    frames: int = 1,
    detail: Detail = PHOTOGRAPH,
) -> Estimate:
    """What encoding frames costs: `work`, and `memory` at its peak beside the frame itself.

    Errors: unknown_format (400).
    """
    codec, pixels = writer_of(format), size.pixels
    searches = options.max_bytes is not None and codec.lossy(options)
    held = channels if codec.format.alpha else min(channels, 3)
    met = detail.lossy if codec.lossy(options) else detail.exact
    frame = codec.writing(options).seconds(pixels, held, made=pixels, detail=met) * (_SEARCH if searches else 1)
    if channels == 4:
        way = _FLATTEN if not codec.format.alpha else _FILL if codec.lossy(options) else _EMPTY
        frame += way * pixels * 1e-9
    of_one = (codec.moving_memory if frames > 1 else None) or codec.write_memory
    part = min(pixels, codec.write_part)
    memory = (of_one(options, held) * part + codec.write_rest * (pixels - part)) * held
    memory += (channels == 4) * pixels * held
    if writes_deep(options, format):
        frame, memory = 2 * frame, 2 * memory + _DEEPER * pixels * held
    kept = options.max_bytes is not None or (frames > 1 and codec.holds(options))  # for the next try, or until the end
    waiting = frames if kept else 0
    return Estimate(work=frame * frames, memory=int(memory + waiting * pixels * held))


def _job(first: Picture, options: EncodeOptions, deadline: Deadline | None) -> EncodeJob:
    profile = _profile(first, options)
    return EncodeJob(
        options=options,
        exif=_exif(first, options.keep, is_srgb=profile is None or icc.changes_nothing(profile)),
        icc=profile,
        loop=first.origin.loop,
        deadline=deadline,
    )


def _exif(picture: Picture, keep: Collection[str], *, is_srgb: bool) -> bytes | None:
    """What is kept of EXIF; who made the picture and whose it is may stand elsewhere in the file."""
    found = exif.rewritten(picture.origin.exif, picture.size, keep, is_srgb=is_srgb)
    if "copyright" not in keep:
        return found
    return exif.with_rights(found, *rights.of(picture.origin.xmp, picture.origin.iptc))


def _profile(picture: Picture, options: EncodeOptions) -> bytes | None:
    """The profile that is asked for, or the pixels' own.

    None where they have become something that their own does not describe: colour over a grey one.
    """
    if options.colours != "keep" and picture.pixels.dtype == np.uint8:
        return cicp.named(options.colours) if options.profile else None
    profile = picture.origin.icc
    return profile if icc.channels(profile) in {1, 3} and icc.holds(profile or b"", picture.pixels) else None


def _prepared(picture: Picture, codec: Codec, job: EncodeJob) -> Picture:
    """The picture as the format can hold it: not too large, flat where it has no alpha, no colour under alpha 0."""
    if max(picture.size) > codec.format.side:
        detail = f"{codec.format.name.upper()} allows at most {codec.format.side} pixels a side."
        raise SideTooLongError(detail, parameter="format", got=max(picture.size))
    pixels = picture.pixels
    if pixels.dtype == np.uint16:
        pixels = _without_hidden_of_16(pixels, lossy=codec.lossy(job.options))
    elif not codec.format.alpha:
        pixels = flattened(pixels, job.options.background.bgr)
    elif not opaque(pixels):
        pixels = _without_hidden(pixels, lossy=codec.lossy(job.options))
    if job.icc and icc.channels(job.icc) == 3 and pixels.shape[2] == 1:
        # Grey under a colour profile: its curve only means something for three channels, and WebP holds no grey.
        pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
    if writes_deep(job.options, codec.format.name) and pixels.dtype == np.uint8:
        pixels = pixels.astype(np.uint16) * np.uint16(257)
    return msgspec.structs.replace(picture, pixels=np.ascontiguousarray(pixels))


def writes_deep(options: EncodeOptions, format: str) -> bool:  # noqa: A002
    """Whether a result has more than eight bits: it is asked for, and the format can."""
    return int(options.depth) in writer_of(format).format.depths


def colours_for(options: EncodeOptions, format: str, origin: Origin, *, own: bool) -> Colours:  # noqa: A002
    """The space to decode to. The source's own is only for a result that carries its profile.

    `own` says that the result is to be in it, unless the options name another.
    """
    own = own or "icc" in options.canonical().keep
    carried = icc.fits(origin.icc, grey=writer_of(format).format.grey)
    if own and carried and options.profile in {None, "keep"}:
        return "keep"
    return "srgb" if options.colours == "keep" else options.colours


def _without_hidden_of_16(pixels: Any, *, lossy: bool) -> Any:
    """Nothing of what was under alpha 0: 0, or as `_without_hidden` says."""
    if pixels.shape[2] < 4:
        return pixels
    seen = pixels[:, :, 3:] > 0
    if not lossy or seen.all():
        return pixels * seen
    coarse = (pixels >> 8).astype(np.uint8)
    coarse[:, :, 3] = np.where(seen[:, :, 0], 255, 0)
    colours = np.where(seen, pixels[:, :, :3], filled(coarse).astype(np.uint16) * np.uint16(257))
    return np.concatenate([colours, pixels[:, :, 3:]], axis=2)


def _without_hidden(pixels: Pixels, *, lossy: bool) -> Pixels:
    """Nothing of what was under alpha 0: 0, or for an encoder that mixes neighbours, a fill from visible pixels.

    Black would darken the visible pixels at its edge, most if colour is stored at a quarter of the resolution.
    """
    return cv2.merge([filled(pixels), pixels[:, :, 3]]) if lossy else emptied(pixels)


def _encode(codec: Codec, pictures: Iterator[Picture], job: EncodeJob) -> bytes:
    job.check("encode")
    if codec.encode is None:
        raise NotImplementedError(codec.format.name)
    return codec.encode(pictures, job)


def _fit_into(codec: Codec, pictures: list[Picture], job: EncodeJob, most: int) -> bytes:
    """The best quality, up to the requested one, that fits into this many bytes; found by bisection."""
    data = _encode(codec, iter(pictures), job)
    if len(data) <= most:
        return data
    name = codec.format.name.upper()
    if not codec.lossy(job.options):
        raise CannotFitError(_no_quality(name, len(data), most), parameter="max_bytes", got=most, smallest=len(data))
    low, high = 1, (job.options.quality or codec.quality) - 1
    smallest, best = len(data), None
    while low <= high:
        middle = (low + high) // 2
        tried = _encode(codec, iter(pictures), _with_quality(job, middle))
        smallest = min(smallest, len(tried))
        if len(tried) <= most:
            best, low = tried, middle + 1
        else:
            high = middle - 1
    if best is None:
        detail = f"{name} takes {smallest} bytes at its lowest quality, more than {most}: make the picture smaller."
        raise CannotFitError(detail, parameter="max_bytes", got=most, smallest=smallest)
    return best


def _no_quality(name: str, length: int, most: int) -> str:
    return f"Lossless {name} has no quality to lower and takes {length} bytes, more than {most}: use WebP or JPEG."


def _with_quality(job: EncodeJob, quality: int) -> EncodeJob:
    return job._replace(options=msgspec.structs.replace(job.options, quality=quality))

"""Colour profiles: to sRGB or Display P3 at decode, or carried over. Source: ICC.1:2022. LittleCMS converts."""

import hashlib
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Concatenate, Literal, ParamSpec, TypeVar

import cv2
import numpy as np

from core.codecs import cicp
from core.picture import Pixels

MAX_BYTES = 4 * 1024 * 1024
"""A longer profile is ignored; those of printers have 2 MB."""

Space = Literal["srgb", "p3"]
Made = TypeVar("Made")
More = ParamSpec("More")
_SPACES = {b"GRAY": 1, b"RGB ": 3, b"CMYK": 4}
_UNSEEN = 2
"""A profile that moves no colour of a lattice by more than this many levels is treated as sRGB."""

_BAND = 1 << 20


def _kept(most: int) -> Callable[[Callable[Concatenate[bytes, More], Made]], Callable[Concatenate[bytes, More], Made]]:
    """Keep what was made of the last profiles. A profile is known by its checksum: strangers send them, MBs long."""

    def keeping(make: Callable[Concatenate[bytes, More], Made]) -> Callable[Concatenate[bytes, More], Made]:
        known: dict[object, Made] = {}

        def kept(profile: bytes, /, *args: More.args, **kwargs: More.kwargs) -> Made:
            key = (hashlib.sha256(profile).digest(), args, *kwargs.items())
            with suppress(KeyError):  # which another thread may just have cleared
                return known[key]
            made = make(profile, *args, **kwargs)
            if len(known) >= most:
                known.clear()
            known[key] = made
            return made

        return kept

    return keeping


def channels(profile: bytes | None) -> int:
    """How many channels the profile describes: 1, 3 or 4; 0 for any other, or none."""
    if not profile or not 128 <= len(profile) <= MAX_BYTES or profile[36:40] != b"acsp":
        return 0
    return _SPACES.get(profile[16:20], 0)


def profile_of(segments: list[bytes]) -> bytes | None:
    """A JPEG's profile of its segments, if there is one of each number; in doubt there is none (ICC.1:2022, B.4)."""
    if any(len(payload) <= 14 or payload[13] != len(segments) for payload in segments):
        return None
    found = {payload[12]: payload[14:] for payload in segments}
    whole = range(1, len(segments) + 1)
    return b"".join(found[number] for number in whole) or None if found.keys() == set(whole) else None


def to_srgb(pixels: Pixels, profile: bytes | None) -> Pixels:
    """The pixels in sRGB."""
    return converted(pixels, profile, "srgb")


def converted(pixels: Pixels, profile: bytes | None, space: Space) -> Pixels:
    """Grey, BGR or BGRA pixels converted in place; alpha stays. What has no usable profile is sRGB.

    Grey is the same in both spaces.
    """
    if channels(profile) == 1:
        table = _grey_table(profile or b"")
        return pixels if table is None else _through(pixels, table)
    if pixels.shape[2] < 3 or not converts(profile, space):
        return pixels
    convert = _converter(_usable(profile), "RGBX", space)
    if convert is None:
        return pixels
    pixels = pixels if pixels.flags.writeable else pixels.copy()
    order = cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGBA
    for part in _bands(pixels):
        part[:, :, :3] = convert(cv2.cvtColor(part, order))
    return pixels


def converts(profile: bytes | None, space: Space) -> bool:
    """Whether colours of the profile are others in the space."""
    if channels(profile) in {1, 4}:
        return True
    return not _is_space(_usable(profile), space) if space == "p3" else profile is not None and not is_srgb(profile)


def _usable(profile: bytes | None) -> bytes:
    """The profile, or sRGB's where LittleCMS can do nothing with it."""
    usable = channels(profile) == 3 and _converter(profile or b"", "RGBX", "srgb") is not None
    return (profile if usable else cicp.named("srgb")) or b""


def fits(profile: bytes | None, *, grey: bool) -> bool:
    """Whether there is a profile that a format may carry, which holds grey or does not."""
    return profile is not None and (grey or channels(profile) != 1)


def changes_nothing(profile: bytes) -> bool:
    """Whether pixels under the profile are those of sRGB, as far as can be seen."""
    kind = channels(profile)
    return _grey_table(profile) is None if kind == 1 else kind == 3 and is_srgb(profile)


def holds(profile: bytes, pixels: Pixels) -> bool:
    """Whether a file of these pixels may carry the profile: one of grey describes one channel, no alpha beside it."""
    return channels(profile) != 1 or pixels.shape[2] == 1


def _through(pixels: Pixels, table: Pixels) -> Pixels:
    """Grey replaced by `table[grey]`, in one channel or, with alpha, in the three that are alike."""
    columns = [table.ravel()] * min(pixels.shape[2], 3) + [np.arange(256, dtype=np.uint8)] * (pixels.shape[2] == 4)
    return cv2.LUT(pixels, np.stack(columns, axis=1)[None]).reshape(pixels.shape)


def from_cmyk(light: Pixels, profile: bytes | None, space: Space = "srgb") -> Pixels:
    """BGR from C, M, Y, K given as light (255 is no ink); without a profile each ink absorbs its share."""
    convert = _converter(profile or b"", "CMYK", space) if channels(profile) == 4 else None
    result = np.empty((*light.shape[:2], 3), np.uint8)
    for part, out in zip(_bands(light), _bands(result, light.shape[1] * 4), strict=True):
        if convert is not None:
            out[:] = convert(255 - part)
        else:
            out[:] = cv2.multiply(part[:, :, 2::-1], cv2.merge([part[:, :, 3]] * 3), scale=1 / 255)
    return result if convert is not None else converted(result, None, space)


def _bands(pixels: Pixels, row_bytes: int = 0) -> list[Pixels]:
    rows = max(1, _BAND // (row_bytes or pixels.shape[1] * pixels.shape[2]))
    return [pixels[top : top + rows] for top in range(0, pixels.shape[0], rows)]


@_kept(8)
def _converter(profile: bytes, mode: str, space: Space) -> Callable[[Pixels], Pixels] | None:
    """A function from pixels of a mode to BGR of a space, or None where LittleCMS cannot use the profile.

    Colours go through Pillow as RGBX, four bytes a pixel, because it keeps them so: three would be copied each way.
    """
    from io import BytesIO

    from PIL import Image, ImageCms

    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        target = ImageCms.createProfile("sRGB")
        if space == "p3":
            target = ImageCms.ImageCmsProfile(BytesIO(cicp.named("p3") or b"")).profile
        transform = ImageCms.buildTransform(source, target, mode, "RGBX")
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return None

    def convert(pixels: Pixels) -> Pixels:
        height, width = pixels.shape[:2]
        image = Image.frombuffer(mode, (width, height), np.ascontiguousarray(pixels), "raw", mode, 0, 1)
        return cv2.cvtColor(np.asarray(transform.apply(image)), cv2.COLOR_RGBA2BGR)

    return convert


def is_srgb(profile: bytes) -> bool:
    """Whether an RGB profile changes no colour visibly, or cannot be used."""
    return _is_space(profile, "srgb")


@_kept(32)
def _is_space(profile: bytes, space: Space) -> bool:
    convert = _converter(profile, "RGBX", space)
    steps = np.linspace(0, 255, 9).astype(np.uint8)
    lattice = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(27, 27, 3)
    if convert is None:
        return True
    return cv2.norm(convert(cv2.cvtColor(lattice, cv2.COLOR_BGR2RGBA)), lattice, cv2.NORM_INF) <= _UNSEEN


@_kept(8)
def _grey_table(profile: bytes) -> Pixels | None:
    """256 values, or None if they change nothing visibly.

    The curve goes as one of colours: of grey profiles LittleCMS samples it coarsely, up to 75 levels off in the darks.
    """
    curve = _tag(profile, b"kTRC")
    convert = _converter(cicp.with_curve(curve), "RGBX", "srgb") if curve else None
    ramp = np.arange(256, dtype=np.uint8).reshape(1, 256)
    if convert is None:
        return None
    table: Pixels = np.ascontiguousarray(convert(cv2.merge([ramp] * 4))[:, :, 1])
    return None if int(np.abs(table.astype(int) - ramp).max()) <= _UNSEEN else table


_MOST_TAGS = 100


def _tag(profile: bytes, name: bytes) -> bytes:
    """The content of a tag; empty where it has none."""
    (count,) = struct.unpack_from(">I", profile, 128) if len(profile) >= 132 else (0,)
    for place in range(132, min(132 + 12 * min(count, _MOST_TAGS), len(profile) - 11), 12):
        if profile[place : place + 4] == name:
            start, length = struct.unpack_from(">II", profile, place + 4)
            return profile[start : start + length]
    return b""

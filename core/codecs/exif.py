"""EXIF: what it says, and a copy that is safe to publish. Source: EXIF 2.32 (CIPA DC-008-2019)."""

import math
import re
from collections.abc import Collection
from typing import Any

from core.codecs import ifd
from core.codecs.exif_names import GPS, IMAGE, PHOTO
from core.codecs.ifd import IfdEntry
from core.picture import Size

_PHOTO, _GPS = 0x8769, 0x8825
_GROUPS = {0: IMAGE, _PHOTO: PHOTO, _GPS: GPS}
_ORIENTATION, _WIDTH, _HEIGHT, _PHOTO_WIDTH, _PHOTO_HEIGHT = 0x0112, 0x0100, 0x0101, 0xA002, 0xA003
_COPYRIGHT, _ARTIST = 0x8298, 0x013B
_COLOR_SPACE, _SRGB, _UNCALIBRATED = 0xA001, 1, 0xFFFF
_LONGEST = 2048
"""A value longer than this is no camera setting; together they must fit into one JPEG segment."""

_UNDEFINED, _TEXT = 7, 2
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")


def without_prefix(exif: bytes | None) -> bytes | None:
    """The TIFF structure without the prefix that JPEG and some others put before it; None where there is none."""
    if exif and exif.startswith(b"Exif\0"):
        exif = exif[6:]
    return exif if exif and ifd.byte_order(exif) else None


def orientation(exif: bytes | None) -> int:
    """1 to 8; 1 where it is missing or nonsense."""
    found = ifd.first_number(ifd.first_directory(exif), _ORIENTATION, 1) if exif else 1
    return found if 1 <= found <= 8 else 1


def tags(exif: bytes) -> dict[str, Any]:
    """Named tags, ready for JSON: text, numbers or lists; positions as decimal degrees, altitude in metres."""
    found: dict[str, Any] = {}
    for pointer, entries in groups(exif).items():
        for tag, entry in entries.items():
            shown = _json_value(entry)
            if shown is not None:
                found[_GROUPS[pointer][tag]] = shown
    return _with_position(found)


def copied(exif: bytes) -> bytes:
    """The named tags alone, in a structure of their own."""
    return ifd.write_ifd(groups(exif), ifd.byte_order(exif) or "<")


_RIGHTS = {0: {_COPYRIGHT, _ARTIST}}
_TRACES = {_PHOTO: {0xA431, 0xA435}}
"""The serial numbers of body and lens: they tell whose camera it was."""


_STALE = {_PHOTO: {0x9102, 0x9214, 0xA214, 0xA500}}
"""What is said of the source's own file and pixels: its compression, places in it, and the gamma of its samples."""


def rewritten(
    exif: bytes | None, size: Size, keep: Collection[str] = ("exif",), *, is_srgb: bool = True
) -> bytes | None:
    """A copy for a picture of this size, upright: named tags only, so no thumbnail, maker note or preview.

    `keep` adds up: `exif` is all but the place and serial numbers, `gps` these, `copyright` its holder and the artist;
    `is_srgb` says what the colours have become. None where nothing is left.
    """
    order = ifd.byte_order(exif) if exif else None
    if not exif or not order:
        return None
    found = _kept(groups(exif), keep)
    if not any(found.values()):
        return None
    if "exif" in keep:
        _describe(found, size, order, is_srgb=is_srgb)
    return ifd.write_ifd(found, order)


def with_rights(exif: bytes | None, copyright: str, artist: str) -> bytes | None:  # noqa: A002
    """The structure with holder and artist where it names none; a structure of its own where there is none."""
    order = (ifd.byte_order(exif) if exif else None) or "<"
    found = groups(exif) if exif else {0: {}}
    for tag, text in ((_COPYRIGHT, copyright), (_ARTIST, artist)):
        raw = text.replace("\0", " ").encode()[: _LONGEST - 1].decode("utf-8", "ignore").encode() + b"\0"
        if text and not (tag in found[0] and found[0][tag].text()):
            found[0][tag] = IfdEntry(_TEXT, len(raw), raw, order)
    return ifd.write_ifd(found, order) if any(found.values()) else None


def _kept(found: dict[int, dict[int, IfdEntry]], keep: Collection[str]) -> dict[int, dict[int, IfdEntry]]:
    """The tags that any of the words keeps."""

    def wanted(pointer: int, tag: int) -> bool:
        private = pointer == _GPS or tag in _TRACES.get(pointer, ())
        word = "gps" if private else "exif"
        if tag in _STALE.get(pointer, ()):
            return False
        return word in keep or ("copyright" in keep and tag in _RIGHTS.get(pointer, ()))

    kept = {p: {tag: _ended(tag, e) for tag, e in entries.items() if wanted(p, tag)} for p, entries in found.items()}
    return {pointer: entries for pointer, entries in kept.items() if entries or not pointer}


def _ended(tag: int, entry: IfdEntry) -> IfdEntry:
    """A text up to the NUL that ends it: what an editor wrote over may go on behind it. Copyright is of two holders."""
    if entry.kind != _TEXT:
        return entry
    texts = bytes(entry.raw).split(b"\0")[: 2 if tag == _COPYRIGHT else 1]
    raw = b"\0".join(texts).rstrip(b"\0") + b"\0"
    return entry._replace(number=len(raw), raw=raw)


def _describe(found: dict[int, dict[int, IfdEntry]], size: Size, order: str, *, is_srgb: bool) -> None:
    """Say that it is upright, and how large it is and in which colours, where it said so before."""
    if _COLOR_SPACE in found.get(_PHOTO, {}):
        found[_PHOTO][_COLOR_SPACE] = ifd.value(order, ifd.SHORT, _SRGB if is_srgb else _UNCALIBRATED)
    found[0][_ORIENTATION] = ifd.value(order, ifd.SHORT, 1)
    for tag, group, length in (
        (_WIDTH, 0, size.width),
        (_HEIGHT, 0, size.height),
        (_PHOTO_WIDTH, _PHOTO, size.width),
        (_PHOTO_HEIGHT, _PHOTO, size.height),
    ):
        if tag in found.get(group, {}):
            found[group][tag] = ifd.value(order, ifd.LONG, length)


def groups(exif: bytes) -> dict[int, dict[int, IfdEntry]]:
    """The named entries of the three directories; missing ones are left out, the first is always there."""
    order = ifd.byte_order(exif)
    if not order:
        return {0: {}}
    main = ifd.first_directory(exif)
    found = {0: _named(main, IMAGE)}
    for pointer in (_PHOTO, _GPS):
        if pointer in main:
            found[pointer] = _named(
                ifd.directory(exif, ifd.first_number(main, pointer, len(exif)), order), _GROUPS[pointer]
            )
    return {pointer: entries for pointer, entries in found.items() if entries or not pointer}


def _named(entries: dict[int, IfdEntry], names: dict[int, str]) -> dict[int, IfdEntry]:
    return {tag: entry for tag, entry in entries.items() if tag in names and len(entry.raw) <= _LONGEST}


def _json_value(entry: IfdEntry) -> str | float | list[float] | None:
    if entry.kind in (_TEXT, _UNDEFINED):
        text = _CONTROLS.sub(" ", entry.text()).strip()
        return text if text and text.isprintable() else None
    numbers = [_json_number(number) for number in entry.numbers() if math.isfinite(number)]
    if len(numbers) != entry.number:
        return None
    return numbers[0] if len(numbers) == 1 else numbers


def _json_number(number: float) -> float:
    return int(number) if float(number).is_integer() else round(number, 8)


def _with_position(found: dict[str, Any]) -> dict[str, Any]:
    for name, negative in (("GPSLatitude", "S"), ("GPSLongitude", "W")):
        degrees = _degrees(found.get(name))
        reference = found.pop(name + "Ref", "")
        found.pop(name, None)
        if degrees is not None:
            found[name] = -degrees if str(reference).upper().startswith(negative) else degrees
    below = found.pop("GPSAltitudeRef", 0) == 1
    if below and isinstance(found.get("GPSAltitude"), int | float):
        found["GPSAltitude"] = -found["GPSAltitude"]
    return found


def _degrees(parts: Any) -> float | None:
    """Degrees, minutes and seconds as one number, seven decimals (1 cm)."""
    if not isinstance(parts, list) or not 1 <= len(parts) <= 3:
        return None
    degrees = sum(part / 60**place for place, part in enumerate(parts))
    return round(degrees, 7) if 0 <= degrees <= 180 else None

"""Where the subject of a picture is, by what was found in it, and boxes around it."""

import math
from collections.abc import Sequence

from core.errors import NothingFoundError
from core.findings.findings import Object
from core.imaging.attention import most_salient
from core.imaging.geometry import Box
from core.language.values import Aspect
from core.picture import Picture, Size

_ROUNDING = 1e-6
"""Pixels by which a bound may pass an edge without touching the pixel behind it."""
Bounds = tuple[float, float, float, float]
"""Left, top, right and bottom, pixels."""


def around(objects: Sequence[Object], size: Size) -> Bounds:
    """The bounds of all objects together, inside the picture."""
    lefts, tops, rights, bottoms = zip(*(seen.region.clipped(*size) for seen in objects), strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def largest(objects: Sequence[Object], size: Size) -> Object:
    """The object that takes most of the picture; of equal ones that with the best score."""
    return max(objects, key=lambda seen: (_area(seen.region.clipped(*size)), seen.score))


def _area(bounds: Bounds) -> float:
    left, top, right, bottom = bounds
    return (right - left) * (bottom - top)


def nothing_found(step: str, what: str) -> NothingFoundError:
    """The error of a step with missing=error that found nothing."""
    return NothingFoundError(f'"{step}" has missing=error, and {what} was found.', parameter=step)


def keep_inside(bounds: Bounds, size: Size, margin: float, aspect: Aspect | None) -> Box:
    """The box of whole pixels that holds all of `bounds` and a margin (a share of its sides), inside the picture.

    With an aspect the shorter side grows to it; where the picture is too small for that, the box is as large as can be.
    """
    left, top, right, bottom = bounds
    across, down = margin * (right - left), margin * (bottom - top)
    left, right = _outward(left - across, right + across)
    top, bottom = _outward(top - down, bottom + down)
    wide, high = right - left, bottom - top
    if aspect:
        wide, high = max(wide, high * aspect.ratio), max(high, wide / aspect.ratio)
        fits = min(1.0, size.width / wide, size.height / high)
        wide, high = wide * fits, high * fits
    inner = Size(_whole(wide, size.width), _whole(high, size.height))
    return centred(((left + right) / 2, (top + bottom) / 2), inner, size)


def _outward(start: float, end: float) -> tuple[float, float]:
    """The edges of the whole pixels that an interval touches, one at the least."""
    first = math.floor(start + _ROUNDING)
    return first, max(math.ceil(end - _ROUNDING), first + 1)


def _whole(length: float, most: int) -> int:
    return min(max(1, round(length)), most)


def centred(point: tuple[float, float], inner: Size, size: Size) -> Box:
    """The box of a size with a point in its middle, moved as little as needed to lie in the picture."""
    left, top = (round(place - side / 2) for place, side in zip(point, inner, strict=True))
    return Box(min(max(left, 0), size.width - inner.width), min(max(top, 0), size.height - inner.height), *inner)


def on_subject(picture: Picture, inner: Size, objects: Sequence[Object]) -> Box:
    """The box of a size with all objects in its middle; with the largest, where they do not fit; by attention without.

    What draws attention is told by `core.imaging.attention`.
    """
    if not objects:
        return most_salient(picture.pixels, inner)
    left, top, right, bottom = around(objects, picture.size)
    if right - left > inner.width or bottom - top > inner.height:
        left, top, right, bottom = largest(objects, picture.size).region.clipped(*picture.size)
    return centred(((left + right) / 2, (top + bottom) / 2), inner, picture.size)

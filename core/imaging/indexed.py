"""Pictures as indices into at most 256 colours, alpha included: exact where they have no more, else the nearest."""

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from core.imaging import clusters
from core.imaging.palette import distinct, sample
from core.imaging.pixels import by_placed_rows
from core.imaging.screens import blue_noise
from core.picture import Pixels

Numbers = NDArray[np.float32]
"""Rows of blue × alpha, green × alpha, red × alpha, and alpha, each 0 to 255: what is compared."""

MOST = 256
SAMPLES = 8192
"""Pixels that are clustered: half of what `quantize` takes, as several numbers of colours may be tried."""
_SETTLES = 0.8
"""The least that is left of the error of halves when they have settled."""
_SAMPLED = (4096, 65536)
_MIXERS = (2654435761, 2246822519, 3266489917, 668265263, 374761393, 2869860233, 3624381081, 961748927)
"""Odd numbers that spread colours over 65,536 keys; one of them gives 256 colours keys of their own."""
_BITS = {1: 8, 3: 6, 4: 5}
"""Bits of each channel by which pixels share a cell, whose colour stands for them."""
_PARTNERS = 6
"""Nearest colours that are tried as the second of a mixture."""
_ROUGHNESS = 0.1
"""How much a mixture of distant colours is shunned, beside how far it is off."""


class _Seen(NamedTuple):
    """Some of the visible pixels, as they stand for their cells too, their colours, and whether any are transparent."""

    samples: Numbers
    cells: Numbers
    distinct: Numbers
    hidden: bool


class Indexed(NamedTuple):
    """Indices, H×W, and the colours BGRA that they stand for, those with alpha first."""

    indices: Pixels
    colors: Pixels


def exact(pixels: Pixels) -> Indexed | None:
    """BGR or BGRA with a palette of its own colours; None where there are more than 256."""
    whole = cv2.cvtColor(pixels, cv2.COLOR_BGR2BGRA) if pixels.shape[2] == 3 else np.ascontiguousarray(pixels)
    values = whole.view("<u4").ravel()
    for sampled in _SAMPLED:
        if len(np.unique(values[:: max(1, len(values) // sampled)])) > MOST:
            return None
    for mixer in _MIXERS:
        keys = (values * np.uint32(mixer) >> np.uint32(16)).astype(np.uint16)
        of_keys = np.zeros(1 << 16, np.uint32)
        of_keys[keys] = values
        seen = np.zeros(1 << 16, np.uint8)
        seen[keys] = 1
        found = np.flatnonzero(seen)
        if len(found) > MOST:
            return None
        colors = of_keys[found]
        order = np.lexsort((colors, colors >> np.uint32(24)))
        seen[found[order]] = np.arange(len(found))
        if np.array_equal(of_keys[keys], values):  # else two colours have one key
            return Indexed(seen[keys].reshape(pixels.shape[:2]), colors[order].view(np.uint8).reshape(-1, 4))
    return None


def with_colors(pixels: Pixels, count: int, *, dither: bool) -> Indexed:
    """Grey, BGR or BGRA in at most `count` colours, by k-means over about 8 thousand of its pixels with a fixed seed.

    With `dither` each pixel is one of two colours whose mixture is nearest, by blue noise.
    """
    return _mapped(pixels, _chosen(_seen(pixels), count), dither=dither)


def within_error(pixels: Pixels, error: float, most: int, *, dither: bool) -> Indexed | None:
    """The fewest colours, a power of two and at most `most`, within this error: levels, root of the mean square.

    None where `most` do not hold it. A dithered picture may be further off, and look nearer.
    """
    seen = _seen(pixels)
    for count in _promising(seen, error, most, pixels.shape[2]):
        tried = _chosen(seen, count)
        if _error(seen, tried, pixels.shape[2]) <= error:
            return _mapped(pixels, tried, dither=dither)
    return None


def _promising(seen: _Seen, error: float, most: int, channels: int) -> Iterator[int]:
    """Powers of two up to `most`, the least first, without those that are too few by far: halving tells them."""
    enough = (error / _SETTLES) ** 2 * len(seen.samples) * max(channels, 3)
    left = clusters.halved(seen.samples, most, enough).left if len(seen.samples) else [0.0]
    least = len(left) + seen.hidden
    if left[-1] <= enough or left[-1] <= 0:
        yield from (1 << power for power in range(1, (most - 1).bit_length()) if 1 << power >= least)
        yield most


def _seen(pixels: Pixels) -> _Seen:
    rows = sample(pixels, SAMPLES)
    channels = pixels.shape[2]
    rows = rows[rows[:, 3] > 0] if channels == 4 else rows
    samples, most = _comparable(rows), (1 << _BITS[channels]) - 1
    cells = _comparable((rows >> (8 - _BITS[channels])) * (255 / most))
    return _Seen(samples, cells, _comparable(distinct(rows)[0]), channels == 4 and not bool(pixels[:, :, 3].all()))


def _comparable(rows: NDArray[np.generic]) -> Numbers:
    numbers = rows.astype(np.float32)
    alpha = numbers[:, 3:] if rows.shape[1] == 4 else np.full((len(rows), 1), 255, np.float32)
    color = np.repeat(numbers, 3, axis=1) if rows.shape[1] == 1 else numbers[:, :3]
    return np.hstack([color * (alpha / 255), alpha])


def _chosen(seen: _Seen, count: int) -> Pixels:
    """Colours as BGRA, those with alpha first; one is for what is transparent, if anything is."""
    nothing = np.zeros((int(seen.hidden or not len(seen.samples)), 4), np.uint8)
    wanted = count - len(nothing)
    centres = seen.distinct if len(seen.distinct) <= wanted else clusters.clustered(seen.samples, wanted).centres
    alpha = np.rint(centres[:, 3:]).clip(1, 255)
    straight = np.rint(centres[:, :3] * 255 / alpha).clip(0, 255)
    colors = np.unique(np.vstack([nothing, np.hstack([straight, alpha]).astype(np.uint8)]), axis=0)
    return np.ascontiguousarray(colors[np.argsort(colors[:, 3], kind="stable")])


def _error(seen: _Seen, colors: Pixels, channels: int) -> float:
    if not len(seen.samples):
        return 0.0
    shown = _comparable(colors)
    off = seen.samples - shown[clusters.closest(seen.cells, shown)]
    return float(np.sqrt((off**2).sum(axis=1).mean() / max(channels, 3)))


def _distances(some: Numbers, others: Numbers) -> Numbers:
    """Squares of the distances of each to each."""
    return (some**2).sum(axis=1)[:, None] + (others**2).sum(axis=1) - 2 * some @ others.T


class _Cells(NamedTuple):
    """For each cell of the colours: the nearest colour, another, and how many of 255 pixels have that one."""

    first: Pixels
    second: Pixels
    share: Pixels


def _mapped(pixels: Pixels, colors: Pixels, *, dither: bool) -> Indexed:
    cells = _cells(pixels, _comparable(colors), dither=dither)
    noise = (blue_noise() * 255).astype(np.uint8) if dither else np.zeros((1, 1), np.uint8)
    side = len(noise)
    wide = np.tile(noise, (1, -(-pixels.shape[1] // side)))[:, : pixels.shape[1]]

    def indices(part: Pixels, top: int) -> Pixels:
        keys = _keys(part)
        if not dither:
            return cells.first[keys]
        mixed = wide[np.arange(top, top + len(part)) % side] < cells.share[keys]
        return np.where(mixed, cells.second[keys], cells.first[keys])

    return Indexed(by_placed_rows(pixels, indices), colors)


def _keys(pixels: Pixels) -> NDArray[np.int32]:
    """Which cell each pixel is in."""
    bits = _BITS[pixels.shape[2]]
    keys = np.zeros(pixels.shape[:2], np.int32)
    for number in range(pixels.shape[2]):
        keys <<= bits
        keys |= pixels[:, :, number] >> (8 - bits)
    return keys


def _cells(pixels: Pixels, colors: Numbers, *, dither: bool) -> _Cells:
    bits, channels = _BITS[pixels.shape[2]], pixels.shape[2]
    occupied = np.zeros(1 << bits * channels, np.bool_)
    for top in range(0, len(pixels), 64):
        occupied[_keys(pixels[top : top + 64])] = True
    (where,) = np.nonzero(occupied)
    made = _Cells(*(np.zeros(len(occupied), np.uint8) for _ in range(3)))
    most = (1 << bits) - 1
    for part in np.array_split(where, max(1, len(where) * len(colors) // 2**20)):
        levels = [(part >> bits * (channels - 1 - number) & most) * (255 / most) for number in range(channels)]
        inside = _comparable(np.stack(levels, axis=1))
        made.first[part] = clusters.closest(inside, colors)
        if dither and len(colors) > 1:
            made.second[part], made.share[part] = _partners(inside, made.first[part], colors)
    return made


def _partners(inside: Numbers, nearest: Pixels, colors: Numbers) -> tuple[Pixels, Pixels]:
    """For each of some colours which one to mix its nearest one with, and how many of 255 pixels it gets."""
    few = min(_PARTNERS, len(colors) - 1)
    others = np.argpartition(_distances(inside, colors), few, axis=1)[:, : few + 1]
    away = colors[others] - colors[nearest][:, None]
    lengths = (away**2).sum(axis=2)
    off = inside - colors[nearest]
    share = np.clip((away * off[:, None]).sum(axis=2) / np.maximum(lengths, 1), 0, 1)
    left = ((off[:, None] - share[:, :, None] * away) ** 2).sum(axis=2) + _ROUGHNESS * share * (1 - share) * lengths
    rows = np.arange(len(inside))
    best = np.argmin(left, axis=1)
    return others[rows, best].astype(np.uint8), np.rint(255 * share[rows, best]).astype(np.uint8)

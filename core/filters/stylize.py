"""Style: filters that put a pattern or a light over the picture."""

from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.cost import Cost
from core.detail import Left
from core.imaging.pixels import by_placed_rows, by_rows, grey, through_table, to_uint8
from core.language.values import doc, ranged
from core.picture import Picture, Pixels
from core.registry import image_filter


@image_filter(
    cost=lambda size: Cost(pixel=5 if size > 1 else 1, fixed=200),
    detail=lambda size: Left(lossy=min(1.0, 1.5 / size**0.65), exact=min(1.0, max(0.05, 1.4 / size))),
    memory=4,
    alpha="premultiply",
    example="pixelate:8",
    reach=lambda size: size - 1,
)
def pixelate(pixels: Pixels, size: Annotated[int, ranged(1, 1024, "Side of a block, pixels")] = 16) -> Pixels:
    """Square blocks of one colour each.

    Each block, those cut by the right and lower edge too, has the mean of its pixels.
    Source: https://docs.opencv.org/4.x/da/d54/group__imgproc__transform.html (INTER_AREA).
    """
    height, width = pixels.shape[:2]
    result = np.empty_like(pixels)
    for top, bottom, down in _spans(height, size):
        for left, right, across in _spans(width, size):
            part = pixels[top:bottom, left:right]
            few = ((right - left) // across, (bottom - top) // down)
            blocks = cv2.resize(part, few, interpolation=cv2.INTER_AREA)
            whole = cv2.resize(blocks, (right - left, bottom - top), interpolation=cv2.INTER_NEAREST)
            result[top:bottom, left:right] = whole.reshape(part.shape)
    return result


def _spans(side: int, size: int) -> list[tuple[int, int, int]]:
    """Start, end and block of the part of whole blocks and of the rest."""
    whole = side - side % size
    return [span for span in ((0, whole, size), (whole, side, side - whole)) if span[0] < span[1]]


@image_filter(
    cost=Cost(pixel=2.9, fixed=70),
    detail=lambda amount, **_: Left(lossy=min(2.5, 1 + amount / 200), exact=1.1, raises=min(0.6, amount / 1000)),
    memory=3.5,
    alpha="fill",
    revision=2,
    example="emboss",
    reach=1,
)
def emboss(
    pixels: Pixels,
    amount: Annotated[float, ranged(0, 1000, "Height of the relief, percent; 0 changes nothing")] = 100.0,
    angle: Annotated[float, ranged(-360, 360, "Where the light comes from, degrees clockwise from the top")] = 315.0,
) -> Pixels:
    """A relief in light that comes from one side.

    At 315° and 100 % the kernel is [-2 -1 0; -1 1 1; 0 1 2].
    Source: https://en.wikipedia.org/wiki/Image_embossing.
    """
    x, y = np.sin(np.radians(angle)), -np.cos(np.radians(angle))
    down, across = np.mgrid[-1:2, -1:2]
    kernel = -amount / 100 * np.sqrt(2) * (across * x + down * y)
    kernel[1, 1] += 1
    return cv2.filter2D(pixels, -1, kernel)


@image_filter(cost=Cost(pixel=8, fixed=20, grey=0.7), memory=4.5, smooth=True, example="vignette", reach=0)
def vignette(
    pixels: Pixels,
    amount: Annotated[float, ranged(0, 100, "How dark the corners become, percent; 0 changes nothing")] = 60.0,
    radius: Annotated[float, ranged(0, 95, "Where it begins, percent from the middle to the corner")] = 30.0,
) -> Pixels:
    """Dark corners.

    Value × (1 - amount × smoothstep), from `radius` to the corner, along ellipses of the picture's shape.
    Source: https://registry.khronos.org/OpenGL-Refpages/gl4/html/smoothstep.xhtml.
    """
    height, width = pixels.shape[:2]
    across = _offsets(width)[None, :] ** 2
    down = _offsets(height)[:, None] ** 2

    def darkened(part: Pixels, top: int) -> Pixels:
        distance = np.sqrt((across + down[top : top + part.shape[0]]) / 2)
        share = np.clip((distance - radius / 100) / (1 - radius / 100), 0, 1)
        gain = 1 - np.float32(amount / 100) * share * share * (3 - 2 * share)
        return _each(cv2.multiply, part, gain)

    return by_placed_rows(pixels, darkened)


def _each(operation: Callable[..., Pixels], pixels: Pixels, plane: NDArray[Any]) -> Pixels:
    """The operation on every channel with the same plane of floats, rounded and clipped by OpenCV."""
    planes = [operation(cv2.extractChannel(pixels, c), plane, dtype=cv2.CV_8U) for c in range(pixels.shape[2])]
    return cv2.merge(planes)


def _offsets(side: int) -> NDArray[np.float32]:
    """Where the middle of each pixel lies, -1 to 1 from edge to edge."""
    return ((2 * np.arange(side) + 1) / side - 1).astype(np.float32)


@image_filter(
    cost=lambda color, **_: Cost(pixel=58 if color else 21.5, fixed=20, grey=0.9),
    gives=lambda color, **_: 3 if color else None,
    detail=lambda amount, **_: Left(draws=0.75 * (amount / 10) ** 0.5, values=min(0.5, amount / 10)),
    memory=4.5,
    revision=2,
    example="grain:15",
    reach=0,
)
def grain(
    picture: Picture,
    amount: Annotated[float, ranged(0, 100, "Standard deviation, in values of 0 to 255")] = 12.0,
    seed: Annotated[int, ranged(0, 2**31 - 1, "Chooses the noise; the same seed gives the same noise")] = 0,
    color: Annotated[bool, doc("Noise of its own in each channel, not only in brightness")] = False,
) -> Pixels:
    """Film grain: Gaussian noise.

    Each frame of an animation has its own. Source: https://numpy.org/doc/stable/reference/random/generator.html.
    """
    noise = np.random.default_rng((seed, picture.origin.frame))

    def noisy(part: Pixels) -> Pixels:
        if not color:
            return _each(cv2.add, part, np.float32(amount) * noise.standard_normal(part.shape[:2], np.float32))
        return cv2.add(part, np.float32(amount) * noise.standard_normal(part.shape, np.float32), dtype=cv2.CV_8U)

    return by_rows(_in_colour(picture.pixels) if color else picture.pixels, noisy)


_TURNS = (0.0, 75.0, 15.0)
"""Screens of yellow, magenta and cyan, which print blue, green and red: degrees from the first."""


def _in_colour(pixels: Pixels) -> Pixels:
    """BGR, of grey too."""
    return pixels if pixels.shape[2] == 3 else cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)


@image_filter(
    cost=lambda color, **_: Cost(pixel=18 if color else 11, fixed=20, grey=0.8),
    gives=lambda color, **_: 3 if color else 1,
    detail=lambda size, **_: Left(
        lossy=min(1.8, 0.85 + 7 / size), exact=0.1, draws=min(1.0, 10 / size), values=min(0.8, 0.8 * (20 / size) ** 0.5)
    ),
    memory=5,
    revision=2,
    example="halftone:6",
    reach=0,
)
def halftone(
    pixels: Pixels,
    size: Annotated[float, ranged(2, 128, "Distance of the dots, pixels")] = 8.0,
    angle: Annotated[float, ranged(-360, 360, "Turn of the screen, degrees clockwise")] = 45.0,
    color: Annotated[
        bool, doc("Cyan, magenta and yellow dots, their screens 15° and 75° apart; else black ones")
    ] = False,
) -> Pixels:
    """Printed dots: the darker, the larger.

    A rotated screen of cosines whose thresholds are all equally frequent, so the mean brightness stays.
    Source: https://en.wikipedia.org/wiki/Halftone; Ulichney, "Digital Halftoning", MIT Press, 1987.
    """
    source = through_table(_in_colour(pixels) if color else grey(pixels), _tones(size))

    def printed(part: Pixels, top: int) -> Pixels:
        turns = _TURNS[: part.shape[2]]
        screens = [_screen(part.shape[1], range(top, top + part.shape[0]), size, angle + turn) for turn in turns]
        return cv2.addWeighted(part, size, np.stack(screens, axis=2), -size, 127.5)

    return by_placed_rows(source, printed)


def _screen(width: int, rows: range, size: float, angle: float) -> Pixels:
    """Thresholds of these rows; highest in the middle of each dot."""
    x, y = np.arange(width, dtype=np.float32) + 0.5, np.array(rows, np.float32)[:, None] + 0.5
    turn = 2 * np.pi / size
    cosine, sine = np.float32(turn * np.cos(np.radians(angle))), np.float32(turn * np.sin(np.radians(angle)))
    waves = np.cos(x * cosine + y * sine) + np.cos(y * cosine - x * sine)
    return cv2.LUT(to_uint8(63.75 * (waves + 2)), to_uint8(_thresholds(size)[0]))


@lru_cache(maxsize=8)
def _thresholds(size: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each height of the waves its threshold, equally frequent, with room for a dot's soft edge; and its share."""
    wave = np.cos(2 * np.pi * (np.arange(512) + 0.5) / 512)
    counts = np.bincount(to_uint8(63.75 * (wave[:, None] + wave + 2)).ravel(), minlength=256) / 512**2
    edge = 127.5 / size
    return edge + (255 - 2 * edge) * (np.cumsum(counts) - counts / 2), counts


@lru_cache(maxsize=8)
def _tones(size: float) -> NDArray[np.float64]:
    """The value that prints as bright as each value is."""
    values = np.arange(256, dtype=np.float64)
    thresholds, share = _thresholds(size)
    return np.interp(values, np.clip((values[:, None] - thresholds) * size + 127.5, 0, 255) @ share, values)

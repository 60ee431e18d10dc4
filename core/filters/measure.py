"""Measures: steps that only look, and add what they saw to the findings."""

from typing import Annotated, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.codecs import exif as exif_reader
from core.cost import Cost
from core.findings.coverage import EVERYWHERE
from core.imaging.alpha import filled, flattened, opaque, weighed_counts
from core.imaging.fingerprint import blurhash_of, phash_of
from core.imaging.palette import SAMPLES, clustering, dominant, sample
from core.imaging.pixels import grey
from core.language.values import WHITE, ranged
from core.picture import Picture, Pixels
from core.registry import measure


@measure(cost=Cost(fixed=1), memory=3, example="exif", reach=0)
def exif(picture: Picture) -> dict[str, Any]:
    """What the camera wrote: named tags, the position in decimal degrees; empty where there is none.

    Source: EXIF 2.32, CIPA DC-008-2019.
    """
    return exif_reader.tags(picture.origin.exif) if picture.origin.exif else {}


@measure(
    cost=lambda colors: Cost(
        pixel=1, sampled=120 + clustering(colors) * (colors > 1), samples=SAMPLES, fixed=1000, grey=0.9, flat=0.3
    ),
    memory=3,
    revision=2,
    example="palette:5",
    reach=EVERYWHERE,
)
def palette(
    picture: Picture, colors: Annotated[int, ranged(1, 32, "Most colours that are named")] = 5
) -> list[dict[str, Any]]:
    """The dominant colours, each as hex with its share of the picture.

    Shares add up to 1; pixels that are more than half transparent do not count. k-means in CIE Lab, fixed seed.
    Source: https://docs.opencv.org/4.x/d1/d5c/tutorial_py_kmeans_opencv.html.
    """
    samples = sample(picture.pixels)
    if samples.shape[1] == 4:
        samples = samples[samples[:, 3] > 127]
    if not len(samples):
        return []
    bgr = samples[:, :3] if samples.shape[1] > 1 else np.repeat(samples, 3, axis=1)
    found, counts = dominant(np.ascontiguousarray(bgr), colors)
    hexes = [np.rint(color[::-1]).astype(np.uint8).tobytes().hex() for color in found]
    return [{"color": color, "share": share} for color, share in zip(hexes, _shares(counts), strict=True)]


def _shares(counts: Any) -> list[float]:
    """Shares to four decimals that add up to 1: the largest takes what rounding leaves."""
    parts = np.rint(np.asarray(counts) * 10000 / np.sum(counts)).astype(int)
    parts[0] += 10000 - parts.sum()
    return [int(part) / 10000 for part in parts]


def _small(pixels: Pixels, side: int) -> Pixels:
    """The picture on white as BGR, not larger than `side`."""
    flat = flattened(pixels, WHITE.bgr)
    scale = min(1.0, side / max(flat.shape[:2]))
    size = tuple(max(1, round(length * scale)) for length in flat.shape[1::-1])
    small = cv2.resize(flat, size, interpolation=cv2.INTER_AREA)
    return small if small.ndim == 3 and small.shape[2] == 3 else cv2.cvtColor(small, cv2.COLOR_GRAY2BGR)


@measure(
    cost=lambda x, y: Cost(pixel=5.4, fixed=60 + 53 * x * y, alpha=26), memory=3, example="blurhash", reach=EVERYWHERE
)
def blurhash(
    picture: Picture,
    x: Annotated[int, ranged(1, 9, "Components across")] = 4,
    y: Annotated[int, ranged(1, 9, "Components down")] = 3,
) -> str:
    """A few characters that draw a blurred placeholder.

    Of a copy of at most 64 pixels a side, on white. Source: https://github.com/woltapp/blurhash.
    """
    return blurhash_of(_small(picture.pixels, 64), x, y)


@measure(cost=Cost(pixel=4.3, fixed=20, alpha=26, grey=0.7), memory=3, example="phash", reach=EVERYWHERE)
def phash(picture: Picture) -> str:
    """A 64-bit fingerprint as 16 hex digits; alike pictures differ in few bits.

    Source: Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010.
    """
    return phash_of(grey(flattened(picture.pixels, WHITE.bgr)))


@measure(
    cost=Cost(pixel=4.3, fixed=80, alpha=12, grey=0.3),
    memory=3.5,
    revision=2,
    example="histogram:16",
    reach=EVERYWHERE,
)
def histogram(
    picture: Picture, bins: Annotated[int, ranged(2, 256, "Equal steps that 0 to 255 is divided into")] = 64
) -> dict[str, Any]:
    """How many pixels have which value: luma, and each channel of a colour picture.

    Bin i counts the values v with floor(v × bins / 256) = i. In luma and colours a pixel counts by its alpha (0 to 1),
    and the sum of a bin is rounded.
    Source: https://docs.opencv.org/4.x/d6/dc7/group__imgproc__hist.html (calcHist).
    """
    pixels = picture.pixels
    alpha = None if opaque(pixels) else cv2.extractChannel(pixels, 3)
    counts = {"luma": _binned(grey(pixels), alpha, 0, bins)}
    for channel, name in enumerate(("blue", "green", "red", "alpha")[: pixels.shape[2]] if pixels.shape[2] > 1 else ()):
        counts[name] = _binned(pixels, None if name == "alpha" else alpha, channel, bins)
    return {"bins": bins, **counts}


def _binned(pixels: Pixels, alpha: Pixels | None, channel: int, bins: int) -> list[int]:
    counts = weighed_counts(pixels, alpha, channel)
    return [round(count) for count in np.bincount(np.arange(256) * bins // 256, counts, bins).tolist()]


@measure(
    cost=Cost(pixel=2.4, fixed=30, alpha=66, grey=0.8), memory=3.5, revision=2, example="sharpness", reach=EVERYWHERE
)
def sharpness(picture: Picture) -> dict[str, float]:
    """How sharp it is: variance of the Laplacian, and a score from 0 (blurred) to 1 (sharp).

    `score` is variance / (variance + 100): 0.5 where the customary limit of 100 lies. Compare only equal sizes. A pixel
    counts by its alpha, and where a picture becomes transparent is no edge.
    Source: Pech-Pacheco et al., ICPR 2000; https://docs.opencv.org/4.x/d5/db5/tutorial_laplace_operator.html.
    """
    pixels = picture.pixels
    alpha = None if opaque(pixels) else cv2.extractChannel(pixels, 3)
    detail = cv2.Laplacian(grey(pixels if alpha is None else filled(pixels)), cv2.CV_16S)
    variance = _variance(detail, alpha)
    return {"variance": round(variance, 2), "score": round(variance / (variance + 100), 4)}


def _variance(values: NDArray[np.int16], alpha: Pixels | None) -> float:
    """The variance of values (height, width), each by its alpha."""
    if alpha is None:
        return float(np.ravel(cv2.meanStdDev(values)[1])[0]) ** 2
    seen = np.flatnonzero(alpha)
    shares, found = alpha.ravel()[seen].astype(np.float64), values.ravel()[seen].astype(np.float64)
    if not len(seen):
        return 0.0
    mean = np.average(found, weights=shares)
    return float(np.average((found - mean) ** 2, weights=shares))

"""What a format takes and gives: bytes at equal SSIMULACRA2 and CPU time of encoding, at each one's default effort.

JPEG XL stands before AVIF in negotiation because it takes no more of either.
"""

import math
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from bench.marks import mark
from core import codecs
from core.codecs import EncodeOptions
from core.codecs.opencv import decode_with_opencv
from core.limits import Limits
from core.picture import Origin, Picture, Pixels, Size

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "images" / "kodak"
SCORES = (60, 70, 80)
"""SSIMULACRA2: medium quality is 50, high 70, visually lossless 90."""
QUALITIES = {
    "jxl": (50, 65, 80, 90),
    "avif": (45, 58, 72, 85),
    "webp": (50, 70, 85, 94),
    "jpeg": (50, 68, 84, 93),
}


class _Point(NamedTuple):
    """One quality over all pictures: the mean score, bits a pixel, and nanoseconds a pixel."""

    score: float
    bits: float
    nanoseconds: float


def run() -> tuple[str, bool]:
    """The section's text, and whether JPEG XL takes no more CPU and bytes than AVIF."""
    pictures = [decode_with_opencv("png", path.read_bytes()) for path in sorted(DATA.glob("*.png"))]
    found: dict[str, list[_Point]] = {name: [] for name in QUALITIES}
    for number in range(len(QUALITIES["jxl"])):
        for name, qualities in QUALITIES.items():  # interleaved, so that all are measured under the same load
            found[name].append(_point(pictures, name, qualities[number]))
    bits = {name: [_bits_at(points, score) for score in SCORES] for name, points in found.items()}
    work = {name: sum(point.nanoseconds for point in points) / len(points) for name, points in found.items()}
    lines = [
        "## Formats",
        "",
        f"{len(pictures)} photographs (Kodak), default effort: bits a pixel at equal SSIMULACRA2, and CPU beside AVIF.",
        "",
        "| format | " + " | ".join(f"at {score}" for score in SCORES) + " | CPU |",
        "|---|" + "---|" * (len(SCORES) + 1),
    ]
    lines += [_row(name, bits[name], work[name] / work["avif"]) for name in found]
    met = work["jxl"] <= work["avif"] and sum(bits["jxl"]) <= sum(bits["avif"])
    lines += ["", f"JPEG XL takes no more CPU and no more bytes than AVIF: {mark(met)}", ""]
    return "\n".join(lines), met


def _row(name: str, bits: list[float], cpu: float) -> str:
    return f"| {name} | " + " | ".join(f"{one:.3f}" for one in bits) + f" | {cpu:.2f} |"


def _point(pictures: list[Pixels], name: str, quality: int) -> _Point:
    scores, bits, seconds = [], 0, 0.0
    for pixels in pictures:
        start = time.process_time()
        file = codecs.encode([_picture(pixels)], name, EncodeOptions(quality=quality))
        seconds += time.process_time() - start
        bits += 8 * len(file)
        scores.append(_score(pixels, next(_decoded(file)).pixels))
    count = sum(pixels.shape[0] * pixels.shape[1] for pixels in pictures)
    return _Point(sum(scores) / len(scores), bits / count, seconds / count * 1e9)


def _picture(pixels: Pixels) -> Picture:
    return Picture(pixels=pixels, origin=Origin(format="png", size=Size(pixels.shape[1], pixels.shape[0])))


def _decoded(file: bytes) -> Iterator[Picture]:
    return codecs.decode(file, codecs.probe(file, Limits()), limits=Limits())


def _score(one: Pixels, other: Pixels) -> float:
    from ssimulacra2 import compute_ssimulacra2

    with tempfile.TemporaryDirectory() as folder:
        places = [str(Path(folder) / f"{number}.png") for number in range(2)]
        for place, pixels in zip(places, (one, other), strict=True):
            cv2.imwrite(place, pixels)
        return float(compute_ssimulacra2(*places))


def _bits_at(points: list[_Point], score: float) -> float:
    """Bits a pixel at a score, by straight lines through their logarithms."""
    ranked = sorted(points)
    return math.exp(np.interp(score, [p.score for p in ranked], [math.log(p.bits) for p in ranked]))

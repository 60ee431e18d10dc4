"""What a format takes and gives: bytes at equal SSIMULACRA2 and CPU time, of each one's default effort, beside others.

JPEG XL stands before AVIF in negotiation only as long as it takes no more of either. PICTURES=8 is of so many; JOBS=4
processes score, which is nine tenths of the work and is not measured.
"""

import json
import math
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from shutil import which
from typing import Any, NamedTuple

import cv2
import numpy as np

from bench.marks import mark
from core import codecs
from core.codecs import EncodeOptions
from core.codecs.opencv import decode_with_opencv
from core.limits import Limits
from core.picture import Origin, Picture, Pixels, Size

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data" / "images" / "kodak"
PEERS = ROOT / ".venv-peers" / "bin" / "python"
SCORES = (60, 70, 80)
"""SSIMULACRA2: medium quality is 50, high 70, visually lossless 90."""
QUALITIES = {
    "jxl": (50, 65, 80, 90),
    "avif": (45, 58, 72, 85),
    "webp": (50, 70, 85, 94),
    "jpeg": (50, 68, 84, 93),
}
OF_VIPS = ("avif", "webp", "jpeg")
_EFFORT, _MOST_OF_CJXL = 4, 1.2
"""The effort of our JPEG XL, which cjxl is given too, and how much of its CPU ours may take."""
_DECODED, _TIMES, _ROUNDS = ("jpeg", "png", "webp"), 5, 7
Ask = Callable[..., float]


class _Point(NamedTuple):
    """One quality over all pictures: the mean score, bits a pixel, and nanoseconds a pixel."""

    score: float
    bits: float
    nanoseconds: float


class _Side(NamedTuple):
    """An encoder: a format by ours, or by others; `encode` gives the file and its CPU seconds."""

    format: str
    by: str
    encode: Callable[[str, int, Path], tuple[bytes, float]]


def run() -> tuple[str, bool]:
    """The section's text, and whether JPEG XL takes no more CPU and bytes than AVIF, nor more CPU than cjxl by far."""
    places = sorted(DATA.glob("*.png"))[: int(os.environ.get("PICTURES", "4"))]
    jobs = int(os.environ.get("JOBS", os.cpu_count() or 1))
    # Forked, so that no worker imports all of bench again.
    scoring = ProcessPoolExecutor(jobs, mp_context=get_context("fork"))
    with tempfile.TemporaryDirectory() as name, _vips() as vips, scoring as pool:
        sides = [_Side(format_, "ours", _ours) for format_ in QUALITIES]
        if vips is not None:
            sides += [_Side(format_, "libvips", _by_vips(vips, Path(name))) for format_ in OF_VIPS]
        if which("cjxl"):
            sides.append(_Side("jxl", "cjxl", _by_cjxl(Path(name))))
        found: dict[tuple[str, str], list[_Point]] = {(side.format, side.by): [] for side in sides}
        for number in range(len(QUALITIES["jxl"])):
            measured = _points(sides, places, number, pool)
            for side, point in zip(sides, measured, strict=True):
                found[side.format, side.by].append(point)
        lines, met = _written(found, len(places))
        lines += _decoding(vips, places, Path(name))
    return "\n".join(lines), met


def _written(found: dict[tuple[str, str], list[_Point]], count: int) -> tuple[list[str], bool]:
    bits = {key: [_bits_at(points, score) for score in SCORES] for key, points in found.items()}
    work = {key: sum(point.nanoseconds for point in points) / len(points) for key, points in found.items()}
    jxl, avif, cjxl = ("jxl", "ours"), ("avif", "ours"), ("jxl", "cjxl")
    lines = [
        "## Formats",
        "",
        f"{count} photographs (Kodak), each encoder at its default effort (cjxl at ours, {_EFFORT}), without threads:",
        "bits a pixel at equal SSIMULACRA2, and CPU beside our AVIF. All encode each picture in turn.",
        "",
        "| format | by | " + " | ".join(f"at {score}" for score in SCORES) + " | CPU, ns a pixel | beside our AVIF |",
        "|---|---|" + "---|" * (len(SCORES) + 2),
    ]
    for format_, by in sorted(found, key=lambda key: list(QUALITIES).index(key[0])):
        row = " | ".join(f"{one:.3f}" for one in bits[format_, by])
        took = work[format_, by]
        lines.append(f"| {format_} | {by} | {row} | {took:.0f} | {took / work[avif]:.2f} |")
    first = work[jxl] <= work[avif] and sum(bits[jxl]) <= sum(bits[avif])
    told = (
        f"{work[jxl]:.0f} and {work[avif]:.0f} ns a pixel, {sum(bits[jxl]):.3f} and {sum(bits[avif]):.3f} bits in all"
    )
    lines += ["", f"JPEG XL takes no more CPU and no more bytes than AVIF ({told}): {mark(first)}"]
    if cjxl not in found:
        return [*lines, "cjxl is not here to be compared with (Debian: libjxl-tools).", ""], first
    ratio = work[jxl] / work[cjxl]
    met = ratio <= _MOST_OF_CJXL
    version = subprocess.run(["cjxl", "--version"], check=True, capture_output=True, text=True).stdout.split()[1]
    lines.append(f"CPU of JPEG XL beside that of cjxl {version}: {ratio:.2f} (target ≤ {_MOST_OF_CJXL}) {mark(met)}")
    return [*lines, ""], first and met


def _points(sides: list[_Side], places: list[Path], number: int, pool: Executor) -> list[_Point]:
    """One point of each side: picture by picture all of them in turn, so that all are measured under the same load."""
    bits, seconds, count = ([0.0] * len(sides) for _ in range(3))
    scored = []
    for place in places:
        pixels = decode_with_opencv("png", place.read_bytes())
        files = []
        for index, side in enumerate(sides):
            file, took = side.encode(side.format, QUALITIES[side.format][number], place)
            files.append(file)
            bits[index] += 8 * len(file)
            seconds[index] += took
            count[index] += pixels.shape[0] * pixels.shape[1]
        scored.append(pool.map(_score, [pixels] * len(files), files))
    scores = [sum(of_one) for of_one in zip(*scored, strict=True)]
    each = zip(scores, bits, seconds, count, strict=True)
    return [_Point(score / len(places), bit / size, took / size * 1e9) for score, bit, took, size in each]


def _ours(name: str, quality: int, place: Path) -> tuple[bytes, float]:
    picture = _picture(decode_with_opencv("png", place.read_bytes()))
    start = time.process_time()
    file = codecs.encode([picture], name, EncodeOptions(quality=quality))
    return file, time.process_time() - start


@contextmanager
def _vips() -> Iterator[Ask | None]:
    """What asks libvips in the Python of `make bench-peers`; None where that was never made."""
    if not PEERS.exists():
        yield None
        return
    command = [str(PEERS), "-m", "bench.formats_vips"]
    single = {**os.environ, "VIPS_CONCURRENCY": "1"}
    with subprocess.Popen(
        command, cwd=ROOT, env=single, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def ask(*question: Any) -> float:
            if process.stdin is None or process.stdout is None:
                raise RuntimeError("libvips has no pipes")
            process.stdin.write(json.dumps(question) + "\n")
            process.stdin.flush()
            return float(process.stdout.readline())

        yield ask


def _by_vips(ask: Ask, folder: Path) -> Callable[[str, int, Path], tuple[bytes, float]]:
    def encode(name: str, quality: int, place: Path) -> tuple[bytes, float]:
        target = folder / f"vips.{name}"
        seconds = ask("encode", name, quality, str(place), str(target))
        return target.read_bytes(), seconds

    return encode


def _by_cjxl(folder: Path) -> Callable[[str, int, Path], tuple[bytes, float]]:
    def encode(_name: str, quality: int, place: Path) -> tuple[bytes, float]:
        source, target = folder / "cjxl.ppm", folder / "cjxl.jxl"
        cv2.imwrite(str(source), decode_with_opencv("png", place.read_bytes()))
        start = _of_children()
        command = ["cjxl", str(source), str(target), "-e", str(_EFFORT), "-q", str(quality), "--num_threads=0"]
        subprocess.run(command, check=True, capture_output=True)
        return target.read_bytes(), _of_children() - start

    return encode


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _decoding(vips: Ask | None, places: list[Path], folder: Path) -> list[str]:
    """CPU of decoding a file of ours, beside libvips and Pillow: the median of ratios of one round each."""
    lines = [
        "CPU of decoding, ours beside others' (the median of ratios within a round), each picture at its default:",
        "",
    ]
    lines += ["| format | ours, ns a pixel | beside libvips | beside Pillow |", "|---|---|---|---|"]
    for name in _DECODED:
        pixels = decode_with_opencv("png", places[0].read_bytes())
        file = folder / f"decoded.{name}"
        file.write_bytes(codecs.encode([_picture(pixels)], name))
        ours, by_vips, by_pillow = [], [], []
        for _ in range(_ROUNDS):
            ours.append(_cpu(lambda data: next(_decoded(data)), file))
            by_pillow.append(_cpu(_with_pillow, file))
            by_vips.append(vips("decode", str(file), _TIMES) if vips else math.nan)
        of_all = [float(np.median(np.divide(ours, others))) for others in (by_vips, by_pillow)]
        took = float(np.median(ours)) / _TIMES / (pixels.shape[0] * pixels.shape[1]) * 1e9
        lines.append(f"| {name} | {took:.1f} | " + " | ".join(f"{one:.2f}" for one in of_all) + " |")
    return [*lines, ""]


def _cpu(decode: Callable[[bytes], Any], file: Path) -> float:
    data = file.read_bytes()
    start = time.process_time()
    for _ in range(_TIMES):
        decode(data)
    return time.process_time() - start


def _with_pillow(data: bytes) -> None:
    import io

    from PIL import Image

    Image.open(io.BytesIO(data)).load()


def _picture(pixels: Pixels) -> Picture:
    return Picture(pixels=pixels, origin=Origin(format="png", size=Size(pixels.shape[1], pixels.shape[0])))


def _decoded(file: bytes) -> Iterator[Picture]:
    return codecs.decode(file, codecs.probe(file, Limits()), limits=Limits())


def _score(one: Pixels, file: bytes) -> float:
    """SSIMULACRA2 of a file beside the picture that it was made of."""
    from ssimulacra2 import compute_ssimulacra2

    with tempfile.TemporaryDirectory() as folder:
        places = [str(Path(folder) / f"{number}.png") for number in range(2)]
        for place, pixels in zip(places, (one, next(_decoded(file)).pixels), strict=True):
            cv2.imwrite(place, pixels)
        return float(compute_ssimulacra2(*places))


def _bits_at(points: list[_Point], score: float) -> float:
    """Bits a pixel at a score, by straight lines through their logarithms."""
    ranked = sorted(points)
    return math.exp(np.interp(score, [p.score for p in ranked], [math.log(p.bits) for p in ranked]))

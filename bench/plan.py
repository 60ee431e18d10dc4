"""What each rule of the planner saves: the same request with it and without it, interleaved, in core-milliseconds."""

import statistics
import time
from typing import Any, NamedTuple

import cv2
import numpy as np
from PIL import Image

from bench import pictures
from bench.marks import mark
from core import codecs
from core.limits import Deadline, Limits
from core.output import Output
from core.picture import Pixels, Size
from core.pipeline import Pipeline
from core.planner.rules import NAMES, executable
from core.process import process
from core.run import Context

ROUNDS = 9
TARGET = 0.6
_CASES = (
    ("shrink", 12, "resize:800"), ("shrink", 12, "resize:512"), ("shrink", 12, "resize:300"),
    ("shrink", 12, "resize:700,700,fit=cover"), ("shrink", 12, "resize:800/sepia/blur:5"), ("shrink", 2, "resize:400"),
    ("luma", 12, "resize:800/grayscale"), ("luma", 2, "grayscale"), ("chroma", 2, "blur:5"),
    ("soften", 2, "blur:15"), ("soften", 12, "blur:41"),
    ("table", 2, "invert/gamma:1.2/brightness:120/contrast:120"), ("join", 2, "flip/rotate:90/flop"),
    ("join", 2, "crop:80p,80p/resize:800"),
)  # fmt: skip


class Row(NamedTuple):
    """One request: milliseconds of each round without the rule and with it, and the scale of decoding with it."""

    rule: str
    megapixels: float
    text: str
    rounds: list[tuple[float, float]]
    scale: int
    likeness: tuple[float, float] | None

    @property
    def ratio(self) -> float:
        """With the rule to without, the median of all rounds."""
        return statistics.median(used / plain for plain, used in self.rounds)


def run() -> tuple[str, bool]:
    """The section's text, and whether the target is met."""
    rows = [_row(*case) for case in _CASES]
    text = _TEXT.format(rounds=ROUNDS, target=TARGET, rows="\n".join(_line(row) for row in rows))
    return text, rows[0].ratio <= TARGET


_TEXT = """## The planner's rules

The same request to the core, decoding and encoding as JPEG included, with all rules and with all but one, in turn in
one process: {rounds} rounds, core-milliseconds, ratios taken within a round. SSIM is to a Lanczos reference of the
whole picture (Pillow), without the rule and with it. Target: 12 megapixels to 800 by shrink-on-load, ≤ {target}.

| rule | request | decoded at | without, ms | with, ms | ratio | SSIM | |
|---|---|---|---|---|---|---|---|
{rows}
"""


def _row(rule: str, megapixels: float, text: str) -> Row:
    data = pictures.jpeg(pictures.sources()[0], megapixels)
    ways = (NAMES - {rule}, NAMES)
    rounds = [(_cpu(data, text, ways[0]), _cpu(data, text, ways[1])) for _ in range(ROUNDS)]
    origin = codecs.probe(data, Limits())
    scale = executable(Pipeline.parse(text), origin).scale
    judged = rule == "shrink" and "/" not in text
    likeness = (_likeness(data, text, ways[0]), _likeness(data, text, ways[1])) if judged else None
    return Row(rule, megapixels, text, rounds, scale, likeness)


def _cpu(data: bytes, text: str, rules: frozenset[str]) -> float:
    before = time.process_time()
    _made(data, text, rules, "jpeg")
    return (time.process_time() - before) * 1e3


def _made(data: bytes, text: str, rules: frozenset[str], written: str) -> bytes:
    limits = Limits()
    output = Output(pipeline=Pipeline.parse(text), format=written)
    context = Context(limits, Deadline(60), rules=rules)
    (result,) = process(data, codecs.probe(data, limits), [output], context)
    return result.data


def _likeness(data: bytes, text: str, rules: frozenset[str]) -> float:
    made = _decoded(_made(data, text, rules, "png"))
    size = Size(made.shape[1], made.shape[0])
    return similar(made, _reference(_decoded(data), size))


def _decoded(data: bytes) -> Pixels:
    pixels: Any = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(pixels, np.uint8)


def _reference(whole: Pixels, size: Size) -> Pixels:
    """The middle of the picture in the aspect of `size`, scaled by Pillow's Lanczos."""
    height, width = whole.shape[:2]
    scale = min(width / size.width, height / size.height)
    across, down = round(size.width * scale), round(size.height * scale)
    left, top = (width - across) // 2, (height - down) // 2
    cut = np.ascontiguousarray(whole[top : top + down, left : left + across, ::-1])
    image = Image.fromarray(cut).resize(size, Image.Resampling.LANCZOS)
    return np.ascontiguousarray(np.asarray(image)[:, :, ::-1])


def similar(one: Pixels, other: Pixels) -> float:
    """SSIM of the luma (Wang et al. 2004), with Gaussian windows of 1.5 pixels."""
    a, b = (cv2.cvtColor(each, cv2.COLOR_BGR2GRAY).astype(np.float64) for each in (one, other))
    ma, mb, aa, bb, ab = (cv2.GaussianBlur(each, (11, 11), 1.5) for each in (a, b, a * a, b * b, a * b))
    light = (2 * ma * mb + 6.5025) / (ma**2 + mb**2 + 6.5025)
    detail = (2 * (ab - ma * mb) + 58.5225) / (aa - ma**2 + bb - mb**2 + 58.5225)
    return float((light * detail).mean())


def _line(row: Row) -> str:
    plain, used = (statistics.median(each) for each in zip(*row.rounds, strict=True))
    likeness = " → ".join(f"{value:.4f}" for value in row.likeness or ())
    decoded = f"1/{row.scale}" if row.scale > 1 else ""
    met = mark(row.ratio <= TARGET) if (row.megapixels, row.text) == (12, "resize:800") else ""
    request = f"{row.megapixels} MP, `{row.text}`"
    return f"| {row.rule} | {request} | {decoded} | {plain:.1f} | {used:.1f} | {row.ratio:.2f} | {likeness} | {met} |"

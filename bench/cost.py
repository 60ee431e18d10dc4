"""What every step takes beside what it declares (`cost`), in CPU time of one thread.

A declaration is made of two sizes: what a pixel more takes, and what is left for a call. `make prove-cost` judges whole
requests by it.
"""

import statistics
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from bench import pictures
from bench.marks import mark
from core.filter import Filter
from core.limits import Deadline, Limits
from core.models.vision import Models
from core.picture import Origin, Picture, Pixels, Size
from core.pipeline import Pipeline
from core.plan import plan
from core.registry import filters
from core.run import Context, Run
from service.models import setup
from service.processor import read_asset
from service.settings import Settings

SIZES = (0.25, 1.0, 4.0)
"""Megapixels."""
WITHIN = 2.0
"""How far off a declaration may be, as a factor, at the largest size; content decides the rest."""
_NEAR = (0.3, 0.5)
_SHIPPED = "shapes"
_ASSETS = Path(__file__).resolve().parent.parent / "service" / "assets"
_SLOW = 0.25
"""Seconds from which one run is enough."""


class Sample(NamedTuple):
    """One measured step, in seconds."""

    text: str
    megapixels: float
    channels: int
    declared: float
    taken: float

    @property
    def ratio(self) -> float:
        """Declared beside taken."""
        return self.declared / self.taken


def run() -> tuple[str, bool]:
    """The section's text, and whether every step is within its factor at the largest size."""
    cv2.setNumThreads(1)
    models = open_models()
    found = {text: [measured(text, scaled(size), models) for size in SIZES] for text in examples()}
    speed = statistics.median(each[-1].ratio for each in found.values())
    rows, met = [], True
    for text, samples in found.items():
        calibrated = [sample._replace(declared=sample.declared / speed) for sample in samples]
        good = 1 / WITHIN <= calibrated[-1].ratio <= WITHIN
        met = met and good
        rows.append(_row(text, calibrated, speed, good=good))
    near = [statistics.mean(abs(each[-1].ratio / speed - 1) <= close for each in found.values()) for close in _NEAR]
    return _TEXT.format(within=WITHIN, speed=speed, near=near, rows="\n".join(rows)), met


_TEXT = """## Cost

Each step's example on a photograph, alone, on one core; declared / taken, at most {within:g} times too much or too
little at 4 megapixels. This machine is {speed:.2f} times as fast as what is declared, by the median of all rows, so
declarations are divided by that. At 4 megapixels {near[0]:.0%} of the steps are within ± 30 %, {near[1]:.0%} within
± 50 %.
The last two columns are what a declaration would say: nanoseconds a pixel between the two larger sizes, and
microseconds a call.

| step | 0.25 megapixels | 1 | 4, ms | declared / taken | | pixel | fixed |
|---|---|---|---|---|---|---|---|
{rows}
"""


def open_models() -> Models:
    """The model that ships, loaded."""
    chosen = Settings(data="/dev/null/none")
    models = setup.open_runtime(chosen, setup.open_manifest(chosen))
    models.load(_SHIPPED, Deadline(60), fetch=False)
    return models


def examples() -> list[str]:
    """Every step's example, but those that ask a model that does not ship."""
    return [known.example for known in filters().values() if known.task in {None, "detect"} and _ships(known)]


def _ships(known: Filter) -> bool:
    return all(step.filter.task in {None, "detect"} for step in Pipeline.parse(known.example).steps)


@cache
def scaled(megapixels: float, channels: int = 3) -> Pixels:
    """A photograph of about this size; its sides are no multiples of much, which some steps take in half the time."""
    pixels = np.ascontiguousarray(pictures.sized(pictures.sources()[0], megapixels)[5:, 3:])
    if channels == 1:
        return cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)[:, :, None]
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2BGRA) if channels == 4 else pixels


def measured(text: str, pixels: Pixels, models: Models) -> Sample:
    """The last step of a pipeline; those before it have run."""
    height, width, channels = pixels.shape
    pipeline, limits = Pipeline.parse(text), Limits(work=1e9, memory=1 << 50)
    origin = Origin(format="png", size=Size(width, height), channels=channels)
    context = Context(limits, Deadline(600), lambda name: read_asset(name, _ASSETS), models=models)
    picture = Picture(pixels=pixels, origin=origin)
    picture = next(Run(Pipeline(pipeline.steps[:-1]), context).frames([picture]))
    planned = plan(pipeline, origin, limits, models=models, second=lambda name: _pixels(name, context))
    taken = min(_timed(Pipeline(pipeline.steps[-1:]), picture, context))
    return Sample(text, width * height / 1e6, channels, planned.steps[-1].work, taken)


def _pixels(name: str, context: Context) -> int:
    return context.second_file(name).origin(context.limits).size.pixels


def _timed(last: Pipeline, picture: Picture, context: Context) -> Iterator[float]:
    """Seconds of a few runs; the first of a quick step reads second pictures and imports.

    Each begins anew: a run remembers what geometry the content has decided.
    """
    for _ in range(4):
        began = time.process_time()
        next(Run(last, context).frames([picture]))
        taken = time.process_time() - began
        yield taken
        if taken > _SLOW:
            return


def _row(text: str, found: list[Sample], speed: float, *, good: bool) -> str:
    small, middle, large = found
    pixel = (large.taken - middle.taken) / (large.megapixels - middle.megapixels) * 1e3
    fixed = statistics.median(one.taken * 1e6 - pixel * one.megapixels * 1e3 for one in (small, middle))
    taken = " | ".join(f"{one.taken * 1e3:.2f}" for one in found)
    ratios = " · ".join(f"{one.ratio:.2f}" for one in found)
    return f"| `{text}` | {taken} | {ratios} | {mark(good)} | {speed * pixel:.1f} | {speed * max(fixed, 0):.0f} |"

"""How our own cost grows with megapixels and with steps: a straight line, and what is furthest from it."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from bench import client, pictures
from bench.compare import core_and_own_ms
from bench.marks import mark
from bench.server import Server, serving
from core.picture import Pixels

MEGAPIXELS = {1: (1, 1), 2: (2, 1), 4: (2, 2), 8: (4, 2), 16: (4, 4), 32: (8, 4), 64: (8, 8), 100: (10, 10)}
"""How often the photograph stands beside itself and below itself, so that all sizes have the same detail."""
STEPS = (1, 2, 4, 8, 16, 32)
ROUNDS, TARGET = 5, 0.1
_STEPS_TAKEN = ("blur:15", "sepia")
_MILLISECONDS = 400.0
"""Of a core for each measurement: the kernel counts in hundredths of a second."""


class Line(NamedTuple):
    """A straight line through measured points: milliseconds a unit, those of none, and the worst residual's share.

    `points` are the milliseconds a unit at each point, without those of none.
    """

    slope: float
    start: float
    worst: float
    points: list[float]


def run() -> tuple[str, bool]:
    """The section's text, and whether no point is further from its line than the target."""
    photograph, rows, met = pictures.sized(pictures.sources()[0], 1.0), list[str](), True
    jpegs = [_jpeg(photograph, *grid) for grid in MEGAPIXELS.values()]
    sizes, two = [*MEGAPIXELS], jpegs[1]
    with serving(1, DARKROOM_METRICS="false", **_UNLIMITED) as server:
        for step in _STEPS_TAKEN:
            by_size = [client.raw(client.target("/v1/process", step), jpeg) for jpeg in jpegs]
            by_steps = [client.raw(client.target("/v1/process", "/".join([step] * many)), two) for many in STEPS]
            curves = {
                f"`{step}`, {sizes[0]} to {sizes[-1]} megapixels": measured(server, sizes, by_size),
                f"`{step}`, once to {STEPS[-1]} times, 2 megapixels": measured(server, STEPS, by_steps),
            }
            for name, found in curves.items():
                whole, own = found
                good = own.worst <= TARGET
                met = met and good
                points = " · ".join(f"{point:.1f}" for point in own.points)
                numbers = (f"{own.slope:.2f}", f"{own.start:.2f}", points, f"{own.worst:.1%}", mark(good))
                cells = (name, *numbers, f"{whole.slope:.2f}", f"{whole.worst:.1%}")
                rows.append(f"| {' | '.join(cells)} |")
                print(rows[-1], flush=True)
    return _TEXT.format(rounds=ROUNDS, target=TARGET, rows="\n".join(rows)), met


_UNLIMITED = {
    "DARKROOM_MAX_SECONDS": "3600", "DARKROOM_MAX_WORK": "3600", "DARKROOM_MAX_PIXELS": "200000000",
    "DARKROOM_MAX_MEMORY": f"{16 * 2**30}", "DARKROOM_MAX_BODY_BYTES": f"{2**30}",
    "DARKROOM_QUEUE_SECONDS": "300",
}  # fmt: skip


def _jpeg(photograph: Pixels, across: int, down: int) -> bytes:
    return bytes(cv2.imencode(".jpg", np.tile(photograph, (down, across, 1)), [cv2.IMWRITE_JPEG_QUALITY, 90])[1])


_TEXT = """## Cost by size and by steps

Core-milliseconds of a request from JPEG to JPEG, medians of {rounds} interleaved rounds, and the straight line through
them by the least relative errors. Larger pictures are the photograph of one megapixel several times. Target: no point
is further than {target:.0%} from its line, without what the kernel takes: memory beyond what a process keeps
between requests is given back, and the kernel clears it anew for the next one.

| | ms a unit | ms of none | ms a unit at each point | worst residual | | with the kernel's | worst residual |
|---|---|---|---|---|---|---|---|
{rows}
"""


def measured(server: Server, units: Sequence[float], requests: Sequence[bytes]) -> tuple[Line, Line]:
    """The lines through the medians of all rounds, with the kernel's share and without; a round asks for all points."""
    counts = [max(2, round(_MILLISECONDS / core_and_own_ms(server, request, 2)[0])) for request in requests]
    took = [[core_and_own_ms(server, *one) for one in zip(requests, counts, strict=True)] for _ in range(ROUNDS)]
    whole, own = (
        line(units, [statistics.median(found[side] for found in each) for each in zip(*took, strict=True)])
        for side in (0, 1)
    )
    return whole, own


def line(units: Sequence[float], took: Sequence[float]) -> Line:
    """Least squares of the relative errors, so that small ones count as much as large ones."""
    slope, start = np.polyfit(units, took, 1, w=1 / np.asarray(took))
    fitted = slope * np.asarray(units) + start
    points = (np.asarray(took) - start) / np.asarray(units)
    return Line(float(slope), float(start), float(np.abs(np.asarray(took) / fitted - 1).max()), points.tolist())

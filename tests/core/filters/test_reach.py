"""Every step's declared reach against its pixels: change one, and see how far away the result changes."""

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import DarkroomError
from core.filter import Filter
from core.findings.coverage import Change, mask_after, outline_after
from core.findings.masks import Mask, cover
from core.findings.region import Region
from core.limits import Deadline, Limits
from core.picture import Origin, Picture, Size
from core.pipeline import Pipeline, Step
from core.registry import filters
from core.run import Context, Run
from tests.core.fakes import FakeModels
from tests.core.privacy.steps import second, step

EVERY = pytest.mark.parametrize("known", filters().values(), ids=lambda known: known.name)
PIXELS = [known for known in filters().values() if known.makes == "pixels" and not known.hides]
SIDE = 72
TIMES = 12


def test_every_step_declares_its_reach() -> None:
    """But those of which it follows: a geometry known from the size alone, and a model, which changes no pixel."""
    silent = {name for name, known in filters().items() if known.reach is None}
    assert silent == {name for name, known in filters().items() if known.takes == "size" or known.task}


def drawn(known: Filter, rng: np.random.Generator) -> Step | None:
    """The step with random values; None where they do not go together."""
    shown = step(rng, [known.name])
    before = [{"filter": "detect"}] * (known.findings is not None)
    try:
        return Pipeline.from_json([*before, shown]).steps[-1]
    except DarkroomError:
        return None


def ran(known: Step, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    steps = (*Pipeline.parse("detect").steps, known)
    origin = Origin(format="png", size=Size(SIDE, SIDE), channels=pixels.shape[2])
    run = Run(Pipeline(steps), Context(Limits(), Deadline(60), second, models=FakeModels()))
    return next(run.frames([Picture(pixels=pixels, origin=origin)])).pixels


def pictures(rng: np.random.Generator, channels: int) -> NDArray[np.uint8]:
    """Noise, or slopes with a few levels: filters with thresholds do something on both."""
    down, across = np.mgrid[0:SIDE, 0:SIDE]
    slope = ((across * 3 + down * 2) % 256)[:, :, None] + rng.integers(
        0, int(rng.choice([3, 40, 256])), (SIDE, SIDE, channels)
    )
    pixels = (slope % 256).astype(np.uint8)
    if channels == 4:
        pixels[:, :, 3] = 255
    return pixels


@pytest.mark.parametrize("known", PIXELS, ids=lambda known: known.name)
def test_no_pixel_beyond_the_reach_changes(known: Filter) -> None:
    rng, tried = np.random.default_rng(len(known.name)), 0
    for _ in range(TIMES):
        made = drawn(known, rng)
        if made is None or not np.isfinite(made.reach):
            continue
        pixels = pictures(rng, int(rng.choice([1, 3, 4])))
        row, column = rng.integers(0, SIDE, 2)
        colors = min(pixels.shape[2], 3)
        results = []
        for value in (0, 255, rng.integers(0, 256, colors)):
            other = pixels.copy()
            other[row, column, :colors] = value
            try:
                results.append(ran(made, other))
            except DarkroomError:
                break
        if len(results) < 3:
            continue
        changed = np.any([(one != results[0]).any(axis=2) for one in results[1:]], axis=0)
        tried += 1
        down, across = np.nonzero(changed)
        away = max((abs(down - row).max(), abs(across - column).max())) if len(down) else 0
        assert away <= made.reach, f"{made.canonical()} changes a pixel {away} away and declares {made.reach}"
    everywhere = known.reach is not None and not callable(known.reach) and np.isinf(known.reach)
    assert tried or everywhere


@pytest.mark.parametrize(
    "known", [known for known in filters().values() if known.takes == "size"], ids=lambda known: known.name
)
def test_all_that_a_geometry_mixes_a_pixel_into_is_covered(known: Filter) -> None:
    """As a mask follows, and as a region does."""
    rng, tried = np.random.default_rng(len(known.name)), 0
    for _ in range(4 * TIMES):
        made = drawn(known, rng)
        if made is None:
            continue
        pixels = pictures(rng, int(rng.choice([1, 3, 4])))
        row, column = (int(place) for place in rng.integers(0, SIDE, 2))
        one, other = pixels.copy(), pixels.copy()
        one[row, column, :3], other[row, column, :3] = 0, 255
        try:
            changed = (ran(made, one) != ran(made, other)).any(axis=2)
        except DarkroomError:
            continue
        tried += 1
        for covered in covers(made, row, column):
            assert not (changed & ~covered).any(), made.canonical()
    assert tried > TIMES


def covers(made: Step, row: int, column: int) -> list[NDArray[np.bool_]]:
    """The pixels that hold anything of one, by its mask and by its region."""
    geometry = made.filter.function(Size(SIDE, SIDE), **made.arguments)
    left, top, width, height = msgspec.structs.astuple(geometry.shown)
    change = Change(
        matrix=geometry.matrix, before=(SIDE, SIDE), after=geometry.size, reach=geometry.reach,
        shown=(left, top, left + width, top + height),
    )  # fmt: skip
    mask = mask_after(Mask(column, row, np.full((1, 1), 255, np.uint8)), [change])
    square = [(column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1)]
    points = outline_after(square, [change])
    planes = [np.zeros(geometry.size[::-1], np.uint8) for _ in range(2)]
    planes[0][mask.rows, mask.columns] = mask.bits
    if len(points) > 2:
        cover(planes[1], Region(tuple(map(tuple, points.tolist()))))
    return [plane > 0 for plane in planes]

"""`tiles=` on real pictures: the detector that ships finds what is drawn in a panorama, each once; work and frames."""

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import TooMuchWorkError
from core.findings.findings import Object
from core.limits import Deadline, Limits
from core.models.vision import Models
from core.picture import Origin, Picture, Size
from core.pipeline import Pipeline
from core.plan import plan
from core.run import Context, Run
from service.models import setup
from service.settings import Settings
from tests.core.fakes import FakeModels
from tools.shapes.drawing import Style, painted
from tools.shapes.grounds import ground
from tools.shapes.outlines import LABELS, outline

WIDTH, HEIGHT, SHAPES = 8000, 800, 40


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    chosen = Settings(data=str(tmp_path_factory.mktemp("none")))
    return setup.open_runtime(chosen, setup.open_manifest(chosen))


def panorama(seed: int, largest: int = 250) -> tuple[NDArray[np.uint8], list[tuple[str, NDArray[np.float64]]]]:
    """Forty shapes on a noisy ground of 8,000 × 800, in ten columns of four each a fifth of the width, somewhere."""
    rng = np.random.default_rng([seed, 18])
    canvas, drawn = ground(rng, WIDTH, HEIGHT, Style().noise), []
    for number in range(SHAPES):
        index = number % len(LABELS)
        size = rng.uniform(70, min(largest, 340))
        left = 400 * (number // 2) + rng.uniform(0, 390 - size)
        top = 400 * (number % 2) + rng.uniform(0, 390 - size)
        points = outline(index, rng)
        points = (points - points.min(axis=0)) / np.ptp(points, axis=0).max() * size + (left, top)
        color = tuple(int(value) for value in rng.choice([20, 235], 3))
        painted(canvas, points, 0 if number % 3 else 9, color)
        drawn.append((LABELS[index], np.concatenate([points.min(axis=0), points.max(axis=0)])))
    return canvas, drawn


def detected(text: str, pixels: NDArray[np.uint8], models: Models) -> tuple[Object, ...]:
    origin = Origin(format="png", size=Size(pixels.shape[1], pixels.shape[0]))
    run = Run(Pipeline.parse(text), Context(Limits(), Deadline(120), models=models))
    return next(run.frames([Picture(pixels=pixels, origin=origin)])).findings.objects or ()


def overlap(one: NDArray[np.float64], other: NDArray[np.float64]) -> tuple[float, float]:
    """Intersection over union, and over the smaller one."""
    shared = np.maximum(np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]), 0).prod()
    areas = [(box[2:] - box[:2]).prod() for box in (one, other)]
    return float(shared / (sum(areas) - shared)), float(shared / min(areas))


@pytest.mark.parametrize("seed", range(3))
def test_a_panorama_is_found_in_windows_and_nothing_twice(models: Models, seed: int) -> None:
    pixels, drawn = panorama(seed)
    found = [(one.label, np.array(one.region.bounds)) for one in detected("detect:tiles=auto", pixels, models)]
    hits = sum(any(label == name and overlap(box, other)[0] > 0.5 for name, other in found) for label, box in drawn)
    assert hits >= 0.95 * SHAPES
    twice = [
        (label, box.tolist(), other.tolist())
        for index, (label, box) in enumerate(found)
        for name, other in found[:index]
        if name == label and overlap(box, other)[1] > 0.5
    ]
    assert twice == []
    assert len(found) <= 1.1 * SHAPES


def test_as_a_whole_it_shows_next_to_nothing(models: Models) -> None:
    """What docs/models.md and the step's description say of it."""
    pixels, _ = panorama(0)
    assert len(detected("detect", pixels, models)) <= 4


def test_what_is_found_as_a_whole_is_found_in_tiles_too(models: Models) -> None:
    from tools.shapes.example import example

    pixels = np.kron(example(), np.ones((4, 4, 1), np.uint8))
    plain = {one.label for one in detected("detect", pixels, models)}
    assert plain == set(LABELS)
    for tiles in ("2", "auto"):
        assert {one.label for one in detected(f"detect:tiles={tiles}", pixels, models)} == plain


# --- work and frames -----------------------------------------------------------------------------------------------


def work(text: str, size: tuple[int, int]) -> float:
    origin = Origin(format="png", size=Size(*size))
    return plan(Pipeline.parse(text), origin, Limits(), models=FakeModels()).work


def test_each_window_is_work() -> None:
    model = FakeModels().find("detect", None)
    whole, tiled = (work(text, (3000, 2000)) for text in ("detect", "detect:tiles=3x2"))
    assert 6 * model.work < tiled - whole < 7.5 * model.work  # windows are scaled too
    assert work("detect:tiles=1", (3000, 2000)) == whole


def test_too_much_work_is_refused_before_it_begins() -> None:
    models = FakeModels()
    models.cost = 60
    origin = Origin(format="png", size=Size(4000, 3000))
    plan(Pipeline.parse("detect"), origin, Limits(), models=models)
    with pytest.raises(TooMuchWorkError):
        plan(Pipeline.parse("detect:tiles=64"), origin, Limits(), models=models)


@pytest.mark.parametrize("step", ["detect", "faces", "persons"])
def test_every_frame_of_an_animation(step: str) -> None:
    fakes = FakeModels()
    origin = Origin(format="gif", size=Size(400, 400), frames=2)
    pictures = [Picture(pixels=np.zeros((400, 400, 3), np.uint8), origin=origin)] * 2
    run = Run(Pipeline.parse(f"{step}:tiles=2"), Context(Limits(), Deadline(60), models=fakes))
    first, second = run.frames(pictures)
    assert len(fakes.asked) == 2 * 5
    assert len(first.findings.objects or ()) == len(second.findings.objects or ()) > 1


def test_tracked_and_hidden() -> None:
    """What follows takes the objects of windows as any."""
    pixels = np.full((400, 400, 3), 200, np.uint8)
    fakes = FakeModels()
    run = Run(Pipeline.parse("detect:tiles=2/track/count/redact"), Context(Limits(), Deadline(60), models=fakes))
    picture = next(run.frames([Picture(pixels=pixels, origin=Origin(format="png", size=Size(400, 400)))]))
    for seen in picture.findings.objects or ():
        left, top, right, bottom = (round(side) for side in seen.region.bounds)
        assert not picture.pixels[top + 1 : bottom - 1, left + 1 : right - 1].any()

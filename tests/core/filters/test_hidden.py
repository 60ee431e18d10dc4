"""What is stored under alpha 0 decides nothing: two pictures that differ only there are one picture to every step."""

import os
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.errors import DarkroomError
from core.filter import Filter
from core.imaging.alpha import filled
from core.limits import Deadline, Limits
from core.models.fit import fitted
from core.models.model import Model
from core.models.prediction import DetectionOptions, Prediction
from core.picture import Origin, Picture, Size
from core.pipeline import Pipeline, Step
from core.registry import filters
from core.run import Context, Run
from tests.conftest import ROOT
from tests.core import strategies
from tests.core.fakes import FakeModels, Scaled
from tests.core.filters.support import apply, measured

Array = NDArray[np.uint8]
EVERY = pytest.mark.parametrize("known", filters().values(), ids=lambda known: known.name)
CUBE = (ROOT / "service/assets/warm.cube").read_bytes()
EXAMPLES = int(os.environ.get("DARKROOM_TEST_HIDDEN", "4"))
"""Pairs of pictures for each step; the long form takes hundreds."""


class Looking(FakeModels):
    """Models that note what networks are given."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[Array] = []

    def see(
        self, model: Model, pixels: Array, wanted: DetectionOptions, deadline: Deadline
    ) -> tuple[Prediction, Scaled]:
        """What was told; what a network would be given is kept."""
        self.given.append(fitted(pixels, model.input)[0])
        return super().see(model, pixels, wanted, deadline)


def alphas() -> st.SearchStrategy[Array]:
    """Alpha planes of 26 × 30: a hole or an island, specks, a ramp, nothing seen, and steps of them."""
    rows, columns = np.mgrid[:26, :30]
    island = np.where((abs(rows - 12) < 7) & (abs(columns - 14) < 9), 255, 0)
    ramp = np.clip((columns - 6) * 14, 0, 255)
    specks = np.random.default_rng(4).choice([0, 0, 90, 255], (26, 30))
    planes = [island, 255 - island, ramp, np.minimum(ramp, island), specks, np.zeros_like(ramp), 1 - island // 255]
    return st.sampled_from([plane.astype(np.uint8) for plane in planes])


def pair(alpha: Array, seed: int) -> tuple[Array, Array]:
    """Two pictures that are alike where anything is seen."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:26, :30]
    ground = np.stack([rows * 8, columns * 7, (rows + columns) * 4], axis=2)
    ground[5:12, 10:20] = (40, 60, 220)
    first = np.clip(ground + random.integers(-9, 10, ground.shape), 0, 255).astype(np.uint8)
    second = np.where(alpha[:, :, None] > 0, first, random.integers(0, 256, first.shape)).astype(np.uint8)
    first = np.where(alpha[:, :, None] > 0, first, np.uint8(random.choice([0, 255]))).astype(np.uint8)
    return np.dstack([first, alpha]), np.dstack([second, alpha])


def outcome(step: Step, pixels: Array) -> tuple[Any, ...]:
    """All that can be seen of a step's result: alpha, seen colours, findings, what networks were given, or an error."""
    models, origin = Looking(), Origin(format="png", size=Size(30, 26), channels=4)
    second = cv2.imencode(".png", pixels)[1].tobytes()

    def other(name: str) -> bytes:
        return CUBE if step.filter.name == "lut" else second

    pipeline = Pipeline(tuple(strategies.fed([step])))
    run = Run(pipeline, Context(Limits(pixels=500_000), Deadline(60), other, models=models))
    try:
        made = next(run.frames([Picture(pixels=pixels, origin=origin)]))
    except DarkroomError as error:
        return (error.code, error.detail)
    found = made.findings.to_json(*made.size, masks=True)
    alpha = made.pixels[:, :, 3:] if made.pixels.shape[2] == 4 else np.full((*made.pixels.shape[:2], 1), 255)
    seen = np.where(alpha > 0, made.pixels, 0)
    return seen.shape, seen.tobytes(), repr(found), [given.tobytes() for given in models.given]


@EVERY
@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
@given(data=st.data(), alpha=alphas(), seed=st.integers(0, 2**16))
def test_hidden_colours_decide_nothing(known: Filter, data: st.DataObject, alpha: Array, seed: int) -> None:
    example = Pipeline.parse(known.example).steps[-1]
    step = data.draw(st.one_of(st.just(example), strategies.steps(known)))
    one, other = pair(alpha, seed)
    assert outcome(step, one) == outcome(step, other)


# --- the seen part alone -------------------------------------------------------------------------------------------

INNER = (slice(10, 42), slice(14, 62))


def inset(hidden: int) -> tuple[Array, Array]:
    """A picture on a transparent ground of one colour, and its opaque part alone."""
    random = np.random.default_rng(3)
    part = np.clip(random.normal((90, 120, 140), 25, (32, 48, 3)), 0, 255).astype(np.uint8)
    part[8:20, 10:30] //= 2
    pixels = np.full((60, 80, 4), hidden, np.uint8)
    pixels[:, :, 3] = 0
    pixels[INNER] = np.dstack([part, np.full(part.shape[:2], 255, np.uint8)])
    return pixels, part


STATISTICS = [
    "autocontrast", "autocontrast:3,channel", "equalize", "threshold:method=otsu", "threshold:method=adaptive",
    "white_balance", "white_balance:white_patch,90", "white_balance:white_patch,100", "contours", "contours:120",
    "skeleton", "skeleton:invert=true",
]  # fmt: skip


@pytest.mark.parametrize("hidden", [0, 255])
@pytest.mark.parametrize("text", STATISTICS)
def test_statistics_are_those_of_the_seen_part_alone(text: str, hidden: int) -> None:
    pixels, part = inset(hidden)
    alone = apply(text, part)
    result = apply(text, pixels)[INNER]
    assert np.array_equal(result[:, :, :3], np.broadcast_to(alone, part.shape))
    assert (result[:, :, 3] == 255).all()


EDGES: dict[str, int] = {
    "canny": 3, "gradient": 1, "sobel:both,5,0.1": 2, "scharr:both,0.25": 1, "laplacian:3": 1, "emboss": 1,
    "bilateral:5,40,3": 2, "sketch:1": 5, "denoise:10,10,7": 8, "cartoon": 9,
}  # fmt: skip
"""Filters that look at neighbours, and how far."""


@pytest.mark.parametrize("hidden", [0, 255])
@pytest.mark.parametrize("text", EDGES)
def test_edges_inside_are_those_of_the_seen_part_alone(text: str, hidden: int) -> None:
    pixels, part = inset(hidden)
    reach = EDGES[text]
    inside = (slice(reach, -reach), slice(reach, -reach))
    alone = np.broadcast_to(apply(text, part), part.shape)
    assert np.array_equal(apply(text, pixels)[INNER][inside][:, :, :3], alone[inside])


@pytest.mark.parametrize("text", ["gradient", "sobel", "scharr", "laplacian", "canny"])
def test_the_edge_of_what_is_seen_is_no_edge(text: str) -> None:
    pixels = np.zeros((40, 40, 4), np.uint8)
    pixels[10:30, 10:30] = (120, 140, 160, 255)
    pixels[:, :, :3][pixels[:, :, 3] == 0] = 255
    assert apply(text, pixels)[10:30, 10:30, :3].max() == 0


def nearest(pixels: Array) -> Array:
    """Each hidden pixel's distance to the seen pixel whose colour it was given, by looking at all of them."""
    seen = np.argwhere(pixels[:, :, 3] > 0)
    return np.array([
        [np.hypot(*(seen - (y, x)).T).min() for x in range(pixels.shape[1])] for y in range(pixels.shape[0])
    ])  # fmt: skip


def test_fill_is_the_nearest_seen_colour() -> None:
    random = np.random.default_rng(8)
    pixels = random.integers(0, 256, (24, 31, 4)).astype(np.uint8)
    pixels[:, :, 3] = np.where(random.random((24, 31)) < 0.1, 200, 0)
    result, least = filled(pixels), nearest(pixels)
    for y, x in np.ndindex(24, 31):
        alike = np.argwhere((pixels[:, :, 3] > 0) & (pixels[:, :, :3] == result[y, x]).all(axis=2))
        assert np.hypot(*(alike - (y, x)).T).min() <= least[y, x] * 1.03 + 1e-9, "OpenCV's distances are 2 % exact"


# --- weights -------------------------------------------------------------------------------------------------------


def weighed(luma: Array, alpha: Array) -> NDArray[np.float64]:
    """How much alpha, 0 to 1, lies on each value."""
    counts = np.zeros(256)
    np.add.at(counts, luma.ravel(), alpha.ravel() / 255)
    return counts


def grey_ramp() -> Array:
    """Greys of two populations under a ramp of alpha."""
    random = np.random.default_rng(6)
    luma = np.where(random.random((50, 70)) < 0.4, random.normal(70, 12, (50, 70)), random.normal(170, 20, (50, 70)))
    alpha = np.clip(np.arange(70) * 5 - 20, 0, 255) * np.ones((50, 1))
    return np.dstack([np.clip(luma, 0, 255)] * 3 + [alpha]).astype(np.uint8)


def otsu(counts: NDArray[np.float64]) -> int:
    """The level of the largest variance between the classes, by trying all."""
    best, level = -1.0, 0
    for split in range(255):
        low, high = counts[: split + 1], counts[split + 1 :]
        if low.sum() > 0 and high.sum() > 0:
            means = [np.average(np.arange(a, a + len(c)), weights=c) for a, c in ((0, low), (split + 1, high))]
            between = low.sum() * high.sum() * (means[0] - means[1]) ** 2
            if between > best * (1 + 1e-9):
                best, level = between, split
    return level


def equal(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    first = int(np.flatnonzero(counts)[0])
    return (np.cumsum(counts) - counts[first]) * 255 / (counts.sum() - counts[first])


def stretched(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    share = np.cumsum(counts) / counts.sum()
    low, high = np.flatnonzero(share > 0.01)[0], np.flatnonzero(share >= 0.99)[0]
    return np.clip((np.arange(256) - low) * 255 / (high - low), 0, 255)


TABLES: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "threshold:method=otsu": lambda counts: np.where(np.arange(256) > otsu(counts), 255, 0),
    "equalize": equal,
    "autocontrast:1": stretched,
}


@pytest.mark.parametrize("text", TABLES)
def test_a_pixel_counts_by_its_alpha(text: str) -> None:
    pixels = grey_ramp()
    luma, alpha = pixels[:, :, 0], pixels[:, :, 3]
    expected = TABLES[text](weighed(luma, alpha))[luma]
    unweighed = TABLES[text](weighed(luma, np.full_like(alpha, 255)))[luma]
    result = apply(text, pixels)[:, :, 0]
    assert np.abs(result - expected)[alpha > 0].max() <= 0.51
    assert text == "threshold:method=otsu" or np.abs(result - unweighed)[alpha > 0].max() > 1


def test_measures_count_by_alpha() -> None:
    pixels = grey_ramp()
    pixels[:, :, 0] //= 2
    luma = np.rint(pixels[:, :, :3] @ (0.114, 0.587, 0.299)).astype(np.uint8)
    found = measured("histogram:256", pixels)
    assert np.abs(np.array(found["blue"]) - weighed(pixels[:, :, 0], pixels[:, :, 3])).max() <= 0.5
    assert np.abs(np.cumsum(found["luma"]) - np.cumsum(weighed(luma, pixels[:, :, 3]))).max() < 60, "luma is rounded"
    assert sum(found["alpha"]) == pixels.shape[0] * pixels.shape[1]
    assert found["alpha"][0] == (pixels[:, :, 3] == 0).sum()


def test_gray_world_weighs_by_alpha() -> None:
    pixels = grey_ramp()
    pixels[:, :, 0] //= 2
    result = apply("white_balance", pixels)
    means = np.average(result[:, :, :3].reshape(-1, 3), axis=0, weights=pixels[:, :, 3].ravel())
    assert np.ptp(means) < 1


def test_sharpness_is_that_of_the_seen_part() -> None:
    pixels, part = inset(255)
    alone, found = measured("sharpness", part), measured("sharpness", pixels)
    assert found["variance"] == pytest.approx(alone["variance"], rel=0.08), "but for the outermost pixels"
    pixels[:, :40, 3] //= 255
    half = measured("sharpness", np.ascontiguousarray(pixels[:, 40:]))
    assert measured("sharpness", pixels)["variance"] == pytest.approx(half["variance"], rel=0.05)


@pytest.mark.parametrize("text", ["crop:150,110,gravity=smart", "crop:300,300,gravity=smart", "deskew", "deskew:45"])
def test_large_pictures_are_made_smaller_by_what_is_seen(text: str) -> None:
    """Steps that decide on a small copy: its pixels are means, into which nothing hidden may be mixed."""
    results = []
    for hidden in (0, 255, None):
        pixels, _ = inset(0)
        pixels = cv2.resize(cv2.warpAffine(pixels, np.float64([[1, 0.1, 0], [-0.1, 1, 4]]), (80, 60)), (1237, 1013))
        noise = np.random.default_rng(1).integers(0, 256, (1013, 1237, 3)).astype(np.uint8)
        pixels[:, :, :3] = np.where(pixels[:, :, 3:] > 0, pixels[:, :, :3], noise if hidden is None else hidden)
        made = apply(text, pixels)
        results.append((made.shape, np.where(made[:, :, 3:] > 0, made, 0).tobytes()))
    assert results[0] == results[1] == results[2]


def test_lines_on_a_transparent_ground_do_not_mix_with_what_is_hidden() -> None:
    """The soft edge of a line would hold part of the colour that was cut away."""
    pixels = np.zeros((100, 200, 4), np.uint8)
    pixels[:, :, 1] = 255
    result = apply("faces/draw:points,color=ff0000", pixels)
    seen = result[:, :, 3] > 0
    assert (seen & (result[:, :, 3] < 255)).any(), "discs have soft edges"
    assert result[seen][:, 1].max() == 0

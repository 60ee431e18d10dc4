"""Drawing: what is drawn, where, and that it can be read in a picture of any size."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from core.findings.findings import Keypoint
from core.imaging.drawing import Brush, color_of, dots, readable_on
from core.language.values import Color
from core.picture import Size
from tests.conftest import made_picture
from tests.core.fakes import FakeModels, Seen
from tests.core.filters.support import apply

Pixels = NDArray[np.uint8]
ONE = FakeModels(things=(Seen(1, (25, 25, 75, 75)),))
RED = Color(255, 0, 0)
ALL = ["boxes", "names", "scores", "points", "masks", "maps", "labels"]


def plain(width: int, height: int, channels: int = 3, value: int = 40) -> Pixels:
    return np.full((height, width, channels), value, np.uint8)


def changed(text: str, pixels: Pixels, models: FakeModels | None = None) -> NDArray[np.bool_]:
    """Which pixels a drawing changes."""
    drawn = apply(text, pixels, models=models)
    return (drawn != (pixels if pixels.shape[2] > 1 else pixels.repeat(3, axis=2))).any(axis=2)


SIZES = [(8, 8), (30, 20), (100, 60), (640, 480), (4000, 3000), (300, 5000), (8000, 2400)]


@pytest.mark.parametrize(("width", "height"), SIZES, ids=str)
def test_lines_and_letters_suit_the_picture(width: int, height: int) -> None:
    """Lines of at least a pixel and 0.2 to 1 % of the shorter side; a name 3 to 10 % of it high, or none."""
    shorter = min(width, height)
    line = changed("detect:things/draw:boxes", plain(width, height), ONE)
    middle = line[height // 2, : width // 2]
    assert max(1, 0.002 * shorter) <= middle.sum() <= max(3, 0.01 * shorter + 2)
    name = changed("detect:things/draw:names+scores", plain(width, height), ONE)
    if shorter < 20:
        assert not name.any()
        return
    high = np.flatnonzero(name.any(axis=1))
    assert max(9, 0.03 * shorter) <= high[-1] - high[0] + 1 <= max(25, 0.1 * shorter)


def test_a_box_is_drawn_on_its_edges() -> None:
    line = changed("detect:things/draw:boxes", plain(200, 100), ONE)
    rows, columns = np.flatnonzero(line.any(axis=1)), np.flatnonzero(line.any(axis=0))
    assert np.allclose((rows[0], rows[-1] + 1, columns[0], columns[-1] + 1), (25, 75, 50, 150), atol=2)
    assert not line[30:70, 55:145].any()


def test_a_turned_box_is_drawn_turned() -> None:
    """A square of 50 about the middle of 100 × 100, turned by 45° and expanded: its corners are 35 away."""
    text = "detect:things/rotate:45,background=282828"
    line = (apply(f"{text}/draw:boxes", plain(100, 100), models=ONE) != 40).any(axis=2)
    middle = line.shape[0] / 2
    points = np.argwhere(line) + 0.5 - middle
    assert np.abs(points).sum(axis=1).max() == pytest.approx(35.4, abs=2)
    assert np.abs(points).sum(axis=1).min() == pytest.approx(35.4, abs=2)


@pytest.mark.parametrize("what", ALL)
def test_each_thing_is_drawn_by_itself(what: str) -> None:
    models = FakeModels()
    text = f"segment/classify/faces/detect:outlines/draw:{what}"
    alone = changed(text, plain(200, 150), models)
    assert alone.any()
    everything = changed("segment/classify/faces/detect:outlines/draw", plain(200, 150), models)
    assert alone.sum() <= everything.sum()


@pytest.mark.parametrize(
    "text",
    [
        "detect:things/draw:points+masks+maps+labels", "classify/draw:boxes+names", "segment/draw:boxes+labels",
        "detect:things/draw:classes=car", "segment/crop:100p,20p,0,0/draw:classes=road", "detect:things/draw:what=",
    ],
)  # fmt: skip
def test_nothing_to_draw_changes_nothing(text: str) -> None:
    pixels = plain(200, 100)
    before = apply(text.rpartition("/")[0], pixels, models=ONE)
    assert np.array_equal(apply(text, pixels, models=ONE), before)


def test_a_class_map_is_laid_over_the_picture() -> None:
    result = apply("segment/draw:opacity=50", plain(100, 100), models=ONE)
    assert (result[10, 50] == 40).all()  # what is nothing in particular stays as it is
    for y, x, index in ((95, 30, 1), (95, 5, 2), (70, 50, 3)):
        assert np.abs(result[y, x] - (np.array(color_of(index).bgr) + 40) / 2).max() <= 1
    road = changed("segment/draw:classes=road", plain(100, 100), ONE)
    assert not road[:50].any()
    assert road[95, 30]


def test_a_mask_is_laid_over_its_object() -> None:
    result = apply("detect:outlines/draw:masks,opacity=100,color=ff0000", plain(200, 100))
    assert (result[50, 100] == (0, 0, 255)).all()
    assert (result[2, 2] == 40).all()


@pytest.mark.parametrize("channels", [1, 3, 4], ids=["grey", "bgr", "bgra"])
def test_what_is_drawn_is_coloured_and_opaque(channels: int) -> None:
    pixels = plain(200, 100, channels)
    if channels == 4:
        pixels[:, :, 3] = 0
    result = apply("detect:things/draw:color=ff0000", pixels, models=ONE)
    assert result.shape[2] == max(3, channels)
    red = (result[:, :, :3] == (0, 0, 255)).all(axis=2)
    assert red.sum() > 100
    if channels == 4:
        assert (result[:, :, 3][red] == 255).sum() > 100
        assert red[result[:, :, 3] > 0].mean() > 0.7, "soft edges are red too, and less opaque; the rest is letters"
        assert result[50, 100, 3] == 0


@pytest.mark.parametrize(
    ("box", "rows"),
    [((25, 50, 75, 90), (0, 51)), ((25, 0, 75, 50), (0, 20)), ((0, 95, 3, 100), (60, 96)), ((97, 0, 100, 5), (0, 20))],
    ids=["above", "below where there is no room", "lower left", "upper right"],
)
def test_names_stay_in_the_picture(box: tuple[float, float, float, float], rows: tuple[int, int]) -> None:
    name = changed("detect:things/draw:names+scores", plain(200, 100), FakeModels(things=(Seen(1, box),)))
    places = np.flatnonzero(name.any(axis=1))
    assert rows[0] <= places[0]
    assert places[-1] < rows[1]
    assert name.sum() > 200, "a whole plate"


@pytest.mark.parametrize(
    ("point", "seen"),
    [
        ((50, 50, 0.9), True),
        ((50, 50, 0.3), True),
        ((50, 50, 0.29), False),
        ((-1, 50, 0.9), False),
        ((50, 101, 1), False),
    ],
    ids=["sure", "just", "unsure", "left of the picture", "below it"],
)
def test_points_are_drawn_where_they_are_sure_and_in_the_picture(point: tuple[float, float, float], seen: bool) -> None:
    canvas = plain(100, 100)
    dots(canvas, [Keypoint("nose", *point)], RED, 2)
    assert (canvas != 40).any() == seen
    if seen:
        places = np.argwhere((canvas != 40).any(axis=2)) + 0.5
        assert np.allclose(places.mean(axis=0), (50, 50), atol=0.2)


def test_labels_stand_below_each_other() -> None:
    listed = changed("classify:top=3/draw", plain(400, 300))
    assert listed[:40].any()
    assert len(np.flatnonzero(listed.any(axis=1))) > len(
        np.flatnonzero(changed("classify:top=1/draw", plain(400, 300)).any(axis=1))
    )


def test_a_picture_full_of_objects() -> None:
    rng = np.random.default_rng(1)
    seen = tuple(Seen(int(i % 4), (x, y, x + 9, y + 9)) for i, (x, y) in enumerate(rng.uniform(0, 90, (400, 2))))
    result = apply("detect:things,max=400/draw", made_picture(3, 800, 600), models=FakeModels(things=seen))
    assert result.shape == (600, 800, 3)


def test_colours_of_neighbouring_classes_differ_and_letters_are_readable() -> None:
    colors = [np.array(color_of(index).bgr, int) for index in range(100)]
    for one, other in pairwise(colors):
        assert np.abs(one - other).sum() > 100
    for index in range(100):
        plate, letters = (
            float(cv2.cvtColor(np.uint8([[c.bgr]]), cv2.COLOR_BGR2GRAY)[0, 0])
            for c in (color_of(index), readable_on(color_of(index)))
        )
        assert abs(plate - letters) > 110


@pytest.mark.parametrize(("scale", "line"), [(0.1, 1), (1, 5), (10, 50)])
def test_scale(scale: float, line: int) -> None:
    assert Brush.of(Size(1000, 2000), scale).line == line

"""Windows cut out of a picture that was scaled once: they lie where their matrix says, and are not scaled again."""

from typing import Any

import msgspec
import numpy as np
import pytest

from core.findings.matrices import project
from core.language.values import Tiles
from core.limits import Deadline
from core.models.fit import Fit, fit_of, fitted
from core.models.model import Input, Model
from core.models.prediction import DetectionOptions, Detections
from core.models.scaled import Scaled, scaled_for
from core.models.tiles import Window, windows_of
from core.models.vision import VisionInput
from core.picture import Origin, Picture, Pixels, Size
from tests.core.fakes import FakeModels

SIDES = Size(1237, 941)
INPUTS = {
    "letterbox": Input(name="image", size=(96, 64), resize="letterbox"),
    "area": Input(name="image", size=(96, 64), resize="letterbox", interpolation="area"),
    "stretch": Input(name="image", size=(61, 97), resize="stretch"),
    "dynamic": Input(name="image", size=(96, 96), dynamic=True, multiple=32),
}


def slope(across: bool, channels: int = 3) -> Pixels:
    """A picture whose value tells how far right, or down, a pixel lies: five pixels a step."""
    along = (np.arange(SIDES.width if across else SIDES.height) + 0.5) / 5
    plane = np.broadcast_to(along[None, :] if across else along[:, None], SIDES[::-1]).astype(np.uint8)
    pixels = np.repeat(plane[:, :, None], channels, axis=2)
    if channels == 4:
        pixels[:, :, 3] = 255
    return np.ascontiguousarray(pixels)


def windows(about: Input, tiles: str = "4x3") -> list[Window]:
    return [one for one in windows_of(Tiles.parse(tiles), SIDES, about) if one.size != SIDES]


def made(pixels: Pixels, about: Input) -> Scaled:
    found = scaled_for(pixels, windows(about)[0].size, about)
    assert found is not None
    return found


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("about", INPUTS.values(), ids=INPUTS)
def test_each_window_is_the_size_that_it_is_shown_at(about: Input, channels: int) -> None:
    """So that it is copied only, and the rest of the input is padding as ever."""
    scaled = made(slope(across=True, channels=channels), about)
    for window in windows(about):
        cut, _ = scaled.cut(window)
        own = fit_of(window.size, about)
        wide, high = own.filled
        image, fit = fitted(cut, about)
        assert (fit.size, fit.filled) == (own.size, own.filled)
        assert cut.shape[:2] == (high, wide)
        assert np.array_equal(image[:high, :wide, :1], cut[:, :, :1])


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("about", INPUTS.values(), ids=INPUTS)
def test_the_matrix_says_where_a_pixel_came_from(about: Input, axis: int) -> None:
    scaled = made(slope(across=axis == 0), about)
    for window in windows(about):
        cut, matrix = scaled.cut(window)
        high, wide = cut.shape[:2]
        centres = np.array([[x + 0.5, y + 0.5] for y in range(3, high - 3, 5) for x in range(3, wide - 3, 5)])
        places = project(centres, matrix)[:, axis] + window[axis]
        values = np.array([cut[int(y), int(x), 0] for x, y in centres]) * 5.0
        assert abs(float(np.mean(places - values)) - 2.5) < 1.5  # whole values are 0 to 5 pixels less
        edges = project(np.array([[0, 0], [wide, high]], np.float64), matrix)
        assert np.abs(edges - [[0, 0], window.size]).max() <= 1.01 * max(matrix[0, 0], matrix[1, 1])


@pytest.mark.parametrize("about", INPUTS.values(), ids=INPUTS)
def test_what_ends_at_an_edge_of_the_picture_does_so_there(about: Input) -> None:
    scaled, size = made(slope(across=True), about), np.array(SIDES)
    for window in windows(about):
        cut, matrix = scaled.cut(window)
        low, high = project(np.array([[0, 0], cut.shape[1::-1]], np.float64), matrix) + window[:2]
        for edge in (0, 1):
            assert window[edge] > 0 or low[edge] == pytest.approx(0, abs=1e-6)
            assert window[edge + 2] < size[edge] or high[edge] == pytest.approx(size[edge], abs=1e-6)


def test_what_lies_under_alpha_0_is_not_shown() -> None:
    pixels = np.zeros((SIDES.height, SIDES.width, 4), np.uint8)
    scaled = made(pixels, INPUTS["letterbox"])
    assert (scaled.pixels == 255).all()


@pytest.mark.parametrize(
    ("about", "window"),
    [
        (Input(name="image", size=(96, 64), resize="crop"), Size(300, 300)),
        (Input(name="image", size=(960, 640), resize="letterbox"), Size(300, 200)),
        (Input(name="image", size=(300, 300), resize="stretch"), Size(300, 300)),
        (Input(name="image", size=(250, 250), resize="stretch"), Size(300, 300)),
        (Input(name="image", size=(960, 640), dynamic=True), Size(300, 200)),
    ],
    ids=["middle", "enlarged", "as it is", "little smaller", "dynamic, as it is"],
)
def test_windows_that_are_better_scaled_by_themselves(about: Input, window: Size) -> None:
    assert scaled_for(slope(across=True), window, about) is None


class Bright(FakeModels):
    """Finds the box around what is bright in its input, and masks it."""

    def see(  # type: ignore[override]
        self,
        model: Model,
        pixels: Pixels,
        wanted: DetectionOptions,  # noqa: ARG002
        deadline: Deadline,  # noqa: ARG002
    ) -> tuple[Detections, Fit]:
        image, fit = fitted(pixels, model.input)
        plane: Any = image[:, :, 0] > 200
        rows, columns = np.flatnonzero(plane.any(axis=1)), np.flatnonzero(plane.any(axis=0))
        if not len(rows):
            return Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.intp)), fit
        box = np.array([[columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]], np.float32)
        found = Detections(box, np.ones(1, np.float32), np.zeros(1, np.intp))
        return found._replace(masks=plane[None].astype(np.uint8) * 255), fit


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("place", [(0, 0), (500, 400), (613, 437), (1177, 881)], ids=str)
def test_boxes_and_masks_lie_where_the_thing_is(place: tuple[int, int], channels: int) -> None:
    """Within a pixel of the network's input, four of the picture, wherever the windows begin."""
    (left, top), side = place, 60
    pixels = np.zeros((SIDES.height, SIDES.width, channels), np.uint8)
    pixels[:, :, 3:] = 255
    pixels[top : top + side, left : left + side] = 255
    models = Bright()
    about = Input(name="image", size=(96, 96), resize="letterbox", fill=0)
    model = msgspec.structs.replace(models.find("detect", None), input=about)
    picture = Picture(pixels=pixels, origin=Origin(format="png", size=SIDES))
    view = VisionInput(picture, model, ("thing",), models, Deadline(60))
    (found,) = view.see(view.wanted(0.1, 0.5, 10), Tiles.parse("4x3")).objects or ()
    assert found.region.bounds == pytest.approx((left, top, left + side, top + side), abs=5)
    assert found.mask is not None
    rows, columns = np.nonzero(found.mask.bits)
    around = (columns.min() + found.mask.x, rows.min() + found.mask.y)
    assert around == pytest.approx((left, top), abs=7)

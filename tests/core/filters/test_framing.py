"""Crop, square, trim and pad: which pixels are kept, and where they lie."""

import weakref
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.errors import BadParameterError, DarkroomError
from core.limits import Deadline, Limits
from core.picture import Origin, Picture, Size
from core.pipeline import Pipeline
from core.plan import plan
from core.run import Context, Run
from tests.conftest import made_picture
from tests.core.filters.support import apply

Box = tuple[int, int, int, int]


def planned(text: str, width: int, height: int) -> Size:
    """The size a pipeline makes, as known from the header."""
    origin = Origin(format="png", size=Size(width, height), channels=3)
    return plan(Pipeline.parse(text), origin, Limits()).size


# --- crop ----------------------------------------------------------------------------------------------------------

BOXES = [  # of a picture of 96 × 64: left, top, width, height
    ("crop:20,10", (38, 27, 20, 10)),
    ("crop:20,10,5,6", (5, 6, 20, 10)),
    ("crop:20,10,x=5", (5, 27, 20, 10)),
    ("crop:20,10,y=0,gravity=west", (0, 0, 20, 10)),
    ("crop:50p,50p", (24, 16, 48, 32)),
    ("crop:50p,50p,50p,50p", (48, 32, 48, 32)),
    ("crop:20,10,gravity=north", (38, 0, 20, 10)),
    ("crop:20,10,gravity=northeast", (76, 0, 20, 10)),
    ("crop:20,10,gravity=east", (76, 27, 20, 10)),
    ("crop:20,10,gravity=southeast", (76, 54, 20, 10)),
    ("crop:20,10,gravity=south", (38, 54, 20, 10)),
    ("crop:20,10,gravity=southwest", (0, 54, 20, 10)),
    ("crop:20,10,gravity=west", (0, 27, 20, 10)),
    ("crop:20,10,gravity=northwest", (0, 0, 20, 10)),
    ("crop:30", (33, 0, 30, 64)),
    ("crop:,30", (0, 17, 96, 30)),
    ("crop", (0, 0, 96, 64)),
    ("crop:aspect=1:1", (16, 0, 64, 64)),
    ("crop:aspect=3:1", (0, 16, 96, 32)),
    ("crop:30,aspect=3:2", (33, 22, 30, 20)),
    ("crop:,30,aspect=1:2", (40, 17, 15, 30)),
    ("crop:20,10,focus=30:30", (20, 25, 20, 10)),
    ("crop:20,10,focus=0:0", (0, 0, 20, 10)),
    ("crop:20,10,focus=100p:100p", (76, 54, 20, 10)),
    ("crop:0.1p,0.1p", (47, 31, 1, 1)),
    ("crop:1,1,95,63", (95, 63, 1, 1)),
]


@pytest.mark.parametrize(("text", "box"), BOXES, ids=[text for text, _ in BOXES])
def test_crop(text: str, box: Box, pixels: NDArray[np.uint8]) -> None:
    left, top, width, height = box
    assert planned(text, 96, 64) == (width, height)
    assert np.array_equal(apply(text, pixels), pixels[top : top + height, left : left + width])


@pytest.mark.parametrize(
    ("text", "parameter"),
    [
        ("crop:97", "crop.width"),
        ("crop:,65", "crop.height"),
        ("crop:200p", "crop.width"),
        ("crop:0,5", "crop.width"),
        ("crop:-5", "crop.width"),
        ("crop:10,10,-1", "crop.x"),
        ("crop:10,10,90,0", "crop.x"),
        ("crop:10,10,0,60", "crop.y"),
        ("crop:96,aspect=1:1", "crop.height"),
        ("crop:10,10,aspect=1:1", "crop.aspect"),
        ("crop:10,10,focus=97:0", "crop.focus"),
        ("crop:10,10,focus=-1:0", "crop.focus"),
        ("crop:10,10,5,5,focus=1:1", "crop.focus"),
        ("crop:10,10,gravity=north,focus=1:1", "crop.focus"),
        ("crop:10,10,5,5,gravity=smart", "crop.gravity"),
    ],
)
def test_a_box_outside_is_refused_before_decoding(text: str, parameter: str) -> None:
    with pytest.raises(BadParameterError) as refused:
        planned(text, 96, 64)
    assert refused.value.fields["parameter"] == parameter


PERCENT = st.integers(1, 1000).map(lambda tenths: tenths / 10)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 50), st.integers(1, 50), PERCENT, PERCENT, st.floats(0, 1))
def test_percents_never_round_out_of_the_picture(width: int, height: int, wide: float, high: float, at: float) -> None:
    x, y = ((100 - percent) * at for percent in (wide, high))
    pixels = np.zeros((height, width, 1), np.uint8)
    text = f"crop:{wide}p,{high}p,{max(x, 0)}p,{max(y, 0)}p"
    result = apply(text, pixels)
    assert abs(result.shape[1] - width * wide / 100) <= max(0.5, 1 - width * wide / 100)
    assert abs(result.shape[0] - height * high / 100) <= max(0.5, 1 - height * high / 100)


def test_smart_crop_decides_once_for_all_frames() -> None:
    frames = [np.full((60, 200, 3), 128, np.uint8) for _ in range(2)]
    frames[0][20:40, 150:170] = made_picture(3, 20, 20)
    frames[1][20:40, 10:30] = (0, 0, 255)
    pictures = [Picture(pixels=f, origin=Origin(format="gif", size=Size(200, 60), frames=2)) for f in frames]
    run = Run(Pipeline.parse("crop:60,60,gravity=smart"), Context(Limits(), Deadline(60)))
    first, second = (picture.pixels for picture in run.frames(pictures))
    assert (first != 128).any()
    assert (second == 128).all()  # what moves in the second frame lies elsewhere


# --- square --------------------------------------------------------------------------------------------------------


def test_square_is_the_middle(pixels: NDArray[np.uint8]) -> None:
    assert np.array_equal(apply("square", pixels), pixels[:, 16:80])
    assert np.array_equal(apply("rotate/square", pixels), np.rot90(pixels, -1)[16:80])


@pytest.mark.parametrize("side", [1, 32, 64, 200])
def test_square_with_a_side(side: int, pixels: NDArray[np.uint8]) -> None:
    expected = apply(f"crop:64,64/resize:{side},enlarge=true", pixels)
    assert np.array_equal(apply(f"square:{side}", pixels), expected)


# --- trim ----------------------------------------------------------------------------------------------------------


def bordered(channels: int, ground: int) -> NDArray[np.uint8]:
    """A busy picture of 20 × 10 at (30, 15) of an even one of 96 × 64, whose border is noisy by 3 levels."""
    noise = np.random.default_rng(1).integers(0, 4, (64, 96, channels))
    pixels = np.clip(ground + noise, 0, 255).astype(np.uint8)
    pixels[15:25, 30:50] = 255 - ground
    return pixels


TRIMS = [
    ("trim", (30, 15, 20, 10)),
    ("trim:40", (30, 15, 20, 10)),
    ("trim:10,5", (25, 10, 30, 20)),
    ("trim:10,20", (10, 0, 60, 45)),
    ("trim:10,500", (0, 0, 96, 64)),
    ("trim:0", (0, 0, 96, 64)),
    ("trim:255", (0, 0, 96, 64)),
]


@pytest.mark.parametrize("ground", [20, 200])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("text", "box"), TRIMS, ids=[text for text, _ in TRIMS])
def test_trim(text: str, box: Box, channels: int, ground: int) -> None:
    pixels, (left, top, width, height) = bordered(channels, ground), box
    assert np.array_equal(apply(text, pixels), pixels[top : top + height, left : left + width])


def test_trim_cuts_a_transparent_border_whatever_its_color() -> None:
    pixels = np.dstack([np.random.default_rng(2).integers(0, 256, (64, 96, 3), np.uint8), np.zeros((64, 96), np.uint8)])
    pixels[5:20, 40:90, 3] = 200
    assert np.array_equal(apply("trim", pixels), pixels[5:20, 40:90])


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (64, 96)], ids=str)
def test_trim_leaves_a_picture_that_is_all_border(shape: tuple[int, int], pixels: NDArray[np.uint8]) -> None:
    plain = np.full((*shape, pixels.shape[2]), 77, np.uint8)
    assert np.array_equal(apply("trim", plain), plain)


def moving(*places: tuple[int, int] | None, ground: int = 255) -> list[Picture]:
    """Frames of 90 × 60 with a square of 12 pixels at each place, (x, y); None for a frame of ground alone."""
    frames = []
    for number, place in enumerate(places):
        pixels = np.full((60, 90, 3), ground, np.uint8)
        if place:
            pixels[place[1] : place[1] + 12, place[0] : place[0] + 12] = (20, 30, 200)
        origin = Origin(format="gif", size=Size(90, 60), frames=len(places), frame=number, duration=40)
        frames.append(Picture(pixels=pixels, origin=origin))
    return frames


MOVES: list[tuple[str, tuple[tuple[int, int] | None, ...], Box]] = [
    ("trim", ((5, 10), (30, 20), (60, 8)), (5, 8, 67, 24)),
    ("trim", ((5, 10), (5, 10)), (5, 10, 12, 12)),
    ("trim", (None, (40, 20), None), (40, 20, 12, 12)),
    ("trim", (None, None), (0, 0, 90, 60)),
    ("trim:10,3", ((5, 10), (30, 20)), (2, 7, 43, 28)),
    ("trim:10,50", ((5, 10), (30, 20)), (0, 0, 90, 60)),
    ("flop/trim", ((5, 10), (30, 20)), (48, 10, 37, 22)),
    ("pad:7/trim/trim", ((5, 10), (60, 8)), (12, 15, 67, 14)),
    ("trim/pad:4/trim", ((5, 10), (60, 8)), (5, 8, 67, 14)),
]


@pytest.mark.parametrize(("text", "places", "box"), MOVES, ids=lambda value: value if isinstance(value, str) else "")
def test_trim_keeps_what_any_frame_shows(text: str, places: tuple[tuple[int, int] | None, ...], box: Box) -> None:
    frames = moving(*places)
    made = list(Run(Pipeline.parse(text), Context(Limits(), Deadline(60))).frames(frames))
    assert {frame.size for frame in made} == {Size(box[2], box[3])}
    assert [frame.origin.frame for frame in made] == list(range(len(places)))
    for place, frame in zip(places, made, strict=True):
        red = (frame.pixels == (20, 30, 200)).all(axis=2)
        assert red.sum() == (144 if place else 0)


def test_trim_takes_each_frame_for_itself() -> None:
    """A ground that changes its colour is border all the same."""
    frames = [*moving((5, 10)), *moving((30, 20), ground=90), *moving(None, ground=0)]
    made = list(Run(Pipeline.parse("trim"), Context(Limits(), Deadline(60))).frames(frames))
    assert {frame.size for frame in made} == {Size(37, 22)}


def test_frames_are_looked_at_one_at_a_time() -> None:
    """However long an animation is, trim holds two of its frames at the most."""
    alive: list[weakref.ref[NDArray[np.uint8]]] = []
    most = 0

    class Frames:
        def __iter__(self) -> Iterator[Picture]:
            nonlocal most
            for number in range(12):
                picture = moving((5 + 5 * number, 10))[0]
                alive.append(weakref.ref(picture.pixels))
                most = max(most, sum(reference() is not None for reference in alive))
                yield picture
                del picture

    run = Run(Pipeline.parse("trim/flip"), Context(Limits(), Deadline(60)))
    assert sum(1 for _ in run.frames(Frames())) == 12
    assert most <= 3


# --- pad -----------------------------------------------------------------------------------------------------------

PADS = [  # of a picture of 96 × 64: width and height of the canvas, left and top of the picture
    ("pad:10", (116, 84, 10, 10)),
    ("pad:10,5", (106, 84, 5, 10)),
    ("pad:10,5,1", (106, 75, 5, 10)),
    ("pad:1,2,3,4", (102, 68, 4, 1)),
    ("pad:10,0", (96, 84, 0, 10)),
    ("pad:right=7", (103, 64, 0, 0)),
    ("pad:left=7", (103, 64, 7, 0)),
    ("pad:bottom=7", (96, 71, 0, 0)),
    ("pad:0", (96, 64, 0, 0)),
    ("pad:50p,25p", (144, 128, 24, 32)),
    ("pad", (106, 70, 5, 3)),
    ("pad:aspect=1:1", (96, 96, 0, 16)),
    ("pad:aspect=3:1", (192, 64, 48, 0)),
    ("pad:aspect=3:1,gravity=east", (192, 64, 96, 0)),
    ("pad:aspect=3:2", (96, 64, 0, 0)),
    ("pad:width=100,height=100", (100, 100, 2, 18)),
    ("pad:width=100,height=100,gravity=southwest", (100, 100, 0, 36)),
    ("pad:width=10,height=100", (96, 100, 0, 18)),
    ("pad:2,aspect=1:1", (100, 100, 2, 18)),
]


@pytest.mark.parametrize(("text", "expected"), PADS, ids=[text for text, _ in PADS])
def test_pad(text: str, expected: Box, pixels: NDArray[np.uint8]) -> None:
    width, height, left, top = expected
    assert planned(text, 96, 64) == (width, height)
    colored = np.full((height, width, pixels.shape[2]), 255 if pixels.shape[2] < 4 else 0, np.uint8)
    colored[top : top + 64, left : left + 96] = pixels
    assert np.array_equal(apply(text, pixels), colored)


@pytest.mark.parametrize("text", ["pad:-1", "pad:left=-5p"])
def test_pad_refuses_to_cut(text: str) -> None:
    with pytest.raises(BadParameterError) as refused:
        planned(text, 96, 64)
    assert refused.value.status == 400


def test_pad_bomb_is_refused_before_decoding() -> None:
    with pytest.raises(DarkroomError, match="a side must be") as refused:
        planned("pad:9999999", 1, 1)
    assert (refused.value.status, refused.value.code) == (400, "bad_size")

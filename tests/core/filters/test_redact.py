"""Redaction, by its properties: what was there cannot be told from what is left, and nothing else changes."""

from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core import codecs
from core.limits import Deadline, Limits
from core.output import Output
from core.picture import Origin, Picture, Size
from core.pipeline import Pipeline
from core.process import process
from core.run import Context, Run
from tests.conftest import made_picture
from tests.core.fakes import FakeModels, Seen
from tests.core.filters.support import apply

Pixels = NDArray[np.uint8]
WIDTH, HEIGHT = 120, 80
ONE = FakeModels(things=(Seen(0, (25, 25, 50, 75)),), outlines=(Seen(0, (25, 25, 75, 75)),))
"""A person from x 30 to 60 and y 20 to 60; an ellipse from x 30 to 90 and y 20 to 60."""
INSIDE = (slice(16, 64), slice(27, 63))
"""With a margin of a tenth."""


def picture(channels: int = 3) -> Pixels:
    return made_picture(channels, WIDTH, HEIGHT)


def outside_of(rows: slice, columns: slice) -> NDArray[np.bool_]:
    outside = np.ones((HEIGHT, WIDTH), np.bool_)
    outside[rows, columns] = False
    return outside


CHANNELS = pytest.mark.parametrize("channels", [1, 3, 4], ids=["grey", "bgr", "bgra"])
HOW = pytest.mark.parametrize("how", ["fill", "blur", "pixelate"])
COVER = pytest.mark.parametrize("how", ["blur", "pixelate"])


# --- what is left --------------------------------------------------------------------------------------------------


@CHANNELS
def test_a_fill_is_one_colour(channels: int) -> None:
    pixels = picture(channels)
    result = apply("detect:things/redact", pixels, models=ONE)
    black = [0] * min(channels, 3) + [255] * (channels == 4)
    assert (result[INSIDE] == black).all()
    assert np.array_equal(result[outside_of(*INSIDE)], pixels[outside_of(*INSIDE)])


def test_a_coloured_fill_colours_a_grey_picture() -> None:
    pixels = picture(1)
    result = apply("detect:things/redact:color=ff0000", pixels, models=ONE)
    assert (result[INSIDE] == (0, 0, 255)).all()
    assert np.array_equal(result[outside_of(*INSIDE)], pixels.repeat(3, axis=2)[outside_of(*INSIDE)])


@HOW
@CHANNELS
def test_nothing_outside_changes(channels: int, how: str) -> None:
    pixels = picture(channels)
    result = apply(f"detect:things/redact:how={how}", pixels, models=ONE)
    assert np.array_equal(result[outside_of(*INSIDE)], pixels[outside_of(*INSIDE)])
    assert (result[INSIDE] != pixels[INSIDE]).any()


def test_pixelate_leaves_flat_blocks_of_means() -> None:
    pixels = picture()
    result = apply("detect:things/redact:how=pixelate,blocks=4", pixels, models=ONE)[INSIDE]
    assert len(np.unique(result.reshape(-1, 3), axis=0)) <= 4 * 3
    for top in range(0, 48, 12):  # 48 high by 36 wide: blocks of 12
        for left in range(0, 36, 12):
            block = (slice(top, top + 12), slice(left, left + 12))
            assert np.array_equal(result[block], np.broadcast_to(result[top, left], (12, 12, 3)))
            assert np.abs(result[top, left] - pixels[INSIDE][block].mean(axis=(0, 1))).max() <= 0.5


def blocks_of(inside: NDArray[np.bool_], blocks: int) -> NDArray[np.int64]:
    """The number of each pixel's block, -1 outside: near squares, so many along the longer side of the bounds."""
    numbers = np.full(inside.shape, -1)
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    side = max(len(rows), len(columns)) / blocks
    high, wide = (max(1, round(len(places) / side)) for places in (rows, columns))
    for row, lines in enumerate(np.split(rows, np.arange(1, high) * len(rows) // high)):
        for column, places in enumerate(np.split(columns, np.arange(1, wide) * len(columns) // wide)):
            numbers[np.ix_(lines, places)] = row * wide + column
    return np.where(inside, numbers, -1)


def shuffled(pixels: Pixels, numbers: NDArray[np.int64], rng: np.random.Generator) -> Pixels:
    """The picture with the pixels within each block in another order, so that every block keeps its mean."""
    flat, where = pixels.reshape(-1, pixels.shape[2]).copy(), numbers.ravel()
    for number in range(where.max() + 1):
        places = np.flatnonzero(where == number)
        flat[places] = flat[rng.permutation(places)]
    return flat.reshape(pixels.shape)


TURNS = {"upright": "", "turned": "/rotate:30", "tilted": "/perspective:5p:5p+95p:0p+100p:100p+0p:90p"}


@pytest.mark.parametrize("turn", TURNS.values(), ids=TURNS)
@COVER
@CHANNELS
def test_equal_means_give_equal_bytes(channels: int, how: str, turn: str) -> None:
    """Vision looks before the picture is turned, so that its box has four corners of its own."""
    start = picture(channels)
    if channels == 4:
        start[:, :, 3] = np.random.default_rng(2).integers(1, 256, (HEIGHT, WIDTH))
    seen = found(f"detect:things{turn}", start)
    dark, light = (redacted(f"redact:color={color}", seen.pixels, seen) for color in ("070707", "f0f0f0"))
    inside = (dark != light).any(axis=2)
    mixed = shuffled(seen.pixels, blocks_of(inside, 5), np.random.default_rng(3))
    assert (mixed != seen.pixels)[inside].mean() > 0.5
    hide = f"redact:how={how},blocks=5"
    assert np.array_equal(redacted(hide, seen.pixels, seen), redacted(hide, mixed, seen))


def found(text: str, pixels: Pixels) -> Picture:
    """The picture with its findings after a pipeline."""
    context = Context(Limits(), Deadline(60), models=ONE)
    origin = Origin(format="png", size=Size(WIDTH, HEIGHT), channels=pixels.shape[2])
    return next(Run(Pipeline.parse(text), context).frames([Picture(pixels=pixels, origin=origin)]))


def redacted(text: str, pixels: Pixels, like: Picture) -> Pixels:
    """Other pixels, redacted by the findings of a picture."""
    step = Pipeline.parse(f"detect/{text}").steps[-1]
    result: Pixels = step.filter.function(msgspec.structs.replace(like, pixels=pixels), **step.arguments)
    return result


@COVER
def test_no_mean_is_of_a_few_pixels(how: str) -> None:
    """The corner of a turned box holds one pixel of its block: that alone would be a mean that tells it."""
    dark = found("detect:things/rotate:45,background=000", np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    inside = np.argwhere((redacted("redact:color=fff", dark.pixels, dark) == 255).all(axis=2))
    ends = [inside[key.argmin()] for key in (inside[:, 0], -inside[:, 0], inside[:, 1], -inside[:, 1])]
    for y, x in [*ends, *np.random.default_rng(1).permutation(inside)[:100]]:
        light = dark.pixels.copy()
        light[y, x] = 255
        assert redacted(f"redact:how={how}", light, dark).max() <= 255 / 8


@COVER
def test_the_colour_of_what_is_not_seen_is_gone_too(how: str) -> None:
    pixels = picture(4)
    pixels[:, :, 3] = 0
    assert (apply(f"detect:things/redact:how={how}", pixels, models=ONE)[INSIDE] == 0).all()


# --- what is covered -----------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["rotate:{}", "rotate:{},false", "affine:1,0.{},expand=true", "flop/rotate:{}"]),
    st.integers(1, 89),
    st.sampled_from(["", "how=pixelate", "how=blur"]),
)
def test_a_turned_box_is_covered_wholly(move: str, angle: int, how: str) -> None:
    """White where the person is: after the move and the redaction nothing of that white is left."""
    pixels = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    pixels[20:60, 30:60] = 255
    text = f"detect:things/{move.format(angle)},background=5a5a5a".replace("flop,", "flop/")
    moved = apply(text, pixels, models=ONE)
    result = apply(f"{text}/redact:{how},color=5a5a5a,margin=0,blocks=1".replace(":,", ":"), pixels, models=ONE)
    bright = moved[:, :, 0] > 200
    assert bright.any()
    if how:
        assert len(np.unique(result[bright], axis=0)) == 1, "one block, one value"
    else:
        assert (result[bright] == 90).all()


@pytest.mark.parametrize(
    ("margin", "rows", "columns"),
    [
        (0, slice(20, 60), slice(30, 60)),
        (0.1, *INSIDE),
        (0.5, slice(0, 80), slice(15, 75)),
        (5, slice(0, 80), slice(0, 120)),
    ],
)
def test_margin_is_a_share_of_the_sides(margin: float, rows: slice, columns: slice) -> None:
    white = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    result = apply(f"detect:things/redact:margin={margin}", white, models=ONE)
    assert (result[rows, columns] == 0).all()
    assert (result[outside_of(rows, columns)] == 255).all()


@HOW
def test_a_mask_is_followed_with_its_margin(how: str) -> None:
    pixels = np.random.default_rng(5).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    result = apply(f"detect:outlines/redact:how={how},area=mask,margin=0.1", pixels, models=ONE)
    changed = (result != pixels).any(axis=2)
    down, across = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    away = np.hypot((across - 60) / 30, (down - 40) / 20)
    beyond = np.hypot((across - 60) / 36, (down - 40) / 26)
    assert not changed[beyond > 1.05].any()
    assert changed[away < 1].all()


@HOW
def test_the_order_of_objects_changes_nothing(how: str) -> None:
    pixels = picture()
    seen = (Seen(0, (10, 10, 40, 60)), Seen(1, (30, 40, 80, 90)), Seen(0, (35, 5, 60, 50)), Seen(2, (85, 5, 95, 20)))
    results = [
        apply(f"detect:things/redact:how={how}", pixels, models=FakeModels(things=order))
        for order in (seen, seen[::-1], seen[2:] + seen[:2])
    ]
    assert all(np.array_equal(results[0], other) for other in results[1:])


@pytest.mark.parametrize(
    "move", ["crop:62,80,gravity=east", "crop:32,80,gravity=west", "resize:60/crop:31,40,gravity=east"]
)
def test_what_a_crop_leaves_of_an_object_is_hidden(move: str) -> None:
    """Too little to be counted, and enough to be seen."""
    black = np.zeros((HEIGHT, WIDTH, 1), np.uint8)
    black[20:60, 30:60] = 255
    cut = apply(f"detect:things/{move}/redact:margin=0", black, models=ONE)
    assert apply(move, black).max() > 200
    assert cut.max() < 200
    for classes, shown in (("person", False), ("dog", True)):
        result = apply(f"detect:things/{move}/redact:{classes},margin=0", black, models=ONE)
        assert bool(result.max() > 200) is shown


def test_only_the_classes_that_were_named() -> None:
    pixels = picture()
    seen = FakeModels(things=(Seen(0, (10, 10, 30, 40)), Seen(1, (60, 60, 80, 90))))
    result = apply("detect:things/redact:dog", pixels, models=seen)
    assert np.array_equal(result[:40], pixels[:40])
    assert (result[50:70, 74:94] == 0).all()


@HOW
def test_nothing_seen_leaves_the_picture_as_it_is(how: str, pixels: Pixels) -> None:
    result = apply(f"detect:things/redact:how={how}", pixels, models=FakeModels(things=()))
    assert np.array_equal(result, pixels)


@HOW
@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (3, 2)], ids=str)
def test_tiny_pictures_are_hidden_too(how: str, shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(4).integers(0, 256, (*shape, 3), np.uint8)
    all_over = FakeModels(things=(Seen(0, (0, 0, 100, 100)),))
    result = apply(f"detect:things/redact:how={how},blocks=1", pixels, models=all_over)
    assert len(np.unique(result.reshape(-1, 3), axis=0)) == 1


def test_real_photograph_in_a_lossless_file(data: Path) -> None:
    path = data / "images/kodak/kodim04.png"
    context = Context(Limits(), Deadline(60), models=ONE)
    output = Output(pipeline=Pipeline.parse("detect:things/redact:how=pixelate"), format="png")
    (result,) = process(path.read_bytes(), codecs.probe(path.read_bytes(), Limits()), [output], context)
    before = cv2.imread(str(path))
    after = cv2.imdecode(np.frombuffer(result.data, np.uint8), cv2.IMREAD_UNCHANGED)
    height, width = before.shape[:2]
    changed = (before != after).any(axis=2)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    assert rows[0] >= int(height * 0.2)
    assert rows[-1] < np.ceil(height * 0.8)
    assert columns[0] >= int(width * 0.225)
    assert columns[-1] < np.ceil(width * 0.525)

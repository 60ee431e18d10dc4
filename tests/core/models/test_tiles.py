"""Windows of a picture: how many, how large, and that they leave nothing out."""

import pytest

from core.errors import BadParameterError
from core.language.values import Tiles
from core.models.model import Input
from core.models.tiles import OVERLAP, windows_of
from core.picture import Size
from core.pipeline import Pipeline

SQUARE, WIDE = Input(name="image", size=(320, 320)), Input(name="image", size=(544, 320))


@pytest.mark.parametrize(
    ("text", "size", "about", "count"),
    [
        ("1", (8000, 800), SQUARE, 1),
        ("auto", (8000, 800), SQUARE, 15),  # no whole picture: it is a strip
        ("auto", (800, 8000), SQUARE, 15),
        ("auto", (640, 480), SQUARE, 1),
        ("auto", (4000, 3000), SQUARE, 25),
        ("auto", (20000, 20000), SQUARE, 26),
        ("auto", (60000, 100), SQUARE, 32),
        ("auto", (5440, 640), WIDE, 7),
        ("auto", (1, 1), SQUARE, 1),
        ("4", (8000, 800), SQUARE, 4),
        ("4", (4000, 3000), SQUARE, 4 * 3 + 1),
        ("4", (3000, 4000), SQUARE, 4 * 3 + 1),
        ("4x2", (1000, 1000), SQUARE, 9),
        ("2x4", (1000, 1000), SQUARE, 9),
        ("1x1", (1000, 1000), SQUARE, 1),
        ("64", (5000, 5000), SQUARE, 65),
        ("8x8", (3, 2), SQUARE, 7),
    ],
)
def test_how_many(text: str, size: tuple[int, int], about: Input, count: int) -> None:
    windows = windows_of(Tiles.parse(text), Size(*size), about)
    assert len(windows) == count
    assert len(windows) <= Tiles.MOST + 1
    for left, top, right, bottom in windows:
        assert 0 <= left < right <= size[0]
        assert 0 <= top < bottom <= size[1]


@pytest.mark.parametrize("size", [(8000, 800), (4000, 3000), (1001, 777), (333, 5000)], ids=str)
@pytest.mark.parametrize("text", ["auto", "3", "5x4"])
def test_small_things_lie_whole_in_one(text: str, size: tuple[int, int]) -> None:
    """What is no larger than the overlap, wherever it lies."""
    windows = [one for one in windows_of(Tiles.parse(text), Size(*size), SQUARE) if one.size != size]
    for axis in (0, 1):
        spans = sorted({(one[axis], one[axis + 2]) for one in windows})
        assert (spans[0][0], spans[-1][1]) == (0, size[axis])
        length = spans[0][1] - spans[0][0]
        thing = length * OVERLAP - 2
        for place in range(0, int(size[axis] - thing), 7):
            assert any(low <= place and place + thing <= high for low, high in spans)


@pytest.mark.parametrize(
    ("text", "canonical"), [("auto", "auto"), ("1", "1"), ("1x1", "1"), ("12", "12"), ("4x2", "4x2"), ("1x5", "1x5")]
)
def test_texts(text: str, canonical: str) -> None:
    assert str(Tiles.parse(text)) == canonical


@pytest.mark.parametrize("text", ["", "0", "65", "9x8", "x2", "2x", "2x0", "-1", "1.5", "٣", "100", "Auto"])
def test_wrong_texts(text: str) -> None:
    with pytest.raises(BadParameterError) as refused:
        Pipeline.from_json([{"filter": "detect", "tiles": text}])
    assert refused.value.fields["parameter"] == "detect.tiles"

"""Words: any string is safe, and lies, breaks and scales as told."""

import unicodedata

import numpy as np
import pytest
from numpy.typing import NDArray

from core.imaging.lettering import lettering
from core.picture import Size
from tests.core.filters.support import apply

ROOM = Size(400, 200)


def drawn(
    text: str, height: float = 20, room: Size = ROOM, *, align: str = "west", margin: int = 0
) -> NDArray[np.uint8]:
    sheet = lettering(text, height, room, align=align, weight=500, margin=margin)
    assert sheet is not None
    return sheet


def ink(sheet: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is covered."""
    y, x = np.nonzero(sheet > 60)
    return int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1


SCRIPTS = {
    "latin": "Grüße, Ångström",
    "greek": "Ελληνικά",
    "cyrillic": "Привет",
    "chinese": "你好，世界",
    "japanese": "こんにちは",
    "korean": "안녕하세요",
    "arabic": "مرحبا بالعالم",
    "hebrew": "שלום",
    "thai": "สวัสดี",
    "devanagari": "नमस्ते",
    "emoji": "🙂👩‍👩‍👧‍👦🏳️‍🌈",
    "combining": "e\u0301\u0301\u0301\u0301x\u0308",
    "mixed directions": "abc \u202eabc\u202c مرحبا 123",
    "noncharacters": "a\ufffe\uffff\U0010ffff\ue000",
    "zero width": "a\u200b\u200d\u2060\ufeffb",
    "separators": "a\u2028b\u2029c\u0085d",
    "tabs": "a\tb\t\tc",
    "marks only": "\u0301\u0308\u20d0",
}


@pytest.mark.parametrize("text", SCRIPTS.values(), ids=SCRIPTS.keys())
@pytest.mark.parametrize("height", [1, 17, 300, 5000])
def test_every_script_is_safe(text: str, height: float) -> None:
    sheet = lettering(text, height, ROOM, align="center", weight=400, margin=10)
    if sheet is not None:
        assert sheet.shape[0] <= ROOM.height
        assert sheet.shape[1] <= ROOM.width
    if height == 17 and any(unicodedata.category(char) in {"Lu", "Ll", "Lo"} for char in text):
        assert sheet is not None
        assert sheet.max() > 200


@pytest.mark.parametrize("seed", range(4))
def test_random_strings_are_safe(seed: int) -> None:
    random = np.random.default_rng(seed)
    for _ in range(100):
        points = random.integers(32, random.choice([0x300, 0x3000, 0xD800, 0x110000]), random.integers(1, 40))
        text = "".join(chr(point) for point in points if not 0xD800 <= point <= 0xDFFF and point != 127)
        size = Size(*(int(side) for side in random.integers(1, 200, 2)))
        lettering(
            text, float(random.integers(1, 500)), size, align="east", weight=int(random.integers(100, 900)), margin=3
        )


@pytest.mark.parametrize("text", ["", " ", "\n", "\n\n  \n", "\t"], ids=repr)
def test_nothing_to_see(text: str) -> None:
    sheet = lettering(text, 20, ROOM, align="west", weight=400, margin=0)
    assert sheet is None or not sheet.any()


def test_newlines_make_lines() -> None:
    one, three = ink(drawn("Hxg")), ink(drawn("Hxg\nHxg\nHxg"))
    assert three[3] - three[1] == pytest.approx(one[3] - one[1] + 2 * 1.3 * 20, abs=2)
    assert three[2] == one[2]


def test_long_lines_break_between_words() -> None:
    text = "one two three four five six seven eight nine ten"
    sheet = drawn(text, room=Size(150, 400), margin=10)
    left, top, right, bottom = ink(sheet)
    assert right - left <= 130
    assert bottom - top > 3 * 20
    assert ink(drawn(text, room=Size(2000, 400)))[3] < 30


@pytest.mark.parametrize("align", ["west", "center", "east"])
def test_lines_are_aligned(align: str) -> None:
    sheet = drawn("wide wide wide\nx", align=align)
    half = sheet.shape[0] // 2
    (left, _, right, _), (start, _, end, _) = ink(sheet[:half]), ink(sheet[half:])
    offsets = {"west": start - left, "east": right - end, "center": (start + end - left - right) / 2}
    assert offsets[align] == pytest.approx(0, abs=3)


@pytest.mark.parametrize("height", [10, 40, 200, 399, 401, 800, 1600])
def test_letters_are_as_high_as_told(height: float) -> None:
    """A capital of this font is 0.76 of its height; above 400 pixels letters are enlarged, and look the same."""
    left, top, right, bottom = ink(drawn("H", height, Size(8000, 4000)))
    assert bottom - top == pytest.approx(0.757 * height, rel=0.03, abs=1)
    assert right - left > 0.4 * height
    assert left > 0


def test_equal_on_every_call_and_weight_counts() -> None:
    sheets = [lettering("Weight", 40, ROOM, align="west", weight=weight, margin=0) for weight in (300, 900, 300)]
    assert np.array_equal(sheets[0], sheets[2])
    assert sheets[0].sum() < 0.7 * sheets[1].sum()


PLACES = [
    ("text:Hi,north,20p", (0.5, 0.2)),
    ("text:Hi,southeast,20p", (0.9, 0.8)),
    ("text:Hi,west,20p", (0.1, 0.5)),
    ("text:Hi,size=20p,at=50p:50p", (0.6, 0.63)),
]


@pytest.mark.parametrize(("text", "middle"), PLACES, ids=[text for text, _ in PLACES])
@pytest.mark.parametrize("channels", [1, 3, 4], ids=["grey", "bgr", "bgra"])
def test_text_lies_where_it_is_told(text: str, middle: tuple[float, float], channels: int) -> None:
    ground = np.zeros((200, 300, channels), np.uint8)
    result = apply(f"{text},color=ff0000", ground)
    assert result.shape[2] == max(3, channels)
    left, top, right, bottom = ink(result[:, :, 2])
    assert (left + right) / 600 == pytest.approx(middle[0], abs=0.06)
    assert (top + bottom) / 400 == pytest.approx(middle[1], abs=0.06)
    assert not result[:, :, :2].any()
    if channels == 4:
        assert np.array_equal(result[:, :, 3] > 0, result[:, :, 2] > 0)


def test_text_on_a_box() -> None:
    result = apply("text:Hi,center,20p,ffffff,background=0000ff,opacity=50", np.zeros((200, 300, 3), np.uint8))
    values = np.unique(result.reshape(-1, 3), axis=0)
    assert (128, 0, 0) in [tuple(value) for value in values.tolist()]
    assert result.max() in {191, 192}


@pytest.mark.parametrize("text", ["text:text=", "text:%20", "text:x,at=900:900", "text:x,opacity=0"])
def test_text_that_shows_nothing(text: str) -> None:
    ground = np.full((60, 80, 3), 99, np.uint8)
    assert np.array_equal(apply(text, ground), ground)

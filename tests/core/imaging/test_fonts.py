"""Words that OpenCV's font lacks or cannot join: named fonts draw them, else the error names what is missing."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2
import fontpkg_noto_sans_arabic
import fontpkg_noto_sans_thai
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from core.errors import MissingGlyphsError
from core.identity import generation
from core.imaging import fonts
from core.imaging.lettering import lettering
from core.imaging.runs import clusters, missing, runs_of
from core.picture import Size
from service.checks import fonts_problems
from service.settings import Settings
from tests.core.filters.support import apply

ROOM = Size(900, 200)
ARABIC, THAI, HEBREW = "مرحبا بالعالم", "สวัสดีครับ", "שלום (אחד)"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fonts for Arabic and Thai, as their packages ship them."""
    place = tmp_path_factory.mktemp("fonts")
    for package in (fontpkg_noto_sans_arabic, fontpkg_noto_sans_thai):
        for path in (Path(package.__file__ or "").parent / "files").glob("*.ttf"):
            shutil.copy(path, place / path.name)
    return place


@pytest.fixture
def named(folder: Path) -> Iterator[Path]:
    """The fonts, in use."""
    fonts.use(folder)
    yield folder
    fonts.use(None)


def drawn(text: str, height: float = 40, weight: int = 400, room: Size = ROOM) -> NDArray[np.uint8]:
    sheet = lettering(text, height, room, align="west", weight=weight, margin=0)
    assert sheet is not None
    return sheet


def trimmed(sheet: NDArray[np.uint8]) -> NDArray[np.uint8]:
    left, top, width, height = cv2.boundingRect((sheet > 60).view(np.uint8))
    return sheet[top : top + height, left : left + width]


COVERED = [
    "Grüße",
    "Ελληνικά",
    "Привет",
    "你好，世界",
    "こんにちは",
    "안녕하세요",
    HEBREW,
    "e\u0301",
    "a b\nc\td",
    "a\u200db",
]


@pytest.mark.parametrize("text", COVERED, ids=range(len(COVERED)))
def test_what_needs_no_other_font(text: str) -> None:
    assert missing(text) == []


LACKING = {
    "arabic": ARABIC,
    "thai": THAI,
    "emoji": "ok 🙂",
    "devanagari": "नमस्ते",
    "noncharacter": "a\ufffe",
    "two": "กa🙂",
}


@pytest.mark.parametrize("text", LACKING.values(), ids=LACKING)
def test_an_error_names_what_is_missing(text: str) -> None:
    with pytest.raises(MissingGlyphsError) as caught:
        apply(f"text:{text}", np.zeros((60, 200, 3), np.uint8))
    assert (caught.value.status, caught.value.code) == (400, "missing_glyphs")
    first = missing(text)[0]
    assert f"U+{ord(first):04X}" in caught.value.detail
    assert set(caught.value.fields["got"]) <= {*text, "\ufffd"}


def test_a_long_list_is_cut_short() -> None:
    text = "".join(map(chr, range(0xE01, 0xE2F)))
    with pytest.raises(MissingGlyphsError, match="and 36 more"):
        apply(f"text:{text}", np.zeros((60, 200, 3), np.uint8))


@pytest.mark.parametrize("text", [ARABIC, THAI, f"Darkroom {ARABIC} 12", f"{THAI} 你好"], ids=range(4))
def test_fonts_that_are_named_are_used(text: str, named: Path) -> None:
    assert missing(text) == []
    result = apply(f"text:{text},center,40p", np.zeros((60, 200, 3), np.uint8))
    assert result.max() == 255


def _by_pillow(text: str, path: Path, size: int) -> NDArray[np.uint8]:
    font = ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.RAQM)
    image = Image.new("L", ROOM)
    ImageDraw.Draw(image).text((20, 20), text, 255, font=font)
    return np.asarray(image)


@pytest.mark.parametrize(("text", "file"), [(ARABIC, "Arabic"), (THAI, "Thai"), ("لا إله إلا", "Arabic")])
def test_letters_join_as_raqm_and_freetype_draw_them(text: str, file: str, named: Path) -> None:
    """Pillow's own order, shaping and drawing, where it has fribidi: another program's, down to the shape."""
    from PIL import features

    if not features.check("raqm"):
        pytest.skip("Pillow has no fribidi here")
    (path,) = named.glob(f"*{file}*")
    ours, theirs = trimmed(drawn(text, 40)), trimmed(_by_pillow(text, path, 42))
    assert ours.shape == pytest.approx(theirs.shape, abs=2)
    theirs = cv2.resize(theirs, ours.shape[::-1], interpolation=cv2.INTER_AREA)
    both = np.minimum(ours, theirs).sum() / np.maximum(ours, theirs).sum()
    assert both > 0.6, "share of the ink that both have"


def test_letters_apart_look_otherwise(named: Path) -> None:
    joined = trimmed(drawn("ببب")).shape[1]
    apart = sum(trimmed(drawn("ب")).shape[1] for _ in range(3))
    assert joined < 0.8 * apart


def test_hebrew_runs_from_right_to_left_without_another_font() -> None:
    """The first letter is the last one from the left, and brackets turn round."""
    assert [(run.shown, run.leftwards) for run in runs_of(HEBREW)] == [("(דחא) םולש", True)]
    assert np.array_equal(drawn("אב")[:, ::1], drawn("\u202dאב"))
    assert not np.array_equal(drawn("אב"), drawn("בא"))


def test_runs_of_several_fonts_and_directions(named: Path) -> None:
    runs = runs_of(f"abc {ARABIC} 12 {THAI}")
    assert [run.leftwards for run in runs][:1] == [False]
    assert "".join(sorted("".join(run.text for run in runs))) == "".join(sorted(f"abc {ARABIC} 12 {THAI}"))
    assert any(run.text.strip() == ARABIC and run.leftwards for run in runs)


CLUSTERS = [
    ("e\u0301a", ["e\u0301", "a"]), ("👩‍👩‍👧", ["👩‍👩‍👧"]), ("🇩🇪🇫🇷", ["🇩🇪", "🇫🇷"]),
    ("☺\ufe0fx", ["☺\ufe0f", "x"]), ("👍🏽", ["👍🏽"]),
    ("ที่", ["ที่"]), ("", []), ("\u0301", ["\u0301"]), ("a\u200db", ["a\u200d", "b"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CLUSTERS, ids=range(len(CLUSTERS)))
def test_clusters(text: str, expected: list[str]) -> None:
    assert list(clusters(text)) == expected


def test_weight_counts_and_height_is_kept(named: Path) -> None:
    light, heavy = drawn(ARABIC, weight=200), drawn(ARABIC, weight=900)
    assert heavy.sum() > 1.3 * light.sum()
    small, large = trimmed(drawn(ARABIC, 20)), trimmed(drawn(ARABIC, 60))
    assert large.shape[0] == pytest.approx(3 * small.shape[0], abs=4)


@pytest.mark.parametrize("text", [ARABIC * 3000, THAI * 3000, "ที่" * 20_000], ids=["arabic", "thai", "marks"])
def test_endless_words_are_bounded(text: str, named: Path) -> None:
    sheet = lettering(text, 30, Size(300, 100), align="center", weight=400, margin=0)
    assert sheet is not None
    assert sheet.shape[0] <= 100
    assert sheet.shape[1] <= 300


def test_fonts_are_part_of_every_digest(folder: Path) -> None:
    without = generation()
    fonts.use(folder)
    with_fonts = generation()
    fonts.use(None)
    assert with_fonts != without == generation()


def test_what_is_wrong_with_a_folder_is_told(tmp_path: Path, folder: Path) -> None:
    assert fonts_problems(Settings(fonts=str(folder))) == fonts_problems(Settings()) == []
    assert "is not a folder" in fonts_problems(Settings(fonts=str(tmp_path / "none")))[0]
    assert "no file named" in fonts_problems(Settings(fonts=str(tmp_path)))[0]
    (tmp_path / "broken.ttf").write_bytes(b"no font at all")
    assert fonts_problems(Settings(fonts=str(tmp_path))) == [
        'DARKROOM_FONTS: "broken.ttf" is not a font with outlines.'
    ]

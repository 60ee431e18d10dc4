"""Codes of every kind: what they say to the byte, turned, tilted, small; and that the quad holds all of each."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from core.imaging.codes import KINDS, Code, Kind, read_codes
from core.imaging.slants import slants
from tests.core.barcodes import SAYS, by_segno, turned, written
from tests.costs import yardsticks

EVERY = pytest.mark.parametrize("kind", KINDS)
ALONE: set[Kind] = {"maxicode"}
"""Read alone in a picture only, and turned only where it is asked for."""
READABLE = pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ALONE])
FLAT: set[Kind] = {"maxicode", "dx_film_edge"}
"""Not read where the picture is tilted."""


def only(drawn: NDArray[np.uint8], *kinds: Kind) -> Code:
    (code,) = read_codes(drawn, kinds or KINDS)
    return code


@EVERY
def test_every_kind_says_what_was_written(kind: Kind) -> None:
    tall = turned(written(kind), 2)[0] if kind == "dx_film_edge" else written(kind)
    code = only(tall)
    assert (code.kind, code.text, code.data) == (kind, SAYS[kind], SAYS[kind].encode())
    assert only(tall, kind).text == SAYS[kind], "asked for alone"


@READABLE
@pytest.mark.parametrize("angle", [7, 33, 128])
def test_turned(kind: Kind, angle: int) -> None:
    drawn, corners = turned(written(kind), angle)
    code = only(drawn)
    assert (code.kind, code.text) == (kind, SAYS[kind])
    assert missed(code.quad, corners) < 0.12 * np.sqrt(abs(cv2.contourArea(np.float32(corners))))


POSES: dict[str, Callable[[Kind], NDArray[np.uint8]]] = {
    "upright": written,
    "90": lambda kind: np.rot90(written(kind)),
    "180": lambda kind: np.rot90(written(kind), 2),
    "270": lambda kind: np.rot90(written(kind), 3),
    "15": lambda kind: turned(written(kind), 15)[0],
    "45": lambda kind: turned(written(kind), 45)[0],
    "small": lambda kind: written(kind, module=2, margin=20),
    "tilted": lambda kind: turned(written(kind), 12, tilt=0.15)[0],
}


@EVERY
@pytest.mark.parametrize("pose", POSES)
def test_every_kind_in_every_pose(kind: Kind, pose: str) -> None:
    """Asked for alone, and, where that is enough for the reader, among all kinds."""
    drawn = np.ascontiguousarray(POSES[pose](kind))
    kinds: list[tuple[Kind, ...]] = [(kind,)] if kind in ALONE and pose != "upright" else [(kind,), KINDS]
    for asked in kinds:
        found = [(code.kind, code.data) for code in read_codes(drawn, asked)]
        expected = [] if pose == "tilted" and kind in FLAT else [(kind, SAYS[kind].encode())]
        assert found == expected, asked


@pytest.mark.parametrize("angle", [20, 45, 110, 290])
def test_a_turned_maxicode_has_its_own_corners(angle: int) -> None:
    drawn, corners = turned(written("maxicode"), angle)
    assert np.abs(only(drawn, "maxicode").quad - corners).max() < 12
    assert read_codes(drawn, KINDS) == [], "among all kinds it would cost too much"


def missed(quad: NDArray[np.float64], corners: NDArray[np.float64]) -> float:
    """How far, in pixels, the corners of a code lie outside of a quad."""
    hull = cv2.convexHull(quad.astype(np.float32))
    return -min(cv2.pointPolygonTest(hull, (float(x), float(y)), True) for x, y in corners)


@pytest.mark.parametrize("kind", ["code128", "itf", "code39", "databar", "telepen"])
def test_the_quad_of_bars_is_theirs(kind: Kind) -> None:
    """The reader tells the rows in which it has read: of turned bars a part, of a DataBar the upper half."""
    for angle in (0, 20, 45, 70):
        drawn, corners = turned(written(kind), angle)
        size = np.hypot(*(corners[1] - corners[0]))
        quad = only(drawn).quad
        assert missed(quad, corners) < 6
        assert missed(corners, quad) < 6 + 0.04 * size * (kind == "databar")


@pytest.mark.parametrize(
    ("form", "content"),
    [("DataBarStk", "04006381333931"), ("DataBarStkOmni", "04006381333931"), ("DataBarLtd", "04006381333931"),
     ("DataBarExp", "(01)04006381333931(3103)001750"), ("DataBarExpStk", "(01)04006381333931(3103)001750")],
)  # fmt: skip
def test_every_databar(form: str, content: str) -> None:
    for angle in (0, 25, 90):
        drawn, corners = turned(written("databar", content, form=form), angle)
        code = only(drawn)
        elements = content.replace("(", "").replace(")", "")
        assert code.text == (elements if content.startswith("(") else f"01{elements}")
        assert missed(code.quad, corners) < 8


@pytest.mark.parametrize("kind", ["qr", "micro_qr", "data_matrix", "aztec"])
def test_light_on_dark(kind: Kind) -> None:
    assert only(255 - written(kind, module=2, margin=20)).text == SAYS[kind]


CONTROLS = "a\x1db\x1ec"
BINARY = bytes(range(256))


@pytest.mark.parametrize("kind", ["qr", "data_matrix", "aztec", "pdf417"])
@pytest.mark.parametrize(
    ("content", "facts"),
    [
        (CONTROLS, {"text": CONTROLS}),
        ("[)>\x1e06\x1d1T\x1e\x04", {"text": "[)>\x1e06\x1d1T\x1e\x04"}),
        ("日本語 ü €", {"text": "日本語 ü €"}),
        ("<GS>", {"text": "<GS>"}),
        ("back\\slash", {"text": "back\\slash"}),
        (b"\x00\x00", {"base64": "AAA="}),
        (b"\x1b[31m", {"base64": "G1szMW0="}),
        (b"\x89PNG\r\n\x1a\n", {"base64": "iVBORw0KGgo="}),
    ],
    ids=["separators", "ISO 15434", "Japanese", "four characters", "backslash", "zeros", "escape", "binary"],
)
def test_what_was_encoded(kind: Kind, content: str | bytes, facts: dict[str, str]) -> None:
    code = only(written(kind, content))
    assert code.data == (content.encode() if isinstance(content, str) else content)
    assert code.facts == facts


@pytest.mark.parametrize("kind", ["qr", "data_matrix", "aztec", "pdf417"])
def test_every_byte(kind: Kind) -> None:
    code = only(written(kind, BINARY))
    assert (code.text, code.data) == (None, BINARY)


def test_code128_holds_control_characters() -> None:
    assert only(written("code128", "Abc\x1d\x01z")).data == b"Abc\x1d\x01z"
    assert only(written("code128", "01\x1d21")).facts == {"text": "01\x1d21"}


@pytest.mark.parametrize(
    ("text", "encoding", "named"),
    [
        ("ﾊﾟﾝ日本語", "shift_jis", True), ("日本語", "shift_jis", False), ("Grüße", "iso8859-1", True),
        ("Grüße", "iso8859-1", False), ("Привет", "iso8859-5", True), ("€uro", "cp1252", True),
        ("中文字符", "gb18030", True), ("中文字", "big5", True), ("한국어", "euc_kr", True),
        ("日本", "utf-16-be", True), ("日本ü", "utf-8", True), ("日本ü", "utf-8", False),
    ],
)  # fmt: skip
def test_every_character_set(text: str, encoding: str, named: bool) -> None:
    """With its name (ECI), or without where it can be told."""
    drawn = by_segno(text, encoding=encoding) if named else by_segno(text.encode(encoding), mode="byte")
    code = only(drawn)
    assert (code.text, code.data) == (text, text.encode(encoding))
    assert ("base64" in code.facts) == (encoding != "utf-8")


def test_kanji_mode() -> None:
    assert only(by_segno("点茗", mode="kanji")).text == "点茗"


def test_a_upc_is_an_ean_where_only_that_is_asked_for() -> None:
    drawn = written("upc_a")
    assert only(drawn, "ean13").text == "0036000291452"
    assert only(drawn, "upc_a").text == "036000291452"
    assert read_codes(drawn, ["ean8", "code128"]) == []


def test_many_of_one_kind_and_of_several_each_once() -> None:
    codes = [written("code128", f"number {index}", module=2, margin=30) for index in range(3)]
    codes += [written(kind, module=2, margin=30) for kind in ("data_matrix", "aztec")]
    page = np.full((200 * len(codes), 600), 255, np.uint8)
    for index, code in enumerate(codes):
        page[200 * index : 200 * index + code.shape[0], : code.shape[1]] = code
    found = read_codes(turned(page, 24)[0], KINDS)
    assert sorted(code.text or "" for code in found) == ["hello", "hello", "number 0", "number 1", "number 2"]


@pytest.mark.parametrize("angle", [10, 30, 45, 77])
def test_slants(angle: int) -> None:
    (found,) = slants(turned(written("code128"), -angle)[0])
    assert abs(found - angle) < 1.5


def test_nothing_is_turned_for_even_pictures() -> None:
    assert slants(written("pdf417")) == []
    assert slants(np.full((50, 50), 255, np.uint8)) == []


def test_photographs_hold_none(data: object) -> None:
    for name in ("kodak/kodim01.png", "kodak/kodim08.png", "photos/kite.jpg"):
        assert read_codes(cv2.imread(f"{data}/images/{name}", cv2.IMREAD_GRAYSCALE), KINDS) == []


NOISE = np.random.default_rng(0).integers(0, 256, (1600, 1600)).astype(np.uint8)
DOWN, ACROSS = np.mgrid[:1600, :1600]
SLANTED = (((ACROSS * 0.9 + DOWN * 0.43) % 16) < 8).astype(np.uint8) * 255


@pytest.mark.parametrize("page", [NOISE, SLANTED], ids=["noise", "slanted stripes"])
def test_pictures_made_to_take_long(page: NDArray[np.uint8]) -> None:
    found: list[object] = []
    assert yardsticks(lambda: found.extend(read_codes(page, KINDS))) < 1500
    assert found == []


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (7, 7), (2, 9000)], ids=str)
def test_odd_shapes(shape: tuple[int, int]) -> None:
    assert read_codes(np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8), KINDS) == []

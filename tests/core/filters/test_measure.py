"""Measures: beside NumPy, and what each promises."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from core import codecs
from core.limits import Limits
from core.picture import Origin, Size
from tests.conftest import made_picture
from tests.core.codes import picture
from tests.core.filters.support import measured, run

BGR = made_picture(3)
BGRA = made_picture(4)


def photo(data: Path, name: str) -> NDArray[np.uint8]:
    return cv2.imread(str(data / "images" / name), cv2.IMREAD_COLOR_BGR | cv2.IMREAD_IGNORE_ORIENTATION)


def test_palette_names_colours_and_shares() -> None:
    drawing = np.zeros((10, 10, 3), np.uint8)
    drawing[:7], drawing[7:9], drawing[9:] = (0, 0, 255), (0, 255, 0), (255, 136, 0)
    assert measured("palette", drawing) == [
        {"color": "ff0000", "share": 0.7},
        {"color": "00ff00", "share": 0.2},
        {"color": "0088ff", "share": 0.1},
    ]


@pytest.mark.parametrize("colors", [1, 3, 7, 32])
def test_palette_shares_add_up(colors: int, pixels: NDArray[np.uint8]) -> None:
    found = measured(f"palette:{colors}", pixels)
    assert len(found) == colors
    assert sum(entry["share"] for entry in found) == pytest.approx(1)
    assert [entry["share"] for entry in found] == sorted((entry["share"] for entry in found), reverse=True)


def test_palette_ignores_what_is_not_seen() -> None:
    drawing = np.zeros((10, 10, 4), np.uint8)
    assert measured("palette", drawing) == []
    drawing[0] = (0, 0, 255, 255)
    assert measured("palette", drawing) == [{"color": "ff0000", "share": 1}]


def test_histogram_counts_like_numpy() -> None:
    found = measured("histogram:16", BGR)
    for place, name in enumerate(("blue", "green", "red")):
        assert found[name] == np.histogram(BGR[:, :, place], 16, (0, 256))[0].tolist()
    assert sum(found["luma"]) == BGR.shape[0] * BGR.shape[1]
    assert found["bins"] == 16


@pytest.mark.parametrize("bins", [2, 7, 100, 256])
def test_histogram_of_any_number_of_bins(bins: int) -> None:
    grey = made_picture(1)
    found = measured(f"histogram:{bins}", grey)
    assert set(found) == {"bins", "luma"}
    assert found["luma"] == np.bincount(grey.ravel().astype(int) * bins // 256, minlength=bins).tolist()


def test_histogram_of_alpha() -> None:
    assert measured("histogram:4", BGRA)["alpha"] == np.histogram(BGRA[:, :, 3], 4, (0, 256))[0].tolist()


def test_sharpness_is_the_variance_of_the_laplacian_and_falls_when_blurred() -> None:
    grey = cv2.cvtColor(BGR, cv2.COLOR_BGR2GRAY)
    found = measured("sharpness", BGR)
    assert found["variance"] == pytest.approx(cv2.Laplacian(grey, cv2.CV_64F).var(), abs=0.01)
    scores = [measured(f"{text}sharpness", BGR)["score"] for text in ("", "blur:5/", "blur:15/")]
    assert 1 > scores[0] > scores[1] > scores[2] >= 0


def bits_apart(one: str, other: str) -> int:
    assert len(one) == len(other) == 16
    return (int(one, 16) ^ int(other, 16)).bit_count()


@pytest.mark.parametrize("name", ["kodak/kodim03.png", "kodak/kodim05.png", "coral/parrot.jpg"])
def test_phash_is_stable_and_tells_pictures_apart(data: Path, name: str) -> None:
    pixels = photo(data, name)
    plain = measured("phash", pixels)
    small = cv2.resize(pixels, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
    rough = cv2.imdecode(cv2.imencode(".jpg", pixels, (cv2.IMWRITE_JPEG_QUALITY, 40))[1], cv2.IMREAD_COLOR)
    assert bits_apart(plain, measured("phash", small)) <= 4
    assert bits_apart(plain, measured("phash", rough)) <= 4
    assert bits_apart(plain, measured("brightness:110/phash", pixels)) <= 6
    assert bits_apart(plain, measured("phash", np.ascontiguousarray(pixels[:, ::-1]))) > 16
    assert bits_apart(plain, measured("phash", photo(data, "kodak/kodim07.png"))) > 16


def test_blurhash_in_components() -> None:
    assert len(measured("blurhash", BGR)) == 4 + 2 * 4 * 3
    assert len(measured("blurhash:9,9", BGR)) == 4 + 2 * 81
    assert measured("blurhash", np.zeros((4, 4, 4), np.uint8)) == measured(
        "blurhash", np.full((4, 4, 3), 255, np.uint8)
    )


def test_exif_without_any_is_empty() -> None:
    assert measured("exif", BGR) == {}


def test_exif_names_the_camera(data: Path) -> None:
    origin = codecs.probe((data / "exif/Landscape_6.jpg").read_bytes(), Limits())
    findings = run("exif", BGR, origin=Origin(format="jpeg", size=Size(96, 64), exif=origin.exif)).findings
    assert findings.measures["exif"]


def sheet() -> NDArray[np.uint8]:
    """A code of 29 × 29 modules, 6 pixels each, at (40, 30)."""
    code = picture("https://example.org/ü", module=6, margin=0)
    page = np.full((300, 400, 3), 255, np.uint8)
    page[30 : 30 + code.shape[0], 40 : 40 + code.shape[1]] = code[:, :, None]
    return page


def test_qr_tells_text_and_place() -> None:
    (found,) = measured("qr", sheet())
    assert found["text"] == "https://example.org/ü"
    assert found["box"] == pytest.approx([40, 30, 150, 150], abs=1.5)


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("qr/rotate:90", [300 - 30 - 150, 40, 150, 150]),
        ("qr/rotate:180", [400 - 40 - 150, 300 - 30 - 150, 150, 150]),
        ("qr/resize:200", [20, 15, 75, 75]),
        ("resize:200/qr", [20, 15, 75, 75]),
        ("rotate:90/qr", [300 - 30 - 150, 40, 150, 150]),
        ("flop/qr", [400 - 40 - 150, 30, 150, 150]),
    ],
)
def test_qr_follows_the_geometry(text: str, box: list[float]) -> None:
    picture = run(text, sheet())
    (found,) = picture.findings.to_json(*picture.size)["measures"]["qr"]
    assert found["box"] == pytest.approx(box, abs=2)


def test_qr_turned_has_a_quad_and_cut_away_it_is_gone() -> None:
    turned = run("qr/rotate:30", sheet())
    (found,) = turned.findings.to_json(*turned.size)["measures"]["qr"]
    sides = np.linalg.norm(np.diff(np.array([*found["quad"], found["quad"][0]]), axis=0), axis=1)
    assert sides == pytest.approx([150] * 4, abs=2)
    assert measured("qr/crop:100,100,300,0", sheet()) == []


def test_qr_on_transparent_ground() -> None:
    page = sheet()
    clear = np.dstack([np.zeros_like(page), 255 - page[:, :, :1]])
    assert [found["text"] for found in measured("qr", clear)] == ["https://example.org/ü"]


def test_measures_change_no_pixels(pixels: NDArray[np.uint8]) -> None:
    text = "exif/palette/blurhash/phash/histogram/sharpness/qr"
    result = run(text, pixels)
    assert result.pixels is pixels
    assert list(result.findings.measures) == text.split("/")

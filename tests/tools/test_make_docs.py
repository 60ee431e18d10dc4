"""Drift of the generated documents is seen; what an encoder does differently is not drift."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import made_picture
from tools.make_docs import differences


def webp(pixels: NDArray[np.uint8], quality: int = 101) -> bytes:
    return cv2.imencode(".webp", pixels, [cv2.IMWRITE_WEBP_QUALITY, quality])[1].tobytes()


PICTURE = made_picture(3)
ONE_LEVEL = PICTURE.copy()
ONE_LEVEL[::16, ::16] ^= 1
BLUR = "../functions/pages/static/filters/blur.webp"
FILES = {"page.md": b"one\ntwo\n", BLUR: webp(PICTURE)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    docs = tmp_path / "docs"
    docs.mkdir()
    (tmp_path / "functions" / "pages" / "static" / "filters").mkdir(parents=True)
    for name, data in FILES.items():
        (docs / name).write_bytes(data)
    return docs


CASES = {
    "the same": ({}, []),
    "a line differs": ({"page.md": b"one\nTWO\n"}, ["page.md: differs, from line 2"]),
    "a line more": ({"page.md": b"one\ntwo\nthree\n"}, ["page.md: differs, from line 3"]),
    "a new page": ({"new.md": b""}, ["new.md: missing"]),
    "a picture alike": ({BLUR: webp(ONE_LEVEL)}, []),
    "another picture": ({BLUR: webp(255 - PICTURE)}, [f"{BLUR}: looks different"]),
    "another size": ({BLUR: webp(PICTURE[:-1])}, [f"{BLUR}: looks different"]),
}


@pytest.mark.parametrize(("made", "expected"), CASES.values(), ids=CASES)
def test_differences(made: dict[str, bytes], expected: list[str], folder: Path) -> None:
    found = differences({**FILES, **made}, folder)
    assert [line.partition(" (")[0] for line in found] == expected


def test_a_picture_without_a_filter_is_left_over(folder: Path) -> None:
    assert differences({"page.md": FILES["page.md"]}, folder) == [f"{BLUR}: left over, no filter has it"]

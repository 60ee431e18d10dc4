"""What is not decoded: everything but the header, colours, or their full resolution."""

import pytest

from core.picture import Origin, Size
from tests.core.planner.support import fired, jpeg, likeness, made, photo, pixels

CAMERA = Origin(format="jpeg", size=Size(4000, 3000), nbytes=3_000_000)
PNG = Origin(format="png", size=Size(400, 300), nbytes=90_000)


@pytest.mark.parametrize(
    ("text", "origin", "fires"),
    [
        ("grayscale", CAMERA, True), ("flip/crop:100,100/grayscale", CAMERA, True), ("grayscale", PNG, False),
        ("rotate:9/grayscale", CAMERA, True), ("pad:9,background=f00/grayscale", CAMERA, False),
        ("blur:5/grayscale", CAMERA, False), ("grayscale/blur:3/sepia", CAMERA, True), ("sepia", CAMERA, False),
        ("grayscale/gamma:1.4/posterize:6", CAMERA, True), ("grayscale/sharpness", CAMERA, True),
        ("grayscale/contrast:900", CAMERA, False), ("grayscale/contrast:200/brightness:300", CAMERA, False),
        ("grayscale/canny", CAMERA, False), ("grayscale/threshold", CAMERA, False), ("grayscale/detect", CAMERA, False),
    ],
)  # fmt: skip
def test_when_brightness_alone_is_decoded(text: str, origin: Origin, fires: bool) -> None:
    assert ("luma" in fired(text, origin)) is fires


@pytest.mark.parametrize("text", ["grayscale", "grayscale/gamma:1.4", "grayscale/contrast:200", "flop/grayscale/sepia"])
def test_grey_is_the_grey_of_the_colours(text: str) -> None:
    whole, grey = (made(jpeg(photo()), text, rules=rules)[0] for rules in ((), ("luma",)))
    assert likeness(pixels(whole), pixels(grey)) > 42


@pytest.mark.parametrize(
    ("text", "fires"),
    [
        ("blur:5", True), ("resize:1500", True), ("resize:1500,kernel=nearest", False), ("blur:3", False),
        ("blur:5/canny", False), ("blur:5/contrast:150", True), ("blur:5/contrast:150/brightness:150", False),
        ("rotate:90/blur:5", False), ("", False),
    ],
)  # fmt: skip
def test_when_colours_are_repeated(text: str, fires: bool) -> None:
    assert ("chroma" in fired(text, CAMERA)) is fires

"""What a browser shows of the JPEG XL that we write: Chromium has a decoder of its own."""

from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest

from core.codecs import EncodeOptions, encode
from core.codecs.jxl_jpeg import jpeg_as_jxl
from tests.conftest import made_picture
from tests.core.codecs.support import pillow_file, read, rgba, shift, written
from tests.core.codecs.test_icc import rgb_profile
from tests.judges import browser
from tests.judges.browser import Browser

SIDE = 8
KEEP = EncodeOptions(lossless=True, keep=frozenset({"icc"}))


@pytest.fixture(scope="module")
def seeing() -> Iterator[Browser]:
    with browser.opened() as opened:
        yield opened


def soft(channels: int) -> np.ndarray:
    """No edges, so that a pixel is as its neighbours."""
    return cv2.GaussianBlur(made_picture(channels), (15, 15), 0).reshape(64, 96, channels)


FILES: dict[str, Callable[[], bytes]] = {
    "grey": lambda: written(soft(1), "jxl"),
    "colour": lambda: written(soft(3), "jxl"),
    "alpha": lambda: written(soft(4), "jxl"),
    "lossless": lambda: written(soft(4), "jxl", EncodeOptions(lossless=True)),
    "a profile": lambda: written(soft(3), "jxl", KEEP, icc=rgb_profile()),
    "a JPEG": lambda: jpeg_as_jxl(pillow_file("JPEG", soft(3)), None),
    "moving": lambda: encode(shift(soft(3), 4), "jxl"),
    "moving with alpha": lambda: encode(shift(soft(4), 4), "jxl"),
}


def _grid(pixels: np.ndarray) -> np.ndarray:
    rows, columns = (((np.arange(SIDE) + 0.5) * side / SIDE).astype(int) for side in pixels.shape[:2])
    return rgba(pixels)[rows][:, columns].astype(int)


@pytest.mark.parametrize("name", FILES)
def test_the_browser_shows_what_we_wrote(name: str, seeing: Browser) -> None:
    file = FILES[name]()
    shown, ours = seeing.look(file, "jxl", SIDE, 12), read(file)
    assert shown is not None
    assert len(shown) == len(ours) == (4 if name.startswith("moving") else 1)
    for theirs, own in zip(shown, ours, strict=True):
        expected = _grid(own.pixels)
        seen = expected[:, :, 3] > 128
        assert np.abs(theirs.grid.astype(int) - expected)[seen].max() <= 6

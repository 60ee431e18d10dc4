"""A file cut anywhere is refused, or it is read whole: never a part of a picture, never another error."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from core import codecs
from core.codecs import EncodeOptions
from core.errors import DarkroomError
from tests.conftest import made_picture
from tests.core.codecs.support import LIMITS, pillow_animation, pillow_file, read, shift, written


def _small() -> np.ndarray:
    return made_picture(3, 60, 40)


def _deep() -> bytes:
    return cv2.imencode(".tiff", _small().astype(np.uint16) * 257)[1].tobytes()


FILES: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: pillow_file("JPEG", _small()),
    "jpeg-progressive": lambda: pillow_file("JPEG", _small(), progressive=True),
    "jpeg-grey": lambda: pillow_file("JPEG", made_picture(1, 60, 40)),
    "jpeg-cmyk": lambda: pillow_file("JPEG", _small(), "CMYK"),
    "png": lambda: pillow_file("PNG", _small()),
    "png-palette": lambda: pillow_file("PNG", _small(), "P"),
    "png-alpha": lambda: pillow_file("PNG", made_picture(4, 60, 40)),
    "apng": lambda: pillow_animation("PNG", shift(_small(), 4), duration=50),
    "gif": lambda: pillow_file("GIF", _small()),
    "gif-animated": lambda: pillow_animation("GIF", shift(_small(), 4), duration=50),
    "webp": lambda: pillow_file("WEBP", _small()),
    "webp-lossless": lambda: pillow_file("WEBP", _small(), lossless=True),
    "webp-alpha": lambda: pillow_file("WEBP", made_picture(4, 60, 40)),
    "webp-animated": lambda: pillow_animation("WEBP", shift(_small(), 4), duration=50),
    "tiff": lambda: pillow_file("TIFF", _small()),
    "tiff-lzw": lambda: pillow_file("TIFF", _small(), compression="tiff_lzw"),
    "tiff-jpeg": lambda: pillow_file("TIFF", _small(), compression="jpeg"),
    "tiff-16": _deep,
    "bmp": lambda: pillow_file("BMP", _small()),
    "bmp-palette": lambda: pillow_file("BMP", _small(), "P"),
    "ppm": lambda: pillow_file("PPM", _small()),
    "pbm": lambda: pillow_file("PPM", _small(), "1"),
    "avif": lambda: pillow_file("AVIF", _small()),
    "avif-animated": lambda: pillow_animation("AVIF", shift(_small(), 4), duration=50),
    "jp2": lambda: pillow_file("JPEG2000", _small()),
    "jxl": lambda: written(_small(), "jxl"),
    "jxl-lossless": lambda: written(made_picture(4, 60, 40), "jxl", EncodeOptions(lossless=True)),
    "jxl-animated": lambda: codecs.encode(shift(_small(), 4), "jxl"),
    "ico": lambda: pillow_file("ICO", _small(), sizes=[(32, 32)]),
    "ico-bitmap": lambda: pillow_file("ICO", _small(), sizes=[(32, 32)], bitmap_format="bmp"),
}


def _outcomes(file: bytes, cuts: list[int]) -> set[str]:
    whole = [frame.pixels for frame in read(file)]
    found = set()
    for cut in cuts:
        try:
            frames = [frame.pixels for frame in read(file[:cut])]
        except DarkroomError as error:
            found.add(error.code)
        else:
            same = len(frames) == len(whole) and all(map(np.array_equal, frames, whole))
            found.add("whole" if same else f"a part, cut at {cut} of {len(file)}")
    return found


@pytest.mark.parametrize("name", FILES)
def test_cut(name: str) -> None:
    file = FILES[name]()
    cuts = [*range(1, len(file), max(1, len(file) // 120)), *range(len(file) - 20, len(file))]
    assert "damaged_image" in _outcomes(file, cuts) <= {"damaged_image", "not_an_image", "whole"}


def test_cut_heic(data: Path) -> None:
    file = (data / "formats/heic/winter_1440x960.heic").read_bytes()
    cuts = list(range(1, len(file), len(file) // 20))
    assert "damaged_image" in _outcomes(file, cuts) <= {"damaged_image", "not_an_image", "whole"}


def test_first_frame_only_of_a_cut_animation() -> None:
    file = FILES["gif-animated"]()
    with pytest.raises(DarkroomError):
        codecs.probe(file[: len(file) * 3 // 4], LIMITS)


CHECKSUMMED = {"png", "png-palette", "png-alpha", "apng", "ico", "jxl", "jxl-lossless", "jxl-animated"}
"""In JPEG XL, where an ANS stream ends says whether it was read right."""


@pytest.mark.parametrize("name", FILES)
def test_flipped_bytes(name: str) -> None:
    """Any byte changed: a picture or one of our errors, and all of them errors only where checksums stand."""
    file = FILES[name]()
    dice = np.random.default_rng(11)
    pictures = 0
    for _ in range(60):
        changed = bytearray(file)
        for place in dice.integers(0, len(file), 3):
            changed[place] = int(dice.integers(0, 256))
        try:
            pictures += len(read(bytes(changed))) > 0
        except DarkroomError as error:
            assert error.code in {"damaged_image", "not_an_image", "too_many_pixels"}
    assert (pictures > 0) == (name not in CHECKSUMMED)

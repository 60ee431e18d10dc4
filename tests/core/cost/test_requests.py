"""A short form of `make prove-cost`: small pictures, wide bounds, and beside the machine's own speed."""

import statistics

import cv2
import numpy as np
import pytest

from core import codecs
from core.codecs import EncodeOptions
from core.picture import Size
from tests.core.cost.requests import SLACK, Taken, measured, peak_of, picture_of

_COUNT, _MEGAPIXELS = 30, 1.0
_FACTOR, _SHARE = 3.0, 0.8


def test_random_requests_take_about_what_they_declare() -> None:
    found = list(measured(_COUNT, 7, _MEGAPIXELS))
    assert len(found) == _COUNT
    usual = statistics.median(one.ratio for one in found)
    near = [one for one in found if usual / _FACTOR < one.ratio < usual * _FACTOR]
    assert len(near) >= _SHARE * _COUNT, [one for one in found if one not in near]
    assert not [one for one in found if one.peak > one.memory + SLACK]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("effort", [4, 6, 10])
def test_a_flat_picture_as_jpeg_xl_takes_no_more_memory_than_it_declares(channels: int, effort: int) -> None:
    """From the effort 6 on libjxl takes five times as much for it as for a photograph."""
    options, random = EncodeOptions(lossless=True, effort=effort), np.random.default_rng(2)
    drawn = np.full((1360, 2040, channels), 200, np.uint8)
    for _ in range(60):
        middle, color = random.integers(0, (2040, 1360)).tolist(), random.integers(0, 255, channels).tolist()
        cv2.circle(drawn, middle, int(random.integers(5, 60)), color, -1)

    def encode() -> Taken:
        codecs.encode([picture_of(drawn)], "jxl", options)
        return Taken(0.0, {})

    codecs.encode([picture_of(drawn[:64, :64].copy())], "jxl", options)
    peak, _ = peak_of(encode)
    assert peak <= codecs.encoding("jxl", Size(2040, 1360), channels, options).memory + SLACK / 8

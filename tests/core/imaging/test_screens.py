"""Threshold masks: every rank once, and the noise is blue."""

import numpy as np
import pytest

from core.imaging.screens import Mask, bayer, blue_noise


@pytest.mark.parametrize(("mask", "side"), [(bayer(), 8), (blue_noise(), 64)], ids=["bayer", "blue"])
def test_every_rank_once(mask: Mask, side: int) -> None:
    ranks = np.sort(mask.ravel()) * side**2 - 0.5
    assert np.allclose(ranks, np.arange(side**2), atol=1e-2)


def test_bayer_is_the_published_matrix() -> None:
    known = [[0, 32, 8, 40, 2, 34, 10, 42], [48, 16, 56, 24, 50, 18, 58, 26]]
    assert np.allclose(bayer()[:2] * 64 - 0.5, known, atol=1e-3)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_blue_noise_has_little_power_at_low_frequencies(share: float) -> None:
    dots = (blue_noise() < share).astype(float)
    power = np.abs(np.fft.fft2(dots - dots.mean())) ** 2
    radius = np.hypot(*np.meshgrid(np.fft.fftfreq(64), np.fft.fftfreq(64)))
    assert power[(radius > 0) & (radius < 0.1)].mean() < 0.1 * power[radius > 0.3].mean()

"""Blurs against SciPy, NumPy's Fourier transform, and what each promises."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from tests.conftest import made_picture
from tests.core.filters.support import apply

Floats = NDArray[np.float64]


def by_channel(pixels: NDArray[np.uint8], function: Any, **options: Any) -> Floats:
    """SciPy's filters know no channels."""
    planes = [function(pixels[:, :, channel].astype(np.float64), **options) for channel in range(pixels.shape[2])]
    return np.stack(planes, axis=2)


def mirrored_spectrum(plane: Floats, response: Any) -> Floats:
    """A plane times a response in frequency, continued by its mirror image so that nothing wraps round."""
    height, width = plane.shape
    whole = np.block([[plane, plane[:, ::-1]], [plane[::-1], plane[::-1, ::-1]]])
    down, across = np.fft.fftfreq(2 * height)[:, None], np.fft.fftfreq(2 * width)[None]
    result = np.fft.ifft2(np.fft.fft2(whole) * response(down, across)).real
    return np.clip(result[:height, :width], 0, 255)


def line(length: int, axis: int) -> Any:
    return lambda plane: ndimage.uniform_filter1d(plane, length, axis=axis, mode="mirror")


REFERENCES = [
    ("blur:15", lambda plane: ndimage.gaussian_filter(plane, 2.6, radius=7, mode="mirror")),
    ("blur:9,3", lambda plane: ndimage.gaussian_filter(plane, 3, radius=4, mode="mirror")),
    ("blur:1", lambda plane: plane),
    ("box:9", lambda plane: ndimage.uniform_filter(plane, 9, mode="mirror")),
    ("box:3", lambda plane: ndimage.uniform_filter(plane, 3, mode="mirror")),
    ("median:5", lambda plane: ndimage.median_filter(plane, 5, mode="nearest")),
    ("median:9", lambda plane: ndimage.median_filter(plane, 9, mode="nearest")),
    ("motion_blur:15", line(15, 1)),
    ("motion_blur:9,90", line(9, 0)),
    ("motion_blur:9,-180", line(9, 1)),
    ("motion_blur:1,33", lambda plane: plane),
]


@pytest.mark.parametrize(("text", "reference"), REFERENCES, ids=[text for text, _ in REFERENCES])
@pytest.mark.parametrize("channels", [1, 3], ids=["grey", "bgr"])
def test_as_scipy(text: str, reference: Any, channels: int) -> None:
    pixels = made_picture(channels)
    difference = np.abs(apply(text, pixels) - by_channel(pixels, reference))
    assert difference.max() <= 1
    assert difference.mean() <= 0.5


def test_motion_goes_clockwise() -> None:
    pixels = np.zeros((41, 41, 1), np.uint8)
    pixels[20, 20] = 255
    smeared = apply("motion_blur:15,45", pixels)[:, :, 0].astype(int)
    assert np.trace(smeared) > 3 * np.trace(smeared[::-1])
    assert smeared.sum() == pytest.approx(255, abs=20)


def bilateral(pixels: NDArray[np.uint8], diameter: int, color: float, space: float) -> Floats:
    """Tomasi and Manduchi's sum over a disc, the colour distance being the sum over channels as in OpenCV."""
    reach = diameter // 2
    height, width = pixels.shape[:2]
    source = np.pad(pixels.astype(np.float64), ((reach, reach), (reach, reach), (0, 0)), mode="reflect")
    total, weights = np.zeros(pixels.shape), np.zeros((height, width, 1))
    for down in range(-reach, reach + 1):
        for across in range(-reach, reach + 1):
            if np.hypot(down, across) > reach:
                continue
            other = source[reach + down : reach + down + height, reach + across : reach + across + width]
            far = np.abs(other - pixels).sum(axis=2, keepdims=True)
            weight = np.exp(-(far**2) / (2 * color**2) - (down**2 + across**2) / (2 * space**2))
            total, weights = total + weight * other, weights + weight
    return total / weights


@pytest.mark.parametrize("arguments", [(9, 75, 75), (5, 20, 3), (3, 10, 10)], ids=str)
@pytest.mark.parametrize("channels", [1, 3], ids=["grey", "bgr"])
def test_bilateral_is_its_formula(arguments: tuple[int, float, float], channels: int) -> None:
    pixels = made_picture(channels)
    text = "bilateral:" + ",".join(map(str, arguments))
    colours = np.repeat(pixels, 3 // channels, axis=2)
    assert np.abs(apply(text, pixels) - bilateral(colours, *arguments)).max() <= 1.01


def test_denoise_removes_noise_and_keeps_edges() -> None:
    clean = np.full((64, 96, 3), 60, np.uint8)
    clean[:, 48:] = (180, 120, 200)
    noisy = np.clip(clean + np.random.default_rng(3).normal(0, 8, clean.shape), 0, 255).astype(np.uint8)
    for picture, original in ((noisy, clean), (noisy[:, :, :1], clean[:, :, :1])):
        error = (apply("denoise:8,8", np.ascontiguousarray(picture)).astype(float) - original).std()
        assert error < 0.3 * (picture.astype(float) - original).std()


def gauss(cutoff: float) -> Any:
    return lambda down, across: np.exp(-(down**2 + across**2) / (2 * cutoff**2))


def butterworth(cutoff: float, order: int) -> Any:
    return lambda down, across: 1 / (1 + ((down**2 + across**2) / cutoff**2) ** order)


RESPONSES = [
    ("lowpass", gauss(0.05), 1.5),
    ("lowpass:50", gauss(0.25), 1.5),
    ("lowpass:2", gauss(0.01), 2.0),
    ("lowpass:10,butterworth", butterworth(0.05, 2), 2.0),
    ("lowpass:40,butterworth,4", butterworth(0.2, 4), 2.0),
]


@pytest.mark.parametrize(("text", "response", "tolerance"), RESPONSES, ids=[text for text, *_ in RESPONSES])
def test_lowpass_is_its_response(text: str, response: Any, tolerance: float) -> None:
    pixels = made_picture(3)
    expected = by_channel(pixels, lambda plane: mirrored_spectrum(plane, response))
    difference = np.abs(apply(text, pixels) - expected)
    assert difference.max() <= tolerance
    assert difference.mean() <= 0.6


@pytest.mark.parametrize(("period", "kept"), [(32, True), (10, False)], ids=["below", "above"])
def test_ideal_lowpass_keeps_or_drops_a_wave(period: int, kept: bool) -> None:
    wave = 127.5 + 100 * np.cos(2 * np.pi * (np.arange(320) + 0.5) / period)
    pixels = np.repeat(np.rint(wave).astype(np.uint8)[None, :, None], 64, axis=0)
    middle = apply("lowpass:10,ideal", pixels)[:, 100:220].astype(float)
    assert np.ptp(middle) == pytest.approx(200 if kept else 0, abs=12)


@pytest.mark.parametrize("kind", ["gaussian", "ideal", "butterworth"])
@pytest.mark.parametrize("cutoff", [0.1, 5, 100])
def test_lowpass_keeps_brightness(kind: str, cutoff: float) -> None:
    flat = np.full((33, 57, 3), (10, 120, 250), np.uint8)
    assert np.array_equal(apply(f"lowpass:{cutoff},{kind}", flat), flat)


@pytest.mark.parametrize("text", ["blur:15", "box:9", "median:5", "motion_blur:15", "lowpass", "lowpass:10,ideal"])
def test_hidden_colours_do_not_bleed(text: str) -> None:
    pixels = np.zeros((32, 32, 4), np.uint8)
    pixels[:, 16:] = (255, 255, 255, 255)
    result = apply(text, pixels)
    seen = result[:, :, 3] > 16
    assert result[seen][:, :3].min() >= 225

"""Tone curves beside CSS, Pillow, scikit-image and SciPy."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageEnhance
from scipy.interpolate import CubicHermiteSpline, PchipInterpolator
from skimage.exposure import adjust_gamma

from core.errors import BadParameterError
from core.filters.tone import monotone
from tests.conftest import made_picture
from tests.core.filters.support import apply

RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
BGR = made_picture(3)


def curve(text: str) -> NDArray[np.int64]:
    """What the pipeline makes of each of the 256 values."""
    return apply(text, RAMP).ravel().astype(np.int64)


V = np.arange(256) / 255


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("brightness:130", V * 1.3),
        ("brightness:0", V * 0),
        ("contrast:150", V * 1.5 + (0.5 - 0.5 * 1.5)),
        ("contrast:0", V * 0 + 0.5),
        ("gamma:2.2", V ** (1 / 2.2)),
        ("gamma:0.5", V**2),
        ("levels:51,204", (V - 0.2) / 0.6),
        ("levels:0,255,2,51,204", 0.2 + 0.6 * np.sqrt(V)),
        ("levels:0,255,low=255,high=0", 1 - V),
        ("levels:0,1e-320", V > 0),
        ("curves:0:255+255:0", 1 - V),
        ("curves:0:0+50p:100p+100p:100p", None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_follows_the_formula(text: str, expected: NDArray[np.float64] | None) -> None:
    if expected is None:
        expected = CubicHermiteSpline([0, 0.5, 1], [0, 1, 1], [2, 0, 0])(V)
    assert np.abs(curve(text) - 255 * np.clip(expected, 0, 1)).max() <= 0.5 + 1e-9


def test_brightness_equals_pillow() -> None:
    expected = ImageEnhance.Brightness(Image.fromarray(BGR)).enhance(1.3)
    assert np.abs(apply("brightness:130", BGR).astype(int) - np.asarray(expected)).max() <= 1


def test_gamma_equals_scikit_image() -> None:
    expected = adjust_gamma(BGR, 1 / 1.8)
    assert np.abs(apply("gamma:1.8", BGR).astype(int) - expected).max() <= 1


@pytest.mark.parametrize(
    "text",
    ["brightness:100", "contrast:100", "gamma:1", "exposure:0", "levels:0,255", "curves:0:0+255:255",
     "curves:0:0+10:10+100:100+255:255", "curves:0p:0p+100p:100p"],
)  # fmt: skip
def test_changes_nothing(text: str, pixels: NDArray[np.uint8]) -> None:
    assert np.array_equal(apply(text, pixels), pixels)


@pytest.mark.parametrize("text", ["gamma:2/gamma:0.5", "exposure:-1/exposure:1", "gamma:0.8/gamma:1.25"])
def test_there_and_back(text: str) -> None:
    middle = slice(20, 236)
    assert np.abs(curve(text) - np.arange(256))[middle].max() <= 3


def test_exposure_of_one_stop_doubles_the_light() -> None:
    def light(value: int) -> float:
        share = value / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    for value in (40, 90, 150):
        assert light(int(curve("exposure:1")[value])) == pytest.approx(2 * light(value), rel=0.02)


POINTS = {
    "s": ([0, 64, 192, 255], [0, 48, 208, 255]),
    "flat parts": ([0, 60, 120, 180, 255], [10, 10, 200, 200, 30]),
    "steep": ([0, 2, 250, 255], [0, 250, 252, 255]),
    "falling": ([0, 100, 255], [255, 90, 0]),
    "two": ([40, 220], [30, 240]),
}


@pytest.mark.parametrize(("xs", "ys"), POINTS.values(), ids=POINTS.keys())
def test_curve_is_monotone_between_its_points(xs: list[float], ys: list[float]) -> None:
    at = np.linspace(0, 255, 4001)
    values = monotone(np.array(xs, float), np.array(ys, float), at)
    assert np.allclose(np.interp(xs, at, values), ys, atol=0.2)
    for left, right, start, end in zip(xs, xs[1:], ys, ys[1:], strict=False):
        piece = np.diff(values[(at >= left) & (at <= right)])
        assert (piece * np.sign(end - start) >= -1e-9).all()
    assert values[at <= xs[0]] == pytest.approx(ys[0])
    assert values[at >= xs[-1]] == pytest.approx(ys[-1])


def test_curve_is_near_to_scipys_monotone_cubic() -> None:
    xs, ys = (np.array(side, float) for side in POINTS["s"])
    at = np.arange(256.0)
    assert np.abs(monotone(xs, ys, at) - PchipInterpolator(xs, ys)(at)).max() < 8


def test_curve_of_one_channel() -> None:
    result = apply("curves:0:0+255:0,channel=red", BGR)
    assert (result[:, :, 2] == 0).all()
    assert np.array_equal(result[:, :, :2], BGR[:, :, :2])
    assert apply("curves:0:0+255:0,channel=red", RAMP).shape[2] == 3


@pytest.mark.parametrize(
    "text",
    ["curves:0:0", "curves:0:0+0:9+255:255", "curves:-1:0+255:255", "curves:0:0+300:255", "levels:200,100",
     "levels:9,9"],
)  # fmt: skip
def test_refused(text: str) -> None:
    with pytest.raises(BadParameterError):
        apply(text, RAMP)

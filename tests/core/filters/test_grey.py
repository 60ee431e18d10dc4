"""A grey picture is a picture: each step makes of it what it makes of the same one in three equal channels."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.errors import DarkroomError
from core.filter import Filter
from core.limits import Deadline, Limits
from core.picture import Origin, Picture, Size
from core.pipeline import Pipeline, Step
from core.registry import filters
from core.run import Context, Run
from tests.core import strategies
from tests.core.fakes import FakeModels
from tests.core.filters.test_hidden import CUBE, EVERY, EXAMPLES, ROOT

Array = NDArray[np.uint8]
LOGO = (ROOT / "service/assets/logo.png").read_bytes()
LIMITS = Limits(pixels=500_000)


def wave(seed: int) -> Array:
    """A noisy wave."""
    ground = 128 + 60 * np.sin(np.arange(34) / 4)[None, :] + np.random.default_rng(seed).normal(0, 25, (28, 34))
    return np.clip(ground, 0, 255).astype(np.uint8)[:, :, None]


def outcome(step: Step, pixels: Array) -> tuple[Array | None, Any]:
    """The result in three or four channels and what was measured, or its error."""
    context = Context(LIMITS, Deadline(60), lambda _: CUBE if step.filter.name == "lut" else LOGO, models=FakeModels())
    origin = Origin(format="png", size=Size(34, 28), channels=pixels.shape[2])
    try:
        made = next(
            Run(Pipeline(tuple(strategies.fed([step]))), context).frames([Picture(pixels=pixels, origin=origin)])
        )
    except DarkroomError as error:
        return None, (error.code, error.detail)
    found = made.findings.to_json(*made.size, masks=True)
    if "histogram" in found.get("measures", {}):
        found["measures"]["histogram"] = found["measures"]["histogram"]["luma"]  # a grey picture has no more
    shown = np.repeat(made.pixels, 3, axis=2) if made.pixels.shape[2] == 1 else made.pixels
    return shown, repr(found)


@EVERY
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), seed=st.integers(0, 2**16))
def test_grey_and_three_equal_channels_come_out_alike(known: Filter, data: st.DataObject, seed: int) -> None:
    step = data.draw(st.one_of(st.just(Pipeline.parse(known.example).steps[-1]), strategies.steps(known)))
    grey = wave(seed)
    one, found = outcome(step, grey)
    three, expected = outcome(step, np.repeat(grey, 3, axis=2))
    assert found == expected
    if one is not None and three is not None:
        # OpenCV rounds otherwise in one channel than in three when it scales or warps, and on the way back from Lab.
        rounding = known.makes == "geometry" or known.name == "denoise"
        assert np.abs(one.astype(int) - three).max() <= rounding


# --- flat stays flat -----------------------------------------------------------------------------------------------

FLAT = [
    "autocontrast", "bilateral", "bilateral:25,255,255", "blur", "blur:99", "box:255", "clahe", "clahe:40,64",
    "clahe:0.1,1", "close", "deblur", "deblur:20", "deblur:3,motion", "deskew", "dilate:9", "emboss", "equalize",
    "erode:9", "lowpass", "lowpass:50", "lowpass:3,ideal", "median:9", "motion_blur", "oil", "open", "pixelate",
    "quantize", "sharpen:500", "stylize", "stylize:200", "stylize:200,1", "stylize:1,0.01", "trim",
    "unsharp:30,500", "vibrance", "saturation:400", "white_balance",
]  # fmt: skip
"""Filters whose formula leaves a grey picture of one value as it is."""
SIZES = [(1, 1), (1, 2), (2, 1), (3, 3), (1, 128), (128, 1), (5, 40), (16, 16), (48, 48), (64, 9), (90, 90), (128, 128)]


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("text", FLAT)
def test_flat_stays_flat(text: str, channels: int) -> None:
    for height, width in SIZES:
        for value in (0, 1, 137, 255):
            flat = np.full((height, width, channels), value, np.uint8)
            flat[:, :, 3:] = 255
            result = Run(Pipeline.parse(text), Context(Limits(), Deadline(60))).frames(
                [Picture(pixels=flat, origin=Origin(format="png", size=Size(width, height), channels=channels))]
            )
            assert np.array_equal(next(result).pixels, flat), f"{width}×{height} of {value}"


@pytest.mark.parametrize("side", [1, 4, 9, 30, 64, 97])
def test_denoise_keeps_flat_pictures(side: int) -> None:
    """Within the level that its way through CIE Lab rounds."""
    for channels in (1, 3):
        flat = np.full((side, side, channels), 137, np.uint8)
        made = next(
            Run(Pipeline.parse("denoise"), Context(Limits(), Deadline(60))).frames(
                [Picture(pixels=flat, origin=Origin(format="png", size=Size(side, side), channels=channels))]
            )
        )
        assert np.abs(made.pixels.astype(int) - flat).max() <= 1


@pytest.mark.parametrize("clip", [1, 2, 4, 20])
@pytest.mark.parametrize("side", [2, 5, 8, 16, 32])
def test_clahe_holds_small_tiles_to_their_limit(side: int, clip: int) -> None:
    """Two neighbouring values stay neighbours: a tile's contrast grows by `clip` at most."""
    pixels = np.full((side, side, 1), 137, np.uint8)
    pixels[::2] = 138
    made = next(
        Run(Pipeline.parse(f"clahe:{clip}"), Context(Limits(), Deadline(60))).frames(
            [Picture(pixels=pixels, origin=Origin(format="png", size=Size(side, side), channels=1))]
        )
    ).pixels.astype(int)
    assert np.ptp(made) <= clip + 1
    assert np.abs(made - pixels).max() <= 2 * clip + 1


@pytest.mark.parametrize("size", [(40, 40), (90, 60), (200, 30)])
def test_stylize_paints_nothing_black(size: tuple[int, int]) -> None:
    width, height = size
    pixels = np.full((height, width, 3), 137, np.uint8)
    pixels[height // 2 :] = np.random.default_rng(0).integers(100, 180, (height - height // 2, width, 3))
    made = next(
        Run(Pipeline.parse("stylize:200"), Context(Limits(), Deadline(60))).frames(
            [Picture(pixels=pixels, origin=Origin(format="png", size=Size(width, height)))]
        )
    ).pixels
    assert np.abs(made[: height // 4].astype(int) - 137).max() <= 20
    assert made.max(axis=2).min() > 10


def test_every_filter_is_listed_once() -> None:
    assert {text.partition(":")[0] for text in FLAT} <= set(filters())

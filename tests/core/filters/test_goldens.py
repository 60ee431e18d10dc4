"""Each filter's example against a picture that was looked at once; `make goldens` writes new ones, CI never does."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from core.filter import Filter
from core.registry import filters
from tests.conftest import ROOT
from tests.core.filters.support import run
from tests.core.filters.test_conventions import assets

GOLDENS = ROOT / "tests" / "goldens"
MINIMUM_DB = 50.0
"""A library's update may move a value by one; a mistake moves many."""


def street() -> NDArray[np.uint8]:
    """The street of the documentation, small, its right half fading out."""
    whole = cv2.imread(str(ROOT / "docs" / "img" / "street.png"))
    small = cv2.resize(whole, (96, 64), interpolation=cv2.INTER_AREA)
    alpha = np.tile(np.interp(np.arange(96), [48, 95], [255, 40]).astype(np.uint8), (64, 1))
    return np.dstack([small, alpha])


def psnr(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Peak signal-to-noise ratio in dB; infinite for equal pictures."""
    error = float(np.mean((one.astype(np.float64) - other) ** 2))
    return float("inf") if error == 0 else 10 * np.log10(255**2 / error)


LINEAR = {"resize-linear": "resize:48,linear=true", "blur-linear": "blur:9,linear=true"}
"""What is mixed is light: another picture than the filter's own golden."""


def fits(path: Path, made: NDArray[np.uint8]) -> bool:
    """Whether a picture is as its golden."""
    golden = cv2.imread(str(path), cv2.IMREAD_UNCHANGED) if path.is_file() else None
    return golden is not None and golden.size == made.size and psnr(golden.reshape(made.shape), made) >= MINIMUM_DB


def compare(name: str, made: NDArray[np.uint8]) -> None:
    path = GOLDENS / f"{name}.png"
    if os.environ.get("WRITE_GOLDENS") and not os.environ.get("CI") and not fits(path, made):  # machines round apart
        GOLDENS.mkdir(exist_ok=True)
        cv2.imwrite(str(path), made, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    assert path.is_file(), "no golden picture: look at the result of `make goldens`, then commit it"
    assert fits(path, made)


@pytest.mark.parametrize(
    "known", [known for known in filters().values() if known.kind == "filter"], ids=lambda known: known.name
)
def test_golden(known: Filter) -> None:
    compare(known.name, run(known.example, street(), **assets(known)).pixels)


@pytest.mark.parametrize("name", LINEAR)
def test_golden_of_light(name: str) -> None:
    made = run(LINEAR[name], street()).pixels
    plain = run(LINEAR[name].replace("true", "false"), street()).pixels
    assert psnr(plain, made) < MINIMUM_DB, "the golden would say nothing"
    compare(name, made)


def test_no_golden_without_a_filter() -> None:
    assert {path.stem for path in GOLDENS.glob("*.png")} <= {*filters(), *LINEAR}
